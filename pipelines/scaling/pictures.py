"""Pictures of a calibration as small SVGs: item-person map, test information, scores with mark boundaries.

Plain SVG in a Markdown data URI shows in Dagster's interface and in any browser, without a chart library.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np

from pipelines.psychometrics import ItemBank
from pipelines.psychometrics.arrays import FloatArray
from pipelines.psychometrics.model import item_cumulants

WIDTH, HEIGHT, LEFT, BOTTOM = 480, 240, 44, 28
_BLUE, _RED, _GREY = "#3b6ea5", "#b5473c", "#777"


def markdown(title: str, svg: str) -> str:
    """An image of the SVG for a Markdown text."""
    data = base64.b64encode(svg.encode()).decode()
    return f"![{title}](data:image/svg+xml;base64,{data})"


def item_person_map(bank: ItemBank, theta: FloatArray, n: FloatArray) -> str:
    """Students by ability (WLE, bars upwards) over items by difficulty (dots below), one logit axis."""
    difficulty = bank.difficulty[np.isfinite(bank.difficulty)]
    low = float(min(theta.min(), difficulty.min())) - 0.3
    high = float(max(theta.max(), difficulty.max())) + 0.3
    edges = np.linspace(low, high, 25)
    share = np.histogram(theta, edges, weights=n)[0] / n.sum()
    middle = HEIGHT * 0.62
    x = _scale(low, high)
    parts = [
        _bar(x(a), x(b), middle, s / share.max() * (middle - 24), _BLUE)
        for a, b, s in zip(edges[:-1], edges[1:], share, strict=True)
    ]
    stacked: dict[int, int] = {}
    for value in np.sort(difficulty):
        column = int((x(float(value)) - LEFT) // 7)
        stacked[column] = stacked.get(column, 0) + 1
        y = middle + 8 * stacked[column]
        parts.append(f'<circle cx="{x(float(value)):.1f}" cy="{y:.1f}" r="3" fill="{_RED}"/>')
    return _svg("Ученики (вверх) и задания (вниз), логиты", parts, _ticks(low, high, x))


def information_curve(bank: ItemBank, form: Sequence[str]) -> str:
    """Test information of a form by ability: the sum of the items' variances."""
    held = [bank.items.index(name) for name in form if name in bank.items]
    theta = np.linspace(-5, 5, 101)
    information = item_cumulants(bank.intercept, theta)[1][held].sum(axis=0)
    x, top = _scale(-5, 5), float(information.max())
    points = " ".join(
        f"{x(float(t)):.1f},{HEIGHT - BOTTOM - i / top * (HEIGHT - BOTTOM - 30):.1f}"
        for t, i in zip(theta, information, strict=True)
    )
    line = f'<polyline points="{points}" fill="none" stroke="{_BLUE}" stroke-width="2"/>'
    label = f'<text x="4" y="40" fill="{_GREY}">{top:.1f}</text>'
    return _svg("Информация теста по способности, логиты", [line, label], _ticks(-5, 5, x))


def score_distribution(raw: FloatArray, n: FloatArray, boundaries: Mapping[int, float]) -> str:
    """Students by raw score, and where each mark begins: mark → its lowest raw score."""
    top = float(raw.max()) + 1
    x, most = _scale(-0.5, top), float(n.max())
    base = HEIGHT - BOTTOM
    parts = [
        _bar(x(r - 0.4), x(r + 0.4), base, k / most * (base - 30), _BLUE)
        for r, k in zip(raw.tolist(), n.tolist(), strict=True)
    ]
    for mark, boundary in boundaries.items():
        at = x(boundary - 0.5)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="24" y2="{base}" stroke="{_RED}"/>')
        parts.append(f'<text x="{at + 3:.1f}" y="32" fill="{_RED}">«{mark}»</text>')
    return _svg("Ученики по первичному баллу и границы отметок", parts, _ticks(0, top, x))


def _scale(low: float, high: float) -> Callable[[float], float]:
    return lambda value: LEFT + (value - low) / (high - low) * (WIDTH - LEFT - 10)


def _bar(x1: float, x2: float, base: float, height: float, colour: str) -> str:
    width = max(x2 - x1 - 1, 1)
    place = f'x="{x1:.1f}" y="{base - height:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"/>'


def _ticks(low: float, high: float, x: Callable[[float], float]) -> list[str]:
    step = max(round((high - low) / 8), 1)
    values = np.arange(np.ceil(low), high + 1e-9, step)
    y = HEIGHT - 8
    return [f'<text x="{x(v):.1f}" y="{y}" text-anchor="middle" fill="{_GREY}">{v:g}</text>' for v in values]


def _svg(title: str, parts: list[str], ticks: list[str]) -> str:
    body = "".join([*parts, *ticks])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<text x="{LEFT}" y="15" font-size="13">{escape(title)}</text>{body}</svg>'
    )
