"""How machines and boots look on a terminal: signs, ages, bars.  80 columns are enough."""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from boots.cli.terminal import Terminal
from boots.client.words import MachineLine
from boots.journal.lines import harmless
from boots.timeline.words import Boot, Finding, State, Step

# What each state looks like: a sign, the same without Unicode, a colour.
_LOOKS = {
    State.RUNNING: ("▶", ">", "cyan"),
    State.DONE: ("✓", "+", "green"),
    State.STUCK: ("‖", "=", "yellow"),
    State.FAILED: ("✗", "x", "red"),
    State.HELD: ("∞", "@", "magenta"),
    State.UNSEEN: ("·", ".", "dim"),
}
URGENCY = (State.FAILED, State.STUCK, State.HELD, State.RUNNING, State.DONE, State.UNSEEN)
"""What a person should look at first."""
_BAR = 8  # cells
_NAME = 24  # cells of a machine's name in a list


def console() -> Console:
    """Where commands print; what others said is text to it, never markup."""
    return Terminal(highlight=False, markup=False, emoji=False)


def unicode(out: Console) -> bool:
    """Whether signs beyond ASCII can be shown."""
    return out.encoding.lower().startswith("utf")


def sign(state: State, *, plain: bool) -> Text:
    """A state, as a sign and a word: colour alone tells not everybody."""
    mark, ascii_mark, colour = _LOOKS[state]
    return Text(f"{ascii_mark if plain else mark} {state.value}", colour)


def ago(at: float, now: float) -> str:
    """How long ago a moment was, in four characters."""
    if not at:
        return "-"
    seconds = max(0, int(now - at))
    for size, unit in ((31_536_000, "y"), (86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def moment(at: float) -> str:
    """A moment, in local time; with its day if that is not today's."""
    local = datetime.fromtimestamp(at, UTC).astimezone()
    today = datetime.fromtimestamp(time.time(), UTC).astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M:%S")


def bar(progress: float, *, plain: bool) -> str:
    """How much of a fetch is done; empty where that is not known."""
    if progress < 0:
        return ""
    full = int(min(progress, 1.0) * _BAR)
    cells = ("#", "-") if plain else ("█", "░")
    return f"{cells[0] * full}{cells[1] * (_BAR - full)} {progress:4.0%}"


def size(count: int) -> str:
    """A number of bytes, short."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"


def table(*heads: str, wide: int = -1) -> Table:
    """A table without lines; the column `wide` takes what is left, and is cut off."""
    made = Table(box=None, pad_edge=False, header_style="dim", expand=wide >= 0)
    for number, head in enumerate(heads):
        ratio = 1 if number == wide else None
        made.add_column(head, no_wrap=True, overflow="ellipsis", ratio=ratio)
    return made


def text(words: str, style: str = "") -> Text:
    """What others said, without what moves a cursor."""
    return Text(harmless(words).replace("\n", " "), style)


def fleet(lines: Sequence[MachineLine], now: float, *, plain: bool) -> Table:
    """Machines, one a row."""
    made = table("state", "machine", "stage", "", "ago", "", wide=5)
    made.columns[1].max_width = _NAME
    for line in lines:
        said = line.finding or (f"netboot {line.netboot}" if line.netboot != "on" else line.profile)
        made.add_row(
            sign(line.state, plain=plain),
            text(line.name),
            text(line.stage),
            bar(line.progress, plain=plain),
            ago(line.heard, now),
            text(said, "yellow" if line.finding else "dim"),
        )
    return made


def counted(lines: Iterable[MachineLine]) -> str:
    """How many machines are in which state."""
    counts = dict.fromkeys(URGENCY, 0)
    for line in lines:
        counts[line.state] += 1
    told = [f"{count} {state.value}" for state, count in counts.items() if count]
    return ", ".join(told) or "no machines"


def urgent(lines: Iterable[MachineLine]) -> list[MachineLine]:
    """Machines, those that need a look first, of the same state the latest first."""
    return sorted(lines, key=lambda each: (URGENCY.index(each.state), -each.heard, each.name))


def print_boot(out: Console, boot: Boot) -> None:
    """One boot, step by step, with reasons and what was found."""
    plain = not unicode(out)
    head = sign(boot.state, plain=plain)
    head.append(f"  {moment(boot.started)}", "bold")
    for word in (boot.machine, boot.mac, boot.program, boot.architecture, boot.profile):
        head.append_text(text(f"  {word}" if word else ""))
    out.print(head)
    for step in boot.steps:
        out.print(_step(step, boot.started, plain=plain), soft_wrap=True)
    if boot.finding is not None:
        print_finding(out, boot.finding)


def _step(step: Step, start: float, *, plain: bool) -> Text:
    took = f"{step.ended - step.began:.1f} s" if step.ended else "goes on"
    line = Text(f"  {step.began - start:7.1f} s  {step.stage.value:13}  {took:>9}")
    if step.sent:
        rate = f" at {size(int(step.rate))}/s" if step.rate else ""
        line.append(f"  {size(step.sent)}{rate}")
    if 0 <= step.progress < 1:
        line.append(f"  {bar(step.progress, plain=plain)}")
    for words, style in ((step.detail, ""), (step.why, "dim"), (step.problem, "red")):
        if words:
            line.append_text(text(f"  {words}", style))
    return line


def print_finding(out: Console, finding: Finding) -> None:
    """What was found to be wrong, what speaks for it, and what to do."""
    out.print(text(f"  {finding.title}", "bold yellow"), soft_wrap=True)
    for each in finding.evidence:
        out.print(text(f"    {each}", "dim"), soft_wrap=True)
    out.print(text(f"    {finding.advice}"), soft_wrap=True)
