"""The gate before every disk: what an action may write is proved here, or nothing is written."""

import contextlib
import json
import os
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from boots_agent.actions.context import ActionFailed
from boots_agent.device import Device, NoDisk, disks_of, twins_of
from boots_agent.facts import text
from boots_agent.handed import HandOut, Record
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.signatures import Read, disk_guid
from boots_agent.images.target import Seen, examine
from boots_agent.images.words import ImageError
from boots_agent.protection import Facts, facts_of, kept_by
from boots_agent.session import Session
from boots_agent.shield import Notes, Shield

_UNTOUCHED = "nothing was written"


class Surroundings(NamedTuple):
    """What the gate needs of the world.

    Attributes:
        now: How late it is at the server.
        used: The file that notes which records were used.
        send: Brings ends of a disk to the server, and returns when it has them for good.
        refresh: Makes the names of disks anew.
        find: The disks that a path leads to.
        shield: Keeps writes from disks that were not let through.
    """

    now: Callable[[], float]
    used: Path
    send: Callable[[str, bytes], None]
    say: Callable[[str], None]
    refresh: Callable[[], None] = lambda: None
    root: Path = Path("/")
    find: Callable[[str, Path], list[Device]] = disks_of
    shield: Shield = Shield(Notes(Path("/run/boots")))  # of no disks


