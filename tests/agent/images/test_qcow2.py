"""qcow2 images as qemu-img makes them, and what is not read."""

import gzip
import struct
from pathlib import Path

import pytest
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import MIB, PAGE, disk, of_image, of_sent, pattern, qcow2, write

from boots_agent.images.words import Damaged, ImageError, Unsuitable

FOLDER = Path(__file__).parents[2] / "vectors/images"
IMAGE = pattern(24)
MADE = sorted(path for path in FOLDER.glob("*.gz") if not path.name.startswith("refused"))
REFUSED = {
    "backing": "is the difference to another one",
    "encrypted": "is encrypted",
    "extended": "has extended tables",
    "external": "keeps its data in another file",
}


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name.partition(".")[0])
def test_what_qemu_img_made_is_read(path: Path, tmp_path: Path) -> None:
    content = gzip.decompress(path.read_bytes())
    source, goal = tmp_path / "image", disk(tmp_path / "disk", MIB, b"x")
    source.write_bytes(content)
    result = write(source, goal, of_image(IMAGE), of_sent(content))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert len(IMAGE) == result.size


def test_there_are_vectors() -> None:
    assert {"512", "v2", "v3", "zlib", "zstd"} <= {path.name.partition(".")[0] for path in MADE}


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_another_file_or_a_password_is_refused(name: str, tmp_path: Path) -> None:
    source, goal = tmp_path / "image", disk(tmp_path / "disk", MIB)
    source.write_bytes(gzip.decompress((FOLDER / f"refused-{name}.qcow2.gz").read_bytes()))
    with pytest.raises(Unsuitable, match=REFUSED[name]):
        write(source, goal)


def test_clusters_in_the_order_of_the_disk_come_by_few_requests(tmp_path: Path) -> None:
    image = pattern(2000)
    goal = disk(tmp_path / "disk", 16 * MIB)
    content = qcow2(image, bits=16)
    with serving(Site({"/image": content})) as site:
        write(f"{site.url}/image", goal, of_sent(content))
        assert len(site.asked) == 1
        write(f"{site.url}/image", goal, of_image(image))
    assert image == goal.read_bytes()[: len(image)]


def test_clusters_in_any_order_come_by_ranges(tmp_path: Path) -> None:
    image = pattern(2000)
    goal = disk(tmp_path / "disk", 16 * MIB)
    content = qcow2(image, bits=16, backwards=True)
    with serving(Site({"/image": content})) as site:
        result = write(f"{site.url}/image", goal, of_image(image), of_sent(content))
    assert image == goal.read_bytes()[: len(image)]
    assert len(site.asked) > 10
    assert result.digests == (of_image(image), of_sent(content))


@pytest.mark.parametrize(
    ("offset", "value"),
    [(20, 31), (20, 3), (36, 0), (40, 77), (24, 1 << 60), (4, 9)],
    ids=["clusters too large", "too small", "no table", "table astray", "huge", "version 9"],
)
def test_a_header_that_makes_no_sense_is_refused_untouched(
    offset: int, value: int, tmp_path: Path
) -> None:
    content = bytearray(qcow2(pattern(50)))
    form = ">Q" if offset in {24, 40} else ">I"
    struct.pack_into(form, content, offset, value)
    source, goal = tmp_path / "image", disk(tmp_path / "disk", MIB, b"x")
    source.write_bytes(content)
    before = goal.read_bytes()
    with pytest.raises(ImageError):
        write(source, goal)
    assert before == goal.read_bytes()


@pytest.mark.parametrize("place", [1 << 20, 1 << 40, 1 << 55])
@pytest.mark.parametrize("table", [1, 2])
def test_a_table_that_leads_out_of_the_file_is_damage(
    table: int, place: int, tmp_path: Path
) -> None:
    content = bytearray(qcow2(pattern(50)))
    struct.pack_into(">Q", content, table * PAGE, 1 << 63 | place)
    source, goal = tmp_path / "image", disk(tmp_path / "disk", MIB)
    source.write_bytes(content)
    with pytest.raises(Damaged, match="points to byte"):
        write(source, goal)
    with serving(Site({"/image": bytes(content)})) as site:
        with pytest.raises(Damaged, match="points to byte"):
            write(f"{site.url}/image", goal)
        with pytest.raises(Damaged):
            write(f"{site.url}/image", goal, of_sent(bytes(content)))
