"""Pictures of a drift report as inline SVG: colours are the page's, every picture has a title in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from gradewatch.drift_shapes import Shape

WIDTH, HEIGHT = 460, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 10, 26
_MOST_TICKS = 8
_LETTERS = 20
"""Of a category's name, which its title gives whole."""


def distribution(shape: Shape, title: str) -> str:
    """Reference as an outline, the window as bars over it; or pairs of bars of categories."""
    return _categories(shape, title) if shape.names else _numbers(shape, title)


def _numbers(shape: Shape, title: str) -> str:
    highest = max([*shape.reference, *shape.window, 1e-9])
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    step = inner_width / len(shape.window)

    def y(share: float) -> float:
        return _TOP + inner_height * (1 - share / highest)

    bars = "".join(
        f'<rect class="now" x="{_LEFT + i * step + 0.5:.1f}" y="{y(share):.1f}" '
        f'width="{max(step - 1, 0.5):.1f}" height="{_TOP + inner_height - y(share):.1f}"/>'
        for i, share in enumerate(shape.window)
    )
    points = [f"{_LEFT:.1f},{y(0):.1f}"]
    for i, share in enumerate(shape.reference):
        points += [f"{_LEFT + i * step:.1f},{y(share):.1f}", f"{_LEFT + (i + 1) * step:.1f},{y(share):.1f}"]
    points.append(f"{_LEFT + inner_width:.1f},{y(0):.1f}")
    outline = f'<polyline class="before" points="{" ".join(points)}"/>'
    if shape.values:
        # A bar for each value: name values, not the ends of bars, and as many as have room.
        every = -(-len(shape.values) // _MOST_TICKS)
        ticks = "".join(
            _text(_LEFT + (i + 0.5) * step, HEIGHT - 8, f"{value:.4g}", "middle")
            for i, value in enumerate(shape.values)
            if i % every == 0
        )
    else:
        low, high = shape.edges[0], shape.edges[-1]
        ticks = "".join(
            _text(_LEFT + inner_width * share, HEIGHT - 8, f"{low + (high - low) * share:.4g}", anchor)
            for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
        )
    return _svg(title, f"{_axis(highest, percent=True)}{bars}{outline}{ticks}")


def _categories(shape: Shape, title: str) -> str:
    row, gap = 22, 136
    height = _TOP + row * len(shape.names) + 4
    highest = max([*shape.reference, *shape.window, 1e-9])
    scale = (WIDTH - gap - 96) / highest
    parts = []
    for i, (name, before, now) in enumerate(zip(shape.names, shape.reference, shape.window, strict=True)):
        top = _TOP + i * row
        parts += [
            f"<g><title>{escape(name)}</title>"
            + _text(gap - 6, top + 13, name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…", "end")
            + "</g>",
            f'<rect class="then" x="{gap}" y="{top}" width="{before * scale:.1f}" height="8"/>',
            f'<rect class="now" x="{gap}" y="{top + 9}" width="{now * scale:.1f}" height="8"/>',
            _text(gap + max(before, now) * scale + 4, top + 13, f"{now:.0%}, was {before:.0%}", "start"),
        ]
    return _svg(title, "".join(parts), height)


def over_time(labels: Sequence[str], values: Sequence[float | None], limit: float, title: str) -> str:
    """A line of daily distances with the limit; days without rows enough are grey."""
    highest = max([value for value in values if value is not None] + [limit]) * 1.15
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    step = inner_width / max(len(values) - 1, 1)

    def at(i: int, value: float) -> tuple[float, float]:
        return _LEFT + i * step, _TOP + inner_height * (1 - value / highest)

    marks, lines = [], []
    before: tuple[float, float] | None = None
    for i, value in enumerate(values):
        if value is None:
            before = None
            left, right = (min(max(_LEFT, _LEFT + (i + d) * step), WIDTH - _RIGHT) for d in (-0.5, 0.5))
            marks.append(
                f'<rect class="nothing" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" '
                f'height="{inner_height}"><title>{labels[i]}: too few rows</title></rect>'
            )
            continue
        x, y = at(i, value)
        kind = "over" if value > limit else "point"
        marks.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
            f"<title>{labels[i]}: {value:.3f}</title></circle>"
        )
        if before:
            lines.append(
                f'<line class="trend" x1="{before[0]:.1f}" y1="{before[1]:.1f}" x2="{x:.1f}" y2="{y:.1f}"/>'
            )
        before = (x, y)
    level, lowest = at(0, limit)[1], HEIGHT - _BOTTOM - 14
    border = (
        f'<line class="limit" x1="{_LEFT}" y1="{level:.1f}" x2="{WIDTH - _RIGHT}" y2="{level:.1f}"/>'
        f"{_text(_LEFT - 5, level + 4, f'{limit:g}', 'end') if _TOP + 20 < level < lowest else ''}"
    )
    ends = _text(_LEFT, HEIGHT - 8, labels[0], "start") + _text(WIDTH - _RIGHT, HEIGHT - 8, labels[-1], "end")
    return _svg(title, f"{_axis(highest)}{border}{''.join(lines)}{''.join(marks)}{ends}")


def calibration(groups: Sequence[tuple[int, float, float]], title: str) -> str:
    """Observed share over mean score; the diagonal is a model that means what it says."""
    side = 220
    scale = side - 60

    def at(x: float, y: float) -> tuple[float, float]:
        return 44 + x * scale, 14 + (1 - y) * scale

    points = [at(said, seen) for _, seen, said in groups]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    content = (
        f'<line class="limit" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}"/>'
        f'<polyline class="line" points="{line}"/>{dots}'
        f"{_text(x0, y0 + 16, '0', 'middle')}{_text(x1, y0 + 16, 'score 1', 'end')}"
        f"{_text(x0 - 6, y0, '0', 'end')}{_text(x0 - 6, y1 + 8, '100%', 'end')}"
    )
    return _svg(title, content, side, side + 20)


def _axis(highest: float, *, percent: bool = False) -> str:
    bottom = HEIGHT - _BOTTOM
    top = (
        f"{highest:.0%}" if percent and highest >= 0.1 else f"{highest:.1%}" if percent else f"{highest:.2f}"
    )
    return (
        f'<line class="axis" x1="{_LEFT}" y1="{bottom}" x2="{WIDTH - _RIGHT}" y2="{bottom}"/>'
        f"{_text(_LEFT - 5, _TOP + 8, top, 'end')}{_text(_LEFT - 5, bottom, '0', 'end')}"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, content: str, height: float = HEIGHT, width: float = WIDTH) -> str:
    name = escape(title, quote=True)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{name}"><title>{escape(title)}</title>{content}</svg>'
    )
