"""How the tests of this folder read records: from text, and what must come out."""

import textwrap
from pathlib import Path

import msgspec

from boots.machines.records import read
from boots.model.machine import Machine, Metadata, Place

VECTORS = Path(__file__).parent.parent / "vectors" / "records"


def machines(text: str) -> tuple[Machine, ...]:
    """The machines of a text that has no mistake."""
    records = read(textwrap.dedent(text), "a.yaml")
    assert () == records.faults
    return records.machines


def machine(text: str) -> Machine:
    """The only machine of a text that has no mistake."""
    (found,) = machines(text)
    return found


def faults(text: str) -> list[str]:
    """What is wrong with a text, as a person reads it."""
    return [str(fault) for fault in read(textwrap.dedent(text), "a.yaml").faults]


def fault(text: str) -> str:
    """The only thing that is wrong with a text."""
    (found,) = faults(text)
    return found


def bare(known: Machine) -> Machine:
    """A machine without what tells from which form of record it came."""
    return msgspec.structs.replace(
        known, place=Place(file="", line=0), record=b"", agent_id="", metadata=Metadata()
    )
