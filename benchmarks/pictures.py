"""The picture of README and the documentation: pairs of bars, drawn as SVG, light and dark."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Theme(NamedTuple):
    """The colours of one picture."""

    text: str
    muted: str
    other: str
    ours: str


THEMES = {
    "light": Theme(text="#1f2328", muted="#59636e", other="#c9d1d9", ours="#0b7a4b"),
    "dark": Theme(text="#f0f6fc", muted="#9aa4ae", other="#3d444d", ours="#3fb97f"),
}
WIDTH, PAIR, TOP, BAR = 560, 78, 36, 21
LEFT, FULL = 4, 552  # where bars begin, and how long the bar of the other is


def draw_bars(bars: Sequence[tuple[str, str, float, str]], theme: str) -> str:
    """Return a picture. A bar is a label, whom it is compared with, our share of its time, how many times as fast."""
    colours = THEMES[theme]
    height = TOP + PAIR * len(bars)
    alt = "; ".join(f"{label}: {times} times as fast as {other}" for label, other, _, times in bars)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label="{escape(alt)}" font-family="system-ui, -apple-system, Segoe UI, sans-serif">'
        ),
        f"<title>{escape(alt)}</title>",
        _text(LEFT, 20, "Time: shorter is better", colours.muted, 14),
    ]
    for index, (label, other, ratio, times) in enumerate(bars):
        top = TOP + PAIR * index
        ours = max(3.0, FULL * min(ratio, 1.0))
        lines += [
            _text(LEFT, top + 12, label, colours.text, 15, "600"),
            _bar(top + 19, FULL, colours.other),
            _text(LEFT + 8, top + 34, other, colours.text, 14),
            _bar(top + 43, ours, colours.ours),
            _text(LEFT + ours + 8, top + 58, f"PyForge Web: {times} times as fast", colours.text, 14, "600"),
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _bar(y: int, width: float, fill: str) -> str:
    return f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3" fill="{fill}"/>'


def _text(x: float, y: int, text: str, fill: str, size: int, weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y}" fill="{fill}" font-size="{size}" font-weight="{weight}">{escape(text)}</text>'
