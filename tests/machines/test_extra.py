"""Free DHCP options: names, numbers, kinds, and what is told of mistakes."""

from pathlib import Path

import pytest

from boots.documents.fault import Wrong, field_name
from boots.documents.node import Node
from boots.machines.extra import NAMES, REFUSED, options
from boots.policy.reply import PROTECTED
from boots.wire.table import TABLE

READ = {
    "a text": ({"tftp-server-name": "x"}, {66: b"x"}),
    "an address": ({"tftp-server-address": "192.168.1.5"}, {150: bytes((192, 168, 1, 5))}),
    "a list of addresses": (
        {"capwap-servers": ["10.0.0.1", "10.0.0.2"]},
        {138: bytes((10, 0, 0, 1, 10, 0, 0, 2))},
    ),
    "addresses apart by commas": (
        {"3": "10.0.0.1, 10.0.0.2"},
        {3: bytes((10, 0, 0, 1, 10, 0, 0, 2))},
    ),
    "hex with colons": ({"vendor-specific": "01:04:aa"}, {43: b"\1\4\xaa"}),
    "hex that says so": ({"vendor-specific": "hex:0104"}, {43: b"\1\4"}),
    "a number by name": ({"interface-mtu": "1500"}, {26: bytes((5, 220))}),
    "a negative number": ({"time-offset": "-3600"}, {2: bytes((255, 255, 241, 240))}),
    "a known number": ({"26": "9000"}, {26: bytes((35, 40))}),
    "an unknown number with an address": ({"226": "10.0.0.1"}, {226: bytes((10, 0, 0, 1))}),
    "a text with a colon": ({"224": "text:a:b"}, {224: b"a:b"}),
    "the shortest number": ({"224": "number:256"}, {224: b"\1\0"}),
    "a number of a size": ({"224": "number32:1"}, {224: b"\0\0\0\1"}),
    "a flag": ({"19": "flag:true"}, {19: b"\1"}),
    "several": ({"66": "a", "150": "10.0.0.1"}, {66: b"a", 150: bytes((10, 0, 0, 1))}),
    "none": (None, {}),
}


@pytest.mark.parametrize(("said", "expected"), READ.values(), ids=READ)
def test_an_option_is_read(said: object, expected: dict[int, bytes]) -> None:
    assert expected == options(Node(said))


FAULTS = {
    "an unknown name": ({"tftp-server-nam": "x"}, 'did you mean "tftp-server-name"?'),
    "no number": ({"12a": "x"}, "use its number"),
    "a number too large": ({"256": "x"}, "write a number from 1 to 254"),
    "no address": ({"150": "x"}, "write an address, or several apart by commas"),
    "no kind": ({"224": "x"}, "before it"),
    "no hex": ({"43": "0g"}, "write pairs of hex digits"),
    "half a pair": ({"43": "hex:123"}, "write pairs of hex digits"),
    "too large a number": ({"26": "65536"}, "write a number of two bytes"),
    "no flag": ({"19": "flag:maybe"}, "write true or false"),
    "nothing": ({"224": "text:"}, "write a value of 1 to 1024 bytes"),
    "twice": ({"66": "a", "tftp-server-name": "b"}, "keep one of them"),
    "a list": (["66"], "write NAME: VALUE or NUMBER: VALUE below it"),
}


@pytest.mark.parametrize(("said", "advice"), FAULTS.values(), ids=FAULTS)
def test_a_mistake_says_what_to_write(said: object, advice: str) -> None:
    with pytest.raises(Wrong) as told:
        options(Node(said, ("options",)))
    assert advice in told.value.advice
    assert field_name(told.value.path).startswith("options")


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_the_protocol_s_own_is_refused_with_the_reason(code: int) -> None:
    with pytest.raises(Wrong, match="not for records"):
        options(Node({str(code): "hex:00"}))


def test_what_is_refused_here_the_reply_does_not_let_through() -> None:
    assert PROTECTED <= set(REFUSED)


def test_names_that_the_wire_has_too_are_the_same() -> None:
    for name, (code, _) in NAMES.items():
        if code in TABLE and code not in {43, 121, 119, 175, 59, 58}:
            assert TABLE[code].name.lower().replace(" ", "-") == name


def test_every_name_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/records.md").read_text()
    assert not [name for name in NAMES if f"`{name}`" not in page]
