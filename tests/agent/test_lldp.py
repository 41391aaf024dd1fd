"""What switches say of themselves, against vectors: of a real daemon, and made by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots_agent import lldp

FOLDER = Path(__file__).parent.parent / "vectors" / "lldp"
VECTORS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
FRAMES = [bytes.fromhex(vector["frame"]) for vector in VECTORS.values()]
KEYS = {"switch", "chassis", "port", "port_description", "vlan", "management"}


def frame(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name]["frame"])


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_frame_reads_as_its_vector(vector: dict[str, Any]) -> None:
    found = lldp.read(bytes.fromhex(vector["frame"]))
    assert vector["neighbour"] == (found.told() if found else None)


def fit(found: lldp.Neighbour | None) -> bool:
    """Nothing, or what can go into an inventory and onto a console."""
    if found is None:
        return True
    told = found.told()
    texts = [value for value in told.values() if isinstance(value, str)]
    return (
        told.keys() == KEYS
        and bool(found.chassis and found.port)
        and all(len(text) <= 255 and (text.isprintable() or not text) for text in texts)
        and (found.vlan is None or 0 < found.vlan < 1 << 16)
        and json.loads(json.dumps(told)) == told
    )


@given(st.binary(max_size=400))
def test_garbage_is_nobody_and_never_an_error(garbage: bytes) -> None:
    for head in (b"", frame("lldpd")[:14], frame("lldpd-cdp")[:26]):
        assert fit(lldp.read(head + garbage))


@given(st.sampled_from(FRAMES), st.data())
def test_a_frame_with_some_bytes_changed_is_never_an_error(
    whole: bytes, data: st.DataObject
) -> None:
    changed = bytearray(whole)
    for at in data.draw(st.lists(st.integers(14, len(whole) - 1), min_size=1, max_size=8)):
        changed[at] = data.draw(st.integers(0, 255))
    assert fit(lldp.read(bytes(changed)))


@pytest.mark.parametrize("whole", FRAMES, ids=VECTORS)
def test_a_frame_that_is_cut_off_anywhere_is_never_an_error(whole: bytes) -> None:
    assert all(fit(lldp.read(whole[:length])) for length in range(len(whole)))


def test_of_two_on_one_cable_the_one_that_forwards_is_the_switch() -> None:
    switch, program = lldp.read(frame("lldpd")), lldp.read(frame("least"))
    cisco = lldp.read(frame("lldpd-cdp"))
    assert switch is not None
    assert cisco is not None
    assert program is not None
    assert switch.rank > cisco.rank > program.rank


def test_a_line_on_the_console_cannot_be_bent() -> None:
    made = frame("lldpd").replace(b"leaf1.example.net", b"leaf\n\x1b[2Jnet      ")
    found = lldp.read(made)
    assert found is not None
    assert "leaf??[2Jnet" == found.switch
