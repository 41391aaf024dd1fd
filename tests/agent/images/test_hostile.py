"""Servers that drop, lie, change and mangle: the right bytes, or a failure."""

from pathlib import Path

import pytest
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import MIB, PACKED, Clock, disk, of_image, pattern, write

from boots_agent.images.words import Damaged, ImageError, Unreachable, Unsuitable

IMAGE = pattern(1500)
OTHER = pattern(1500, "other")
PACKS = {name: pack(IMAGE) for name, pack in PACKED.items()}


def goal_in(tmp_path: Path) -> Path:
    return disk(tmp_path / "disk", 8 * MIB, b"old")


@pytest.mark.parametrize("name", PACKED)
def test_a_connection_that_is_reset_again_and_again_is_taken_up(name: str, tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    packed = PACKS[name]
    with serving(Site({"/image": packed}, cut_after=len(packed) // 3 + 70_000)) as site:
        write(f"{site.url}/image", goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert len(site.asked) > 1
    assert all(asked.startswith("bytes=") for _, asked in site.asked[1:])


@pytest.mark.parametrize("cut", [65_536, 200_000, 1_000_001])
def test_resuming_at_any_place_gives_the_same_bytes(cut: int, tmp_path: Path) -> None:
    goal, clock = goal_in(tmp_path), Clock()
    with serving(Site({"/image": IMAGE}, closes_after=cut)) as site:
        result = write(f"{site.url}/image", goal, clock=clock)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert result.sent == len(IMAGE)
    assert clock.slept
    assert set(clock.slept) == {1}  # a byte in between, and waiting begins anew


def test_a_server_without_ranges_is_read_again_up_to_the_place(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    # Its answers grow, as the page cache of a real one would make them.
    site = Site({"/image": IMAGE}, ranges=False, closes_after=2_000_000)

    class Growing(Clock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            site.closes_after += 2_000_000

    with serving(site):
        result = write(f"{site.url}/image", goal, clock=Growing())
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
    assert result.sent > len(IMAGE)


def test_a_server_that_always_ends_at_the_same_byte_is_given_up(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with (
        serving(Site({"/image": IMAGE}, ranges=False, closes_after=2_000_000)) as site,
        pytest.raises(Unreachable, match="nothing more for"),
    ):
        write(f"{site.url}/image", goal)
    assert IMAGE[:512] != goal.read_bytes()[:512]


@pytest.mark.parametrize("name", PACKED)
def test_a_length_that_is_a_lie_is_a_failure(name: str, tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with (
        serving(Site({"/image": PACKS[name]}, says_more=1000)) as site,
        pytest.raises(ImageError),
    ):
        write(f"{site.url}/image", goal, of_image(IMAGE))
    assert IMAGE[:512] != goal.read_bytes()[:512]


@pytest.mark.parametrize("name", PACKED)
def test_a_byte_that_changed_on_the_way_is_a_failure(name: str, tmp_path: Path) -> None:
    packed = PACKS[name]
    for place in (len(packed) // 2, len(packed) - 5_000):
        goal = goal_in(tmp_path)
        with serving(Site({"/image": packed}, flips=place)) as site:
            try:
                write(f"{site.url}/image", goal, of_image(IMAGE))
            except ImageError:
                assert IMAGE[:512] != goal.read_bytes()[:512]
            else:  # padding that nobody reads
                assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_an_image_that_is_replaced_on_the_way_is_written_anew_as_a_whole(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    site = Site({"/image": IMAGE}, closes_after=3_000_000, changes_at=2, changed=OTHER)
    with serving(site):
        write(f"{site.url}/image", goal)
    assert OTHER == goal.read_bytes()[: len(OTHER)]


def test_without_a_validator_nothing_is_pieced_together_unless_a_digest_proves_it(
    tmp_path: Path,
) -> None:
    goal = goal_in(tmp_path)
    with serving(Site({"/image": IMAGE}, etag="", closes_after=3_000_000)) as site:
        with pytest.raises(ImageError, match="has changed"):
            write(f"{site.url}/image", goal)
        write(f"{site.url}/image", goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_another_range_than_was_asked_for_is_not_taken(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    site = Site({"/image": IMAGE}, closes_after=3_000_000, wrong_range=512)
    with serving(site), pytest.raises(ImageError, match="asked for byte"):
        write(f"{site.url}/image", goal)


def test_a_server_in_trouble_is_asked_again(tmp_path: Path) -> None:
    goal, clock = goal_in(tmp_path), Clock()
    with serving(Site({"/image": IMAGE}, troubled=2)) as site:
        write(f"{site.url}/image", goal, clock=clock)
    assert [1, 2] == clock.slept


def test_a_file_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    clock, goal = Clock(), goal_in(tmp_path)
    with (
        serving(Site({})) as site,
        pytest.raises(Unreachable, match="the server answers 404 Not Found"),
    ):
        write(f"{site.url}/image", goal, clock=clock)
    assert [] == clock.slept
    assert b"oldold" == goal.read_bytes()[:6]


def test_nobody_there_is_told_after_the_patience(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="Connection refused; nothing more for 15 s"):
        write("http://127.0.0.1:9/image", goal_in(tmp_path))


def test_redirects_are_followed(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with serving(Site({"/image": IMAGE}, redirects=True)) as site:
        write(f"{site.url}/image", goal)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_an_answer_in_chunks_needs_no_length(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with serving(Site({"/image": IMAGE}, chunked=True)) as site:
        write(f"{site.url}/image", goal)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_chunks_that_break_off_are_taken_up(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with serving(Site({"/image": IMAGE}, chunked=True, cut_after=4_000_000)) as site:
        write(f"{site.url}/image", goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_an_answer_without_an_end_needs_a_digest(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with serving(Site({"/image": IMAGE}, endless=True)) as site:
        with pytest.raises(Unsuitable, match="add a digest"):
            write(f"{site.url}/image", goal)
        write(f"{site.url}/image", goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_an_answer_without_an_end_that_was_cut_is_a_failure(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with (
        serving(Site({"/image": IMAGE}, endless=True, closes_after=3_000_000)) as site,
        pytest.raises(Damaged, match="and should have"),
    ):
        write(f"{site.url}/image", goal, of_image(IMAGE))


def test_a_slow_server_is_waited_for(tmp_path: Path) -> None:
    goal = goal_in(tmp_path)
    with serving(Site({"/image": IMAGE}, slow=0.005)) as site:
        write(f"{site.url}/image", goal)
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]
