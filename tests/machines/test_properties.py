"""No text can raise; what is written is read back; mistakes are told within the file."""

import json
import re
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.machines.reading import VECTORS

from boots.machines.records import read
from boots.model import mac as macs

quick = settings(database=None, max_examples=50)

_words = st.sampled_from(
    """machines defaults mac interfaces address name kind apiVersion Hardware List items spec
    dhcp ip netmask 02:00:00:00:00:01 10.0.0.1 10.0.0.1/8 255.0.0.0 ipAddress
    tinkerbell.org/v1alpha1 network id routes to via search hostname lease_time 60
    null ~ true netboot notes""".split()  # noqa: SIM905
)
_marks = st.sampled_from(
    (
        ": ",
        "\n",
        "\n  ",
        "\n- ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "<<: ",
        "---\n",
        '"',
        "'",
        "#",
        "|\n",
        "? ",
        "!!str ",
        "\t",
        "\ufeff",
        "\x01",
        "%",
        "@",
    )
)
yamlish = st.lists(_words | _marks, max_size=30).map("".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | _words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=5),
    max_leaves=15,
)


def check(text: str) -> None:
    """A text gives machines or faults, and the faults stand within it."""
    records = read(text, "a.yaml")
    lines = len(re.split("\r\n|[\r\n\x85\u2028\u2029]", text)) + 1
    for fault in records.faults:
        assert 0 <= fault.line <= lines
        assert fault.problem
        assert fault.advice


@quick
@given(st.text() | yamlish)
def test_any_text_is_records_or_faults(text: str) -> None:
    check(text)


@quick
@given(values)
def test_any_document_is_records_or_faults(value: Any) -> None:
    check(json.dumps(value))


# --- what is written in the short form is read back

_addresses = st.ip_addresses(v=4).map(str)
_names = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
_mac_texts = st.binary(min_size=6, max_size=6).map(
    lambda octets: macs.from_bytes(bytes([octets[0] & 0xFE]) + octets[1:])
)
_interfaces = {
    "address": st.tuples(_addresses, st.integers(0, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
    "gateway": _addresses,
    "broadcast": _addresses,
    "name_servers": st.lists(_addresses, max_size=3),
    "ntp_servers": st.lists(_addresses, max_size=3),
    "host_name": _names,
    "domain": _names,
    "search": st.lists(_names, max_size=2),
    "lease_time": st.integers(60, 0xFFFFFFFF),
    "netboot": st.booleans(),
    "profile": _names,
    "script": st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
    "boot_file": _texts,
    "kernel_args": st.lists(_texts, max_size=3),
    "console": _texts,
    "dhcp": st.booleans(),
    "vlan": _texts,
}
_machines = st.fixed_dictionaries(
    {"name": _texts, "mac": _mac_texts},
    optional={**_interfaces, "cpu": st.sampled_from(["x86_64", "aarch64"])},
)


@quick
@given(_machines, st.booleans())
def test_a_machine_in_the_short_form_is_read_back(written: dict[str, Any], plain: bool) -> None:
    text = yaml.safe_dump({"machines": [written]}, default_flow_style=plain, allow_unicode=True)
    records = read(text, "a.yaml")
    assert () == records.faults
    (machine,) = records.machines
    (interface,) = machine.interfaces
    found = {
        **msgspec.to_builtins(interface.netboot),
        **(
            msgspec.to_builtins(interface.reservation, enc_hook=str)
            if interface.reservation
            else {}
        ),
        "name": machine.name,
        "mac": interface.mac,
        "cpu": machine.cpu,
        "dhcp": interface.dhcp,
        "vlan": interface.vlan,
        "netboot": interface.netboot.allowed,
    }
    if interface.reservation is not None:
        found["address"] = f"{interface.reservation.address}/{interface.reservation.prefix}"
    else:
        assert "address" not in written
        for key in ("gateway", "broadcast", "host_name", "domain", "search", "lease_time"):
            written.pop(key, None)
        for key in ("name_servers", "ntp_servers"):
            written.pop(key, None)
    assert {key: value for key, value in written.items() if value != []} == {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in found.items()
        if written.get(key, []) != []
    }


# --- a good document with something changed

GOOD = [path.read_text() for path in sorted(VECTORS.iterdir())]


@quick
@given(st.data())
def test_a_changed_record_gives_machines_or_faults_within_the_file(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 30)))
        text = text[:start] + data.draw(_words | _marks | st.text(max_size=5)) + text[end:]
    check(text)


@quick
@given(st.data())
def test_hardware_with_another_value_somewhere_gives_machines_or_faults(
    data: st.DataObject,
) -> None:
    record = json.loads((VECTORS / "hardware.json").read_text())
    node, last = record, None
    while isinstance(node, dict | list) and node:
        here, last = node, data.draw(st.sampled_from(list(_keys(node))))
        node = here[last]
        if data.draw(st.integers(0, 3)) == 0:
            break
    here[last] = data.draw(values)
    check(json.dumps(record, indent=1))


def _keys(node: dict[str, Any] | list[Any]) -> Any:
    return node if isinstance(node, dict) else range(len(node))
