"""The picture of a soak: what a server held and how it answered, over the time.

.venv/bin/python -m bench.soak.drawn bench/results/soak.json docs/images/soak.svg
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.picture import STYLE
from bench.soak.kept import Kept

WIDTH, EACH, LEFT, RIGHT, TOP = 760, 104, 70, 20, 44


class Strip(NamedTuple):
    """One small picture: a name, and points of seconds and values, each line with a colour."""

    name: str
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]]


def strips(kept: Kept) -> list[Strip]:
    """What is shown."""
    samples, rounds = kept.samples, kept.rounds
    memory = [(each.at, each.own / 2**20) for each in samples]
    fds = [(each.at, float(each.fds)) for each in samples]
    most = [(each.at, each.script_p99) for each in rounds]
    cpu = [(each.at, each.cpu_of_a_boot * 1e3) for each in rounds]
    return [
        Strip("memory of its own, MiB", [("boots", memory)]),
        Strip("file descriptors", [("boots", fds)]),
        Strip(
            "seconds to the script that are no waits of the client's own: 99 of 100",
            [("boots", most)],
        ),
        Strip("CPU of a boot and what goes on beside it, ms", [("boots", cpu)]),
    ]


def draw(kept: Kept) -> str:
    """The picture; each strip begins at 0."""
    shown = strips(kept)
    height = TOP + len(shown) * (EACH + 34) + 24
    minutes = kept.verdict.seconds / 60
    title = f"{minutes:.0f} minutes, {kept.verdict.booted:,} boots"
    last = kept.samples[-1].at
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            f'<text class="title" x="{LEFT}" y="22">{title}</text>',
            *(
                text
                for number, strip in enumerate(shown)
                for text in _strip(strip, TOP + number * (EACH + 34), last)
            ),
            *_minutes(last, height - 8),
            "</svg>\n",
        )
    )


def _strip(strip: Strip, top: float, last: float) -> Iterator[str]:
    most = max((y for _, points in strip.lines for _, y in points), default=0) * 1.15 or 1
    bottom = top + 22 + EACH - 12
    yield f'<text x="{LEFT}" y="{top + 14:.0f}">{strip.name}</text>'
    for part in (0.0, 0.5, 1.0):
        y = bottom - part * (EACH - 12)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        label = f"{part * most:.3g}"
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    for colour, points in strip.lines:
        path = "L".join(
            f"{_across(at, last):.1f} {bottom - value / most * (EACH - 12):.1f}"
            for at, value in points
        )
        yield f'<path class="line {colour}" d="M{path}"/>'


def _across(at: float, last: float) -> float:
    return LEFT + at / last * (WIDTH - LEFT - RIGHT)


def _minutes(last: float, y: float) -> Iterator[str]:
    for part in range(5):
        at = last * part / 4
        label = f"{at / 60:.3g} min"
        yield f'<text x="{_across(at, last):.1f}" y="{y}" text-anchor="middle">{label}</text>'


def main() -> None:
    """Draw a kept soak."""
    kept = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Kept)
    Path(sys.argv[2]).write_text(draw(kept))


if __name__ == "__main__":
    main()
