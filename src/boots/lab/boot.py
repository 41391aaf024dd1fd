"""One boot from power-on to power-off, for programs: `boot_once`.

The demo and the end-to-end tests are this function with different watchers.  It makes the network,
starts the server, powers the machine on, and follows it to its end (`boots.lab.following`).
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import msgspec

from boots.lab import accelerator, isolation, said, switch, topology
from boots.lab.capture import capture
from boots.lab.errors import LabError
from boots.lab.firmware import Firmware
from boots.lab.following import follow
from boots.lab.machine import VirtualMachine
from boots.lab.qemu import Files, Spec
from boots.lab.server import Server
from boots.lab.stages import Stage
from boots.lab.words import MAC, UUID, BootOptions, BootResult, Snapshot, Watcher


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
            frame = bytes.fromhex(options.announcement)
            running.enter_context(switch.announcing(place.tap, frame))
        server = running.enter_context(_server(options, place, work))
        machine = running.enter_context(_power_on(options, place, work))
        return follow(options, server, machine, watcher)


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
