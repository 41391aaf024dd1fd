"""Machines as bytes: what is kept of a file's records, in memory and between runs.

Of a hundred thousand machines few ask at the same time.  So each is kept as the bytes that it is
made from when it is asked for first; only what machines are found by is kept in the open.  What
thousands of them have in common is kept once, and what was written about them, which is read
least, compressed.
"""

import functools
import zlib
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address

import msgspec
from msgspec.structs import replace

from boots.model.mac import Mac
from boots.model.machine import Interface, Known, Machine, Place, from_plain, to_plain

_PART = 4_096  # machines
_TOGETHER = 32  # records that are compressed as one: they say nearly the same
_BITS = 20  # of a spot that tell the interface
_FIRST = (1 << _BITS) - 1
_NO_MAC = Mac("")
_NO_ADDRESS = IPv4Address(0)
_NOWHERE = Place(file="", line=0)


class Damaged(ValueError):
    """The bytes are not what was written."""


class Written:
    """A machine's whole record as JSON: ``bytes()`` of it unpacks it."""

    __slots__ = ("_block", "_number")

    def __init__(self, block: bytes, number: int) -> None:
        self._block = block
        self._number = number

    def __bytes__(self) -> bytes:
        return _records(self._block)[self._number]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes | Written) and bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))


class _Own(msgspec.Struct, array_like=True, gc=False):
    """What a machine shares with no other.

    `kind` and `first` are places in `_Columns.kinds` and `macs`.  `ports` holds an address and a
    host name for each interface: 0 where it has none, None where it is the machine's name.
    """

    kind: int
    first: int
    line: int
    name: str
    agent_id: str
    instance_id: str
    ports: tuple[tuple[int, str | None], ...]


class _Columns(msgspec.Struct, array_like=True):
    """What is kept of a part.

    A spot is the number of a machine and of one of its interfaces: `mac_spots` holds one for each
    of `macs`, and so on.  `rows` holds what is each machine's own and `kinds` what many share, as
    a machine; `records` what was written about them.  `names`, which is seldom read, is encoded.
    """

    names: bytes = b""
    macs: list[Mac] = []
    mac_spots: list[int] = []
    addresses: list[int] = []
    address_spots: list[int] = []
    boards: list[str] = []
    board_spots: list[int] = []
    rows: list[bytes] = []
    kinds: list[bytes] = []
    records: list[bytes] = []


class Packed:
    """Some thousand machines of a file, `name`; each is made when it is first asked for."""

    def __init__(self, name: str, columns: _Columns) -> None:
        self.name = name
        self.columns = columns
        self._made: list[Machine | None] = [None] * len(columns.rows)
        self._kinds: list[Machine | None] = [None] * len(columns.kinds)

    def __len__(self) -> int:
        return len(self._made)

    @property
    def names(self) -> list[str]:
        """The names of the machines, in their order."""
        return _decode_names(self.columns.names)

    def machine(self, number: int) -> Machine:
        """The machine of this number, from 0; always the same one."""
        made = self._made[number]
        if made is None:
            made = self._made[number] = self._make(number)
        return made

    def known(self, spot: int) -> Known:
        """A machine and its interface, by their spot within this part."""
        machine = self.machine(spot >> _BITS)
        return Known(machine=machine, interface=machine.interfaces[spot & _FIRST])

    def _make(self, number: int) -> Machine:
        own = _decode_own(self.columns.rows[number])
        kind = self._kinds[own.kind]
        if kind is None:
            kind = self._kinds[own.kind] = _decode_kind(self.columns.kinds[own.kind])
        macs = self.columns.macs
        block, within = divmod(number, _TOGETHER)
        return replace(
            kind,
            name=own.name,
            interfaces=tuple(
                _with_own(interface, macs[own.first + here], own.ports[here], own.name)
                for here, interface in enumerate(kind.interfaces)
            ),
            place=Place(file=self.name, line=own.line),
            agent_id=own.agent_id,
            metadata=replace(kind.metadata, instance_id=own.instance_id)
            if own.instance_id
            else kind.metadata,
            record=Written(self.columns.records[block], within),
        )


def _with_own(interface: Interface, mac: Mac, port: tuple[int, str | None], name: str) -> Interface:
    reservation = interface.reservation
    if reservation is None:
        return replace(interface, mac=mac)
    address, host_name = port
    own = replace(
        reservation,
        address=IPv4Address(address),
        host_name=name if host_name is None else host_name,
    )
    return replace(interface, mac=mac, reservation=own)


def pack(machines: Sequence[Machine], name: str) -> tuple[Packed, ...]:
    """The machines of the file `name`, in parts.

    To unpack a part takes milliseconds, in which no other thread gets on.
    """
    return tuple(
        Packed(name, _columns(machines[start : start + _PART]))
        for start in range(0, len(machines), _PART)
    )


