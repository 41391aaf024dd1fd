"""Machines as bytes: what is kept of a file's records, in memory and between runs.

Of a hundred thousand machines few ask at the same time.  So each is kept as the bytes that it is
made from when it is asked for first; only what machines are found by is kept in the open.  What
thousands of them have in common is kept once, and what was written about them, which is read
least, compressed.
"""

import functools
import zlib
from collections.abc import Iterable
from ipaddress import IPv4Address

import msgspec
from msgspec.structs import replace

from boots.model.bmc import Bmc
from boots.model.mac import Mac
from boots.model.machine import Interface, Known, Machine, Place, from_plain, to_plain

TOGETHER = 32
"""So many records are compressed as one: they say nearly the same."""

_BITS = 20  # of a spot that tell the interface
_FIRST = (1 << _BITS) - 1


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


Port = tuple[int, str | None]
Opened = tuple[str, str, str, str]
"""Of a BMC, what differs: URL, user name, password, the file of the password."""


class Row(msgspec.Struct, array_like=True, gc=False):
    """What a machine shares with no other.

    `kind` and `first` are places in `Columns.kinds` and `macs`.  `ports` holds an address and a
    host name for each interface: None where it has neither, a host name of None where that is the
    machine's name.  `bmc` is there if the machine has one.
    """

    kind: int
    first: int
    line: int
    name: str
    agent_id: str
    instance_id: str
    ports: tuple[Port | None, ...]
    bmc: Opened | None = None


class Columns(msgspec.Struct, array_like=True):
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

    def __init__(self, name: str, columns: Columns) -> None:
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

    def of_kind(self, kind: int) -> list[int]:
        """The numbers of the machines of a kind; takes a microsecond for each of this part."""
        rows = enumerate(self.columns.rows)
        return [number for number, row in rows if _decode_row(row).kind == kind]

    def known(self, spot: int) -> Known:
        """A machine and its interface, by their spot within this part."""
        machine = self.machine(spot >> _BITS)
        return Known(machine=machine, interface=machine.interfaces[spot & _FIRST])

    def _make(self, number: int) -> Machine:
        own = _decode_row(self.columns.rows[number])
        kind = self._kinds[own.kind]
        if kind is None:
            kind = self._kinds[own.kind] = _decode_kind(self.columns.kinds[own.kind])
        macs = self.columns.macs
        block, within = divmod(number, TOGETHER)
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
            bmc=_with_opened(kind.bmc, own.bmc),
            record=Written(self.columns.records[block], within),
        )


def _with_own(interface: Interface, mac: Mac, port: Port | None, name: str) -> Interface:
    reservation = interface.reservation
    if reservation is None or port is None:
        return replace(interface, mac=mac)
    address, host_name = port
    own = replace(
        reservation,
        address=IPv4Address(address),
        host_name=name if host_name is None else host_name,
    )
    return replace(interface, mac=mac, reservation=own)


def _with_opened(shared: Bmc | None, own: Opened | None) -> Bmc | None:
    if shared is None or own is None:
        return None
    url, username, password, file = own
    return replace(shared, url=url, username=username, password=password, password_file=file)


def kind_of(kind: bytes) -> Machine:
    """What machines of a kind share, as a machine."""
    return _decode_kind(kind)


def spot_of(number: int) -> int:
    """The spot of a machine's first interface."""
    return number << _BITS


def number_of(spot: int) -> int:
    """The number of the machine at a spot."""
    return spot >> _BITS


def to_bytes(parts: Iterable[Packed]) -> bytes:
    """All of it, to be kept in a file."""
    data = encode([encode(part.columns) for part in parts])
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


@functools.lru_cache(maxsize=8)
def _records(block: bytes) -> list[bytes]:
    return _decode_records(zlib.decompress(block))


def _to_plain(value: object) -> object:
    """Addresses as numbers, which are made and read in a third of the time."""
    return int(value) if type(value) is IPv4Address else to_plain(value)


encode = msgspec.msgpack.Encoder(enc_hook=_to_plain).encode
"""The bytes of a row, of a kind, of names."""

_decode_kind = msgspec.msgpack.Decoder(Machine, dec_hook=from_plain).decode
_decode_row = msgspec.msgpack.Decoder(Row).decode
_decode_columns = msgspec.msgpack.Decoder(Columns).decode
_decode_names = msgspec.msgpack.Decoder(list[str]).decode
_decode_parts = msgspec.msgpack.Decoder(list[memoryview]).decode
_decode_records = msgspec.msgpack.Decoder(list[bytes]).decode
