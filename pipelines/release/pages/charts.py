"""Charts as SVG text: small, repeatable, without script, coloured by the page's stylesheet.

Written by hand because a region has thousands of them: a chart takes well under a millisecond here and
about 70 ms by a Vega renderer. Every chart has a title and a description for those who don't see it.
All functions take plain numbers and return Markup; a missing value is left out, never drawn as zero.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape

from pipelines.release.pages.language import Language

WIDTH = 720
LABELS = 230
#: Room for labels that are sentences.
LONG_LABELS = 340
RIGHT = 116
#: The width of a chart that shares its line with another: text is then as large as in the wide ones.
HALF = 340
ROW = 30
#: Mean width of a label's character.
CHARACTER = 7


@dataclass(frozen=True)
class IntervalRow:
    """A point with its interval; ``expected`` is a band, ``reference`` a tick beside it."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    expected: tuple[float, float] | None = None
    reference: float | None = None
    note: str = ""


@dataclass(frozen=True)
class MarkRow:
    """Shares of marks in %, from 2 to 5, or below and not below the minimum; else ``words`` say why not."""

    label: str
    shares: Sequence[float] | None
    words: str = ""
    reference: bool = False


@dataclass(frozen=True)
class Dot:
    """A point of a funnel or a scatter; ``name`` is written beside a marked one."""

    x: float
    y: float
    name: str = ""


@dataclass(frozen=True)
class YearPoint:
    """A year of a series; ``breaks`` = not comparable with the year before."""

    year: int
    value: float | None
    low: float | None = None
    high: float | None = None
    breaks: bool = False


def ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Round numbers that cover [low, high]: steps of 1, 2, 2.5 or 5 times a power of ten."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / n))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if span / (m * power) <= n)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(step * k, 10) for k in range(first, max(last, first + 1) + 1)]


def _digits(marks: Sequence[float]) -> int:
    return 0 if all(float(m).is_integer() for m in marks) else 1


def _at(value: float, marks: Sequence[float], start: float, end: float) -> float:
    share = (min(max(value, marks[0]), marks[-1]) - marks[0]) / (marks[-1] - marks[0])
    return round(start + share * (end - start), 1)


def _svg(height: float, title: str, description: str, parts: list[str], width: float = WIDTH) -> Markup:
    """The frame, with the name and description that a screen reader speaks."""
    label = escape(f"{title}. {description}")
    return Markup(
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, css: str = "", anchor: str = "start") -> str:
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" class="{css}"{where}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{css}"/>'


