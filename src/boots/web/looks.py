"""How pages are written: Jinja2 with everything escaped, and values in the form people read."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from boots import __version__
from boots.api.desk import Refused
from boots.client.workflows import RunLine, called
from boots.timeline.words import Stage, State

# What a terminal would take for an order of its own: CSI, OSC and the short escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_AGES = ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h"))

STATES: Mapping[State, tuple[str, str]] = {
    State.RUNNING: ("▶", "running"),
    State.STUCK: ("◼", "stuck"),
    State.FAILED: ("✕", "failed"),
    State.HELD: ("⟲", "held"),
    State.DONE: ("✓", "done"),
    State.UNSEEN: ("○", "unseen"),
}
"""The sign and the word of each state: colour alone tells not everybody."""

RUN_STATES: Mapping[str, State] = {
    "RUNNING": State.RUNNING,
    "POST": State.RUNNING,
    "SUCCESS": State.DONE,
    "FAILED": State.FAILED,
    "TIMEOUT": State.FAILED,
}
"""Runs look like boots that stand so; those that are not here like what did not begin."""

STAGES: Mapping[str, str] = {
    Stage.FIRMWARE_DHCP.value: "firmware DHCP",
    Stage.BOOT_FILE.value: "boot file",
    Stage.IPXE_DHCP.value: "iPXE DHCP",
    Stage.SCRIPT.value: "script",
    Stage.KERNEL.value: "kernel",
    Stage.INITRD.value: "initrd",
    Stage.SYSTEM.value: "system",
    Stage.INVENTORY.value: "inventory",
    Stage.DISK.value: "disk",
}


MARKS = {"done": "✓", "running": "▶", "problem": "✕", "stuck": "◼", "waits": "○"}
_ELSEWHERE = {"event", "mac", "script", "inventory", "trace"}
_NONE = Markup("\u2013")
_LONGEST = 400  # characters of one value of an event


def plain(text: str) -> str:
    """A text without a terminal's orders and without what turns it around or hides in it.

    Line ends and tabs stay.
    """
    if text.isprintable():
        return text
    text = _ANSI.sub("", text).replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t\xa0" else "\ufffd" for c in text)


def shown(value: object) -> object:
    """What a template writes for a value: hostile text as harmless text."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def size(count: float) -> str:
    """Bytes."""
    value = float(count)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def took(seconds: float) -> str:
    """A duration."""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if seconds < 172_800:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
    return f"{seconds / 86_400:.0f} d"


def ago(seconds: float) -> str:
    """An age; app.js counts on from it in the same words."""
    if seconds < 1:
        return "now"
    for below, unit, name in _AGES:
        if seconds < below:
            return f"{int(seconds // unit)} {name} ago"
    return f"{int(seconds // 86_400)} d ago"


def moment(at: float) -> str:
    """A moment, to the second, in UTC; empty for none, or for one that no calendar has."""
    return _calendar(at, "%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    """The time of day of a moment, to the millisecond."""
    return _calendar(at, "%H:%M:%S.%f")[:-3]


def _calendar(at: float, form: str) -> str:
    if at <= 0:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).strftime(form)
    except (ValueError, OverflowError, OSError):
        return ""


def when(at: float, now: float) -> Markup:
    """A moment as its age, with the moment itself behind it."""
    exact = moment(at)
    if not exact:
        return _NONE
    iso = _iso(exact)
    # Nothing here was written by anybody but us.
    return Markup(f'<time datetime="{iso}" title="{exact}" data-age>{ago(now - at)}</time>')  # noqa: S704


def dated(at: float) -> Markup:
    """A moment in full."""
    exact = moment(at)
    return Markup(f'<time datetime="{_iso(exact)}">{exact}</time>') if exact else _NONE  # noqa: S704


def _iso(exact: str) -> str:
    return f"{exact[:10]}T{exact[11:19]}Z"


def at_clock(at: float) -> Markup:
    """A moment as the time of day, with the date behind it."""
    exact = moment(at)
    if not exact:
        return _NONE
    iso = _iso(exact)
    return Markup(f'<time datetime="{iso}" title="{exact}">{clock(at)}</time>')  # noqa: S704


def coded(text: str) -> Markup:
    """A text of ours for people: what stands between backticks is to be typed."""
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:
        return escape(plain(text))
    typed = (
        Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts)
    )
    return Markup("").join(typed)


def state(value: State) -> Markup:
    """A state as sign, word and colour."""
    sign, word = STATES[value]
    return Markup(  # noqa: S704  # from the table above
        f'<span class="state {word}"><span aria-hidden="true">{sign}</span> {word}</span>'
    )


def run_state(line: RunLine) -> Markup:
    """Where a run stands, as sign, word and colour."""
    like = State.STUCK if line.waits else RUN_STATES.get(line.state, State.UNSEEN)
    sign, kind = STATES[like]
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        kind, sign, line.word
    )


def stage(value: str) -> str:
    """A stage in words; one that we do not know as it is."""
    return STAGES.get(value, value)


def told(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What an event says, without what is shown elsewhere."""
    return [
        (name, _brief(value))
        for name, value in event.items()
        if name not in _ELSEWHERE and value not in ("", None)
    ]


def _brief(value: Any) -> str:
    if isinstance(value, float):
        return f"{round(value, 4):g}" if abs(value) < 1000 else f"{value:.3f}"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def segment(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe=":")


def record(value: Any) -> str:
    """A record as YAML, which is how people write it."""
    if isinstance(value, str):
        return value
    text: str = yaml.dump(
        value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text


def pretty(value: Any) -> str:
    """A value as JSON on several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def count(value: int) -> str:
    """A number with its thousands apart."""
    return f"{value:,}"


def percent(value: float) -> str:
    """A share of 1."""
    return f"{value * 100:.0f} %"


FILTERS: Mapping[str, Callable[..., object]] = {
    "size": size,
    "took": took,
    "told": told,
    "dated": dated,
    "moment": moment,
    "clock": at_clock,
    "when": when,
    "coded": coded,
    "state": state,
    "run_state": run_state,
    "called": called,
    "stage": stage,
    "segment": segment,
    "record": record,
    "pretty": pretty,
    "count": count,
    "percent": percent,
}


def environment(static: Mapping[str, str]) -> Environment:
    """Where the templates are; `static` is where each static file is found by a browser."""
    made = Environment(
        loader=PackageLoader("boots.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.tests["refused"] = lambda value: isinstance(value, Refused)
    made.globals.update(static=static, states=STATES, marks=MARKS, version=__version__)
    return made
