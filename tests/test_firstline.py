"""What people type in a first line reaches the magic as they meant it."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from nbagent.errors import UsageError
from nbagent.magics.firstline import kimi_first_line
from nbagent.magics.options import OPTIONS, parse_line

SENTENCES = [
    "what's in df?",
    "plot {x} against $y",
    'say "hello" to 50 % of them!',
    "é ü 日本語 🐧",
    "a \\ backslash and a 'quote",
]


def calls_of(cell: str) -> list[tuple[str, ...]]:
    """Run a cell's transformed text in IPython and return how the magic was called."""
    made: list[tuple[str, ...]] = []

    class Shell:
        def run_cell_magic(self, name: str, line: str, body: str) -> None:
            made.append((name, line, body))

        def run_line_magic(self, name: str, line: str) -> None:
            made.append((name, line))

    manager = TransformerManager()
    manager.cleanup_transforms.insert(0, kimi_first_line)
    exec(manager.transform_cell(cell), {"get_ipython": Shell})
    return made


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("above", ["", "\n\n", "# a note\n", "# one\n\n  # two\n"])
def test_a_prompt_on_the_magics_own_line(sentence: str, above: str) -> None:
    assert calls_of(f"{above}%%kimi {sentence}\n") == [("kimi", sentence, "\n")]


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("options", ["", "--new ", "-q --max-steps 3 "])
def test_a_prompt_below(sentence: str, options: str) -> None:
    body = f"{sentence}\n\nsecond line?\n"
    assert calls_of(f"# why\n%%kimi {options}\n{body}") == [("kimi", options.strip(), body)]


def test_a_sentence_with_one_percent_sign_reaches_the_line_magic() -> None:
    assert calls_of("%kimi what's in df?") == [("kimi", "what's in df?")]


@pytest.mark.parametrize("help_cell", ["%%kimi?", "%kimi?", "%%kimi??"])
def test_a_lone_question_mark_asks_for_help(help_cell: str) -> None:
    assert [name for name, *_ in calls_of(help_cell)] in (["pinfo"], ["pinfo2"])


@pytest.mark.parametrize(
    "cell",
    [
        "x = 1\n%kimi\n",
        "%%time\nx = 1\n",
        "%%kimiko\nx\n",
        "y = '%%kimi z'\n",
        "a = 3 %kimi?\n",
        "\n",
    ],
)
def test_other_cells_are_left_alone(cell: str) -> None:
    lines = cell.splitlines(keepends=True)
    assert kimi_first_line(lines) == lines


def test_without_the_transformer_these_cells_fail() -> None:
    """The positive control: IPython alone refuses or misreads them."""
    manager = TransformerManager()
    assert "pinfo" in manager.transform_cell("%kimi what's in df?")
    assert "run_line_magic('%kimi'" in manager.transform_cell("# a note\n%%kimi\nhi\n")


def test_options_come_first_and_the_rest_is_taken_as_typed() -> None:
    options, rest = parse_line("--max-steps 5 -m kimi-k3 --tools f,g what's {this} --new?")
    assert (options.max_steps, options.model, options.tools) == (5, "kimi-k3", "f,g")
    assert rest == "what's {this} --new?"
    assert options.new is False


def test_values_may_be_quoted_or_joined_by_an_equals_sign() -> None:
    options, rest = parse_line("""--conversation "my talk" --max-usd=0.5 --view='text' go""")
    assert (options.conversation, options.max_usd, options.view, rest) == (
        "my talk",
        0.5,
        "text",
        "go",
    )


def test_two_dashes_end_the_options() -> None:
    assert parse_line("-q -- -1 is what?")[1] == "-1 is what?"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--max 3 go", "Did you mean --max-"),
        ("--max-step 3 go", "Did you mean --max-steps?"),
        ("--modle x", "Did you mean --model?"),
        ("--max-steps", "--max-steps needs a value"),
        ("--max-steps many go", "invalid int value"),
        ("--view loud go", "invalid choice"),
        ("-x go", "There is no option -x"),
    ],
)
def test_a_mistyped_option_is_one_clear_line(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words.replace("?", r"\?")) as caught:
        parse_line(line)
    assert "\n" not in str(caught.value)
    assert "Nothing was sent" in str(caught.value)


@given(st.text(max_size=60))
def test_any_line_is_parsed_or_refused_in_words(line: str) -> None:
    try:
        options, rest = parse_line(line)
    except UsageError:
        return
    assert isinstance(options, argparse.Namespace)
    assert rest in line


@given(st.lists(st.text(max_size=30), max_size=5))
def test_the_transformer_never_breaks_a_cell(lines: list[str]) -> None:
    given_lines = [f"{line}\n" for line in lines]
    out: Any = kimi_first_line(given_lines)
    assert out == given_lines or "kimi" in out[0]


def test_every_option_has_help() -> None:
    assert all(keywords.get("help") for _, keywords in OPTIONS)
