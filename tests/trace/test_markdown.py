"""The small Markdown reader, and its two writers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.trace.answer import to_html, to_markdown
from nbagent.trace.markdown import inline, parse


def html(source: str) -> str:
    return re.sub(r' (style|dir|cellpadding)="[^"]*"', "", str(to_html(parse(source)))).replace(
        "\n", ""
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A *b*", "<p><b>A <i>b</i></b></p>"),
        ("a\nb", "<p>a\nb</p>".replace("\n", "")),
        ("**bold** __too__ ~~no~~", "<p><b>bold</b> <b>too</b> <del>no</del></p>"),
        ("snake_case_name and 2*3*4", "<p>snake_case_name and 2<i>3</i>4</p>"),
        ("- a\n- b\n  - c", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> q\n> r", "<blockquote><p>qr</p></blockquote>"),
        ("```py\n<b>\n```", "<pre>&lt;b&gt;</pre>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("`a<b`", "<p><code>a&lt;b</code></p>"),
        ("$x_1$ and $5 or $6", "<p><code>$x_1$</code> and $5 or $6</p>"),
        ("[t](https://x.y/z_(1))", "<p>t (<code>https://x.y/z_(1)</code>)</p>"),
        ("![alt](http://t.co/p.png)", "<p>alt (<code>http://t.co/p.png</code>)</p>"),
        ("<https://a.b>", "<p><code>https://a.b</code></p>"),
        (r"\*not\*", "<p>*not*</p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        (
            "| a | b |\n|:--|--:|\n| `x|y` | 2 |",
            "<div><table><tr><th>a</th><th>b</th></tr><tr><td><code>x|y</code></td><td>2</td></tr></table></div>",
        ),
    ],
)
def test_what_is_understood(source: str, expected: str) -> None:
    assert html(source) == expected


def test_a_link_leads_nowhere() -> None:
    assert "href" not in html("[a](javascript:alert(1)) and [b](https://x.y)")


@given(st.text(alphabet="ab *_`~[]()!<>|#-+.\n\\$\"'&1 ", max_size=400))
def test_any_text_is_read_and_written(source: str) -> None:
    nodes = parse(source)
    assert "<script" not in str(to_html(nodes))
    assert "<" not in to_markdown(nodes).replace("`", "\x00").split("\x00")[0]


def test_hostile_markdown_is_read_in_linear_time() -> None:
    for piece in ("*a ", "`", "[", "**", "> ", "- ", "|", "$a", "<http://", "_a", "~~", "  - "):
        source = piece * (20_000 // len(piece))
        assert len(str(to_html(parse(source)))) < 4_000_000


def test_markdown_is_written_without_html_links_or_mathematics() -> None:
    source = (
        "a <img src=x> [t](http://x.y) $x$ \\(y\\) http://auto.link\n\n# h <b>\n\n- 1. x\n- `<i>`"
    )
    written = to_markdown(parse(source))
    outside = "".join(written.split("`")[::2])
    assert "<" not in outside
    assert "](" not in outside
    assert "http://" not in outside


def test_a_fence_cannot_be_closed_from_inside() -> None:
    assert to_markdown(parse("~~~\n```\n<b>\n~~~")).startswith("````\n```")


def test_inline_depth_is_bounded() -> None:
    assert inline("**a " * 200 + "b**" * 200)