def _columns(machines: Iterable[Machine]) -> _Columns:
    columns = _Columns()
    names: list[str] = []
    kinds: dict[bytes, int] = {}
    together: list[bytes] = []
    for number, machine in enumerate(machines):
        names.append(machine.name)
        columns.rows.append(_encode(_own(machine, kinds, len(columns.macs))))
        _add_spots(columns, machine, number << _BITS)
        together.append(bytes(machine.record))
        if len(together) == _TOGETHER:
            columns.records.append(_compressed(together))
            together.clear()
    if together:
        columns.records.append(_compressed(together))
    columns.names = _encode(names)
    columns.kinds += kinds
    return columns


def spot_of(number: int) -> int:
    """The spot of a machine's first interface."""
    return number << _BITS


def number_of(spot: int) -> int:
    """The number of the machine at a spot."""
    return spot >> _BITS


def to_bytes(parts: Iterable[Packed]) -> bytes:
    """All of it, to be kept in a file."""
    data = _encode([_encode(part.columns) for part in parts])
    return zlib.crc32(data).to_bytes(4) + data


def from_bytes(data: bytes, name: str) -> tuple[Packed, ...]:
    """What was written of the file `name`.

    Raises:
        Damaged: the bytes are not what was written.
    """
    view = memoryview(data)[4:]
    if len(data) < 4 or zlib.crc32(view).to_bytes(4) != data[:4]:
        raise Damaged
    try:
        return tuple(Packed(name, _decode_columns(part)) for part in _decode_parts(view))
    except (ValueError, msgspec.MsgspecError):
        raise Damaged from None


# --- what is kept of each


def _add_spots(columns: _Columns, machine: Machine, spot: int) -> None:
    """Each MAC, and each address and board of the machine once: the first interface that has it."""
    addresses, boards = dict[int, int](), dict[str, int]()
    for here, interface in enumerate(machine.interfaces, spot):
        columns.macs.append(interface.mac)
        columns.mac_spots.append(here)
        if interface.reservation is not None:
            addresses.setdefault(int(interface.reservation.address), here)
        if interface.netboot.raspberry_pi is not None:
            boards.setdefault(interface.netboot.raspberry_pi.asks_below, here)
    columns.addresses += addresses.keys()
    columns.address_spots += addresses.values()
    columns.boards += boards.keys()
    columns.board_spots += boards.values()


def _own(machine: Machine, kinds: dict[bytes, int], first: int) -> _Own:
    """What is this machine's own; what it shares is among the kinds then."""
    metadata = machine.metadata
    ports = tuple([_port(interface, machine.name) for interface in machine.interfaces])
    kind = replace(
        machine,
        name="",
        interfaces=tuple(map(_without_own, machine.interfaces)),
        place=_NOWHERE,
        agent_id="",
        metadata=replace(metadata, instance_id="") if metadata.instance_id else metadata,
        record=b"{}",
    )
    return _Own(
        kind=kinds.setdefault(_encode(kind), len(kinds)),
        first=first,
        line=machine.place.line,
        name=machine.name,
        agent_id=machine.agent_id,
        instance_id=metadata.instance_id,
        ports=ports,
    )


def _port(interface: Interface, name: str) -> tuple[int, str | None]:
    own = interface.reservation
    if own is None:
        return 0, None
    return int(own.address), None if own.host_name == name else own.host_name


def _without_own(interface: Interface) -> Interface:
    own = interface.reservation
    alike = own and replace(own, address=_NO_ADDRESS, host_name="")
    return replace(interface, mac=_NO_MAC, reservation=alike)


def _compressed(together: list[bytes]) -> bytes:
    return zlib.compress(_encode(together), 1)


@functools.lru_cache(maxsize=8)
def _records(block: bytes) -> list[bytes]:
    return _decode_records(zlib.decompress(block))


def _to_plain(value: object) -> object:
    """Addresses as numbers, which are made and read in a third of the time."""
    return int(value) if type(value) is IPv4Address else to_plain(value)


_encode = msgspec.msgpack.Encoder(enc_hook=_to_plain).encode
_decode_kind = msgspec.msgpack.Decoder(Machine, dec_hook=from_plain).decode
_decode_own = msgspec.msgpack.Decoder(_Own).decode
_decode_columns = msgspec.msgpack.Decoder(_Columns).decode
_decode_names = msgspec.msgpack.Decoder(list[str]).decode
_decode_parts = msgspec.msgpack.Decoder(list[memoryview]).decode
_decode_records = msgspec.msgpack.Decoder(list[bytes]).decode
