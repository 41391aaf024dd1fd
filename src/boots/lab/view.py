"""How a boot looks on a terminal, while it runs and in the end.  Nothing is decided here."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from boots.lab import stages
from boots.lab.stages import Boot, Mark, Stage, Status
from boots.lab.words import BootResult, Snapshot, StageTime

_SIGNS = {
    Status.WAITING: Text("·", "dim"),
    Status.DONE: Text("✓", "green"),
    Status.SKIPPED: Text("-", "dim"),
}


class View(Protocol):
    """A watcher of a boot with a beginning and an end."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def __call__(self, snapshot: Snapshot) -> None:
        """Show the state."""


def view_for(console: Console, title: str) -> View:
    """A live picture where there is a terminal, else plain lines."""
    return LiveView(console, title) if console.is_terminal else PlainView(console, title)


class LiveView:
    """The whole boot as one picture, drawn anew several times a second."""

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._live = Live(console=console, refresh_per_second=12, transient=True)
        self._spinner = Spinner("dots")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, snapshot: Snapshot) -> None:
        """Draw."""
        self._live.update(picture(snapshot, self._title, self._spinner))


class PlainView:
    """One line for every stage that came to its end: for files, pipes and build logs."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._told: set[Stage] = set()

    def __enter__(self) -> Self:
        _print(self._console, self._title)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, snapshot: Snapshot) -> None:
        """Print what is new."""
        for stage in snapshot.boot.expected:
            if stage not in self._told and stages.status(snapshot.boot, stage) is Status.DONE:
                self._told.add(stage)
                _print(self._console, line(snapshot.boot, stage))


def line(boot: Boot, stage: Stage) -> str:
    """A stage that is over, as one line of text."""
    mark = boot.marks[stage]
    words = "; ".join(part for part in (mark.detail, mark.why) if part)
    return f"{_moment(boot, mark):>6.1f} s  {stage.value:<22}  {words}".rstrip()


def picture(snapshot: Snapshot, title: str, spinner: RenderableType = "…") -> RenderableType:
    """The boot as it stands: its stages, and the last lines of the machine's console."""
    elapsed = snapshot.now - snapshot.boot.started
    rows = _grid()
    for stage in snapshot.boot.expected:
        rows.add_row(*_row(snapshot, stage, spinner))
    console = Text("\n".join(snapshot.console) or "nothing yet", "dim", no_wrap=True)
    console.overflow = "ellipsis"
    return Group(
        Panel(rows, title=title, title_align="left", subtitle=f"{elapsed:.1f} s"),
        Panel(console, title="the machine's console", title_align="left", height=14),
    )


def _grid() -> Table:
    rows = Table.grid(padding=(0, 1), expand=True)
    rows.add_column(width=1)
    rows.add_column(min_width=22)
    rows.add_column(justify="right", width=8)
    rows.add_column(ratio=1)
    return rows


def _row(snapshot: Snapshot, stage: Stage, spinner: RenderableType) -> tuple[RenderableType, ...]:
    boot = snapshot.boot
    status = stages.status(boot, stage)
    mark = boot.marks.get(stage)
    if mark is None:
        return _SIGNS[status], Text(stage.value, "dim"), "", ""
    running = status is Status.RUNNING
    now = snapshot.now if running else (mark.ended or mark.began)
    elapsed = Text(f"{now - boot.started:.1f} s", "yellow" if running else "cyan")
    sign = spinner if running else _SIGNS[status]
    return sign, Text(stage.value, "bold" if running else ""), elapsed, _words(stage, mark)


def _words(stage: Stage, mark: Mark) -> RenderableType:
    words = Text(mark.detail)
    if stage in stages.LOADS:
        words.append(f"  {_size(mark.size if mark.size >= 0 else mark.sent)}", "cyan")
        if mark.ended is None and mark.size > 0:
            return Group(words, ProgressBar(total=mark.size, completed=mark.sent, width=40))
    if mark.why:
        words.append(f"\n{mark.why}", "dim italic")
    return words


def closing(result: BootResult) -> RenderableType:
    """What is left on the terminal: the times of the stages, and what the machine told us."""
    parts: list[RenderableType] = [_times(result.stages)]
    if result.inventory is not None:
        parts.append(facts(result.inventory))
    return Group(*parts)


def verdict(result: BootResult) -> str:
    """The last line: how long it took; or why there is nothing to boast of."""
    if result.ok:
        return f"netbooted in {result.seconds:.1f} s"
    return f"not netbooted: {result.reason}"


def _times(lines: Sequence[StageTime]) -> Table:
    table = Table(title="stages", title_justify="left", box=None, header_style="dim")
    for heading in ("stage", "began", "ended"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    table.add_column("what", overflow="fold")
    for entry in lines:
        style = "" if entry.status is Status.DONE else "dim"
        said = "; ".join(part for part in (entry.detail, entry.why) if part)
        what = said if entry.began is not None else entry.status.value
        table.add_row(
            entry.stage.value, _seconds(entry.began), _seconds(entry.ended), Text(what), style=style
        )
    return table


def facts(inventory: Mapping[str, object]) -> Table:
    """An inventory as a table; what the machine did not tell is left out."""
    table = Table(title="what the machine told us", title_justify="left", box=None)
    table.show_header = False
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _facts(inventory):
        if value:
            table.add_row(name, Text(value))
    return table


def _facts(inventory: Mapping[str, object]) -> list[tuple[str, str]]:
    cpu, system = _table(inventory, "cpu"), _table(inventory, "system")
    model = " ".join(str(cpu.get("model") or "").split())
    memory = _table(inventory, "memory").get("bytes")
    rows = [
        ("machine", _together(system.get("manufacturer"), system.get("product"))),
        ("serial", str(system.get("serial") or "")),
        ("CPU", f"{cpu.get('count')} x {model}" if cpu else ""),
        ("memory", _size(memory) if isinstance(memory, int) else ""),
    ]
    rows += [("disk", _disk(disk)) for disk in _rows(inventory, "disks")]
    rows += [("network", _card(card)) for card in _rows(inventory, "nics")]
    firmware = _together(
        str(inventory.get("firmware") or "").upper(),
        system.get("bios_vendor"),
        system.get("bios_version"),
    )
    return [
        *rows,
        ("firmware", firmware),
        ("OSIE", _together(inventory.get("osie"), inventory.get("kernel"))),
    ]


def _disk(disk: Mapping[str, Any]) -> str:
    size = disk.get("bytes")
    serial = disk.get("serial")
    return _together(
        disk.get("name"),
        _size(size) if isinstance(size, int) else None,
        disk.get("transport"),
        f"serial {serial}" if serial else None,
        disk.get("content"),
    )


def _card(card: Mapping[str, Any]) -> str:
    boot = "it booted from this" if card.get("boot") else None
    return _together(card.get("name"), card.get("mac"), card.get("driver"), boot)


def _together(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part)


def _table(inventory: Mapping[str, object], key: str) -> Mapping[str, Any]:
    value = inventory.get(key)
    return value if isinstance(value, dict) else {}


def _rows(inventory: Mapping[str, object], key: str) -> list[Mapping[str, Any]]:
    value = inventory.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _moment(boot: Boot, mark: Mark) -> float:
    return (mark.ended or mark.began) - boot.started


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _size(size: int) -> str:
    """Bytes for people."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
