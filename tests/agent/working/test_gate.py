"""The gate before every disk: what must be right, and that nothing is written where it is not."""

import subprocess
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.agent.actions.disks import made_disk
from tests.agent.images.made import MIB, disk
from tests.agent.trees import server
from tests.agent.working.fake import signed

from boots_agent.actions.context import ActionFailed
from boots_agent.device import Device, disks_of, in_words
from boots_agent.gate import Gate, Surroundings
from boots_agent.handed import HandOut, read
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.disk import begin
from boots_agent.images.target import open_target
from boots_agent.session import Session

KEY, OTHER_KEY = "11" * 32, "22" * 32
NOW = 1_764_500_000.0
NAMED = {"run": "w-1", "step": 2, "attempt": 1}


class Place:
    """A disk of a file, the gate before it, and what the gate did."""

    def __init__(self, folder: Path, content: bytes = b"") -> None:
        self.path = disk(folder / "disk", 4 * MIB)
        if content:
            self.path.write_bytes(content.ljust(4 * MIB, b"\0"))
        self.before = self.path.read_bytes()
        self.used = folder / "used"
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.said: list[str] = []

    def record(self, key: str = KEY, **other: Any) -> dict[str, Any]:
        mine = {"machine": "node-1", **NAMED, "path": str(self.path)}
        facts = {"serial": f"file:{self.path}", "size": 4 * MIB}
        return signed({**mine, **facts, **other}, key, NOW)

    def gate(
        self,
        *records: dict[str, Any],
        find: Callable[[str, Path], list[Device]] = disks_of,
        root: Path = Path("/"),
        protected: Any = None,
    ) -> Gate:
        around = Surroundings(
            lambda: NOW, self.used, self.send, self.said.append, root=root, find=find
        )
        asked = handed(*records)
        asked = asked._replace(machine={**asked.machine, "protected": protected})
        return Gate(asked, Session("w-1", 3, KEY), around)

    def send(self, path: str, body: bytes) -> None:
        self.sent.append((dict(parse_qsl(path.removeprefix("edges?"))), body))

    def refused(self, *records: dict[str, Any], **more: Any) -> str:
        """Why nothing may be written; and nothing was, and nothing was sent."""
        with pytest.raises(ActionFailed) as caught:
            self.gate(*records, **more).arm(str(self.path))
        assert self.before == self.path.read_bytes()
        assert [] == self.sent
        assert str(caught.value).endswith(": nothing was written")
        return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def handed(*records: dict[str, Any]) -> HandOut:
    named = {"step": NAMED["step"], "attempt": NAMED["attempt"], "name": "a", "environment": {}}
    return read({**named, "machine": {"name": "node-1"}, "armed": list(records)})


def test_an_armed_disk_may_be_written_after_its_ends_were_sent(place: Place) -> None:
    armed = place.gate(place.record()).arm(str(place.path))
    assert Armed("node-1", "w-1", f"file:{place.path}", 4 * MIB, Policy.EMPTY_ONLY) == armed
    ((asked, body),) = place.sent
    assert bytes(2 * MIB) == zlib.decompress(body)
    assert {
        "run": "w-1",
        "session": "3",
        "step": "2",
        "attempt": "1",
        "serial": f"file:{place.path}",
        "size": str(4 * MIB),
    } == asked
    open_target(str(place.path), armed, sys=Path("/sys")).close()


def test_what_is_sent_are_both_ends_and_what_was_on_it(tmp_path: Path) -> None:
    content = b"a" * MIB + b"b" * 2 * MIB + b"c" * MIB
    place = Place(tmp_path, content)
    place.gate(place.record(policy="force")).arm(str(place.path))
    ((asked, body),) = place.sent
    assert b"a" * MIB + b"c" * MIB == zlib.decompress(body)
    assert "data" == asked["holds"]


