"""One boot from power-on to power-off, for programs: `boot_once`.

The demo and the end-to-end tests are this function with different watchers.  It makes the network,
starts the server, powers the machine on, and follows the server's journal and the machine's
console until the goal is reached, the machine has ended, or the time is over.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec

from boots.journal import events
from boots.journal.events import Entry
from boots.lab import accelerator, isolation, said, stages, switch, topology
from boots.lab.capture import capture
from boots.lab.diagnosis import diagnose
from boots.lab.errors import LabError
from boots.lab.firmware import RECIPES, Firmware
from boots.lab.machine import Files, Spec, VirtualMachine
from boots.lab.server import Server
from boots.lab.stages import Boot, Stage, Status

MAC = "52:54:00:77:00:01"
UUID = "4c4c4544-0077-4000-8000-000000000001"

RECORD = """\
machines:
  - name: demo-1
    mac: "52:54:00:77:00:01"
    address: 192.168.77.10/24
    gateway: 192.168.77.1
    then: poweroff
"""

_PAUSE = 0.05
"""Seconds between two looks at the journal and the console."""


@dataclass(frozen=True)
class BootOptions:
    """One boot: what starts, where, from which files.  All of it can be written as JSON."""

    osie: str
    """The directory with OSIE's kernel and initrd, as ``boots osie build`` leaves it."""
    work: str = ""
    """The directory for records, journal, console and capture; empty: a new temporary one."""
    firmware: Firmware = Firmware.BIOS
    relay: bool = False
    """Whether the server is behind a router that relays DHCP."""
    beside: bool = False
    """Whether another DHCP server gives the addresses."""
    link: str = ""
    """What befalls frames from machine to server and back (`boots.lab.said`); empty: nothing."""
    timeout: float = 180
    """Seconds from power-on after which the boot counts as failed."""
    goal: Stage = Stage.POWER_OFF
    """The stage that ends the boot well; before the last one, the machine's plug is pulled."""
    until: str = ""
    """What ends the boot well in place of the goal: text of the machine's console, or of its
    syslog."""
    record: str = RECORD
    """The machine's record, YAML; its MAC must be `MAC`."""
    memory: int = 768
    """MiB."""
    disk: int = 1024
    """MiB; 0 for none."""
    contents: str = ""
    """A file that the disk begins as a copy of at power-on; empty: so is the disk."""
    disk_first: bool = False
    """Whether its firmware tries its disk before the network."""
    program: str = "undionly.kpxe"
    """The boot file that the ROM of `Firmware.BIOS_CHAIN` loads."""
    authority: str = ""
    """A file with the certificate (DER) that its UEFI firmware trusts for HTTPS; empty: none."""
    disc: str = ""
    """What is in its disc drive: a file, or an ``http`` URL; empty: it has no drive."""
    serial: str = "BOOTS-LAB-1"
    reboot: bool = False
    """Whether a restarted machine goes on."""
    hardware: tuple[str, ...] = ()
    """What it has besides, in QEMU's words."""
    packets: bool = True
    """Whether to record the packets, where tcpdump is there."""
    announcement: str = ""
    """A frame in hex that the machine's switch port sends every second, as LLDP; empty: none."""
    server: tuple[str, ...] = ()
    """The server's command; empty: this program's own ``serve``."""
    server_arguments: tuple[str, ...] = ()
    """More arguments for the server, after those that the lab gives."""


@dataclass(frozen=True)
class Snapshot:
    """What a watcher is shown, several times a second."""

    boot: Boot
    console: tuple[str, ...]
    """The last lines of the machine's console."""
    now: float
    note: str = ""


Watcher = Callable[[Snapshot], None]


@dataclass(frozen=True)
class StageTime:
    """One stage in a result; times in seconds after power-on, None when it did not happen."""

    stage: Stage
    status: Status
    began: float | None = None
    ended: float | None = None
    detail: str = ""
    why: str = ""


@dataclass(frozen=True)
class BootResult:
    """What came of a boot, and where the evidence lies."""

    ok: bool
    seconds: float
    """From power-on to the last event."""
    stages: tuple[StageTime, ...]
    ending: str | None
    reason: str
    """Why it went no further; empty when `ok`."""
    work: str
    entries: tuple[Entry, ...] = ()
    console_text: str = ""
    inventory: Mapping[str, object] | None = None

    def of(self, stage: Stage) -> StageTime:
        """One stage's line; raises KeyError for one that this firmware does not have."""
        for line in self.stages:
            if line.stage is stage:
                return line
        raise KeyError(stage)


