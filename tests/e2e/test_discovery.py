"""A whole boot of a machine that nobody wrote a record of, at a switch that says who it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from boots.app import enrolment, rules
from boots.app.world import World
from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.words import MAC, BootOptions
from boots.machines.index import Index
from boots.model.mac import Mac

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

SETTINGS = """\
state = "state"
[dhcp]
mode = "pool"
[[subnets]]
network = "192.168.77.0/24"
gateway = "192.168.77.1"
pool = ["192.168.77.100-192.168.77.120"]
"""
SOMEBODY_ELSE = """\
machines:
  - {name: other, mac: "52:54:00:77:00:99", address: 192.168.77.5/24}
"""
RULES = """\
rules:
  - {name: other-rack, match: {switch: "leaf2*"}}
  - name: rack
    match: {manufacturer: Boots, memory: 768 MiB, disks: 1, switch: "leaf1*", vlan: 100}
    record: {name: "rack-{{ port.split('/')[1] }}", values: {disk: "{{ disks[0].path }}"}}
    enrol: auto
"""
SWITCH = json.loads((Path(__file__).parent.parent / "vectors/lldp/vlan.json").read_text())


def test_a_stranger_tells_what_it_is_and_where_it_is_plugged_in(
    osie: Callable[[str], str], tmp_path: Path
) -> None:
    config = tmp_path / "boots.toml"
    config.write_text(SETTINGS)
    result = boot_once(
        BootOptions(
            osie=osie("cloud"),
            record=SOMEBODY_ELSE,
            announcement=SWITCH["frame"],
            until="(eth0 at leaf1.example.net Ethernet1/7)",
            server_arguments=("--config", str(config)),
        )
    )

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    told = [entry.event for entry in result.entries]
    reports = [each for each in told if isinstance(each, events.InventoryReported)]
    assert {MAC} == {each.mac for each in reports}
    assert SWITCH["neighbour"] == reports[-1].inventory["nics"][0]["lldp"]

    world = World(Index(), {}, rules=rules.read(RULES, "rules.yaml")[0])
    made = enrolment.propose(world, Mac(MAC), reports[-1].inventory)
    assert made.rule, made.missed
    assert ("rack", "", True) == (made.rule, made.problem, made.auto)
    assert {"name": "rack-7", "mac": MAC, "values": {"disk": "/dev/vda"}} == made.record
