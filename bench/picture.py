"""A picture of latency against offered load, as SVG for light and dark pages.

.venv/bin/python -m bench.picture bench/results/latest.json docs/images/dhcp-latency.svg
"""

import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 54, 56
COLOURS = {"Boots": "boots", "dnsmasq": "first", "Kea": "second"}
STYLE = """\
text { font: 13px sans-serif; fill: #24292f } .title { font-size: 15px; font-weight: bold }
.grid { stroke: #d0d7de; stroke-width: 1 } .line { fill: none; stroke-width: 2.5 }
.p99 { stroke-dasharray: 6 4 }
.boots { stroke: #0969da; color: #0969da } .first { stroke: #bc4c00; color: #bc4c00 }
.second { stroke: #1a7f37; color: #1a7f37 } .dot { fill: currentColor }
text.name { stroke: none; fill: currentColor; font-weight: bold }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .grid { stroke: #30363d }
  .boots { stroke: #58a6ff; color: #58a6ff } .first { stroke: #f0883e; color: #f0883e }
  .second { stroke: #56d364; color: #56d364 }
}"""
CAPTION = (
    "milliseconds: half of all (line), 99 of 100 (dashes); a line ends where a server falls behind"
)
NAMED = re.compile(r"([\d,]+) exchanges a second$")


@dataclass(frozen=True, slots=True)
class Point:
    """At an offered load a second: latencies in milliseconds."""

    offered: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Series:
    """A server's points, by rising load, as far as it kept up."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic axis: from `low` at the pixel `start` to `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; values beyond the axis lie on its end."""
        value = min(max(value, self.low), self.high)
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + part * (self.end - self.start)


def series(kept: dict[str, Any]) -> list[Series]:
    """The points of all servers in kept figures; none where a server lost exchanges or was late."""
    found: dict[str, list[Point]] = {}
    for case in kept["cases"]:
        named = NAMED.match(case["name"])
        if not named:
            continue
        offered = float(named[1].replace(",", ""))
        for name, row in case["subjects"].items():
            found.setdefault(name, [])
            found[name] += [
                Point(offered, each["p50"] * 1000, each["p99"] * 1000)
                for each in row["rounds"][:1]
                if kept_up(each, offered)
            ]
    return [
        Series(name, tuple(sorted(points, key=lambda point: point.offered)))
        for name, points in found.items()
    ]


def kept_up(measured: dict[str, Any], offered: float) -> bool:
    """Whether a server answered all that was asked, as fast as it was."""
    if measured["fault"] or measured["lost"] or measured["retries"]:
        return False
    return bool(measured["operations"] / measured["seconds"] > 0.95 * offered)


def draw(lines: Sequence[Series], title: str) -> str:
    """The picture."""
    points = [point for each in lines for point in each.points]
    if not points:
        raise ValueError("there is no latency at any load in these figures")
    across = Scale(
        min(p.offered for p in points), max(p.offered for p in points), LEFT, WIDTH - RIGHT
    )
    up = Scale(
        10 ** math.floor(math.log10(min(p.p50 for p in points))),
        10 ** math.ceil(math.log10(max(p.p99 for p in points))),
        HEIGHT - BOTTOM,
        TOP,
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            f'<text class="title" x="{LEFT}" y="22">{title}</text>',
            f'<text x="{LEFT}" y="42">{CAPTION}</text>',
            *_across(across),
            *_up(up),
            *(text for each in lines if each.points for text in _line(each, across, up)),
            "</svg>\n",
        )
    )


def ticks(scale: Scale) -> list[float]:
    """1, 2 and 5 of every power of ten on an axis."""
    powers = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    every = (part * 10.0**power for power in powers for part in (1, 2, 5))
    return [value for value in every if scale.low <= value <= scale.high]


def _across(scale: Scale) -> Iterable[str]:
    for value in ticks(scale):
        x = scale.at(value)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - 34}" text-anchor="middle">{value:,.0f}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">exchanges a second</text>'


def _up(scale: Scale) -> Iterable[str]:
    for value in ticks(scale):
        if f"{value:e}"[0] != "1":
            continue
        y = scale.at(value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def _line(one: Series, across: Scale, up: Scale) -> Iterable[str]:
    colour = COLOURS.get(one.name, "second")
    half = [(across.at(p.offered), up.at(p.p50)) for p in one.points]
    most = [(across.at(p.offered), up.at(p.p99)) for p in one.points]
    for places, kind in ((half, "line"), (most, "line p99")):
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        yield f'<path class="{kind} {colour}" d="{path}"/>'
    for x, y in (*half, *most):
        yield f'<circle class="dot {colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'
    x, y = most[-1]
    yield f'<text class="name {colour}" x="{x + 10:.1f}" y="{y + 4:.1f}">{one.name}</text>'


def main() -> None:
    """Draw kept figures."""
    kept = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(draw(series(kept), "Time of a DHCP exchange, by offered load"))


if __name__ == "__main__":
    main()
