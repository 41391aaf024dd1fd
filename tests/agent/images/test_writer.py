"""Images of every form to a disk."""

import hashlib
from pathlib import Path

import pytest
from tests.agent.images.made import (
    MIB,
    PACKED,
    PAGE,
    Clock,
    armed,
    disk,
    of_image,
    of_sent,
    pattern,
    write,
)

from boots_agent.images.words import (
    Damaged,
    Form,
    ImageError,
    Job,
    Progress,
    State,
    Unreachable,
    Unsuitable,
)
from boots_agent.images.writer import write_image

IMAGE = pattern(3000)  # 12 MB: three blocks, the last one short


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packed")
    made = {}
    for name, pack in PACKED.items():
        made[name] = folder / name.replace(" ", "-")
        made[name].write_bytes(pack(IMAGE))
    return made


@pytest.mark.parametrize("name", PACKED)
def test_an_image_of_any_form_is_on_the_disk_to_the_last_byte(
    name: str, packed: dict[str, Path], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 16 * MIB, b"old content ")
    sent = packed[name].read_bytes()
    result = write(packed[name], goal, of_image(IMAGE), of_sent(sent), verify=True)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert (name.split(maxsplit=1)[0], len(IMAGE), True) == (
        result.form.value,
        result.size,
        result.verified,
    )
    assert len(IMAGE) == result.written + result.zeroed
    assert result.zeroed > MIB


def test_what_is_behind_the_image_stays_but_for_the_last_mib(tmp_path: Path) -> None:
    source, goal = tmp_path / "image", disk(tmp_path / "disk", 16 * MIB, b"old")
    source.write_bytes(IMAGE)
    before = goal.read_bytes()
    write(source, goal)
    after = goal.read_bytes()
    assert before[len(IMAGE) : 15 * MIB] == after[len(IMAGE) : 15 * MIB]
    assert bytes(MIB) == after[15 * MIB :]


