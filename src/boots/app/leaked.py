"""Records whose kernel arguments look like secrets are refused as they are read.

Of those that the store has from before it is only told: their machines keep their addresses, and
get no script.
"""

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from boots.documents.fault import Fault
from boots.machines.index import Index
from boots.machines.kept import pack_all
from boots.machines.lookup import Machines
from boots.machines.packed import Packed, kind_of
from boots.policy import leaks

_FOUND: WeakKeyDictionary[Packed, tuple[tuple[str, ...], tuple[Fault, ...]]] = WeakKeyDictionary()


def found(index: Index, allowed: Sequence[str]) -> list[Fault]:
    """What is wrong with the records of an index; `allowed` are arguments that may."""
    whole = index.machines
    return found_in(whole.parts if isinstance(whole, Machines) else pack_all(index), allowed)


def found_in(parts: Iterable[Packed], allowed: Sequence[str]) -> list[Fault]:
    """The same of machines that are packed; of many that are alike the first is told."""
    names = tuple(allowed)
    return [fault for part in parts for fault in _of_part(part, names)]


def _of_part(part: Packed, allowed: tuple[str, ...]) -> tuple[Fault, ...]:
    """A part is looked at once, as long as it is there: it stays when other records change."""
    known = _FOUND.get(part)
    if known is None or known[0] != allowed:
        faults = (
            _fault(part, kind, why)
            for kind, packed in enumerate(part.columns.kinds)
            for why in dict.fromkeys(leaks.of_machine(kind_of(packed), allowed).values())
        )
        known = _FOUND[part] = allowed, tuple(faults)
    return known[1]


def _fault(part: Packed, kind: int, why: str) -> Fault:
    numbers = part.of_kind(kind)
    machine = part.machine(numbers[0])
    others = f", and {len(numbers) - 1} more machines" if len(numbers) > 1 else ""
    return Fault(
        file=machine.place.file,
        line=machine.place.line,
        field=f"{machine.name}: kernel arguments",
        problem=f"{why}{others}",
        advice=leaks.ADVICE,
    )