def ignore(_: Snapshot) -> None:
    """The watcher that does not look."""


def boot_once(options: BootOptions, watcher: Watcher = ignore) -> BootResult:
    """Boot one machine.  A boot that fails is a result, not an error.

    Outside of a lab's namespaces it runs in a process inside new ones (and nobody watches), so
    that any program may call it, several at a time.

    Raises:
        LabError: there was no boot: no namespaces, no firmware, no QEMU, no server; the text says
            what to do.
    """
    if not options.work:
        options = replace(options, work=tempfile.mkdtemp(prefix="boots-lab-"))
    if not isolation.inside():
        return _boot_elsewhere(options)
    work = Path(options.work)
    with _network(options, work) as place, contextlib.ExitStack() as running:
        if options.packets:
            running.enter_context(capture(place.bridge, work / "boot.pcap"))
        if options.announcement:
            said = bytes.fromhex(options.announcement)
            running.enter_context(switch.announcing(place.tap, said))
        server = running.enter_context(_server(options, place, work))
        machine = running.enter_context(_power_on(options, place, work))
        return _follow(options, server, machine, watcher)


def _network(
    options: BootOptions, work: Path
) -> contextlib.AbstractContextManager[topology.Topology]:
    work.mkdir(parents=True, exist_ok=True)
    if options.beside:
        return topology.beside(work / "other.log")
    if options.link:
        return topology.far(*said.links(options.link))
    return topology.relayed(work / "relay.log") if options.relay else topology.direct()


@contextlib.contextmanager
def _server(options: BootOptions, place: topology.Topology, work: Path) -> Iterator[Server]:
    records = work / "machines"
    records.mkdir(exist_ok=True)
    (records / "demo.yaml").write_text(options.record, encoding="utf-8")
    command = [
        *place.server_prefix,
        *(options.server or (sys.executable, "-m", "boots", "serve")),
        *("--interface", place.server_interface),
        *("--machines", str(records)),
        *("--osie", options.osie),
        *("--journal", str(work / "journal.jsonl")),
        *options.server_arguments,
    ]
    # A boot is to know nothing of others; a configuration says itself where the server's state is.
    own = {"BOOTS_CACHE": str(work / "cache")}
    if "--config" not in options.server_arguments:
        own["BOOTS_STATE"] = str(work / "state")
    with Server.start(command, work / "journal.jsonl", work / "server.log", own) as server:
        server.wait_until_ready()
        yield server


def _power_on(options: BootOptions, place: topology.Topology, work: Path) -> VirtualMachine:
    spec = Spec(
        firmware=options.firmware,
        mac=MAC,
        uuid=UUID,
        tap=place.tap,
        memory=options.memory,
        disk=options.disk,
        contents=options.contents,
        disk_first=options.disk_first,
        program=options.program,
        authority=options.authority,
        disc=options.disc,
        serial=options.serial,
        reboot=options.reboot,
        hardware=options.hardware,
    )
    return VirtualMachine.start(spec, Files(work / "machine"), accelerator.choose())


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


def _follow(
    options: BootOptions, server: Server, machine: VirtualMachine, watcher: Watcher
) -> BootResult:
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


def _boot_elsewhere(options: BootOptions) -> BootResult:
    """Run this module as a program inside; its result comes back as a file."""
    answer = Path(options.work) / "result.json"
    program = isolation.command(
        [sys.executable, "-m", __name__, json.dumps(asdict(options), default=_plain), str(answer)]
    )
    done = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if not answer.exists():
        raise LabError(done.stderr.decode(errors="replace").strip())
    return msgspec.json.decode(answer.read_bytes(), type=BootResult)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Firmware | Stage) else str(value)


def _main(text: str, answer: str) -> None:
    isolation.settle()
    options = msgspec.json.decode(text, type=BootOptions)
    try:
        result = boot_once(options)
    except LabError as error:
        sys.exit(str(error))
    Path(answer).write_bytes(msgspec.json.encode(result))


if __name__ == "__main__":
    _main(*sys.argv[1:])