@pytest.mark.parametrize(
    "size",
    [
        *(1, 511, 512, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 513),
        *(4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 5 * MIB - 1, 5 * MIB, 8 * MIB + 7),
    ],
)
def test_images_of_odd_sizes_are_whole(size: int, tmp_path: Path) -> None:
    content = pattern(size // PAGE + 1)[:size]
    source, goal = tmp_path / "image", disk(tmp_path / "disk", 9 * MIB, b"x")
    source.write_bytes(content)
    result = write(source, goal, of_image(content), verify=True)
    assert content == goal.read_bytes()[:size]
    assert size == result.size


def test_an_image_as_large_as_the_disk_fits(tmp_path: Path) -> None:
    source, goal = tmp_path / "image", disk(tmp_path / "disk", len(IMAGE), b"x")
    source.write_bytes(IMAGE)
    write(source, goal, of_image(IMAGE), verify=True)
    assert goal.read_bytes() == IMAGE


@pytest.mark.parametrize("name", ["raw", "zstd", "qcow2"])
def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(
    name: str, packed: dict[str, Path], tmp_path: Path
) -> None:
    size = 3 * MIB if name == "zstd" else 10 * MIB
    goal = disk(tmp_path / "disk", size, b"somebody's data")
    before = goal.read_bytes()
    with pytest.raises(Unsuitable, match=f"bytes, and {goal} only {size}") as caught:
        write(packed[name], goal)
    assert State.UNTOUCHED is caught.value.state
    assert before == goal.read_bytes()


def test_a_disk_that_turns_out_too_small_boots_nothing(
    packed: dict[str, Path], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 10 * MIB, b"x")
    with pytest.raises(Unsuitable, match="only") as caught:
        write(packed["gzip"], goal)
    assert State.PARTIAL is caught.value.state
    assert b"BOOTS HALF-WRITTEN run-1\n" == goal.read_bytes()[:25]


def test_a_wrong_digest_leaves_no_partition_table(packed: dict[str, Path], tmp_path: Path) -> None:
    for wrong in (of_image(b"another"), of_sent(b"another")):
        goal = disk(tmp_path / "disk", 16 * MIB)
        with pytest.raises(Damaged, match="and should have") as caught:
            write(packed["zstd"], goal, wrong)
        assert State.PARTIAL is caught.value.state
        assert IMAGE[:512] != goal.read_bytes()[:512]


def test_a_disk_that_lies_is_found_by_reading_back(
    packed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    whole = os.pwrite

    def drops(descriptor: int, data: memoryview, offset: int) -> int:
        wrong = 4 * MIB <= offset < 8 * MIB
        return len(data) if wrong else whole(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", drops)
    goal = disk(tmp_path / "disk", 16 * MIB)
    with pytest.raises(ImageError, match="does not hold what was written") as caught:
        write(packed["raw"], goal, verify=True)
    assert State.DOUBTFUL is caught.value.state


def test_an_error_of_the_disk_names_the_byte(
    packed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    whole = os.pwrite

    def full(descriptor: int, data: memoryview, offset: int) -> int:
        if offset >= 8 * MIB:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    goal = disk(tmp_path / "disk", 16 * MIB)
    with pytest.raises(ImageError, match=r"cannot write .* at byte \d+: no space is left"):
        write(packed["raw"], goal)
    assert IMAGE[:512] != goal.read_bytes()[:512]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the image is empty"),
        (b"KDMV" + bytes(600), "is a VMDK, not the image of a disk"),
        (b"<!DOCTYPE html><title>Sign in</title>", "is a web page"),
        (bytes(257) + b"ustar\0" + bytes(800), "is a tar archive"),
        (PACKED["gzip"](PACKED["qcow2"](IMAGE)), "the image holds qcow2, which is no disk"),
        (PACKED["gzip"](bytes(257) + b"ustar\0" + bytes(800)), "the image holds tar"),
    ],
)
def test_what_is_no_disk_is_refused_untouched(content: bytes, why: str, tmp_path: Path) -> None:
    source, goal = tmp_path / "image", disk(tmp_path / "disk", 16 * MIB, b"x")
    source.write_bytes(content)
    before = goal.read_bytes()
    with pytest.raises(ImageError, match=why):
        write(source, goal)
    assert before == goal.read_bytes()


def test_what_is_nothing_known_is_raw_only_if_somebody_says_so(tmp_path: Path) -> None:
    source, goal = tmp_path / "image", disk(tmp_path / "disk", 16 * MIB)
    content = b"no partition table" * 1000
    source.write_bytes(content)
    with pytest.raises(Unsuitable, match="neither a partition table nor a file system"):
        write(source, goal)
    write(source, goal, form=Form.RAW)
    assert content == goal.read_bytes()[: len(content)]
    write(source, goal, of_image(content))


def test_an_image_of_another_form_than_asked_for_is_refused(
    packed: dict[str, Path], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 16 * MIB)
    with pytest.raises(Unsuitable, match="is zstd, as its first bytes say, and not gzip"):
        write(packed["zstd"], goal, form=Form.GZIP)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"cannot read .*: No such file"):
        write(tmp_path / "gone", disk(tmp_path / "disk", MIB))


def test_progress_comes_at_most_once_a_second_and_can_end_the_run(
    packed: dict[str, Path], tmp_path: Path
) -> None:
    goal, told = disk(tmp_path / "disk", 16 * MIB), list[Progress]()

    class Cancelled(Exception):
        pass

    def tell(progress: Progress) -> None:
        told.append(progress)
        raise Cancelled

    job = Job(str(packed["raw"]), str(goal), armed(goal))
    with pytest.raises(Cancelled):
        write_image(job, tell, Clock().world())
    assert 1 == len(told)
    assert (len(IMAGE), "write") == (told[0].total, told[0].phase)


def test_the_digest_of_the_result_is_what_was_proved(
    packed: dict[str, Path], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 16 * MIB)
    proof = of_image(IMAGE)
    assert (proof,) == write(packed["xz"], goal, proof).digests
    assert hashlib.sha256(goal.read_bytes()[: len(IMAGE)]).hexdigest() == proof.value
