"""How runs of workflows look on a terminal: lists, actions with their bars, disks, plans."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from boots.cli import shown
from boots.client.workflows import called

if TYPE_CHECKING:
    from rich.table import Table

    from boots.client.workflows import ArmedDisk, LogLine, Run, RunLine, RunPlan, RunStep

# What each state of a run or an action looks like: a sign, the same without Unicode, a colour.
_GOES, _WAITS = ("▶", ">", "cyan"), ("·", ".", "dim")
_WELL, _BAD = ("✓", "+", "green"), ("✗", "x", "red")
_PERSON = ("‖", "=", "yellow")
_LOOKS = {
    "PREPARING": _WAITS,
    "PENDING": _WAITS,
    "HANDED": _GOES,
    "RUNNING": _GOES,
    "POST": _GOES,
    "SUCCESS": _WELL,
    "SKIPPED": ("-", "-", "dim"),
    "FAILED": _BAD,
    "TIMEOUT": _BAD,
    "CANCELLED": _BAD,
    "INTERRUPTED": _PERSON,
}
WIDE = 110
"""Columns of a terminal on which ids have room."""
_MESSAGE = 10  # lines of an action's last words
_SHORT = 3  # the same, while others are watched
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def sign(run: "RunLine", *, plain: bool) -> Text:
    """Where a run stands, as a sign and a word."""
    look = _PERSON if run.waits else _LOOKS.get(run.state, _WAITS)
    return Text(f"{look[1] if plain else look[0]} {run.word}", look[2])


def _step_sign(step: "RunStep", *, plain: bool) -> Text:
    mark, ascii_mark, colour = _LOOKS.get(step.state, _WAITS)
    return Text(ascii_mark if plain else mark, colour)


def capacity(count: int) -> str:
    """The size of a disk."""
    value = float(count)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def took(seconds: float) -> str:
    """A duration, short."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def listed(runs: Iterable["RunLine"], now: float, *, plain: bool, ids: bool) -> "Table":
    """Runs, one a row; with their `ids` where there is room for them."""
    made = shown.table("state", "machine", "ago", *["id"] * ids, "at", wide=3 + ids)
    for line in runs:
        made.add_row(
            sign(line, plain=plain),
            shown.text(line.machine),
            shown.ago(line.ended or line.started or line.created, now),
            *[shown.text(line.id, "dim")] * ids,
            _at(line, plain=plain),
        )
    return made


def _at(line: "RunLine", *, plain: bool) -> Text:
    """What it is, and how far; or why it is not further."""
    made = shown.text(f"{line.name}  ")
    if line.why:
        return made.append_text(shown.text(line.why, "yellow" if line.waits else "dim"))
    if line.is_over:
        return made.append(f"{line.done} of {line.steps} done", "dim")
    made.append_text(shown.text(f"{line.step}  " if line.step else ""))
    return made.append(shown.bar(line.progress, plain=plain))


# --- one run


def head(run: "Run", *, plain: bool) -> Text:
    """One line: how it stands, what it is, and whose."""
    line = run.line
    made = sign(line, plain=plain)
    made.append_text(shown.text(f"  {line.id}  {line.name} on {line.machine}", "bold"))
    if line.by:
        made.append_text(shown.text(f"  by {line.by}", "dim"))
    return made


def whole(run: "Run", now: float, *, plain: bool) -> Iterator[Text]:
    """All of a run that a person may want to know, line by line."""
    yield head(run, plain=plain)
    if run.line.why:
        yield shown.text(f"  {run.line.why}", "yellow")
    if run.awaits:
        yield shown.text(f"  {run.awaits}")
    for step in run.steps:
        yield step_line(step, now, plain=plain)
        yield from last_words(step, _MESSAGE)
    if run.disks:
        yield Text(f"Disks, {armed(run)}:")
        for disk in run.disks:
            yield disk_line(disk)
    if run.of:
        yield shown.text(f"It takes up {run.of} again.", "dim")
    if run.note and run.note != run.line.why:
        yield shown.text(run.note)
    yield from ways(run)


def armed(run: "Run") -> str:
    """By whom its disks are armed, how, and for how long."""
    if not run.policy:
        return "not armed"
    by = f" by {run.armed_by}" if run.armed_by else ""
    until = (
        f", until {shown.moment(run.armed_until)}"
        if run.armed_until and not run.line.is_over
        else ""
    )
    return f"{run.policy}{by}{until}"


def step_line(step: "RunStep", now: float, *, plain: bool) -> Text:
    """One action: its sign, its name, and how far it is or how it ended."""
    made = Text("  ").append_text(_step_sign(step, plain=plain))
    made.append_text(shown.text(f" {step.number:2} {step.name:24} "))
    if step.part != "action":
        made.append(f"{step.part} ", "yellow")
    if step.state == "RUNNING":
        _append_progress(made, step, now, plain=plain)
    elif step.state in {"PENDING", "HANDED"}:
        made.append(step.kind, "dim")
    else:
        made.append(_ended(step))
    if step.attempt > 1:
        made.append(f", attempt {step.attempt}", "dim")
    return made


def _append_progress(made: Text, step: "RunStep", now: float, *, plain: bool) -> None:
    if step.progress >= 0:
        made.append(f"{shown.bar(step.progress, plain=plain)}  ")
    made.append_text(shown.text(f"{step.phase}  " if step.phase else ""))
    if step.rate:
        made.append(f"{shown.size(int(step.rate))}/s  ")
    if step.eta >= 0:
        made.append(f"{took(step.eta)} left")
    elif step.started:
        made.append(f"for {took(now - step.started)}", "dim")


