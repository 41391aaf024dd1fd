"""How a simulation looks on a terminal, while it runs and in the end.  Nothing is decided here."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from boots.lab.fleet.booting import Story
from boots.lab.fleet.engine import Engine
from boots.lab.fleet.kinds import Stage, stages
from boots.lab.fleet.report import Failure, Report, expected

_EVERY = 0.25  # seconds between two pictures
_PLAIN_EVERY = 5.0  # and between two lines, where there is no terminal
_WORDS = {
    Stage.OFFER: "offered an address",
    Stage.ADDRESS: "have an address",
    Stage.BOOT_FILE: "have the boot file",
    Stage.SCRIPT: "have the script",
    Stage.FILES: "have all files",
}


class View:
    """Watches an engine: a picture where there is a terminal, else a line now and then."""

    def __init__(self, console: Console, title: str, until: Stage) -> None:
        self._console = console
        self._title = title
        self._until = until
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._drawn = 0.0
        self._every = _EVERY if console.is_terminal else _PLAIN_EVERY

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, engine: Engine, now: float) -> None:
        """Show how far the fleet is, if it is time."""
        if now - self._drawn < self._every:
            return
        self._drawn = now
        if self._console.is_terminal:
            told = [slot.story for slot in engine.slots]
            self._live.update(self._picture(engine, told), refresh=True)
        else:
            _print(self._console, _line(engine))

    def _picture(self, engine: Engine, told: Sequence[Story]) -> RenderableType:
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(min_width=20)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", min_width=14)
        for stage in expected(told, self._until):
            of = sum(stage in stages(story.machine.kind) for story in told)
            there = sum(stage in story.marks for story in told)
            bar = ProgressBar(total=of, completed=there)
            grid.add_row(_WORDS[stage], bar, Text(f"{there} of {of}", "cyan"))
        return Panel(
            Group(grid, _facts(engine)),
            title=self._title,
            title_align="left",
            subtitle=_age(engine),
        )


def _age(engine: Engine) -> str:
    return f"{engine.meter.seconds:.1f} s"


def _facts(engine: Engine) -> Text:
    failed = sum(bool(slot.story.failure) for slot in engine.slots if slot.over)
    done = len(engine.slots) - engine.live - failed
    seconds = engine.meter.seconds
    received = sum(slot.story.received for slot in engine.slots)
    line = Text(f"{done / seconds:.0f} machines/s, {size(received / seconds)}/s", "dim")
    if failed:
        line.append(f", {failed} failed", "bold red")
    if engine.meter.saturated:
        line.append("; the simulator has no CPU left", "yellow")
    return line


def _line(engine: Engine) -> str:
    done = len(engine.slots) - engine.live
    return f"{_age(engine):>8}  {done} of {len(engine.slots)} machines are at their end"


# --- the closing report


def closing(report: Report) -> RenderableType:
    """What is left on the terminal."""
    parts: list[RenderableType] = [_stages(report), Text(), _sums(report)]
    if report.failures:
        parts += [Text(), _failures(report.failures)]
    return Group(*parts)


def _stages(report: Report) -> Table:
    table = Table(title="seconds since power-on", title_justify="left", box=None)
    table.header_style = "dim"
    table.add_column("stage")
    for heading in ("machines", "p50", "p90", "p99", "longest", "p99 without own waits"):
        table.add_column(heading, justify="right")
    for name, times in report.stages.items():
        seconds = (times.p50, times.p90, times.p99, times.longest, times.p99_without_own_waits)
        table.add_row(name, str(times.machines), *(f"{value:.2f}" for value in seconds))
    return table


def _sums(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    per_second = report.received / report.seconds if report.seconds else 0
    table.add_row("booted", f"{report.booted} of {report.machines}, {report.rate:.0f} a second")
    table.add_row("received", f"{size(report.received)}, {size(per_second)}/s")
    lost = f", with {report.loss:.1%} of DHCP and TFTP lost each way" if report.loss else ""
    table.add_row(
        "repeated",
        f"{report.dhcp_retries} times in DHCP, {report.tftp_retries} in TFTP,"
        f" {report.fetch_retries} fetches of scripts{lost}",
    )
    if report.restarts:
        table.add_row("begun anew", f"{report.restarts} times, after a boot that failed")
    if report.server_cpu is not None:
        each = report.server_cpu / max(report.machines, 1)
        table.add_row("server's CPU", f"{report.server_cpu:.2f} s, {each * 1000:.2f} ms a machine")
    table.add_row("own CPU", f"{report.cpu:.2f} s in {report.seconds:.2f} s")
    if report.saturated:
        warning = (
            f"for {report.saturated:.2f} s the simulator itself had no CPU left: "
            "times of that part are its own limit, not the server's"
        )
        table.add_row("beware", Text(warning, "yellow"))
    return table


def _failures(found: Sequence[Failure]) -> Table:
    table = Table(title="failed", title_justify="left", title_style="bold red", box=None)
    table.header_style = "dim"
    table.add_column("machines", justify="right")
    table.add_column("why", overflow="fold")
    table.add_column("first")
    for failure in found:
        table.add_row(str(failure.machines), Text(failure.why), Text("\n".join(failure.first)))
    return table


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