def test_of_a_small_disk_all_is_sent(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.path.write_bytes(bytes(MIB + 512))
    place.gate(place.record(size=MIB + 512)).arm(str(place.path))
    assert MIB + 512 == len(zlib.decompress(place.sent[0][1]))


def test_nothing_is_armed_while_the_server_does_not_have_the_ends(place: Place) -> None:
    def send(path: str, body: bytes) -> None:
        raise ActionFailed("the server does not take it: nothing was written")

    place.send = send  # type: ignore[method-assign]
    assert "does not take it" in place.refused(place.record())
    assert "used already" in place.refused(place.record())


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"serial": "S4EV"}, "is not armed (armed for this action: S/N S4EV)"),
        ({"size": 4 * MIB + 512}, f"has {4 * MIB} bytes; armed is a disk of {4 * MIB + 512}"),
        ({"machine": "node-2"}, "is for the machine node-2"),
        ({"run": "w-2"}, "is for the run w-2"),
        ({"step": 1}, "is for another action"),
        ({"attempt": 2}, "is for another action"),
        ({"expires": NOW - 60}, "expired 60 s ago"),
        ({"policy": "whatever"}, "'whatever' is no policy"),
        ({"key": OTHER_KEY}, "is not signed by the server"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_record_of_something_else_arms_nothing(
    other: dict[str, Any], why: str, place: Place
) -> None:
    assert why in place.refused(place.record(**other))


def test_a_record_that_was_changed_is_not_signed(place: Place) -> None:
    assert "is not signed" in place.refused({**place.record(), "policy": "force"})


def test_a_disk_without_a_record_is_not_armed(place: Place) -> None:
    assert "is not armed (armed for this action: none)" in place.refused()


def test_a_record_is_used_once(place: Place) -> None:
    record = place.record()
    place.gate(record).arm(str(place.path))
    place.sent.clear()
    assert "was used already" in place.refused(record)


def test_one_action_may_ask_again_for_what_it_has(place: Place) -> None:
    gate = place.gate(place.record())
    gate.arm(str(place.path))
    place.path.write_bytes(b"its own".ljust(4 * MIB, b"."))
    assert Policy.FORCE is gate.arm(str(place.path)).policy
    assert 1 == len(place.sent)


@pytest.mark.parametrize("policy", ["empty-only", "wipe-known"])
def test_somebodys_disk_is_left_as_it_is(policy: str, tmp_path: Path) -> None:
    place = Place(tmp_path, b"\xeb\x52\x90NTFS    " + b"somebody's life" * 1000)
    why = f"{place.path} holds NTFS, and the policy is {policy}: nothing was written"
    assert why == place.refused(place.record(policy=policy))
    assert [] == place.said


def test_what_the_run_has_taken_is_its_own(tmp_path: Path) -> None:
    place = Place(tmp_path, b"\xeb\x52\x90NTFS    ")
    armed = place.gate(place.record(taken=True)).arm(str(place.path))
    assert Policy.FORCE is armed.policy
    assert [] == place.sent


def test_what_the_run_left_half_written_may_be_written_again(place: Place) -> None:
    armed = place.gate(place.record()).arm(str(place.path))
    target = open_target(str(place.path), armed, sys=Path("/sys"))
    begin(target, "w-1")
    target.close()
    again = handed(place.record(attempt=2))._replace(attempt=2)
    around = Surroundings(lambda: NOW, place.used, place.send, place.said.append)
    assert "w-1" == Gate(again, Session("w-1", 4, KEY), around).arm(str(place.path)).run


def test_a_path_that_leads_nowhere_is_not_made(place: Place) -> None:
    missing = str(place.path.with_name("missing"))
    with pytest.raises(ActionFailed, match=r"cannot be had: No such file .*nothing was written"):
        place.gate(place.record()).arm(missing)
    assert not Path(missing).exists()


def test_which_tables_armed_disks_have_now_is_told(place: Place) -> None:
    gate = place.gate(place.record())
    assert {} == gate.written()
    gate.arm(str(place.path))
    assert {} == gate.written()
    guid = uuid.uuid4()
    with place.path.open("r+b") as file:
        file.seek(512)
        file.write(b"EFI PART" + bytes(48) + guid.bytes_le + bytes(20))
    assert {f"file:{place.path}": str(guid)} == gate.written()


# --- disks of the kernel


def test_a_stick_is_written_only_where_it_is_called_by_its_serial(
    place: Place, tmp_path: Path
) -> None:
    block = server(tmp_path / "machine") / "sys/block/sdb"
    (block / "device/serial").write_text("STICK1\n")

    def find(_path: str, _root: Path) -> list[Device]:
        return [Device(str(place.path), block.resolve())]

    by_path = place.record(serial="STICK1", path="/dev/sdb")
    assert "sdb Stick S/N STICK1 536.9 MB can be removed" in place.refused(by_path, find=find)
    # Further on, where what was opened is no such disk after all.
    by_serial = place.record(serial="STICK1", path="/dev/disk/by-id/usb-Stick_STICK1-0:0")
    assert "has the serial" in place.refused(by_serial, find=find)


def test_a_disk_that_the_record_protects_by_now_is_not_written(
    place: Place, tmp_path: Path
) -> None:
    """Whatever was told of it, and whoever armed it: the agent asks the kernel what it is."""
    block = (server(tmp_path / "machine") / "sys/block/sda").resolve()
    record = place.record(serial="ZC12", path="/dev/sda", policy="force", taken=True)
    asked = [{"field": "size", "relation": ">=", "value": "1T", "bound": 10**12}]
    for kept, hint in (([{"hint": "size>=1T", "conditions": asked}], "size>=1T"), ("all", "words")):
        why = place.refused(
            record, find=lambda *_: [Device(str(place.path), block)], protected=kept
        )
        assert "its machine's record protects it: " in why
        assert hint in why
    assert not place.used.exists()


@pytest.mark.parametrize("fact", ["serial", "wwid"])
def test_a_name_that_two_disks_have_arms_neither(fact: str, place: Place, tmp_path: Path) -> None:
    blocks = server(tmp_path / "machine") / "sys/block"
    (blocks / "nvme0n1" / fact).write_text("ONE-FOR-ALL\n")

    def find(_path: str, _root: Path) -> list[Device]:
        return [Device(str(place.path), (blocks / "nvme0n1").resolve())]

    record = place.record(serial="ONE-FOR-ALL", path="/dev/nvme0n1")
    machine = tmp_path / "machine"
    alone = place.refused(record, find=find, root=machine)
    assert "is armed, and" not in alone
    (blocks / "sda" / fact).write_text("ONE-FOR-ALL\n")
    why = place.refused(record, find=find, root=machine)
    assert "S/N ONE-FOR-ALL is armed, and sda" in why
    assert "has it, too" in why
    assert 1 == len(place.used.read_text().splitlines())


@pytest.mark.peers
def test_the_disk_of_a_partition_is_armed(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as made:
        (tmp_path / "other").mkdir()
        place = Place(tmp_path / "other")
        size = made.file.stat().st_size
        record = place.record(serial=f"file:{made.file}", size=size, policy="force")
        armed = place.gate(record).arm(made.partition)
        assert (f"file:{made.file}", size) == (armed.serial, armed.size)
        assert "a GPT" == place.sent[0][0]["holds"]


@pytest.mark.peers
def test_a_disk_with_a_mounted_partition_is_not_armed(tmp_path: Path) -> None:
    with made_disk(tmp_path, "ext4") as made:
        (tmp_path / "other").mkdir()
        place = Place(tmp_path / "other")
        size = made.file.stat().st_size
        record = place.record(serial=f"file:{made.file}", size=size, policy="force")
        at = tmp_path / "at"
        at.mkdir()
        subprocess.run(["mount", made.partition, at], check=True)
        try:
            before = made.file.read_bytes()
            with pytest.raises(ActionFailed, match=f"is mounted at {at}: nothing was written"):
                place.gate(record).arm(made.device)
            assert before == made.file.read_bytes()
        finally:
            subprocess.run(["umount", at], check=True)


@pytest.mark.peers
def test_a_disk_that_is_pulled_leaves_its_name_to_no_other_while_its_action_is_on(
    tmp_path: Path,
) -> None:
    """Programs are given names: mkfs of /dev/sda1 must not meet what was put in its place."""
    other = disk(tmp_path / "somebody's", 64 * MIB)
    with made_disk(tmp_path, "ext4", table=False) as made:
        (tmp_path / "other").mkdir()
        place = Place(tmp_path / "other")
        facts = {"serial": f"file:{made.file}", "size": made.file.stat().st_size}
        gate = place.gate(place.record(**facts, policy="force"))
        gate.arm(made.device)
        subprocess.run(["losetup", "-d", made.device], check=True)
        taken = subprocess.run(["losetup", made.device, str(other)], check=False)
        assert 0 != taken.returncode
        behind = Path("/sys/block", Path(made.device).name, "loop/backing_file")
        assert str(made.file) == behind.read_text().strip()
        del gate
        subprocess.run(["losetup", made.device, str(other)], check=True)


# --- words


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (480_103_981_056, "480.1 GB"), (2_000_398_934_016, "2.0 TB")],
)
def test_sizes_are_told_as_disks_are_sold(size: int, words: str) -> None:
    assert words == in_words(size)
