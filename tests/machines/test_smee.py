"""The file of a stand-alone Smee."""

from ipaddress import IPv4Address

import pytest
from tests.machines.reading import fault, faults, machine, machines

from boots.model.machine import Interface, Netboot, Reservation


def test_every_field_is_read_in_any_case() -> None:
    found = machine("""
        08:00:27:29:4E:67:
          IPADDRESS: "192.168.2.153"
          subnetmask: "255.255.255.0"
          defaultGateway: "192.168.2.1"
          nameServers: ["8.8.8.8", "1.1.1.1"]
          hostname: "pxe-virtualbox"
          domainname: "example.com"
          broadcastAddress: "192.168.2.255"
          ntpServers: ["132.163.96.2", "pool.ntp.org"]
          leaseTime: 86400
          domainSearch: ["example.com"]
          vlanID: "7"
          arch: aarch64
          disabled: true
          netboot:
            allowpxe: true
            ipxeScriptUrl: "https://boot.netboot.xyz"
            ipxeScript: "#!ipxe"
            console: ttyS1
            facility: onprem
        """)
    assert ("pxe-virtualbox", "aarch64", "onprem") == (found.name, found.cpu, found.facility)
    assert found.interfaces == (
        Interface(
            mac="08:00:27:29:4e:67",
            dhcp=False,
            vlan="7",
            reservation=Reservation(
                address=IPv4Address("192.168.2.153"),
                prefix=24,
                gateway=IPv4Address("192.168.2.1"),
                broadcast=IPv4Address("192.168.2.255"),
                name_servers=(IPv4Address("8.8.8.8"), IPv4Address("1.1.1.1")),
                ntp_servers=(IPv4Address("132.163.96.2"),),
                host_name="pxe-virtualbox",
                domain="example.com",
                search=("example.com",),
                lease_time=86400,
            ),
            netboot=Netboot(
                allowed=True,
                script="#!ipxe",
                script_url="https://boot.netboot.xyz",
                console="ttyS1",
            ),
        ),
    )


def test_cards_that_share_a_host_name_go_by_their_macs() -> None:
    found = machines("""
        02:00:00:00:00:01: {hostname: a, ipAddress: 10.0.0.1, subnetMask: 255.0.0.0}
        02:00:00:00:00:02: {hostname: a, ipAddress: 10.0.0.2, subnetMask: 255.0.0.0}
        02:00:00:00:00:03: {hostname: b, ipAddress: 10.0.0.3, subnetMask: 255.0.0.0}
        02:00:00:00:00:04: {ipAddress: 10.0.0.4, subnetMask: 255.0.0.0}
        """)
    assert ["02:00:00:00:00:01", "02:00:00:00:00:02", "b", "02:00:00:00:00:04"] == [
        each.name for each in found
    ]
    own = found[0].interfaces[0].reservation
    assert own is not None
    assert "a" == own.host_name


def test_a_bad_mac_among_good_ones_is_told_where_it_stands() -> None:
    assert (
        'a.yaml:3: 02:00:00:00:00: "02:00:00:00:00" is not a MAC address;'
        " write six pairs of hex digits, like 52:54:00:12:34:56"
    ) == fault("""
        02:00:00:00:00:01: {ipAddress: 10.0.0.1, subnetMask: 255.0.0.0}
        02:00:00:00:00: {ipAddress: 10.0.0.2, subnetMask: 255.0.0.0}
        """)


def test_a_bad_address_keeps_nobody_from_being_told_of_others() -> None:
    first, second = faults("""
        02:00:00:00:00:01: {ipaddress: 3}
        02:00:00:00:00:02:
        """)
    assert (
        'a.yaml:2: 02:00:00:00:00:01.ipaddress: "3" is not an IPv4 address;'
        " write four numbers, like 192.168.1.10"
    ) == first
    assert (
        "a.yaml:3: 02:00:00:00:00:02.ipAddress: an address is missing;"
        " write ipAddress: 192.168.1.10"
    ) == second


@pytest.mark.parametrize("value", ["[]", "text", "{hostname: []}", "{netboot: []}"])
def test_an_entry_of_another_shape_is_told(value: str) -> None:
    assert 1 == len(faults(f"02:00:00:00:00:01: {value}"))
