"""Two agents make the same turns at two speeds of decoding: a chart of where the time goes.

A picture with the words and numbers beside it; below it sliders where somebody is there. They
redraw the picture, which is an output of its own, so that a saved notebook keeps it as it was left.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from IPython.display import display

WIDTH, BAR, GAP = 640, 26, 12
PARTS = ("waiting for the first token", "decoding", "tools")
FILLS = ("url(#w)", "#2f81d7", "url(#t)")
PATTERNS = (
    '<pattern id="w" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="3" height="6" fill="#7d8590"/></pattern>'
    '<pattern id="t" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<circle cx="2.5" cy="2.5" r="1.7" fill="#3a9a52"/></pattern>'
)
SLIDERS = {
    "turns": ("turns", 1, 200, 1),
    "tokens": ("tokens a turn", 20, 2_000, 20),
    "slow": ("first, tokens/s", 10, 200, 10),
    "fast": ("second, tokens/s", 50, 1_000, 50),
    "ttft_s": ("first token after, s", 0.0, 5.0, 0.1),
    "tool_s": ("tools a turn, s", 0.0, 10.0, 0.1),
}
"""Of each number: its label, least, largest and step."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What both agents do, and how fast each decodes.

    Attributes:
        turns: how many replies each takes.
        tokens: tokens of each reply, reasoning included.
        slow: the first one's speed, in tokens a second.
        fast: the second one's.
        ttft_s: seconds from each request to its first token.
        tool_s: seconds in tools after each reply.
    """

    turns: int = 50
    tokens: int = 100
    slow: float = 100.0
    fast: float = 400.0
    ttft_s: float = 0.5
    tool_s: float = 1.0

    def parts(self, rate: float) -> tuple[float, float, float]:
        """Seconds that all turns take at a speed: waiting, decoding, tools."""
        return (
            self.turns * self.ttft_s,
            self.turns * self.tokens / rate,
            self.turns * self.tool_s,
        )

    @property
    def times_faster(self) -> float:
        """How many times faster the second one is done."""
        return sum(self.parts(self.slow)) / sum(self.parts(self.fast))


class Chart:
    """One picture of the race.

    Args:
        setting: what is compared.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def __repr__(self) -> str:
        return told(self.setting)

    def _repr_html_(self) -> str:
        return html(self.setting)


class Race:
    """The chart, which shows itself.

    Args:
        setting: what is compared.
        interactive: whether somebody is there to move sliders.
    """

    def __init__(self, setting: Setting | None = None, *, interactive: bool) -> None:
        self.setting = setting or Setting()
        self.interactive = interactive

    def __repr__(self) -> str:
        return told(self.setting)

    def _ipython_display_(self) -> None:
        show: Any = display  # IPython does not annotate it
        chart = show(Chart(self.setting), display_id=True)
        if self.interactive:
            show(_sliders(self.setting, lambda changed: chart.update(Chart(changed))))


def told(setting: Setting) -> str:
    """The comparison in words."""
    rows = (
        f"at {rate:g} tokens/s: {sum(parts):.1f} s ("
        + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in zip(PARTS, parts, strict=True))
        + ")"
        for rate, parts in _rows(setting)
    )
    head = f"{setting.turns} turns of {setting.tokens} tokens"
    end = (
        f"decoding is {setting.fast / setting.slow:.1f} times as fast, "
        f"the whole {setting.times_faster:.2f} times"
    )
    return "\n".join([head, *rows, end])


def _rows(setting: Setting) -> Iterator[tuple[float, tuple[float, float, float]]]:
    for rate in (setting.slow, setting.fast):
        yield rate, setting.parts(rate)


def html(setting: Setting) -> str:
    """The picture with its words as alternative text, and a table of its numbers."""
    picture = base64.b64encode(svg(setting).encode()).decode()
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in (*PARTS, "together"))
    rows = "".join(
        f'<tr><th scope="row">{rate:g} tokens/s</th>'
        + "".join(f"<td>{seconds:.1f} s</td>" for seconds in (*parts, sum(parts)))
        + "</tr>"
        for rate, parts in _rows(setting)
    )
    end = told(setting).splitlines()[-1]
    return (
        f'<img alt="{escape(told(setting))}" style="max-width:100%" '
        f'src="data:image/svg+xml;base64,{picture}">'
        f"<p>Upper bar: {setting.slow:g} tokens/s. Lower bar: {setting.fast:g} tokens/s. "
        "Hatched: waiting for the first token. Plain: decoding. Dotted: tools.</p>"
        f"<table><tr><td></td>{heads}</tr>{rows}</table><p><b>{escape(end.capitalize())}.</b></p>"
    )


def svg(setting: Setting) -> str:
    """Two bars on one scale, the slower one as wide as the picture."""
    per_s = WIDTH / max(sum(parts) for _, parts in _rows(setting))
    shapes = []
    for i, (_, parts) in enumerate(_rows(setting)):
        x, y = 0.0, i * (BAR + GAP) + 1
        for fill, seconds in zip(FILLS, parts, strict=True):
            shapes.append(
                f'<rect x="{x:.1f}" y="{y}" width="{seconds * per_s:.1f}" height="{BAR}" '
                f'fill="{fill}" stroke="#7d8590"/>'
            )
            x += seconds * per_s
    height = 2 * BAR + GAP + 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 2}" height="{height}" '
        f'viewBox="-1 0 {WIDTH + 2} {height}"><defs>{PATTERNS}</defs>{"".join(shapes)}</svg>'
    )


def _sliders(setting: Setting, redraw: Callable[[Setting], None]) -> Any:
    """A slider for each number; `redraw` is given what they say."""
    import ipywidgets as widgets  # noqa: PLC0415 -- loaded when shown

    wide = widgets.Layout(width="28em")
    sliders: dict[str, Any] = {}
    for name, (label, least, largest, step) in SLIDERS.items():
        kind = widgets.FloatSlider if isinstance(step, float) else widgets.IntSlider
        sliders[name] = kind(
            value=getattr(setting, name), min=least, max=largest, step=step, description=label,
            style={"description_width": "11em"}, layout=wide, continuous_update=True,
        )  # fmt: skip

    def moved(_: Any) -> None:
        redraw(replace(setting, **{name: each.value for name, each in sliders.items()}))

    for slider in sliders.values():
        slider.observe(moved, "value")
    return widgets.VBox([*sliders.values()])
