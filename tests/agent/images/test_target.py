"""Who may write to which disk."""

import struct
import uuid
from pathlib import Path

import pytest
from tests.agent.images.made import MIB, armed, disk

from boots_agent.images.armed import Armed, Policy
from boots_agent.images.disk import Disk, begin
from boots_agent.images.signatures import SIGNS, Sign
from boots_agent.images.target import Refused, open_target

SYS = Path("/sys")
GUID = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")


def opened(path: Path, permission: Armed) -> Disk:
    return open_target(str(path), permission, sys=SYS)


def put(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset, 2 if offset < 0 else 0)
        file.write(content)


def test_an_armed_disk_is_opened_and_nothing_on_it_changes(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 2 * MIB, b"somebody's")
    before = path.read_bytes()
    opened(path, armed(path)).close()
    assert before == path.read_bytes()


def test_without_a_permission_there_is_no_disk(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", MIB)
    with pytest.raises(Refused, match="is not armed"):
        open_target(str(path), None, sys=SYS)  # type: ignore[arg-type]


def test_a_permission_for_another_disk_is_none(tmp_path: Path) -> None:
    path, other = disk(tmp_path / "disk", MIB), disk(tmp_path / "other", MIB)
    with pytest.raises(Refused, match=r"armed is file:.*/other"):
        opened(path, armed(other))


def test_a_disk_of_another_size_is_not_the_one(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", MIB)
    permission = armed(path)
    disk(path, 2 * MIB)
    with pytest.raises(Refused, match=f"has {2 * MIB} bytes; armed is a disk of {MIB}"):
        opened(path, permission)


def test_a_disk_that_is_missing_is_not_made(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", MIB)
    permission = armed(path)
    path.unlink()
    with pytest.raises(Refused, match="cannot be opened: No such file"):
        opened(path, permission)
    assert not path.exists()


def test_what_is_no_disk_is_refused(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", MIB)
    for other in ("/dev/null", str(tmp_path)):
        with pytest.raises(Refused, match="is no disk"):
            open_target(other, armed(path), sys=SYS)


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: f"{sign.kind} {sign.offset}")
def test_an_empty_only_disk_with_any_sign_of_content_is_refused(sign: Sign, tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 4 * MIB)
    put(path, sign.offset, sign.value)
    before = path.read_bytes()
    with pytest.raises(Refused, match=r"holds .*, and the policy is empty-only") as caught:
        opened(path, armed(path, Policy.EMPTY_ONLY))
    assert sign.kind in str(caught.value)
    assert before == path.read_bytes()


@pytest.mark.parametrize("offset", [4000, 2 * MIB, -4096])
def test_content_that_nobody_knows_is_somebodys(offset: int, tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 4 * MIB)
    put(path, offset, b"diary")
    with pytest.raises(Refused, match="holds data"):
        opened(path, armed(path, Policy.EMPTY_ONLY))


def test_an_empty_disk_may_be_written(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 4 * MIB)
    opened(path, armed(path, Policy.EMPTY_ONLY)).close()


def test_a_half_written_disk_is_its_own_runs_alone(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 4 * MIB)
    target = opened(path, armed(path, Policy.EMPTY_ONLY, "run-1"))
    begin(target, "run-1")
    target.close()
    put(path, 2 * MIB, b"half an image")
    opened(path, armed(path, Policy.EMPTY_ONLY, "run-1")).close()
    with pytest.raises(Refused, match="holds data"):
        opened(path, armed(path, Policy.EMPTY_ONLY, "run-2"))


def with_gpt(path: Path) -> None:
    put(path, 512, b"EFI PART" + bytes(48) + GUID.bytes_le)


def test_a_known_disk_may_be_written_again_and_no_other(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 4 * MIB)
    with_gpt(path)
    serial, size = f"file:{path}", 4 * MIB
    known = Armed("m", "r", serial, size, Policy.WIPE_KNOWN, frozenset({str(GUID)}))
    opened(path, known).close()
    unknown = Armed("m", "r", serial, size, Policy.WIPE_KNOWN, frozenset({str(uuid.uuid4())}))
    with pytest.raises(Refused, match="holds a GPT, and the policy is wipe-known"):
        opened(path, unknown)


def test_the_beginning_takes_away_both_tables(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 4 * MIB + 512, b"x")
    target = opened(path, armed(path))
    begin(target, "run-1")
    target.close()
    content = path.read_bytes()
    assert b"BOOTS HALF-WRITTEN run-1\n" + bytes(487) == content[:512]
    assert bytes(MIB - 512) == content[512:MIB]
    assert b"x" == content[MIB : MIB + 1]
    assert bytes(MIB) == content[-MIB:]


def test_zeros_are_zeros_wherever_they_begin_and_end(tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", 2 * MIB, b"x")
    target = opened(path, armed(path))
    for offset, length in ((0, 4096), (5000, 3), (8191, 70_000), (MIB, MIB)):
        target.zero(offset, length)
        assert bytes(length) == path.read_bytes()[offset : offset + length]
        assert b"x" == path.read_bytes()[offset + length : offset + length + 1] or offset >= MIB
    target.close()


def test_a_gpt_guid_is_told_as_firmware_writes_it(tmp_path: Path) -> None:
    from boots_agent.images.signatures import disk_guid

    path = disk(tmp_path / "disk", MIB)
    with_gpt(path)
    content = path.read_bytes()
    assert str(GUID) == disk_guid(lambda offset, length: content[offset : offset + length])
    assert struct.unpack("<I", content[512 + 56 :][:4])[0] == GUID.time_low
