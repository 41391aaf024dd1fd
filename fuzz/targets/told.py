"""What was told: inventories as everything here reads them, events in the journal, patched ISOs."""

import itertools
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any, get_args

import msgspec

from boots.journal.events import AnyEvent
from boots.model.mac import Mac
from boots.model.machine import Place
from boots.model.rule import Bound, Match, Rule
from boots.patching import Finder, Replacer, overlay
from boots.policy import enrol
from boots.policy.attributes import attributes
from boots.serve.source import one_range
from boots.web import inventory as shown
from boots.workflow import inventory as disks
from fuzz import seeds
from fuzz.choices import Choices
from fuzz.target import Target
from fuzz.told import Told

_MAC = Mac("52:54:00:00:00:01")
_RULES = (
    Rule(
        name="of Dell",
        place=Place(file="rules.yaml", line=1),
        match=Match(manufacturer=("dell*",), memory=(Bound(">=", 1 << 30, ">= 1 GiB"),)),
        record={"name": "{{ serial | lower }}-{{ port }}", "tags": ["{{ model }}", "{{ mac }}"]},
    ),
    Rule(
        name="of any",
        place=Place(file="rules.yaml", line=9),
        match=Match(product=("*",), port=("*",)),
        record={"name": "{{ switch }}-{{ disks }}"},
        of_switch=True,
    ),
)


def _inventory(data: bytes) -> None:
    """Attributes, a proposed record, the page's tables and the disks, of whatever was told."""
    try:
        said = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    known = attributes(said, _MAC, IPv4Address("192.168.1.9"), 24)
    msgspec.json.encode(enrol.propose(known, _RULES).record)
    msgspec.json.encode(enrol.propose(known, ()).record)
    assert all(table.rows for table in shown.tables(said))
    found = disks.disks(said)
    for disk in found:
        disks.identity(disk, found)
        disks.is_named(disk, "x")
        disks.is_at(disk, "/dev/x")
        disks.size_of(disk.size)
        str(disk)


def _inventories() -> Iterator[bytes]:
    for path in sorted((seeds.VECTORS / "agent").glob("inventory*.json")):
        yield path.read_bytes()
    yield b'{"system": {"manufacturer": "Dell", "serial": "x"}, "memory": {"bytes": 1e300}}'
    yield b'{"memory": {"bytes": %s}, "nics": [{"mac": "", "lldp": 5}]}' % (b"9" * 400)
    yield b'{"disks": [{"path": "/dev/sda", "bytes": -1, "links": [1, "/dev/disk/by-id/x"]}]}'


_KINDS: tuple[Any, ...] = get_args(AnyEvent)
_PLAIN: dict[Any, Any] = {int: 0, float: 0.0, bool: False}


def _event(data: bytes) -> None:
    """Any text in any field of any event: one line for each, at every level and in every form."""
    choices, told = Choices(data), Told()
    while not choices.is_over and len(told.events) < _MOST_EVENTS:
        kind = choices.pick(_KINDS)
        given: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.type is str:
                given[field.encode_name] = choices.piece().decode(errors="replace")
            elif field.type in _PLAIN:
                given[field.encode_name] = field.type(choices.number())
        try:
            told.record(msgspec.convert({**_LISTS, **given}, kind))
        except msgspec.ValidationError:
            continue
    told.check()


_MOST_EVENTS = 8
_LISTS: dict[str, Any] = {"inventory": {}, "differences": [], "listeners": [], "disks": []}


def _events() -> Iterator[bytes]:
    hostile = "\x1b[2J\r\n\u202eevil\u2028\x00\x85'\"=\\".encode()
    for at in range(len(_KINDS)):
        yield bytes([at]) + (bytes([len(hostile)]) + hostile) * 12
        yield bytes([at]) + b"\x03a\nb" * 12


def _patched(data: bytes) -> None:
    """A stream that is patched in chunks is what it would be in one."""
    choices = Choices(data)
    wanted = choices.take(1 + choices.number() % 8) or b"x"
    text = bytes(each ^ 0x20 for each in wanted)
    sizes = [1 + choices.number() % 16 for _ in range(4)]
    stream = choices.rest()
    replacer, finder, passed, at = Replacer(wanted, text), Finder(wanted), b"", 0
    chunks = []
    for size in itertools.cycle(sizes):
        if at >= len(stream):
            break
        chunks.append((at, stream[at : at + size]))
        at += size
    for _, chunk in chunks:
        finder.feed(chunk)
        passed += replacer.feed(chunk)
    passed += replacer.end()
    assert passed == stream.replace(wanted, text)
    laid = b"".join(overlay(chunk, at, finder.places, text) for at, chunk in chunks)
    assert laid == passed


def _streams() -> Iterator[bytes]:
    yield b"\x02aaa\1\2\3\4" + b"aaaaaaab" * 20
    yield b"\x07abcabcab\7\1\5\2" + b"abcabcabcab" * 30


def _ranged(data: bytes) -> None:
    found = one_range(data.decode(errors="replace"))
    assert not found or found.startswith("bytes=")


TARGETS = (
    Target("agent.inventory", _inventory, _inventories, on_loop=True, longest=16_384),
    Target("journal", _event, _events, on_loop=False, longest=2048),
    Target("iso.patching", _patched, _streams, on_loop=False, longest=2048),
    Target(
        "iso.range",
        _ranged,
        lambda: (b"bytes=0-9", b"bytes=-5", b"bytes=" + b"9" * 4000 + b"-", b"bytes=5 - 4"),
        on_loop=True,
    ),
)