def _rect(x: float, y: float, width: float, height: float, css: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{max(width, 0):.1f}" height="{height:g}" class="{css}"/>'


@cache
def _wrapped(text: str, width: float) -> list[str]:
    """A label on up to three lines of so many pixels; the same few stand on page after page."""
    return textwrap.wrap(text, int(width / CHARACTER), max_lines=3, placeholder="…") or [""]


def _short(text: str, limit: int = 34) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip(" ,.") + "…"


@cache
def legend(*keys: tuple[str, str]) -> Markup:
    """The colours of a chart, each as (style, word)."""
    shown = (f'<span><i class="key {css}"></i>{escape(word)}</span>' for css, word in keys)
    return Markup(f'<span class="legend">{"".join(shown)}</span>')


def _axis(
    marks: Sequence[float], start: float, end: float, top: float, bottom: float, lang: Language
) -> list:
    """Vertical grid lines with numbers under them."""
    parts = []
    for mark in marks:
        x = _at(mark, marks, start, end)
        parts.append(_line(x, top, x, bottom, "grid"))
        parts.append(_text(x, bottom + 16, lang.number(mark, _digits(marks)), "tick", "middle"))
    return parts


def intervals(
    rows: Sequence[IntervalRow],
    lang: Language,
    title: str,
    *,
    axis: str = "",
    digits: int = 0,
    limit: float | None = None,
    bounds: tuple[float, float] | None = None,
    labels: int = LABELS,
) -> Markup:
    """A row a unit: the point, its 95 % interval, the expected band, a reference tick; one limit for all.

    ``bounds`` fixes the axis; otherwise it covers whatever is drawn. ``labels``: the width for labels.
    """
    drawn = [
        v for r in rows for v in (r.value, r.low, r.high, r.reference, *(r.expected or ())) if v is not None
    ]
    covered = drawn if limit is None else [*drawn, limit]
    low, high = bounds or (min(covered), max(covered))
    marks = ticks(low, high)
    lines = [_wrapped(r.label, labels - 12) for r in rows]
    height = ROW + 13 * (max(map(len, lines), default=1) - 1)
    start, end, bottom = labels, WIDTH - RIGHT, height * len(rows) + 8
    parts = _axis(marks, start, end, 4, bottom, lang)
    if limit is not None:
        x = _at(limit, marks, start, end)
        parts.append(_line(x, 4, x, bottom, "limit"))
    for i, row in enumerate(rows):
        y = 4 + height * i + height / 2
        for k, line in enumerate(lines[i]):
            parts.append(_text(labels - 12, y + 12 - 8 * len(lines[i]) + 15 * k, line, "label", "end"))
        if row.expected:
            x1, x2 = (_at(v, marks, start, end) for v in row.expected)
            parts.append(_rect(x1, y - 9, x2 - x1, 18, "band"))
        if row.reference is not None:
            x = _at(row.reference, marks, start, end)
            parts.append(_line(x, y - 9, x, y + 9, "reference"))
        if row.low is not None and row.high is not None:
            parts.append(
                _line(_at(row.low, marks, start, end), y, _at(row.high, marks, start, end), y, "whisker")
            )
        if row.value is not None:
            parts.append(f'<circle cx="{_at(row.value, marks, start, end):g}" cy="{y:g}" r="5" class="dot"/>')
        text = row.note or lang.number(row.value, digits)
        parts.append(_text(WIDTH - RIGHT + 12, y + 4, text, "value"))
    if axis:
        parts.append(_text((start + end) / 2, bottom + 34, axis, "axis", "middle"))
    said = "; ".join(f"{r.label}: {r.note or lang.number(r.value, digits)}" for r in rows)
    return _svg(bottom + (42 if axis else 24), title, said, parts)


def mark_bars(rows: Sequence[MarkRow], lang: Language, title: str) -> Markup:
    """Stacked shares of marks; a row of reference is thinner and stands close to the row before."""
    start, end, y = LABELS, WIDTH - 12, 0
    parts, said = [], []
    for row in rows:
        height = 16 if row.reference else 24
        y += 2 if row.reference else 8
        middle = y + height / 2 + 4
        parts.append(
            _text(LABELS - 12, middle, _short(row.label), "tick" if row.reference else "label", "end")
        )
        if row.shares is None:
            parts.append(_text(start, middle, row.words, "tick"))
            said.append(f"{row.label}: {row.words}")
            y += height
            continue
        pieces = _mark_pieces(row.shares, lang)
        x = float(start)
        for (css, word), share in zip(pieces, row.shares, strict=True):
            width = (end - start) * share / 100
            parts.append(_rect(round(x, 1), y, width, height, f"bar {css}"))
            text = f"{word} {lang.number(share)}" if len(pieces) == 2 and width > 150 else lang.number(share)
            if width > CHARACTER * len(text) + 8:
                parts.append(_text(round(x + width / 2, 1), middle, text, f"on {css}", "middle"))
            x += width
        shown = (f"{word} {lang.number(s)}" for (_, word), s in zip(pieces, row.shares, strict=True))
        said.append(f"{row.label}: {', '.join(shown)}")
        y += height
    return _svg(y + 6, title, "; ".join(said), parts)


def _mark_pieces(shares: Sequence[float], lang: Language) -> list[tuple[str, str]]:
    """Style and word of each piece of a bar: four marks, or below and not below the minimum."""
    if len(shares) == 4:
        return [(f"m{m}", f"«{m}»") for m in range(2, 6)]
    return [
        ("m2", lang.t("ниже минимума", "below the minimum")),
        ("m4", lang.t("достигли минимума", "reached the minimum")),
    ]


def histogram(
    counts: dict[int, int],
    boundaries: Sequence[tuple[float, str]],
    lang: Language,
    title: str,
    axis: str,
    width: int = HALF,
) -> Markup:
    """How many students have each score; ``boundaries`` = (first score of a mark, its name)."""
    left, right, top, bottom = 44, width - 8, 26, 170
    high = max(counts)
    step = (right - left) / (high + 1)
    heights = ticks(0, max(counts.values()), 4)
    parts = []
    for mark in heights:
        y = _at(mark, heights, bottom, top)
        parts.append(_line(left, y, right, y, "grid"))
        parts.append(_text(left - 8, y + 4, lang.number(mark), "tick", "end"))
    for score, n in sorted(counts.items()):
        y = _at(n, heights, bottom, top)
        css = "bar " + _mark_class(score, boundaries)
        parts.append(
            _rect(round(left + step * score + step * 0.1, 1), y, step * 0.8, round(bottom - y, 1), css)
        )
    every = next(k for k in (1, 2, 5, 10, 20, 50) if (high + 1) / k <= width / 28)
    for score in range(0, high + 1, every):
        parts.append(_text(round(left + step * (score + 0.5), 1), bottom + 16, str(score), "tick", "middle"))
    for boundary, name in boundaries:
        x = round(left + step * boundary, 1)
        parts.append(_line(x, top - 10, x, bottom, "limit"))
        parts.append(_text(x + 5, top - 2, name, "label"))
    parts.append(_text((left + right) / 2, bottom + 36, axis, "axis", "middle"))
    said = lang.t("наибольшее число участников — ", "most students — ") + lang.number(max(counts.values()))
    return _svg(bottom + 44, title, said, parts, width)


def _mark_class(score: float, boundaries: Sequence[tuple[float, str]]) -> str:
    if not boundaries:
        return "m4"
    return f"m{min(5, 2 + sum(score >= b for b, _ in boundaries))}"


def trend(
    points: Sequence[YearPoint], lang: Language, title: str, *, digits: int = 0, width: int = HALF
) -> Markup:
    """A series of years with intervals. A break cuts the line and is marked; a gap is a gap."""
    left, right, top, bottom = 48, width - 16, 14, 130
    drawn = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
    marks = ticks(min(drawn), max(drawn), 4)
    years = range(points[0].year, points[-1].year + 1)
    xs = {y: round(left + (right - left) * (i + 0.5) / len(years), 1) for i, y in enumerate(years)}
    parts = []
    for mark in marks:
        y = _at(mark, marks, bottom, top)
        parts.append(_line(left, y, right, y, "grid"))
        parts.append(_text(left - 8, y + 4, lang.number(mark, _digits(marks)), "tick", "end"))
    for year in years:
        parts.append(_text(xs[year], bottom + 18, lang.year(year), "tick", "middle"))
    before = None
    for p in points:
        if p.value is None:
            before = None
            continue
        x, y = xs[p.year], _at(p.value, marks, bottom, top)
        if p.breaks:
            middle = x - (right - left) / len(years) / 2
            parts.append(_line(middle, top - 6, middle, bottom, "break"))
        elif before and before[0] == p.year - 1:
            parts.append(_line(before[1], before[2], x, y, "series"))
        if p.low is not None and p.high is not None:
            ends = (_at(v, marks, bottom, top) for v in (p.low, p.high))
            parts.append(_line(x, next(ends), x, next(ends), "whisker"))
        parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="4.5" class="dot"/>')
        parts.append(_text(x + 8, y - 7, lang.number(p.value, digits), "value"))
        before = (p.year, x, y)
    said = "; ".join(f"{lang.year(p.year)}: {lang.number(p.value, digits)}" for p in points)
    return _svg(bottom + 26, title, said, parts, width)


@dataclass(frozen=True)
class Cloud:
    """A funnel (size against result) or a scatter (context against result): drawn once for many pages."""

    lang: Language
    x_marks: Sequence[float]
    y_marks: Sequence[float]
    width: int
    bottom: float
    dots_n: int
    ground: Sequence[str]
    axes: Sequence[str]

    def picture(self, title: str, marked: Sequence[Dot] = ()) -> Markup:
        """The cloud with some of its points large on top, with their names."""
        left, right, top = _CLOUD_LEFT, self.width - _CLOUD_RIGHT, _CLOUD_TOP
        parts = list(self.ground)
        for d in marked:
            x, y = _at(d.x, self.x_marks, left, right), _at(d.y, self.y_marks, self.bottom, top)
            parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="6" class="dot"/>')
            if d.name:
                side, anchor = (-10, "end") if x > (left + right) / 2 else (10, "start")
                parts.append(_text(x + side, y - 8, d.name, "value", anchor))
        said = self.lang.t(
            f"точек: {self.dots_n}, отмечено: {len(marked)}", f"points: {self.dots_n}, marked: {len(marked)}"
        )
        return _svg(self.bottom + 46, title, said, [*parts, *self.axes], self.width)


_CLOUD_LEFT, _CLOUD_RIGHT, _CLOUD_TOP = 56, 16, 12


def cloud(
    dots: Sequence[Dot],
    lang: Language,
    *,
    x_axis: str,
    y_axis: str,
    curves: Sequence[tuple[str, Sequence[tuple[float, float]]]] = (),
    cover: Sequence[float] = (),
    width: int = WIDTH,
) -> Cloud:
    """Points with curves, none of the points marked yet.

    ``curves`` = (style, points). The vertical axis covers all dots and the values ``cover``. The dots are one
    path of lines without length and with round ends: a quarter of the bytes of circles.
    """
    left, right, top, bottom = _CLOUD_LEFT, width - _CLOUD_RIGHT, _CLOUD_TOP, 300 if width == WIDTH else 220
    xs = ticks(min(d.x for d in dots), max(d.x for d in dots), 8 if width == WIDTH else 5)
    ys = [*(d.y for d in dots), *cover]
    marks = ticks(min(ys), max(ys), 6)
    parts = []
    for mark in marks:
        y = _at(mark, marks, bottom, top)
        parts.append(_line(left, y, right, y, "grid"))
        parts.append(_text(left - 8, y + 4, lang.number(mark, _digits(marks)), "tick", "end"))
    for mark in xs:
        parts.append(
            _text(_at(mark, xs, left, right), bottom + 18, lang.number(mark, _digits(xs)), "tick", "middle")
        )
    for css, points in curves:
        path = " ".join(
            f"{_at(x, xs, left, right):g},{_at(y, marks, bottom, top):g}"
            for x, y in points
            if xs[0] <= x <= xs[-1] and marks[0] <= y <= marks[-1]
        )
        parts.append(f'<polyline points="{path}" class="{css}"/>')
    places = sorted({(_at(d.x, xs, left, right), _at(d.y, marks, bottom, top)) for d in dots})
    parts.append(f'<path d="{"".join(f"M{x:g} {y:g}h0" for x, y in places)}" class="other"/>')
    axes = [
        _text((left + right) / 2, bottom + 38, x_axis, "axis", "middle"),
        f'<text transform="translate(13 {(top + bottom) / 2:g}) rotate(-90)" class="axis" '
        f'text-anchor="middle">{escape(y_axis)}</text>',
    ]
    return Cloud(lang, xs, marks, width, bottom, len(dots), parts, axes)


def calendar(
    rows: Sequence[tuple[str, Sequence[str]]], columns: Sequence[str], lang: Language, title: str
) -> Markup:
    """A grid: rows by columns of states (``s-received``, ``s-late``, ``s-missing``, …, "" = not expected)."""
    left, cell = 290, 24
    step = min(120.0, (WIDTH - left) / max(1, len(columns)))
    slanted = max(map(len, columns)) * 7.5 > step
    top = 24 if not slanted else 36 + 5 * min(28, max(map(len, columns)))
    parts = []
    for j, column in enumerate(columns):
        x = round(left + step * (j + 0.5), 1)
        if slanted:
            parts.append(
                f'<text transform="translate({x + 4:g} {top - 4:g}) rotate(-55)" class="tick">'
                f"{escape(_short(column, 28))}</text>"
            )
        else:
            parts.append(_text(x, 15, column, "tick", "middle"))
    for i, (label, states) in enumerate(rows):
        y = top + cell * i
        parts.append(_text(left - 10, y + 16, _short(label, 40), "label", "end"))
        for j, state in enumerate(states):
            if state:
                parts.append(
                    _rect(round(left + step * j + 1, 1), y + 2, step - 2, cell - 4, f"cell s-{state}")
                )
    said = lang.t(
        f"строк: {len(rows)}, столбцов: {len(columns)}", f"rows: {len(rows)}, columns: {len(columns)}"
    )
    return _svg(top + cell * len(rows) + 4, title, said, parts, WIDTH + 70 if slanted else WIDTH)
