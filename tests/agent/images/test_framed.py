"""Framed images: proved frame by frame, taken up anywhere, and only what differs travels."""

import json
from pathlib import Path

import pytest
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import MIB, PAGE, armed, disk, of_image, of_sent, pattern, write

from boots.images.adding import Wanted, add
from boots_agent.images.armed import Policy
from boots_agent.images.words import Damaged, ImageError, State, Unsuitable

PAGES = 9_000  # 9 frames
IMAGE = pattern(PAGES)
FRAME = 4 * MIB


def published(content: bytes, folder: Path, name: str = "image") -> dict[str, bytes]:
    source = folder / f"{name}.raw"
    source.write_bytes(content)
    add(Wanted(str(source), name, folder / "images", level=1), lambda _done, _size: None)
    return {
        f"/images/{name}/{path.name}": path.read_bytes()
        for path in (folder / "images" / name).iterdir()
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return published(IMAGE, tmp_path_factory.mktemp("published"))


def frames_of(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.endswith(".frames"))


def test_all_of_it_is_on_the_disk(files: dict[str, bytes], tmp_path: Path) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB, b"old")
    index = files["/images/image/index.json"]
    with serving(Site(files)) as site:
        url = f"{site.url}/images/image/index.json"
        result = write(url, goal, of_sent(index), of_image(IMAGE), verify=True)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert len(IMAGE) == result.written + result.zeroed + result.reused
    assert 2 == site.connections  # one for the index, one for all frames
    assert all(asked for path, asked in site.asked if path.endswith(".frames"))
    assert result.sent == sum(map(len, files.values()))


def test_an_index_beside_its_frames_needs_no_server(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    for name, content in files.items():
        (tmp_path / Path(name).name).write_bytes(content)
    write(tmp_path / "index.json", goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_on_a_second_install_only_what_differs_travels(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    changed = bytearray(IMAGE)
    changed[5 * FRAME + 100] ^= 255
    goal = disk(tmp_path / "disk", 64 * MIB)
    newer = published(bytes(changed), tmp_path, "newer")
    with serving(Site(files | newer)) as site:
        first = write(f"{site.url}/images/image/index.json", goal)
        again = write(f"{site.url}/images/newer/index.json", goal, of_image(bytes(changed)))
        whole = write(f"{site.url}/images/newer/index.json", goal, reuse=False)
    assert changed == goal.read_bytes()[: len(changed)]
    rows = json.loads(newer["/images/newer/index.json"])["content"]
    lengths = [each[0] for each in rows if isinstance(each, list)]
    # The changed frame, and those at the edges, which are on no disk that is being written.
    assert again.sent < max(lengths) * 3 + 10_000 < first.sent // 2
    assert again.reused > len(IMAGE) // 2
    assert 0 == whole.reused
    assert whole.sent == sum(map(len, newer.values()))


def test_frames_of_another_length_than_the_index_says_are_refused_untouched(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    packed = frames_of(files)
    half = files | {packed: files[packed][: len(files[packed]) // 2]}
    with serving(Site(half)) as site, pytest.raises(Damaged, match="its index says") as caught:
        write(f"{site.url}/images/image/index.json", goal)
    assert State.UNTOUCHED is caught.value.state


def test_a_disk_half_written_by_this_run_keeps_the_frames_it_has(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    packed = frames_of(files)
    damaged = bytearray(files[packed])
    damaged[-5] ^= 1
    only_empty = armed(goal, Policy.EMPTY_ONLY)
    with serving(Site(files | {packed: bytes(damaged)})) as site:
        url = f"{site.url}/images/image/index.json"
        with pytest.raises(Damaged) as caught:
            write(url, goal, armed=only_empty)
        assert State.PARTIAL is caught.value.state
        site.files = files
        result = write(url, goal, armed=only_empty)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert result.reused > 4 * FRAME
    assert result.sent < len(files[packed]) // 2


@pytest.mark.parametrize("cut", [100_000, 1_000_000])
def test_frames_over_a_bad_link_are_whole(
    cut: int, files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    with serving(Site(files, cut_after=cut)) as site:
        write(f"{site.url}/images/image/index.json", goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_a_server_without_ranges_will_do(files: dict[str, bytes], tmp_path: Path) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    with serving(Site(files, ranges=False)) as site:
        write(f"{site.url}/images/image/index.json", goal)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_a_changed_byte_of_any_frame_is_a_failure(files: dict[str, bytes], tmp_path: Path) -> None:
    packed = frames_of(files)
    for place in range(0, len(files[packed]), len(files[packed]) // 5):
        damaged = bytearray(files[packed])
        damaged[place] ^= 16
        goal = disk(tmp_path / "disk", 64 * MIB)
        with serving(Site(files | {packed: bytes(damaged)})) as site, pytest.raises(ImageError):
            write(f"{site.url}/images/image/index.json", goal)
        assert IMAGE[:512] != goal.read_bytes()[:512]


def test_the_digest_of_the_index_proves_all_the_rest(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    other = published(pattern(PAGES, "other"), tmp_path)
    with serving(Site(other)) as site, pytest.raises(Damaged, match="what was sent") as caught:
        write(
            f"{site.url}/images/image/index.json",
            goal,
            of_sent(files["/images/image/index.json"]),
        )
    assert State.UNTOUCHED is caught.value.state


def test_an_index_that_claims_another_image_is_found_out(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    other = published(pattern(PAGES, "other"), tmp_path)
    lying = json.loads(other["/images/image/index.json"])
    lying["sha256"] = of_image(IMAGE).value
    other["/images/image/index.json"] = json.dumps(lying, separators=(",", ":")).encode()
    with serving(Site(other)) as site, pytest.raises(Damaged, match="the image has sha256:"):
        write(f"{site.url}/images/image/index.json", goal, of_image(IMAGE))
    assert pattern(1, "other")[:512] != goal.read_bytes()[:512]


def test_a_disk_that_is_too_small_is_refused_untouched(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", len(IMAGE) - PAGE)
    with serving(Site(files)) as site, pytest.raises(Unsuitable, match="only"):
        write(f"{site.url}/images/image/index.json", goal)
    assert bytes(512) == goal.read_bytes()[:512]


@pytest.mark.parametrize(
    "change",
    [
        {"size": 1},
        {"size": -1},
        {"size": 2**70},
        {"size": True},
        {"frame": 0},
        {"frame": 2**40},
        {"frame": 5000},
        {"bytes": 5},
        {"file": "../../etc/passwd"},
        {"file": ".hidden"},
        {"file": "file:dev%2Fwatchdog"},  # a path in /, without a / in it
        {"file": "http:elsewhere"},
        {"sha256": "zz"},
        {"boots-image": 2},
        {"content": []},
        {"content": [[1, 2, 3]]},
        {"content": [[2**50, "a" * 64]], "bytes": 2**50, "size": 4096},
        {"content": [["1", "2"]]},
        {"content": [10**9, 10**9]},
        {"content": None},
    ],
    ids=str,
)
def test_an_index_that_makes_no_sense_is_refused_untouched(
    change: dict[str, object], files: dict[str, bytes], tmp_path: Path
) -> None:
    goal = disk(tmp_path / "disk", 64 * MIB)
    said = json.loads(files["/images/image/index.json"]) | change
    index = json.dumps(said, separators=(",", ":")).encode()
    with serving(Site({"/index.json": index})) as site, pytest.raises(Damaged, match="index"):
        write(f"{site.url}/index.json", goal)
    assert bytes(512) == goal.read_bytes()[:512]
