"""Records that come from the store: parsed in portions, of which only the changed are read again.

A store must not keep a server from starting: a record that cannot be read, or that claims what
another one has, is left out and told of.
"""

import zlib
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

import msgspec

from boots.documents.fault import Fault
from boots.machines.index import Index
from boots.machines.lookup import Machines, build
from boots.machines.packed import Packed
from boots.machines.packing import pack
from boots.machines.records import read
from boots.model.mac import Mac
from boots.model.machine import STORE, Machine, Place

_PLACE = Place(file=STORE, line=0)
_PORTIONS = 64


class Portion(msgspec.Struct, frozen=True):
    """What is made of a part of the records."""

    machines: tuple[Machine, ...]
    packs: tuple[Packed, ...]
    faults: tuple[Fault, ...]


class Kept:
    """Records by their names, as JSON, and the number of times that each was written."""

    def __init__(self) -> None:
        self._records: list[dict[str, tuple[str, int]]] = [{} for _ in range(_PORTIONS)]
        # What was made of which records; a thread may be at it while others come.
        self._read: list[tuple[dict[str, tuple[str, int]], Portion] | None] = [None] * _PORTIONS

    def __len__(self) -> int:
        return sum(map(len, self._records))

    def put(self, name: str, record: str, revision: int) -> None:
        """Take a record, in the place of an earlier one."""
        at = _portion(name)
        self._records[at] = self._records[at] | {name: (record, revision)}

    def drop(self, name: str) -> None:
        """Forget a record."""
        at = _portion(name)
        if name in self._records[at]:
            self._records[at] = {k: v for k, v in self._records[at].items() if k != name}

    def take(self, every: Iterable[tuple[str, str, int]]) -> None:
        """Have these, and no others; what is as it was is not read again."""
        fresh: list[dict[str, tuple[str, int]]] = [{} for _ in range(_PORTIONS)]
        for name, record, revision in every:
            fresh[_portion(name)][name] = (record, revision)
        for at, records in enumerate(fresh):
            if records != self._records[at]:
                self._records[at] = records

    def revision(self, name: str) -> int:
        """How many times a record was written; 0 where there is none."""
        return self._records[_portion(name)].get(name, ("", 0))[1]

    def record(self, name: str) -> str:
        """A record as JSON; empty where there is none."""
        return self._records[_portion(name)].get(name, ("", 0))[0]

    def every(self) -> list[tuple[str, str, int]]:
        """All of them: name, record and revision."""
        return [(name, *said) for records in self._records for name, said in records.items()]

    def portions(self) -> list[Portion]:
        """What is made of them; takes some 40 µs for each record that was not read before."""
        return [self._portion(at, records) for at, records in enumerate(list(self._records))]

    def _portion(self, at: int, records: dict[str, tuple[str, int]]) -> Portion:
        known = self._read[at]
        if known is None or known[0] is not records:
            known = self._read[at] = records, _portion_of(records)
        return known[1]


def _portion(name: str) -> int:
    return zlib.crc32(name.encode(errors="surrogatepass")) % _PORTIONS


def _portion_of(records: dict[str, tuple[str, int]]) -> Portion:
    machines, faults = of("[" + ",".join(record for record, _ in records.values()) + "]")
    if faults:  # seldom: again one by one, to say which record it is
        faults = tuple(
            msgspec.structs.replace(fault, file=f"{STORE}, {name}", line=0)
            for name, (record, _) in records.items()
            for fault in of(record)[1]
        )
    return Portion(machines, pack(machines, STORE), faults)


def of(text: str) -> tuple[tuple[Machine, ...], tuple[Fault, ...]]:
    """The machines of records of the store, as JSON, and what is wrong with them."""
    said = read(text, STORE, is_json=True)
    return tuple(msgspec.structs.replace(each, place=_PLACE) for each in said.machines), said.faults


def combined(files: Index, kept: Kept) -> tuple[Index, list[Fault]]:
    """The index of all records, and what is left out of the store's and why.

    What stands in files wins: a person put it there, and the server started with it.
    """
    portions = kept.portions()
    faults = [fault for each in portions for fault in each.faults]
    if not any(each.machines for each in portions):
        return files, faults
    packs: list[Packed] = []
    claimed = _Claimed(files)
    for each in portions:
        good = [machine for machine in each.machines if claimed.is_free(machine, faults)]
        packs += each.packs if len(good) == len(each.machines) else pack(good, STORE)
    own: Sequence[Packed]
    own = files.machines.parts if isinstance(files.machines, Machines) else pack_all(files)
    index, more = build([*own, *packs])
    return index, [*faults, *more]


def pack_all(files: Index) -> tuple[Packed, ...]:
    """An index that was not made of packs, as packs."""
    return tuple(each for machine in files.machines for each in pack([machine], machine.place.file))


class _Claimed:
    """Names, MACs, addresses and serial numbers that are taken."""

    def __init__(self, files: Index) -> None:
        self._files = files
        self._taken: set[str | Mac | IPv4Address] = set()

    def is_free(self, machine: Machine, faults: list[Fault]) -> bool:
        """Whether nobody has what it claims; then it has it."""
        claims = _claims(machine)
        found: list[tuple[str | IPv4Address, bool]] = [
            *((claim, claim in self._files.by_mac) for claim in claims if isinstance(claim, str)),
            *((claim, claim in self._files.by_address) for claim in claims),
            (machine.name, machine.name in self._files.by_name),
        ]
        for claim, in_file in found:
            if in_file or claim in self._taken:
                faults.append(_left_out(machine, str(claim), in_file=in_file))
                return False
        self._taken.update([*claims, machine.name])
        return True


def _claims(machine: Machine) -> list[Mac | IPv4Address]:
    macs: list[Mac | IPv4Address] = [each.mac for each in machine.interfaces]
    return macs + list({e.reservation.address for e in machine.interfaces if e.reservation})


def _left_out(machine: Machine, claim: str, *, in_file: bool) -> Fault:
    whose = "a record in a file" if in_file else "another record"
    return Fault(
        file=STORE,
        line=0,
        field="",
        problem=f'"{machine.name}" is left out: {claim} belongs to {whose}',
        advice="change or remove one of the two",
    )
