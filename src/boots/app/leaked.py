"""Records whose kernel arguments look like secrets are refused as they are read.

Of those that the store has from before it is only told: their machines keep their addresses, and
get no script.
"""

import functools
from collections.abc import Iterable, Sequence

from boots.documents.fault import Fault
from boots.machines.index import Index
from boots.machines.kept import pack_all
from boots.machines.lookup import Machines
from boots.machines.packed import Packed, kind_of
from boots.policy import leaks


def found(index: Index, allowed: Sequence[str]) -> list[Fault]:
    """What is wrong with the records of an index; `allowed` are arguments that may."""
    whole = index.machines
    return found_in(whole.parts if isinstance(whole, Machines) else pack_all(index), allowed)


def found_in(parts: Iterable[Packed], allowed: Sequence[str]) -> list[Fault]:
    """The same of machines that are packed; of many that are alike the first is told."""
    names = tuple(allowed)
    return [
        _fault(part, kind, why)
        for part in parts
        for kind, packed in enumerate(part.columns.kinds)
        for why in _whys(packed, names)
    ]


@functools.lru_cache(maxsize=4096)
def _whys(kind: bytes, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """What thousands of machines share is looked at once, also when other records change."""
    return tuple(dict.fromkeys(leaks.of_machine(kind_of(kind), allowed).values()))


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
