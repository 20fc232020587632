"""What a reader's program makes of an exported file: Markdown as HTML, and the faults in that."""

from __future__ import annotations

from typing import Any

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from tests.export.hostile import ALLOWED_TAGS, Page

PAGE_TAGS = ALLOWED_TAGS | {
    *("html", "head", "meta", "title", "style", "body", "main", "section", "h1"),
}
PAGE_ATTRIBUTES = {
    *("style", "dir", "class", "open", "start", "src", "alt", "cellpadding"),
    *("charset", "http-equiv", "content", "name", "lang"),
}
MARKDOWN_TAGS = ALLOWED_TAGS | {"strong", "em", "h2", "h3", "h4", "h5", "h6", "a", "thead", "tbody"}


def page_faults(html: str) -> list[str]:
    """What a page must not hold: other tags, handlers, anything that is fetched."""
    page = _Closing(html)
    found = [f"tag {name}" for name in page.tags if name not in PAGE_TAGS]
    for tag, name, value in page.attributes:
        if name not in PAGE_ATTRIBUTES:
            found.append(f"attribute {name} of {tag}")
        if name == "src" and not value.startswith("data:image/"):
            found.append(f"src {value[:40]}")
        if name == "style" and "url" in value:
            found.append(f"style {value[:40]}")
    return found


class _Closing(Page):
    """A page with elements that have no end tag beside those of a trace."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "meta":
            self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)


def notebook_faults(notebook: dict[str, Any]) -> list[str]:
    """Markup in a notebook's Markdown cells or outputs that text could have brought in."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            found += markdown_faults(cell["source"], cell.get("attachments"))
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            found += page_faults(data.get("text/html", ""))
            found += [mime for mime in data if mime in BARE]
    return found


BARE = ("text/markdown", "text/latex", "image/svg+xml", "application/javascript")
"""Types that hosts render as markup."""


def markdown_faults(source: str, attachments: dict[str, Any] | None = None) -> list[str]:
    """What nbconvert makes of a Markdown cell that its text must not bring in."""
    renderer = IPythonRenderer(escape=False, attachments=attachments or {})
    page = _Closing(MarkdownWithMath(renderer=renderer).render(source))
    found = [f"tag {name}" for name in page.tags if name not in MARKDOWN_TAGS]
    for tag, name, value in page.attributes:
        if name == "src" and not value.startswith("data:image/png;base64,"):
            found.append(f"src {value[:40]}")
        led_away = name == "href" and not value.startswith("#")  # a heading's own anchor does not
        if name.startswith("on") or led_away:
            found.append(f"attribute {name} of {tag}: {value[:40]}")
    return found
