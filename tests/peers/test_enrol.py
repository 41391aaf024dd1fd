"""A machine without a record leases an address, tells what it is, and has a record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.peers.conftest import NIC, RECORD, SERVER, Boots, Lan, boots, need, run, set_mac

from boots.journal import events

pytestmark = pytest.mark.peers

STRANGER = "52:54:00:70:00:51"
SETTINGS = f"""\
state = "state"
[dhcp]
mode = "pool"
probe = false
[operator]
enabled = false
[enrol]
rules = "rules.yaml"
[[subnets]]
network = "{SERVER.network}"
pool = ["192.168.70.100-192.168.70.102"]
"""
RULES = """\
rules:
  - name: rack
    match: {switch: "leaf1*", manufacturer: "ac*"}
    record:
      name: "{{ serial | lower }}"
      address: "{{ address }}"
      then: poweroff
    enrol: auto
  - {name: others, record: {name: too-early}, enrol: auto}
"""
SCRIPT = """\
#!/bin/sh
[ "$1" = bound ] && ip address add "$ip/24" dev "$interface"
"""
VECTOR = Path(__file__).parent.parent / "vectors/agent/inventory-server.json"


def inventory(**changes: Any) -> dict[str, Any]:
    """That of the vector, from a machine whose one NIC is the stranger's."""
    told: dict[str, Any] = json.loads(VECTOR.read_text())["request"]["content"]
    return {**told, "nics": [{**told["nics"][0], "mac": STRANGER, **changes}]}


@pytest.fixture
def server(lan: Lan, tmp_path: Path) -> Iterator[Boots]:
    """A server in pool mode with rules; the client has leased an address."""
    (tmp_path / "boots.toml").write_text(SETTINGS)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "script").write_text(SCRIPT)
    (tmp_path / "script").chmod(0o755)
    set_mac(lan.client, NIC, STRANGER)
    run(lan.client, need("ip"), "address", "flush", "dev", NIC)
    with boots(lan.server, tmp_path, "--config", tmp_path / "boots.toml") as made:
        words = ["udhcpc", "-f", "-q", "-n", "-T", "1", "-i", NIC, "-s", tmp_path / "script"]
        assert 0 == run(lan.client, need("busybox"), *words).returncode
        yield made


def tell(lan: Lan, content: dict[str, Any]) -> dict[str, Any]:
    """What the server says to an inventory."""
    url = f"http://{SERVER.ip}:8080/{STRANGER}/agent/v1/inventory"
    done = run(lan.client, need("curl"), "-sSf", "--json", json.dumps(content), url)
    assert 0 == done.returncode, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_machine_at_the_right_switch_has_a_record_of_its_own_by_a_rule(
    lan: Lan, server: Boots
) -> None:
    assert {"next": "idle"} == tell(lan, inventory(lldp=None))
    assert {"next": "idle"} == tell(lan, inventory())
    made = server.until(events.RecordChanged)
    assert ("s123", "made", 'rule "rack"') == (made.machine, made.what, made.by)

    # From now on the record counts.
    assert {"next": "poweroff"} == tell(lan, inventory())
    assert [made] == server.told(events.RecordChanged)
    assert [] == server.told(events.EnrolmentRefused)


def test_a_record_of_another_machine_is_left_as_it_is(
    lan: Lan, server: Boots, tmp_path: Path
) -> None:
    server.mark()
    (tmp_path / "machines" / "machines.yaml").write_text(RECORD.replace("one", "s123"))
    server.until(events.RecordsLoaded)

    assert {"next": "idle"} == tell(lan, inventory())
    refused = server.until(events.EnrolmentRefused)
    assert (STRANGER, "rack") == (refused.mac, refused.rule)
    assert '"s123" is the name of the machine at ' in refused.why
    assert {"next": "idle"} == tell(lan, inventory())