def _ended(step: "RunStep") -> str:
    time = f" in {took(step.ended - step.started)}" if step.ended and step.started else ""
    word = {
        "SUCCESS": f"done{time}",
        "SKIPPED": "done before",
        "FAILED": f"failed with status {step.exit_code}{time}" if step.exit_code else "failed",
        "TIMEOUT": f"took longer than {step.timeout} s",
        "INTERRUPTED": "was interrupted",
    }
    return word.get(step.state, step.state.lower())


def last_words(step: "RunStep", most: int) -> Iterator[Text]:
    """The last lines of an action that did not end well."""
    if step.state in {"FAILED", "TIMEOUT", "INTERRUPTED"} and step.message:
        for line in step.message.rstrip().splitlines()[-most:]:
            yield shown.text(f"       | {line}", "red")


def ways(run: "Run") -> Iterator[Text]:
    """What a person can do now, as it is typed."""
    told = {
        "again": ("settle {id} --again", "do that action again"),
        "done": ("settle {id} --done", "take it as done, and go on"),
        "retry": ("retry {id}", "begin where it ended; --from N begins elsewhere"),
        "cancel": ("cancel {id}", "end it"),
    }
    if not (run.line.waits or run.line.is_over):
        return
    for need in run.needs:
        if need in told:
            words, meaning = told[need]
            made = Text(f"  boots workflow {words.format(id=run.line.id):32}", "bold")
            yield made.append(f"  {meaning}", "dim")


# --- disks and plans


def disk_line(disk: "ArmedDisk") -> Text:
    """One disk: which it is, what is on it, and what becomes of that."""
    size = capacity(disk.size) if disk.size else ""
    number = f"S/N {disk.serial}" if disk.serial else ""
    which = ", ".join(filter(None, [size, number, disk.model]))
    made = shown.text(f"  {disk.called}", "bold")
    made.append_text(shown.text(f" {which}: {disk.found}" if which else f": {disk.found}"))
    if disk.problem:
        return made.append(" → ").append_text(shown.text(f"refused: {disk.problem}", "red"))
    how = "all of it is lost" if disk.whole else "partitions on it are written"
    made.append(f" → {how}", "red" if disk.whole else "yellow")
    return made.append_text(shown.text(f", by {', '.join(disk.actions)}" if disk.actions else ""))


def plan_lines(plan: "RunPlan", machine: str, policy: str) -> Iterator[Text]:
    """What a new run would do, which disks it would write, and what is wrong."""
    if plan.steps:
        yield from _done(plan, machine, policy)
    for doubt in plan.doubts:
        yield shown.text(f"warning: {doubt}", "yellow")
    of_disks = {f"{disk.path}: {disk.problem}" for disk in plan.disks}
    for fault in plan.faults:
        if fault not in of_disks:
            yield shown.text(fault, "red")


def _done(plan: "RunPlan", machine: str, policy: str) -> Iterator[Text]:
    """What would be done, and to which disks."""
    yield shown.text(f"{plan.name} on {machine}", "bold")
    task = ""
    for step in plan.steps:
        if step.task != task:
            task = step.task
            yield shown.text(f"  task {task}, by {step.worker}")
        yield shown.text(f"  {step.number:3} {step.name}: {step.kind}, {step.meaning}").append(
            f"; at most {step.timeout} s", "dim"
        )
        for device in step.writes:
            yield shown.text(f"        writes {called(device)}", "red")
    if plan.disks:
        yield Text(f"Disks that it may write then ({policy}):")
        for disk in plan.disks:
            yield disk_line(disk)
    else:
        yield Text("No disk is written.")


# --- while it goes on


def picture(run: "Run", said: "LogLine | None", now: float, *, plain: bool) -> Group:
    """What is drawn anew while somebody looks on."""
    lines = [head(run, plain=plain)]
    if run.awaits:
        lines.append(shown.text(f"  {run.awaits}", "dim"))
    for step in run.steps:
        lines.append(step_line(step, now, plain=plain))
        lines += last_words(step, _SHORT)
    if said is not None and not run.line.is_over:
        lines.append(shown.text(f"    | {said.text}", "dim"))
    return Group(*lines)


def changes(before: "Run | None", run: "Run", *, plain: bool) -> Sequence[Text]:
    """What is new of a run, a line for each: for logs and pipes."""
    known = {each.number: (each.state, each.attempt) for each in before.steps} if before else {}
    found: list[Text] = []
    for step in run.steps:
        if known.get(step.number, ("PENDING", 1)) == (step.state, step.attempt):
            continue
        if step.state == "RUNNING":
            found.append(shown.text(f"  {'>' if plain else '▶'} {step.number:2} {step.name}"))
        elif step.state not in {"PENDING", "HANDED"}:
            found.append(step_line(step, 0.0, plain=plain))
            found += last_words(step, _MESSAGE)
    line, old = run.line, before.line if before else None
    if old is None or (line.word, line.why) != (old.word, old.why):
        told = head(run, plain=plain)
        found.append(told.append_text(shown.text(f": {line.why}" if line.why else "")))
    return found


def log_line(line: "LogLine", names: dict[int, str]) -> Text:
    """What an action said: when, which action, and the line."""
    made = Text(f"{shown.moment(line.at)}  ", "dim")
    made.append_text(shown.text(f"{names.get(line.step, str(line.step)):20} ", "cyan"))
    return made.append_text(shown.text(f"| {line.text}"))
