"""Machines to bytes, one by one: the other half of `packed`."""

import zlib
from collections.abc import Iterable
from ipaddress import IPv4Address

import msgspec
from msgspec.structs import replace

from boots.machines import packed
from boots.machines.packed import Columns, Opened, Packed, Port, Row, encode, spot_of
from boots.model.bmc import Bmc
from boots.model.mac import Mac
from boots.model.machine import Interface, Machine, Place

# To unpack a part takes milliseconds, in which no other thread gets on.
_PART = 4_096  # machines
_NO_MAC = Mac("")
_NO_ADDRESS = IPv4Address(0)
_NOWHERE = Place(file="", line=0)


class Own(msgspec.Struct, frozen=True, gc=False):
    """A machine apart: `kind` is what others may share with it, the rest is its own.

    There is a MAC and a port for each interface; `boards` holds what the boards among them ask
    below, by interface.
    """

    kind: bytes
    line: int
    name: str
    agent_id: str
    instance_id: str
    macs: tuple[Mac, ...]
    ports: tuple[Port | None, ...]
    record: bytes
    boards: tuple[tuple[int, str], ...] = ()
    bmc: Opened | None = None


class Packer:
    """Takes the machines of the file `name` one by one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[Packed] = []
        self._begin()

    def _begin(self) -> None:
        self._columns = Columns()
        self._names: list[str] = []
        self._kinds: dict[bytes, int] = {}
        self._together: list[bytes] = []

    def add(self, own: Own) -> bool:
        """Take one more; whether there is another of its kind."""
        columns = self._columns
        known = len(self._kinds)
        kind = self._kinds.setdefault(own.kind, known)
        columns.rows.append(
            encode(
                Row(
                    kind,
                    len(columns.macs),
                    own.line,
                    own.name,
                    own.agent_id,
                    own.instance_id,
                    own.ports,
                    own.bmc,
                )
            )
        )
        _add_spots(columns, own, spot_of(len(self._names)))
        self._names.append(own.name)
        self._together.append(own.record)
        if len(self._together) == packed.TOGETHER:
            self._compress()
        if len(self._names) == _PART:
            self._end()
        return kind < known

    def parts(self) -> tuple[Packed, ...]:
        """All that were taken."""
        if self._names:
            self._end()
        return tuple(self._parts)

    def _compress(self) -> None:
        self._columns.records.append(zlib.compress(encode(self._together), 1))
        self._together.clear()

    def _end(self) -> None:
        if self._together:
            self._compress()
        self._columns.names = encode(self._names)
        self._columns.kinds += self._kinds
        self._parts.append(Packed(self._name, self._columns))
        self._begin()


def pack(machines: Iterable[Machine], name: str) -> tuple[Packed, ...]:
    """The machines of the file `name`, in parts."""
    packer = Packer(name)
    for machine in machines:
        packer.add(apart(machine))
    return packer.parts()


def apart(machine: Machine) -> Own:
    """A machine in two: what it may share, and its own."""
    metadata = machine.metadata
    kind = replace(
        machine,
        name="",
        interfaces=tuple(map(_without_own, machine.interfaces)),
        place=_NOWHERE,
        agent_id="",
        metadata=replace(metadata, instance_id="") if metadata.instance_id else metadata,
        bmc=machine.bmc and _shut(machine.bmc),
        record=b"{}",
    )
    return Own(
        kind=encode(kind),
        line=machine.place.line,
        name=machine.name,
        agent_id=machine.agent_id,
        instance_id=metadata.instance_id,
        macs=tuple([interface.mac for interface in machine.interfaces]),
        ports=tuple([_port(interface, machine.name) for interface in machine.interfaces]),
        record=bytes(machine.record),
        boards=tuple(
            [
                (here, interface.netboot.raspberry_pi.asks_below)
                for here, interface in enumerate(machine.interfaces)
                if interface.netboot.raspberry_pi is not None
            ]
        ),
        bmc=_opened(machine.bmc),
    )


def _opened(bmc: Bmc | None) -> Opened | None:
    return None if bmc is None else (bmc.url, bmc.username, bmc.password, bmc.password_file)


def _shut(bmc: Bmc) -> Bmc:
    """What others may share of it."""
    return replace(bmc, url="", username="", password="", password_file="")


def _add_spots(columns: Columns, own: Own, spot: int) -> None:
    """Each MAC, and each address and board of the machine once: the first interface that has it."""
    if len(own.macs) == 1 and own.ports[0] is not None and not own.boards:  # as nearly all are
        columns.macs.append(own.macs[0])
        columns.mac_spots.append(spot)
        columns.addresses.append(own.ports[0][0])
        columns.address_spots.append(spot)
        return
    columns.macs += own.macs
    columns.mac_spots += range(spot, spot + len(own.macs))
    addresses, boards = dict[int, int](), dict[str, int]()
    for here, port in enumerate(own.ports, spot):
        if port is not None:
            addresses.setdefault(port[0], here)
    for interface, board in own.boards:
        boards.setdefault(board, spot + interface)
    columns.addresses += addresses.keys()
    columns.address_spots += addresses.values()
    columns.boards += boards.keys()
    columns.board_spots += boards.values()


def _port(interface: Interface, name: str) -> Port | None:
    own = interface.reservation
    if own is None:
        return None
    return int(own.address), None if own.host_name == name else own.host_name


def _without_own(interface: Interface) -> Interface:
    own = interface.reservation
    alike = own and replace(own, address=_NO_ADDRESS, host_name="")
    return replace(interface, mac=_NO_MAC, reservation=alike)
