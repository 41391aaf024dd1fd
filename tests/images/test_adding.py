"""`boots image add`: an image cut into frames, and published."""

import hashlib
import json
from pathlib import Path

import pytest
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import MIB, PACKED, of_image, of_sent, pattern
from typer.testing import CliRunner

from boots.app import catalogue
from boots.app.withheld import Withheld
from boots.cli import app
from boots.images.adding import Added, Wanted, add
from boots_agent.images.index import Frame, Zeros, read_index
from boots_agent.images.words import Damaged, ImageError, Unsuitable
from boots_agent.images.zstd import Unpacker

IMAGE = pattern(4000) + bytes(9 * MIB) + pattern(300)


def added(source: Path, folder: Path, **more: object) -> Added:
    wanted = Wanted(str(source), "debian-13", folder, level=1, **more)  # type: ignore[arg-type]
    return add(wanted, lambda _done, _size: None)


def unpacked(index: Path) -> bytes:
    """The image, put together again from its index and frames."""
    read = read_index(index.read_bytes())
    frames = (index.parent / read.file).read_bytes()
    unpacker, whole = Unpacker(), bytearray(read.size)
    for each in read.content:
        if isinstance(each, Frame):
            view = memoryview(whole)[each.offset : each.offset + each.length]
            unpacker.frame(frames[each.place : each.place + each.packed], view)
            assert each.sha256 == hashlib.sha256(view).hexdigest()
    return bytes(whole)


@pytest.mark.parametrize("name", PACKED)
def test_an_image_of_any_form_becomes_frames_of_the_same_disk(name: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(PACKED[name](IMAGE))
    made = added(source, tmp_path / "images", digest=of_sent(source.read_bytes()))
    assert IMAGE == unpacked(made.index)
    read = read_index(made.index.read_bytes())
    assert (len(IMAGE), of_image(IMAGE).value) == (read.size, read.sha256)
    assert made.index_sha256 == hashlib.sha256(made.index.read_bytes()).hexdigest()
    zeros = [each for each in read.content if isinstance(each, Zeros)]
    assert [Zeros(16 * MIB, 8 * MIB)] == zeros


def test_the_same_image_makes_the_same_index(tmp_path: Path) -> None:
    raw, packed = tmp_path / "raw", tmp_path / "packed"
    raw.write_bytes(IMAGE)
    packed.write_bytes(PACKED["xz"](IMAGE))
    assert added(raw, tmp_path / "one").index_sha256 == added(packed, tmp_path / "two").index_sha256


def test_frames_of_the_image_before_stay_and_older_ones_go(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "images"
    names = []
    for seed in ("one", "two", "three"):
        source.write_bytes(pattern(500, seed))
        index = added(source, folder).index
        names.append(json.loads(index.read_bytes())["file"])
    there = {path.name for path in (folder / "debian-13").iterdir()}
    assert {"index.json", names[1], names[2]} == there
    assert ["debian-13"] == [path.name for path in folder.iterdir()]


def test_a_damaged_source_changes_nothing(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "images"
    source.write_bytes(IMAGE)
    index = added(source, folder).index
    before = index.read_bytes()
    source.write_bytes(PACKED["zstd"](pattern(500))[:-5])
    with pytest.raises(Damaged, match="ends early"):
        added(source, folder)
    source.write_bytes(IMAGE)
    with pytest.raises(Damaged, match="and should have"):
        added(source, folder, digest=of_sent(b"another"))
    assert before == index.read_bytes()
    assert ["debian-13"] == [path.name for path in folder.iterdir()]


def test_a_download_that_is_cut_short_is_no_image(tmp_path: Path) -> None:
    with (
        serving(Site({"/image": PACKED["gzip"](IMAGE)[:-100]})) as site,
        pytest.raises(ImageError, match="ends early"),
    ):
        add(Wanted(f"{site.url}/image", "debian", tmp_path), lambda *_: None)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "..", "Debian", "a/b", ".hidden", "x" * 64, "a b"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unsuitable, match="is no name for an image"):
        add(Wanted(str(tmp_path), name, tmp_path), lambda *_: None)


def test_an_image_of_nothing_but_zeros_is_none(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(PACKED["gzip"](bytes(5 * MIB)))
    with pytest.raises(Unsuitable, match="holds nothing but zeros"):
        added(source, tmp_path / "images")


def test_an_index_is_no_source(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(IMAGE)
    index = added(source, tmp_path / "images").index
    with pytest.raises(Unsuitable, match="added already"):
        added(index, tmp_path / "images")


def test_what_was_added_is_published_and_nothing_else(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "images"
    source.write_bytes(IMAGE)
    made = added(source, folder)
    (folder / ".adding-x").mkdir()
    (folder / ".adding-x" / "frames").write_bytes(b"half")
    file = json.loads(made.index.read_bytes())["file"]
    assert {
        "images/debian-13/index.json": str(made.index),
        f"images/debian-13/{file}": str(made.index.parent / file),
    } == catalogue.image_files(folder, Withheld())
    assert {} == catalogue.image_files(tmp_path / "gone", Withheld())


def test_the_command_says_what_was_made(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(IMAGE)
    arguments = ["image", "add", str(source), "debian-13", "--output", str(tmp_path / "images")]
    arguments += ["--digest", f"sha256:{of_image(IMAGE).value}", "--level", "1"]
    done = CliRunner().invoke(app, arguments)
    assert (0, 1) == (done.exit_code, done.output.count("images/debian-13/index.json\n") - 1)
    assert f"image  sha256:{of_image(IMAGE).value}" in done.output
    assert "in 5 frames" in done.output
    assert "2 frames of zeros left out" in done.output


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    gone = ["image", "add", str(tmp_path / "gone"), "debian", "--output", str(tmp_path)]
    done = CliRunner().invoke(app, gone)
    assert (2, True) == (done.exit_code, "boots: cannot read" in done.output)
    done = CliRunner().invoke(app, [*gone, "--digest", "sha256:12"])
    assert (2, True) == (done.exit_code, "'sha256:12' is no digest; write" in done.output)
