"""Metadata: EC2's tree, NoCloud's files and Hegel's JSON, for machines by token or address."""

import json
from ipaddress import IPv4Network
from typing import Any

import msgspec
import pytest
import yaml
from tests.machines.reading import machine as read
from tests.policy.made import MAC, SERVER, SITE, known, reservation, site

from boots.model.mac import Mac
from boots.model.machine import Known, Metadata, Netboot, Route
from boots.model.site import Site
from boots.policy import metadata, path, token
from boots.policy.got import Ground, Refusal, Rendered
from boots.policy.stranger import made_up

KEY = b"0123456789abcdef0123456789abcdef"
WHERE = site(token_key=KEY)

HARDWARE = """
apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata: {name: one}
spec:
  userData: "#cloud-config\\n{}\\n"
  vendorData: "v"
  metadata:
    facility: {facility_code: onprem, plan_slug: c2.medium}
    custom: {rack: r7, list: [a]}
    instance:
      id: i-1
      hostname: own
      tags: [a, b]
      ssh_keys: [ssh-rsa A, ssh-rsa B]
      operating_system: {slug: ubuntu_20_04, distro: ubuntu, version: "20.04"}
      ips:
        - {address: 10.1.2.3, family: 4}
        - {address: 8.8.4.4, family: 4, public: true}
        - {address: "2001:db8::1", family: 6}
      storage:
        disks:
          - device: /dev/sda
            wipe_table: true
            partitions: [{label: ROOT, number: 1, size: 0}]
  interfaces:
    - dhcp:
        mac: 52:54:00:12:34:56
        ip: {address: 192.168.1.10, netmask: 255.255.255.0}
      netboot: {allowPXE: false}
"""


def of_record(text: str) -> Known:
    machine = read(text)
    return Known(machine=machine, interface=machine.interfaces[0])


def got(name: str, machine: Known, where: Site = WHERE) -> str:
    made = metadata.give(name, machine, where)
    assert isinstance(made, Rendered), made
    return made.content.decode()


TREE = {
    "2009-04-04": "meta-data/\nuser-data",
    "latest/user-data": "#cloud-config\n{}\n",
    "2009-04-04/meta-data": "\n".join(
        (
            *("facility", "hostname", "instance-id", "iqn", "local-hostname", "local-ipv4"),
            *("operating-system/", "plan", "public-ipv4", "public-ipv6", "public-keys", "tags"),
        )
    ),
    "2009-04-04/meta-data/instance-id": "i-1",
    "2009-04-04/meta-data/hostname": "own",
    "2009-04-04/meta-data/local-hostname": "own",
    "2009-04-04/meta-data/plan": "c2.medium",
    "2009-04-04/meta-data/facility": "onprem",
    "2009-04-04/meta-data/tags": "a\nb",
    "2009-04-04/meta-data/public-keys": "ssh-rsa A\nssh-rsa B",
    "2009-04-04/meta-data/local-ipv4": "10.1.2.3",
    "2009-04-04/meta-data/public-ipv4": "8.8.4.4",
    "2009-04-04/meta-data/public-ipv6": "2001:db8::1",
    "2009-04-04/meta-data/operating-system/slug": "ubuntu_20_04",
    "2009-04-04/meta-data/operating-system/license_activation": "state",
    "nocloud/vendor-data": "v",
    "tootles/instanceID/i-1/2009-04-04/meta-data/tags": "a\nb",
}


@pytest.mark.parametrize(("name", "expected"), TREE.items(), ids=TREE)
def test_the_names_of_hegel_and_tootles_have_the_record_s_values(name: str, expected: str) -> None:
    assert expected == got(name, of_record(HARDWARE))


def test_custom_metadata_is_for_templates() -> None:
    assert {"rack": "r7"} == of_record(HARDWARE).machine.metadata.values


def test_rootio_reads_numbers_and_truths() -> None:
    found = json.loads(got("metadata", of_record(HARDWARE)))["metadata"]["instance"]["storage"]
    [disk] = found["disks"]
    assert [True, {"label": "ROOT", "number": 1, "size": 0}] == [
        disk["wipe_table"],
        *disk["partitions"],
    ]


