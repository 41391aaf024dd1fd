"""Laws: a cut or a changed bit is a failure, and any resume point gives the same bytes."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import MIB, PACKED, disk, of_image, of_sent, pattern, write

from boots_agent.images.words import ImageError

IMAGE = pattern(300)
PACKS = {name: pack(IMAGE) for name, pack in PACKED.items()}
CHECKED_BY_ITSELF = ("gzip", "bzip2", "xz")
few = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def tried(content: bytes, *, image: bool = False, sent: str = "") -> bytes | None:
    """The disk after writing `content` to it; None after a failure, when it has no table."""
    with tempfile.TemporaryDirectory() as folder:
        source, goal = Path(folder) / "image", disk(Path(folder) / "disk", 2 * MIB)
        source.write_bytes(content)
        proofs = [of_image(IMAGE)] if image else []
        proofs += [of_sent(PACKS[sent])] if sent else []
        try:
            write(source, goal, *proofs)
        except ImageError:
            assert IMAGE[:512] != goal.read_bytes()[:512]
            return None
        return goal.read_bytes()[: len(IMAGE)]


@pytest.mark.parametrize("name", [name for name in PACKED if name != "raw"])
@few
@given(data=st.data())
def test_an_image_that_is_cut_anywhere_is_a_failure(name: str, data: st.DataObject) -> None:
    packed = PACKS[name]
    cut = data.draw(st.integers(0, len(packed) - 1))
    found = tried(packed[:cut])
    # Between two members a stream is whole as far as it goes: only a digest or a length tells.
    assert found is None or found[: len(IMAGE) // 2] + b"" != IMAGE
    assert tried(packed[:cut], image=True) is None
    assert tried(packed[:cut], sent=name) is None


@few
@given(cut=st.integers(0, len(IMAGE) - 1))
def test_a_raw_image_that_is_cut_is_a_failure_by_any_digest(cut: int) -> None:
    assert tried(IMAGE[:cut], image=True) is None
    assert tried(IMAGE[:cut], sent="raw") is None


@pytest.mark.parametrize("name", PACKED)
@few
@given(data=st.data())
def test_a_bit_that_flips_anywhere_is_a_failure_or_changes_nothing(
    name: str, data: st.DataObject
) -> None:
    packed = bytearray(PACKS[name])
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert tried(bytes(packed), sent=name) is None
    assert tried(bytes(packed), image=True) in {None, IMAGE}
    if name in CHECKED_BY_ITSELF:
        assert tried(bytes(packed)) in {None, IMAGE}


@pytest.mark.parametrize("name", PACKED)
@few
@given(junk=st.binary(min_size=1, max_size=64).filter(lambda junk: junk.strip(b"\0")))
def test_whatever_follows_an_image_is_a_failure_by_the_digest_of_what_was_sent(
    name: str, junk: bytes
) -> None:
    assert tried(PACKS[name] + junk, sent=name) is None
    if name in {*CHECKED_BY_ITSELF, "zstd"}:
        assert tried(PACKS[name] + junk) is None


@pytest.mark.parametrize("name", PACKED)
@few
@given(data=st.data())
def test_any_place_to_resume_at_gives_the_same_bytes(name: str, data: st.DataObject) -> None:
    packed = PACKS[name]
    least = len(packed) // 8 + 8192  # each answer brings at least so much
    cut = data.draw(st.integers(least, len(packed) + 1))
    with tempfile.TemporaryDirectory() as folder, serving(Site({"/image": packed})) as site:
        site.closes_after = cut
        goal = disk(Path(folder) / "disk", 2 * MIB)
        write(f"{site.url}/image", goal, of_image(IMAGE), of_sent(packed))
        assert IMAGE == goal.read_bytes()[: len(IMAGE)]
