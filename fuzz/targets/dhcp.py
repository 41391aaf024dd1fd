"""DHCP messages, and the options in them."""

from collections.abc import Iterator

from boots.wire import dhcp, skim
from boots.wire.malformed import Malformed
from boots.wire.options import END, PAD, MessageType
from boots.wire.table import TABLE, header, options_of, text
from fuzz import seeds
from fuzz.target import Target

_CODES = tuple(sorted(TABLE))
_KINDS = frozenset(map(int, MessageType))
_LONG = (
    b"\x00\x01\x00\x07" * 60,
    b"\xc0\x00" * 255,
    b"\x01a\x00" * 300,
    b"\x20\x0a\x00\x00\x01\x0a\x00\x00\xfe" * 30,
)


def _message(data: bytes) -> None:
    """What can be read can be written, and reads the same again; people can read it, too."""
    try:
        message = dhcp.decode(data)
    except Malformed:
        return
    written = dhcp.encode(message)
    assert dhcp.decode(written) == message, written.hex()
    small = dhcp.encode(message, 576)
    # Options that moved into `file` and `sname` come back from there, whatever stood in these.
    assert dict(dhcp.decode(small).options) == dict(message.options), small.hex()
    for _, shown in header(message):
        assert isinstance(shown, str)
    for _, _, shown in options_of(message):
        assert isinstance(shown, str)


def _option(data: bytes) -> None:
    """One option, the code first: what is read and written is read the same once more."""
    if not data:
        return
    code, value = _CODES[data[0] % len(_CODES)], data[1:]
    text(code, value)
    option = TABLE[code]
    try:
        read = option.read(value)
    except Malformed:
        return
    try:
        written = option.write(read)
    except ValueError:  # a name that can come in compressed or partial form only
        return
    assert option.read(written) == read, f"{code}: {written.hex()}"


def _options() -> Iterator[bytes]:
    for data in seeds.dhcp_messages():
        for code, value in dhcp.decode(data).options.items():
            if code in TABLE:
                yield bytes([_CODES.index(code)]) + value
    for code in range(len(_CODES)):
        yield from (bytes([code]) + value for value in _LONG)


def _skimmed(data: bytes) -> None:
    """What is read in one pass is what the whole decoder reads, also of one that came before."""
    skimmer = skim.Skimmer()
    found = skimmer.skim(data)
    again = skimmer.skim(data)
    assert found == again
    if found is None:
        return
    message = dhcp.decode(data)
    own = {code: value for code, value in found.own.items() if code not in {PAD, END}}
    assert own == {code: raw for code, raw in message.options.items() if code in skim.OWN}
    assert found.kind not in _KINDS or found.kind == message.kind, (found.kind, message.kind)


TARGETS = (
    Target("dhcp.message", _message, seeds.dhcp_messages, on_loop=True),
    Target("dhcp.option", _option, _options, on_loop=True),
    Target("dhcp.skim", _skimmed, seeds.dhcp_messages, on_loop=True),
)
