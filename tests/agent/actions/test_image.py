"""image2disk and qemuimg2disk: what they are given is what `write_image` does."""

import gzip
import hashlib
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, file_disk
from tests.agent.images.made import pattern, qcow2

from boots_agent.actions import image
from boots_agent.actions.context import ActionFailed
from boots_agent.images.words import Damaged

IMAGE = pattern(600)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    disk = file_disk(tmp_path / "disk", 8 * MIB, b"old ")
    made.allow(disk, disk)
    return made


def put(stage: Stage, content: bytes, kind: str = "image2disk", **more: str) -> bytes:
    """What is on the disk after an image was to be written to it."""
    (stage.folder / "image").write_bytes(content)
    given = {"IMG_URL": str(stage.folder / "image"), "DEST_DISK": str(stage.folder / "disk")}
    image.write(stage.context(kind, **given, **more))
    return (stage.folder / "disk").read_bytes()


def test_a_packed_image_is_on_the_disk_with_its_digest_proved_and_read_back(stage: Stage) -> None:
    packed = gzip.compress(IMAGE)
    digest = hashlib.sha256(packed).hexdigest()
    on_disk = put(stage, packed, COMPRESSED="true", SHA256=f"sha256:{digest}", VERIFY="full")
    assert IMAGE == on_disk[: len(IMAGE)]
    assert [str(stage.folder / "disk")] == stage.armed
    assert "2.5 MB (gzip) in" in stage.said()
    assert "read back" in stage.said()
    assert "write" == stage.told[0].phase


def test_qemus_image_is_written_by_qemuimg2disk(stage: Stage) -> None:
    more = {"FORMAT": "host_device", "RETRY_ENABLED": "true", "EXTRA_ARGS": "-S 4k"}
    on_disk = put(stage, qcow2(IMAGE), "qemuimg2disk", **more)
    assert "EXTRA_ARGS are for qemu-img" in stage.said()
    assert IMAGE == on_disk[: len(IMAGE)]


def test_another_digest_is_a_failure(stage: Stage) -> None:
    with pytest.raises(Damaged, match="and should have 0000"):
        put(stage, IMAGE, SHA256="0" * 64)


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("image2disk", {"IMG_URL": ""}, "image2disk needs IMG_URL"),
        ("image2disk", {"SHA256": "12"}, "SHA256: '12' is no digest"),
        ("image2disk", {"VERIFY": "twice"}, "VERIFY is 'twice'; write stream or full"),
        ("image2disk", {"DEST_DISK": "/dev/other"}, "/dev/other is not armed"),
        (
            "image2disk",
            {"RETRY_ENABLED": "yes", "RETRY_DURATION_MINUTES": "long"},
            "RETRY_DURATION_MINUTES is 'long', and should be a number",
        ),
        ("qemuimg2disk", {"FORMAT": "vmdk"}, "FORMAT: a disk is written as what it is"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(
    kind: str, given: dict[str, str], why: str, stage: Stage
) -> None:
    before = (stage.folder / "disk").read_bytes()
    (stage.folder / "image").write_bytes(IMAGE)
    usual = {"IMG_URL": str(stage.folder / "image"), "DEST_DISK": str(stage.folder / "disk")}
    with pytest.raises(ActionFailed) as caught:
        image.write(stage.context(kind, **{**usual, **given}))
    assert why in str(caught.value)
    assert before == (stage.folder / "disk").read_bytes()
