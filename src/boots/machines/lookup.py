"""The index over machines that are kept as bytes: each is made when it is asked for first.

It finds what `index.build` finds.  Where two machines claim the same, that one tells of it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import TypeVar, overload

from boots.documents.fault import Fault
from boots.machines import index
from boots.machines.index import Index
from boots.machines.packed import Packed, number_of, spot_of
from boots.model.machine import Known, Machine

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


class Machines(Sequence[Machine]):
    """The machines of all files, one behind the other."""

    def __init__(self, packs: Iterable[Packed]) -> None:
        self._packs = [pack for pack in packs if len(pack)]
        self._starts: list[int] = []
        self._count = 0
        for pack in self._packs:
            self._starts.append(self._count)
            self._count += len(pack)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Machine]:
        for pack in self._packs:
            yield from map(pack.machine, range(len(pack)))

    @overload
    def __getitem__(self, number: int) -> Machine: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Machine, ...]: ...

    def __getitem__(self, number: int | slice) -> Machine | tuple[Machine, ...]:
        chosen = range(self._count)[number]  # as a tuple understands it, and complains
        if isinstance(chosen, range):
            return tuple(map(self._machine, chosen))
        return self._machine(chosen)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Machines | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def _machine(self, number: int) -> Machine:
        at = bisect_right(self._starts, number) - 1
        return self._packs[at].machine(number - self._starts[at])

    @property
    def parts(self) -> Sequence[Packed]:
        """What they are made of."""
        return self._packs

    def known(self, spot: int) -> Known:
        """A machine and its interface, by their spot among all."""
        at = bisect_right(self._starts, number_of(spot)) - 1
        return self._packs[at].known(spot - spot_of(self._starts[at]))


class Found(Mapping[K, V]):
    """What a key leads to: at first a spot, then the value that was made of it."""

    __slots__ = ("_at", "_make")

    def __init__(self, at: dict[K, V | int], make: Callable[[int], V]) -> None:
        self._at = at
        self._make = make

    # What `Mapping` has in its place takes four times as long, and each packet comes here.
    def get(self, key: K, default: D = None) -> V | D:  # type: ignore[assignment]
        """The value; the default where there is none."""
        found = self._at.get(key)
        if type(found) is int:
            found = self._at[key] = self._make(found)
        return default if found is None else found  # type: ignore[return-value]

    def __getitem__(self, key: K) -> V:
        found = self._at[key]
        if type(found) is int:
            found = self._at[key] = self._make(found)
        return found  # type: ignore[return-value]

    def __contains__(self, key: object) -> bool:
        return key in self._at

    def __iter__(self) -> Iterator[K]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


class FoundByAddress(Mapping[IPv4Address, Known]):
    """By address; addresses are kept as numbers, which is a third of the memory."""

    __slots__ = ("_found",)

    def __init__(self, found: Found[int, Known]) -> None:
        self._found = found

    def get(self, key: IPv4Address, default: D = None) -> Known | D:  # type: ignore[assignment]
        """The machine; the default where there is none."""
        return self._found.get(int(key), default)

    def __getitem__(self, key: IPv4Address) -> Known:
        return self._found[int(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, IPv4Address) and int(key) in self._found

    def __iter__(self) -> Iterator[IPv4Address]:
        return map(IPv4Address, self._found)

    def __len__(self) -> int:
        return len(self._found)


class FoundByName(Mapping[str, Machine]):
    """By name, which people do and packets do not: the names are unpacked when they are needed."""

    __slots__ = ("_at", "_machines", "_packs")

    def __init__(self, packs: Sequence[Packed], machines: Machines) -> None:
        self._packs = packs
        self._machines = machines
        self._at: dict[str, int] | None = None

    def _numbers(self) -> dict[str, int]:
        if self._at is None:
            names = (name for pack in self._packs for name in pack.names)
            self._at = {name: number for number, name in enumerate(names)}
        return self._at

    def __getitem__(self, key: str) -> Machine:
        return self._machines[self._numbers()[key]]

    # `Mapping` would make the machine to see whether it is there.
    def __contains__(self, key: object) -> bool:
        return key in self._numbers()

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers())

    def __len__(self) -> int:
        return len(self._machines)


def build(packs: Sequence[Packed]) -> tuple[Index, list[Fault]]:
    """Index the machines of all files; what two of them claim is told as `index.build` does."""
    machines = Machines(packs)
    macs = _together(packs, lambda pack: (pack.columns.macs, pack.columns.mac_spots))
    addresses = _together(packs, lambda pack: (pack.columns.addresses, pack.columns.address_spots))
    boards = _together(packs, lambda pack: (pack.columns.boards, pack.columns.board_spots))
    if macs is None or addresses is None or boards is None or not _names_differ(packs):
        return index.build(machines)
    made = Index(
        machines=machines,
        by_mac=Found(macs, machines.known),
        by_address=FoundByAddress(Found(addresses, machines.known)),
        by_name=FoundByName(packs, machines),
        by_serial=Found(boards, machines.known),
    )
    return made, []


def pieces(whole: Index) -> list[object]:
    """What an index holds: when nobody has it any more, let them go one by one, from the end.

    All at once it takes 45 ms for 100,000 machines that were asked for, and none of these 6 ms.
    """
    parts = whole.machines.parts if isinstance(whole.machines, Machines) else []
    return [*parts, whole.by_name, whole.by_serial, whole.by_address, whole.by_mac]


def _together(
    packs: Iterable[Packed], columns: Callable[[Packed], tuple[list[K], list[int]]]
) -> dict[K, Known | int] | None:
    """The keys of all files with their spots among all; None where one is there twice."""
    found: dict[K, Known | int] = {}
    start = count = 0
    for pack in packs:
        keys, spots = columns(pack)
        first = spot_of(start)
        found.update(zip(keys, [first + spot for spot in spots], strict=True))
        start += len(pack)
        count += len(keys)
    return found if len(found) == count else None


def _names_differ(packs: Iterable[Packed]) -> bool:
    names: set[str] = set()
    for pack in packs:
        names.update(pack.names)
    return len(names) == sum(map(len, packs))
