"""What a file says, and what is refused before anything is mounted."""

import json
import struct
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from tests.agent.actions.made import MACHINE, Told, context

from boots_agent.actions import contents, yaml
from boots_agent.actions.context import ActionFailed
from boots_agent.actions.table import ACTIONS

MAC = "52:54:00:12:34:01"
words = st.text(max_size=8) | st.sampled_from(["no", "on", "null", "~", "1e3", "a: b", "- c", ""])
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(words, plain, max_size=4) | st.lists(plain, max_size=4))
def test_what_is_dumped_is_what_every_reader_of_yaml_reads(value: Any) -> None:
    assert value == pyyaml.safe_load(yaml.dumped(value))


def test_half_a_letter_is_written_as_one_that_cannot_be_shown() -> None:
    assert {"a\ufffd": "\ufffdb"} == pyyaml.safe_load(yaml.dumped({"a\udfaa": "\ud83db"}))


def test_netplan_has_the_addresses_of_the_record() -> None:
    said = contents.netplan(MACHINE).decode()
    assert (
        """\
network:
  version: 2
  ethernets:
    nic0:
      match:
        macaddress: "52:54:00:12:34:01"
      addresses:
        - "192.0.2.10/24"
      routes:
        - to: "0.0.0.0/0"
          via: "192.0.2.1"
      nameservers:
        addresses:
          - "192.0.2.53"
"""
        == said
    )


def test_bottlerocket_gets_static_addresses_and_a_default_route() -> None:
    found = tomllib.loads(contents.bottlerocket(MACHINE, "eno1").decode())
    assert {
        "version": 2,
        "eno1": {
            "primary": True,
            "static4": {"addresses": ["192.0.2.10/24"]},
            "route": [{"to": "default", "via": "192.0.2.1"}],
        },
    } == found


def test_bottlerocket_without_an_address_asks_for_one() -> None:
    config = {"version": 2, "ethernets": {"nic0": {"match": {"macaddress": MAC}, "dhcp4": True}}}
    machine = {**MACHINE, "network_config": json.dumps(config)}
    found = tomllib.loads(contents.bottlerocket(machine, "eno1").decode())
    assert {"version": 2, "eno1": {"primary": True, "dhcp4": True}} == found


@pytest.mark.parametrize("name", ["", "a/b", 'e"', "a.b", "n" * 16, "en 1"])
def test_an_interface_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ActionFailed, match="must be the name of an interface"):
        contents.bottlerocket(MACHINE, name)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_boot_configuration_is_found_from_the_end_as_linux_finds_it(text: str) -> None:
    made = contents.bootconfig(text)
    assert b"#BOOTCONFIG\n" == made[-12:]
    size, checksum = struct.unpack("<II", made[-20:-12])
    content = made[-20 - size : -20]
    assert len(content) == size
    assert 0 == len(made) % 4
    assert checksum == sum(content) & 0xFFFFFFFF
    assert text == content.rstrip(b"\0").decode()
    assert content.endswith(b"\0")


def test_user_data_is_the_record_s() -> None:
    assert MACHINE["user_data"].encode() == contents.user_data(MACHINE)
    with pytest.raises(ActionFailed, match="the record of node-1 has no user data"):
        contents.user_data({**MACHINE, "user_data": ""})


DEST = {"DEST_DISK": "/dev/nothing-1", "DEST_PATH": "/etc/motd"}


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "writefile needs DEST_PATH"),
        (DEST, "given is none of them"),
        ({**DEST, "CONTENTS": "", "STATIC_NETPLAN": "true"}, "CONTENTS and STATIC_NETPLAN"),
        ({**DEST, "CONTENTS": "", "MODE": "rw"}, "MODE is a mode in octal, like 0644; it is 'rw'"),
        ({**DEST, "CONTENTS": "", "MODE": "17777"}, "MODE is a mode in octal"),
        ({**DEST, "CONTENTS": "", "UID": "root"}, "UID is a number like 0 or 1000; it is 'root'"),
        ({**DEST, "CONTENTS": "", "GID": "-1"}, "GID is a number"),
        ({**DEST, "STATIC_BOTTLEROCKET": "true"}, "writefile needs IFNAME"),
        ({**DEST, "CONTENTS": ""}, "/dev/nothing-1 cannot be opened: No such file"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_mounted(
    environment: Mapping[str, str], why: str, tmp_path: Path
) -> None:
    told = Told()
    with pytest.raises(ActionFailed, match=why):
        ACTIONS["writefile"](context("writefile", environment, tmp_path / "m", told=told))
    assert [] == told.armed
    assert not (tmp_path / "m").exists()