def test_a_short_record_has_metadata_too() -> None:
    machine = of_record("""
        mac: 52:54:00:12:34:56
        name: node-1
        address: 192.168.1.10/24
        instance_id: i-7
        user_data: "#cloud-config"
        ssh_keys: [ssh-rsa A]
        values: {rack: r7}
    """)
    assert ("i-7", "node-1", "192.168.1.10") == tuple(
        got(f"2009-04-04/meta-data/{name}", machine)
        for name in ("instance-id", "hostname", "local-ipv4")
    )
    assert "#cloud-config" == got("nocloud/user-data", machine)


def test_without_an_id_the_first_mac_is_it() -> None:
    assert MAC == got("2009-04-04/meta-data/instance-id", known())


def test_nocloud_says_who_the_machine_is_and_how_its_network_goes() -> None:
    own = reservation(
        name_servers=(SERVER,),
        host_name="node-1",
        domain="example",
        routes=(Route(network=IPv4Network("10.0.0.0/8"), router=SERVER),),
    )
    machine = known(reserved=own, metadata=Metadata(ssh_keys=("ssh-rsa A",)))
    assert {
        "instance-id": MAC,
        "local-hostname": "node-1",
        "public-keys": ["ssh-rsa A"],
    } == yaml.safe_load(got("nocloud/meta-data", machine))
    assert {
        "version": 2,
        "ethernets": {
            "nic0": {
                "match": {"macaddress": MAC},
                "addresses": ["192.168.1.10/24"],
                "routes": [
                    {"to": "10.0.0.0/8", "via": "192.168.1.1"},
                    {"to": "0.0.0.0/0", "via": "192.168.1.1"},
                ],
                "nameservers": {"addresses": ["192.168.1.1"], "search": ["example"]},
            }
        },
    } == yaml.safe_load(got("nocloud/network-config", machine))
    assert ["", ""] == [got(f"nocloud/{name}", machine) for name in ("user-data", "vendor-data")]


def test_an_installed_machine_has_its_metadata_with_netboot_off() -> None:
    assert "node-1" == known(Netboot(allowed=False)).machine.name
    assert MAC == got("2009-04-04/meta-data/instance-id", known(Netboot(allowed=False)))


REFUSED: dict[str, tuple[str, Any, Any, Ground]] = {
    "a stranger": ("metadata", made_up(MAC, SITE), WHERE, Ground.STRANGER),
    "nobody": ("metadata", None, WHERE, Ground.STRANGER),
    "metadata is off": ("metadata", known(), SITE, Ground.MISSING),
    "no such name": ("2009-04-04/meta-data/ami-id", known(), WHERE, Ground.MISSING),
    "a name below a text": ("latest/user-data/x", known(), WHERE, Ground.MISSING),
    "another's instance": ("tootles/instanceID/x/metadata", known(), WHERE, Ground.FORBIDDEN),
}


@pytest.mark.parametrize(("name", "machine", "where", "ground"), REFUSED.values(), ids=REFUSED)
def test_metadata_is_refused(name: str, machine: Any, where: Any, ground: Ground) -> None:
    found = metadata.give(name, machine, where)
    assert isinstance(found, Refusal)
    assert ground is found.ground


def test_a_token_is_for_one_machine_and_one_key() -> None:
    made = token.of(MAC, KEY)
    assert MAC == token.mac_of(made, KEY)
    assert token.mac_of(made, b"another") is None
    assert token.mac_of(made, b"") is None
    assert made != token.of(Mac("52:54:00:12:34:57"), KEY)
    forged = token.of(Mac("52:54:00:12:34:57"), KEY)[:8] + made[8:]
    assert token.mac_of(forged, KEY) is None


def test_a_path_with_a_token_is_told_from_others() -> None:
    made = token.of(MAC, KEY)
    assert (made, "nocloud/user-data") == path.sealed(f"/{made}/nocloud/user-data")
    assert (made, "") == path.sealed(f"//{made}/")
    assert ("", f"/{MAC}/auto.ipxe") == path.sealed(f"/{MAC}/auto.ipxe")


def test_a_stranger_has_no_metadata_url() -> None:
    assert "" == token.url(made_up(MAC, WHERE), WHERE)
    assert token.url(known(), msgspec.structs.replace(WHERE, token_key=b"")) == ""
