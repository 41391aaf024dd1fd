"""`verify`: a disk beside its image."""

import hashlib
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, file_disk
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import PACKED, pattern

from boots.images.adding import Wanted, add
from boots_agent.actions import growing, partition, verify
from boots_agent.actions.context import ActionFailed

IMAGE = pattern(1500)
SIZE = 8 * MIB


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def disk_with(tmp_path: Path, content: bytes, size: int = SIZE) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(content + b"behind it " * 7)
    with path.open("r+b") as file:
        file.truncate(size)
    return path


def framed(tmp_path: Path, content: bytes) -> Path:
    source = tmp_path / "source"
    source.write_bytes(content)
    return add(Wanted(str(source), "framed", tmp_path, level=1), lambda *_: None).index


def image(form: str, tmp_path: Path, content: bytes = IMAGE) -> Path:
    if form == "framed":
        return framed(tmp_path, content)
    path = tmp_path / "image"
    path.write_bytes(PACKED[form](content))
    return path


FORMS = [*PACKED, "framed"]


@pytest.mark.parametrize("form", FORMS)
def test_a_disk_that_holds_its_image_is_good(form: str, stage: Stage, tmp_path: Path) -> None:
    path = disk_with(tmp_path, IMAGE)
    url = str(image(form, tmp_path))
    verify.compare(stage.context("verify", SOURCE_DISK=str(path), IMG_URL=url))
    assert f"{len(IMAGE)} bytes were compared" in stage.said()
    assert [] == stage.armed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("at", [0, 4 * MIB + 5, len(IMAGE) - 1])
def test_a_byte_that_is_another_one_is_found(
    form: str, at: int, stage: Stage, tmp_path: Path
) -> None:
    other = bytearray(IMAGE)
    other[at] ^= 1
    path = disk_with(tmp_path, bytes(other))
    where = f"at byte {at} " if form != "framed" else "differs from the image in the"
    with pytest.raises(ActionFailed, match=where):
        verify.compare(
            stage.context("verify", SOURCE_DISK=str(path), IMG_URL=str(image(form, tmp_path)))
        )


def test_zeros_of_an_image_are_compared_too(stage: Stage, tmp_path: Path) -> None:
    content = IMAGE + bytes(8 * MIB) + b"end".rjust(4096)
    other = bytearray(content)
    other[len(IMAGE) + 6 * MIB] = 1
    path = disk_with(tmp_path, bytes(other), 32 * MIB)
    with pytest.raises(ActionFailed, match="differs from the image"):
        verify.compare(
            stage.context("verify", SOURCE_DISK=str(path), IMG_URL=str(framed(tmp_path, content)))
        )


@pytest.mark.parametrize("form", ["raw", "gzip", "framed"])
def test_a_gpt_that_was_moved_to_a_larger_disk_is_no_difference(
    form: str, stage: Stage, tmp_path: Path
) -> None:
    small = file_disk(tmp_path / "small", 6 * MIB)
    stage.allow(small, small)
    partition.make(stage.context("partition", DEST_DISK=str(small), LAYOUT="a 2M, b rest"))
    content = small.read_bytes()
    path = disk_with(tmp_path, content)
    stage.allow(path, path)
    growing.after_image(stage.context("image2disk"), str(path), stage.arms[str(path)])
    assert content[:1024] != path.read_bytes()[:1024]
    url = str(image(form, tmp_path, content))
    verify.compare(stage.context("verify", SOURCE_DISK=str(path), IMG_URL=url))
    with path.open("r+b") as file:
        file.seek(1024 + 3)
        file.write(b"!")
    with pytest.raises(ActionFailed, match="differs from the image"):
        verify.compare(stage.context("verify", SOURCE_DISK=str(path), IMG_URL=url))


def test_the_digest_of_what_is_sent_is_held_against_it(stage: Stage, tmp_path: Path) -> None:
    path, goal = disk_with(tmp_path, IMAGE), image("gzip", tmp_path)
    good = hashlib.sha256(goal.read_bytes()).hexdigest()
    words = {"SOURCE_DISK": str(path), "IMG_URL": str(goal)}
    verify.compare(stage.context("verify", **words, SHA256=good))
    with pytest.raises(ActionFailed, match="and should have 0000"):
        verify.compare(stage.context("verify", **words, SHA256="0" * 64))


def test_a_digest_alone_is_of_the_disk_as_far_as_the_size(stage: Stage, tmp_path: Path) -> None:
    path = disk_with(tmp_path, IMAGE)
    good = hashlib.sha256(IMAGE).hexdigest()
    words = {"SOURCE_DISK": str(path), "SHA256": f"sha256:{good}"}
    verify.compare(stage.context("verify", **words, SIZE=str(len(IMAGE))))
    with pytest.raises(ActionFailed, match=f"the first {SIZE} bytes of .* have sha256:"):
        verify.compare(stage.context("verify", **words))
    with pytest.raises(ActionFailed, match="is no number of bytes"):
        verify.compare(stage.context("verify", **words, SIZE=str(SIZE + 1)))


def test_an_image_that_cannot_be_on_the_disk_is_told(stage: Stage, tmp_path: Path) -> None:
    path = disk_with(tmp_path, IMAGE[:MIB], 2 * MIB)
    with pytest.raises(ActionFailed, match=f"the image has {len(IMAGE)} bytes"):
        verify.compare(
            stage.context("verify", SOURCE_DISK=str(path), IMG_URL=str(image("raw", tmp_path)))
        )


def test_an_image_of_a_server_is_compared(stage: Stage, tmp_path: Path) -> None:
    path = disk_with(tmp_path, IMAGE)
    with serving(Site({"/image": PACKED["zstd"](IMAGE)})) as site:
        url = f"{site.url}/image"
        verify.compare(stage.context("verify", SOURCE_DISK=str(path), IMG_URL=url))
    assert "bytes were compared" in stage.said()


def test_there_must_be_something_to_compare_with(stage: Stage) -> None:
    with pytest.raises(ActionFailed, match="verify needs IMG_URL or SHA256"):
        verify.compare(stage.context("verify", SOURCE_DISK="/dev/x"))
