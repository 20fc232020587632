"""Reads a page as a browser would see its parts: tags, attributes, text."""

from __future__ import annotations

from html.parser import HTMLParser

ALLOWED_TAGS = {
    *("div", "p", "b", "i", "del", "code", "pre", "br", "hr", "ul", "ol", "li", "blockquote"),
    *("table", "tr", "th", "td", "span", "img", "details", "summary"),
}
ALLOWED_ATTRIBUTES = {"style", "dir", "class", "open", "start", "src", "alt", "cellpadding"}
VOID = {"img", "br", "hr"}


class Page(HTMLParser):
    """Collects what a page is made of, and checks that every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def faults(html: str) -> list[str]:
    """What a saved page must not hold."""
    page = Page(html)
    found = [f"tag {tag}" for tag in set(page.tags) - ALLOWED_TAGS]
    for tag, name, value in page.attributes:
        if name not in ALLOWED_ATTRIBUTES:
            found.append(f"attribute {name} of {tag}")
        if name == "src" and not value.startswith("data:image/"):
            found.append(f"src {value[:40]}")
        found += [f"style {d[:60]}" for d in value.split(";") if name == "style" and _is_bad(d)]
    return found


def _is_bad(declaration: str) -> bool:
    """Whether a declaration fetches, colours text, or is lost in JupyterLab's sanitiser."""
    name, _, value = declaration.partition(":")
    if any(word in declaration for word in ("url", "var(", "expression", "@", "<")):
        return True
    lost = name == "grid-area" or (name.startswith(("padding", "flex")) and "(" in value)
    return lost or name.strip() == "color" or "anywhere" in value
