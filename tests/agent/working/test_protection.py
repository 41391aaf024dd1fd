"""What a record protects the agent knows as the server does: both judge the same disk alike."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from boots.documents.hints import parse
from boots.workflow.hints import protection
from boots.workflow.inventory import Disk
from boots_agent.protection import Facts, kept_by

NAMES = ("S1", "naa.5000c500a1b2c3d4", "0x5000c500a1b2c3d4", "eui.01", "EUI.01", "")
MODELS = ("", "SAMSUNG MZ7LH", "samsung", "QEMU HARDDISK")
BUSES = ("nvme", "ata", "usb", "virtio", "")
HINTS = st.one_of(
    st.builds("size{}{}G".format, st.sampled_from([">=", "<=", ">", "<", "="]), st.integers(0, 3)),
    st.sampled_from(["rotational=true", "rotational=false"]),
    st.builds("transport{}{}".format, st.sampled_from(["=", "!="]), st.sampled_from(BUSES[:4])),
    st.builds("model{}'{}'".format, st.sampled_from(["=", "!=", "~"]), st.sampled_from(MODELS[1:])),
    st.builds("{}={}".format, st.sampled_from(["serial", "wwn"]), st.sampled_from(NAMES[:5])),
)
FACTS = st.builds(
    Facts,
    size=st.sampled_from([0, 10**9, 2 * 10**9, 2 * 10**9 + 512]),
    rotational=st.booleans(),
    transport=st.sampled_from(BUSES),
    model=st.sampled_from(MODELS),
    serial=st.sampled_from(NAMES),
    wwn=st.sampled_from(NAMES[1:]),
)


SIZE = {"field": "size", "relation": ">=", "value": "1", "bound": 1}


@given(st.lists(st.lists(HINTS, min_size=1, max_size=3).map(" ".join), max_size=3), FACTS)
def test_both_judge_alike(texts: list[str], facts: Facts) -> None:
    hints = [parse(each) for each in texts]
    disk = Disk(name="sda", path="/dev/sda", **facts._asdict())
    kept = protection(disk, hints)

    assert ("" if kept is None else str(kept)) == kept_by(list(map(handed, hints)), facts)


def handed(hint: Any) -> dict[str, Any]:
    """As the server hands it out."""
    return {"hint": str(hint), "conditions": [asdict(each) for each in hint.conditions]}


@pytest.mark.parametrize(
    "strange",
    [
        "serial=S1",
        [{"hint": "x"}],
        [{"hint": "x", "conditions": [{"field": "age", "relation": ">", "value": "", "bound": 1}]}],
        [
            {
                "hint": "x",
                "conditions": [{"field": "size", "relation": "~", "value": "", "bound": 1}],
            }
        ],
        [None],
        [{"hint": "x", "conditions": [{**SIZE, "bound": float("inf")}]}],
        [{"hint": "x", "conditions": [{**SIZE, "field": []}]}],
        [{"hint": "x", "conditions": ["size"]}],
        {"hint": "x"},
    ],
    ids=str,
)
def test_what_makes_no_sense_here_keeps_every_disk(strange: object) -> None:
    assert "does not know" in kept_by(strange, Facts(serial="other"))
    assert "" == kept_by(None, Facts())
    assert "" == kept_by([], Facts())
