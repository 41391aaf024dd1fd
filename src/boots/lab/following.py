"""A boot is followed, from the server's journal and the machine's console, to its end."""

import time
from dataclasses import dataclass, field

from boots.journal import events
from boots.journal.events import Entry
from boots.lab import stages
from boots.lab.diagnosis import diagnose
from boots.lab.firmware import RECIPES
from boots.lab.machine import VirtualMachine
from boots.lab.server import Server
from boots.lab.stages import Boot, Stage, Status
from boots.lab.words import MAC, BootOptions, BootResult, Snapshot, StageTime, Watcher

_PAUSE = 0.05
"""Seconds between two looks at the journal and the console."""


@dataclass
class _Progress:
    """What a boot has brought so far; the one value that changes while it is followed."""

    boot: Boot
    entries: list[Entry] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    until: str = ""
    said: bool = False
    """Whether the machine said what was waited for."""

    def look(self, server: Server, machine: VirtualMachine) -> None:
        """Take in what is new.  The power is asked for first: what follows it is then complete."""
        ending = machine.ended
        for line in machine.new_lines():
            self.console.append(line)
            self._hear(line)
            self.boot = stages.spoke(self.boot, line)
        for entry in server.new_entries():
            self.entries.append(entry)
            if isinstance(entry.event, events.ConsoleLine):
                self._hear(entry.event.text)
            self.boot = stages.advance(self.boot, entry)
        if ending is not None and self.boot.ending is None:
            self.boot = stages.ended(self.boot, time.time(), ending)

    def _hear(self, text: str) -> None:
        self.said = self.said or (bool(self.until) and self.until in text)

    def snapshot(self, note: str = "") -> Snapshot:
        """The state for a watcher."""
        return Snapshot(self.boot, tuple(self.console[-12:]), time.time(), note)


def follow(
    options: BootOptions, server: Server, machine: VirtualMachine, watcher: Watcher
) -> BootResult:
    """Until the goal is reached, the machine has ended, or the time is over."""
    recipe = RECIPES[options.firmware]
    expected = stages.expected(recipe)
    progress = _Progress(stages.power_on(MAC, machine.started, expected), until=options.until)
    deadline = machine.started + options.timeout
    trouble = ""
    while True:
        progress.look(server, machine)
        watcher(progress.snapshot())
        done = progress.said if options.until else _reached(progress.boot, options.goal)
        if done or progress.boot.ending is not None:
            break
        if progress.boot.gave_up:
            trouble = "the machine will go no further"
            break
        if server.ended:
            trouble = f"the server ended: {server.said()}"
            break
        if time.time() > deadline:
            trouble = f"not done after {options.timeout:.0f} s"
            break
        time.sleep(_PAUSE)
    _last_look(progress, server, machine)
    watcher(progress.snapshot())
    return _result(options, progress, trouble)


def _last_look(progress: _Progress, server: Server, machine: VirtualMachine) -> None:
    """The machine's last words may be under way still, in the server or in the network."""
    time.sleep(0.3)
    progress.look(server, machine)


def _reached(boot: Boot, goal: Stage) -> bool:
    return stages.status(boot, goal) is Status.DONE


def _succeeded(boot: Boot, goal: Stage) -> bool:
    return boot.complete if goal is Stage.POWER_OFF else _reached(boot, goal)


def _result(options: BootOptions, progress: _Progress, trouble: str) -> BootResult:
    boot = progress.boot
    done = progress.said if options.until else _succeeded(boot, options.goal)
    ok = done and not trouble
    reason = "" if ok else "\n".join(part for part in (trouble, diagnose(boot)) if part)
    return BootResult(
        ok=ok,
        seconds=boot.seconds,
        stages=tuple(_line(boot, stage) for stage in boot.expected),
        ending=boot.ending,
        reason=reason,
        work=options.work,
        entries=tuple(progress.entries),
        console_text="\n".join(progress.console),
        inventory=boot.inventory,
    )


def _line(boot: Boot, stage: Stage) -> StageTime:
    status = stages.status(boot, stage)
    mark = boot.marks.get(stage)
    if mark is None:
        return StageTime(stage, status)
    ended = None if mark.ended is None else mark.ended - boot.started
    return StageTime(stage, status, mark.began - boot.started, ended, mark.detail, mark.why)