class Gate:
    """Arms the disks of one hand-out."""

    def __init__(self, handed: HandOut, session: Session, around: Surroundings) -> None:
        self._handed = handed
        self._session = session
        self._around = around
        self._open: dict[str, Armed] = {}
        self._held: dict[str, int] = {}

    def arm(self, path: str) -> Armed:
        """The permission to write the disk that a path is, or is on.

        The second time that one action asks for a disk, what is on it is the action's own.

        Raises:
            ActionFailed: there is none; nothing was written.
        """
        if path.startswith("/dev/disk/") and not os.path.exists(path):  # noqa: PTH110  # no Path yet
            self._around.refresh()
        try:
            devices = self._around.find(path, self._around.root)
        except NoDisk as error:
            raise ActionFailed(f"{error}: {_UNTOUCHED}") from None
        armed = [self._armed(each) for each in devices]
        return armed[0]

    @contextlib.contextmanager
    def lend(self, path: str) -> Iterator[None]:
        """The disks below a path may be mounted meanwhile, to be read."""
        numbers: list[int] = []
        with contextlib.suppress(NoDisk):  # who mounts it will say so
            for each in self._around.find(path, self._around.root):
                with contextlib.suppress(OSError):
                    numbers.append(Path(each.path).stat().st_rdev)
        with self._around.shield.lent(numbers):
            yield

    def written(self) -> dict[str, str]:
        """The GUIDs of the GPTs that armed disks have now, by what they are armed by."""
        found = {}
        for path, armed in self._open.items():
            with contextlib.suppress(OSError):
                guid = disk_guid(_reader(self._held[path]))
                if guid:
                    found[armed.serial] = guid
        return found

    def _armed(self, device: Device) -> Armed:
        if device.path not in self._open:
            armed = self._proved(device)
            self._open[device.path] = replace(armed, policy=Policy.FORCE)
            return armed
        return self._open[device.path]

    def _proved(self, device: Device) -> Armed:
        record = self._record_of(device)
        self._check(record, device)
        self._check_disk(record, device)
        self._use(record)
        armed = _permission(record)
        if record.said.get("taken"):
            armed = replace(armed, policy=Policy.FORCE)
        held = self._hold(device)
        number = os.fstat(held).st_rdev
        try:
            seen = examine(
                f"/proc/self/fd/{held}",
                armed,
                sys=self._around.root / "sys",
                named=device.described,
                shielded=self._around.shield.covers(number),
            )
        except ImageError as error:  # it may not be read, too
            raise ActionFailed(_whole(error)) from None
        if not record.said.get("taken"):
            self._send_ends(record, seen)
        self._around.shield.free(number)
        self._around.say(f"{device.described} is armed: it holds {seen.holds or 'nothing'}")
        return armed

    def _hold(self, device: Device) -> int:
        """Open it for as long as the action is on: no other disk gets its name or number then.

        A disk that is pulled and another that is put in its place would else be one to programs,
        which are given names.
        """
        try:
            held = os.open(device.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            why = f"{device.described} cannot be opened: {error.strerror}"
            raise ActionFailed(f"{why}: {_UNTOUCHED}") from None
        weakref.finalize(self, os.close, held)
        self._held[device.path] = held
        return held

    def _record_of(self, device: Device) -> Record:
        found = [each for each in self._handed.armed if each.serial in device.names]
        if len(found) == 1:
            self._check_alone(device, found[0].serial)
            return found[0]
        if found:
            raise ActionFailed(f"{device.described} is armed twice: {_UNTOUCHED}")
        armed = ", ".join(f"S/N {each.serial}" for each in self._handed.armed) or "none"
        why = f"{device.described} is not armed (armed for this action: {armed})"
        raise ActionFailed(f"{why}: {_UNTOUCHED}")

    def _check_alone(self, device: Device, serial: str) -> None:
        """Some makers give all their disks one number: nobody knows then which was meant."""
        twins = [each.described for each in twins_of(device, serial, self._around.root)]
        if twins:
            why = f"S/N {serial} is armed, and {' and '.join(twins)} has it, too"
            raise ActionFailed(f"{device.described}: {why}: {_UNTOUCHED}")

    def _check(self, record: Record, device: Device) -> None:
        said, handed = record.said, self._handed
        wrong = ""
        if not record.is_signed(self._session.key):
            wrong = "is not signed by the server"
        elif said.get("machine") != handed.machine.get("name"):
            wrong = f"is for the machine {said.get('machine')}"
        elif said.get("run") != self._session.run:
            wrong = f"is for the run {said.get('run')}"
        elif (said.get("step"), said.get("attempt")) != (handed.step, handed.attempt):
            wrong = "is for another action"
        elif not self._around.now() < float(said["expires"]):
            late = self._around.now() - float(said["expires"])
            wrong = f"expired {late:.0f} s ago"
        elif self._mark(record) in text(self._around.used).splitlines():
            wrong = "was used already"
        if wrong:
            raise ActionFailed(f"what arms {device.described} {wrong}: {_UNTOUCHED}")

    def _check_disk(self, record: Record, device: Device) -> None:
        """What speaks against a disk whatever arms it."""
        called = str(record.said.get("path", ""))
        by_serial = called.startswith("/dev/disk/by-id/") and record.serial in called
        if device.is_removable and not by_serial:
            why = (
                "can be removed, or is on USB: it is written only where it is called by its serial"
            )
            example = f"/dev/disk/by-id/…{record.serial}"
            raise ActionFailed(f"{device.described} {why} ({example}): {_UNTOUCHED}")
        facts = facts_of(device.block) if device.block is not None else Facts()
        kept = kept_by(self._handed.machine.get("protected"), facts)
        if kept:
            why = f"its machine's record protects it: {kept}"
            raise ActionFailed(f"{device.described}: {why}: {_UNTOUCHED}")
        mounted = self._mounted(device)
        if mounted:
            raise ActionFailed(f"{device.described} is mounted at {mounted}: {_UNTOUCHED}")

    def _mounted(self, device: Device) -> str:
        """Where it, or what stands on it, is mounted."""
        numbers = device.numbers
        for line in text(self._around.root / "proc/self/mountinfo").splitlines():
            fields = line.split(" ")
            if fields[2] in numbers:
                return fields[4]
        return ""

    def _mark(self, record: Record) -> str:
        said = record.said
        return json.dumps([said["run"], said["step"], said["attempt"], said["serial"]])

    def _use(self, record: Record) -> None:
        """Note it before anything else is done: what comes after may be cut short anywhere."""
        with self._around.used.open("a") as file:
            file.write(f"{self._mark(record)}\n")

    def _send_ends(self, record: Record, seen: Seen) -> None:
        asked = {
            **self._session.words,
            "step": self._handed.step,
            "attempt": self._handed.attempt,
            "serial": record.serial,
            "size": record.said["size"],
            "holds": seen.holds,
        }
        self._around.send(f"edges?{urlencode(asked)}", zlib.compress(seen.ends))


def _reader(descriptor: int) -> Read:
    return lambda offset, length: os.pread(descriptor, length, offset)


def _permission(record: Record) -> Armed:
    said = record.said
    try:
        policy = Policy(said.get("policy"))
    except ValueError:
        raise ActionFailed(f"{said.get('policy')!r} is no policy: {_UNTOUCHED}") from None
    return Armed(
        machine=str(said["machine"]),
        run=str(said["run"]),
        serial=record.serial,
        size=int(said["size"]),
        policy=policy,
        known=frozenset(map(str, said.get("known", ()))),
    )


def _whole(error: ImageError) -> str:
    return str(error) if _UNTOUCHED in str(error) else f"{error}: {_UNTOUCHED}"
