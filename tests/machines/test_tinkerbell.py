"""Tinkerbell's records, read as leniently as Smee reads them wherever that is safe."""

import json
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from tests.machines.reading import fault, faults, machine, machines

from boots.model.machine import Interface, Machine, Netboot, RaspberryPi, Reservation, Route

MAC = "02:00:00:00:00:01"
IP = {"address": "10.0.0.5", "netmask": "255.0.0.0", "gateway": "10.0.0.1"}


def hardware(*interfaces: Any, **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "tinkerbell.org/v1alpha1",
            "kind": "Hardware",
            "metadata": {"name": "node-1"},
            "spec": {"interfaces": list(interfaces), **spec},
        },
        indent=1,
    )


def interface(netboot: Any = None, **dhcp: Any) -> Interface:
    """What an interface with this DHCP block becomes."""
    written = {"dhcp": {"mac": MAC, **dhcp}, "netboot": netboot}
    (found,) = machine(hardware(written)).interfaces
    return found


def reservation(**dhcp: Any) -> Reservation:
    found = interface(ip=IP, **dhcp).reservation
    assert found is not None
    return found


def netboot(**written: Any) -> Netboot:
    return interface(netboot=written).netboot


def test_every_field_that_smee_uses_is_read() -> None:
    found = machine(
        hardware(
            {
                "disableDhcp": True,
                "dhcp": {
                    "mac": "02:00:00:00:00:0A",
                    "ip": IP | {"family": 4},
                    "hostname": "one",
                    "domain_name": "example.com",
                    "lease_time": 3600,
                    "arch": "aarch64",
                    "vlan_id": "16",
                    "name_servers": ["10.0.0.2"],
                    "time_servers": ["10.0.0.3"],
                    "tftp_server_name": "10.0.0.4",
                    "boot_file_name": "nvos.bin",
                    "classless_static_routes": [
                        {"destination_descriptor": "10.9.0.0/16", "router": "10.0.0.9"}
                    ],
                },
                "netboot": {
                    "allowPXE": True,
                    "ipxe": {"url": "http://b/x", "contents": "#!ipxe", "binary": "snp.efi"},
                    "osie": {
                        "baseURL": "http://b/hook",
                        "kernel": "vmlinuz",
                        "initrd": "initrd",
                        "kernelParams": ["a=1"],
                    },
                },
            },
            agentID="worker-1",
            metadata={"facility": {"facility_code": "onprem"}},
        )
    )
    assert found == Machine(
        name="node-1",
        place=found.place,
        record=found.record,
        cpu="aarch64",
        agent_id="worker-1",
        facility="onprem",
        interfaces=(
            Interface(
                mac="02:00:00:00:00:0a",
                dhcp=False,
                vlan="16",
                reservation=Reservation(
                    address=IPv4Address("10.0.0.5"),
                    prefix=8,
                    gateway=IPv4Address("10.0.0.1"),
                    name_servers=(IPv4Address("10.0.0.2"),),
                    ntp_servers=(IPv4Address("10.0.0.3"),),
                    host_name="one",
                    domain="example.com",
                    search=("example.com",),
                    lease_time=3600,
                    boot_server="10.0.0.4",
                    boot_file="nvos.bin",
                    routes=(
                        Route(network=IPv4Network("10.9.0.0/16"), router=IPv4Address("10.0.0.9")),
                    ),
                ),
                netboot=Netboot(
                    allowed=True,
                    script="#!ipxe",
                    script_url="http://b/x",
                    boot_file="snp.efi",
                    osie_url="http://b/hook",
                    kernel="vmlinuz",
                    initrd="initrd",
                    kernel_args=("a=1",),
                ),
            ),
        ),
    )


def test_nothing_boots_that_nobody_allowed() -> None:
    assert not interface().netboot.allowed
    assert not netboot().allowed
    assert not netboot(allowPXE=None).allowed


# --- names


def test_an_empty_metadata_leaves_the_mac_as_the_name() -> None:
    text = hardware({"dhcp": {"mac": MAC}}).replace('"name": "node-1"', "")
    assert MAC == machine(text).name


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("", "a"), ("default", "a"), ("tink-system", "tink-system/a"), ("lab", "lab/a")],
)
def test_a_namespace_is_part_of_the_name_unless_it_goes_without_saying(
    namespace: str, name: str
) -> None:
    text = f"""
        apiVersion: tinkerbell.org/v1alpha1
        kind: Hardware
        metadata: {{name: a, namespace: "{namespace}"}}
        spec: {{interfaces: [{{dhcp: {{mac: {MAC}}}}}]}}
        """
    assert name == machine(text).name


# --- what Smee passes over


@pytest.mark.parametrize("interfaces", [[], [None], [{}], [{"dhcp": None}], [{"dhcp": {}}]])
def test_hardware_whose_interfaces_are_not_filled_in_yet_does_not_stop_the_others(
    interfaces: list[Any],
) -> None:
    found = machine(hardware(*interfaces))
    assert ("node-1", ()) == (found.name, found.interfaces)


def test_a_spec_that_is_not_filled_in_yet_does_not_stop_the_others() -> None:
    text = "{apiVersion: tinkerbell.org/v1alpha1, kind: Hardware, metadata: {name: a}}"
    assert () == machine(text).interfaces


def test_an_interface_without_dhcp_is_left_out() -> None:
    found = machine(hardware({"netboot": {"allowPXE": True}}, {"dhcp": {"mac": MAC}}))
    assert [MAC] == [each.mac for each in found.interfaces]


def test_an_address_for_no_mac_is_a_mistake() -> None:
    assert (
        "a.yaml:10: spec.interfaces[0].dhcp.mac: a MAC address is missing;"
        " write six pairs of hex digits, like 52:54:00:12:34:56"
    ) == fault(hardware({"dhcp": {"ip": IP}}))


@pytest.mark.parametrize(
    "ip",
    [
        None,
        {},
        {"gateway": "10.0.0.1"},
        {"address": "2001:db8::1"},
        {"address": "2001:db8::1", "gateway": "fe80::1", "family": 6},
    ],
)
def test_without_an_ipv4_address_there_is_no_reservation(ip: Any) -> None:
    assert interface(ip=ip).reservation is None


def test_servers_that_dhcp_cannot_carry_are_passed_over() -> None:
    servers = ["10.0.0.2", "2001:db8::1", "ns.example.com", "", "10.0.0.3"]
    expected = (IPv4Address("10.0.0.2"), IPv4Address("10.0.0.3"))
    found = reservation(name_servers=servers, time_servers=servers)
    assert (expected, expected) == (found.name_servers, found.ntp_servers)


def test_a_lease_time_of_nothing_is_the_sites_own() -> None:
    assert 0 == reservation(lease_time=0).lease_time
    assert 0 == reservation().lease_time


@pytest.mark.parametrize("name", ["node 1", "nöde", "a..b", "-", "x" * 300])
def test_odd_host_and_domain_names_are_passed_on_but_not_into_option_119(name: str) -> None:
    found = reservation(hostname=name, domain_name=name)
    assert (name, name, ()) == (found.host_name, found.domain, found.search or ())


def test_a_domain_may_end_in_a_dot() -> None:
    assert ("example.com",) == reservation(domain_name="example.com.").search


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("http://b/${mac}/x.ipxe", "http://b/${mac}/x.ipxe"),
        ("http://b/my script", "http://b/my%20script"),
        (" https://b/x\n", "https://b/x"),
        ("nfs://b/x", "nfs://b/x"),
        ("", ""),
    ],
)
def test_script_urls_are_taken_as_people_write_them(written: str, read: str) -> None:
    assert read == netboot(ipxe={"url": written}).script_url


def test_a_route_may_name_any_address_of_its_network() -> None:
    route = {"destination_descriptor": "10.9.1.1/16", "router": "10.0.0.9"}
    (found,) = reservation(classless_static_routes=[route]).routes
    assert IPv4Network("10.9.0.0/16") == found.network


def test_the_arch_is_that_of_the_first_interface_that_says() -> None:
    one, two = {"dhcp": {"mac": MAC}}, {"dhcp": {"mac": "02:00:00:00:00:02", "arch": "aarch64"}}
    assert "aarch64" == machine(hardware(one, two)).cpu
    assert "x86_64" == machine(hardware(one)).cpu


# --- kinds


def test_objects_of_other_kinds_are_passed_over() -> None:
    assert () == machines("""
        {apiVersion: v1, kind: ConfigMap, data: {machines: none}}
        ---
        {apiVersion: tinkerbell.org/v1alpha1, kind: WorkflowRuleSet, spec: {}}
        ---
        {apiVersion: v1, kind: List, items: [{apiVersion: apps/v1, kind: Deployment}]}
        ---
        {apiVersion: example.com/v1, kind: Hardware, spec: {interfaces: [{mac: x}]}}
        """)


def test_a_misspelt_kind_is_not_another_kind() -> None:
    assert 'a.yaml:1: kind: there is no kind "hardware"; did you mean "Hardware"?' == fault(
        "{apiVersion: tinkerbell.org/v1alpha1, kind: hardware}"
    )


def test_a_version_that_is_not_known_is_not_guessed_at() -> None:
    assert (
        'a.yaml:1: apiVersion: Hardware of version "tinkerbell.org/v1alpha2" is not known;'
        " write it as tinkerbell.org/v1alpha1"
    ) == fault("{apiVersion: tinkerbell.org/v1alpha2, kind: Hardware}")


def test_items_of_a_hardware_list_may_leave_out_their_kind() -> None:
    found = machines(f"""
        apiVersion: tinkerbell.org/v1alpha1
        kind: HardwareList
        items:
          - metadata: {{name: a}}
            spec: {{interfaces: [{{dhcp: {{mac: {MAC}}}}}]}}
          - metadata: {{name: b}}
        """)
    assert ["a", "b"] == [each.name for each in found]


# --- the form of 2020


def test_the_form_of_2020_may_carry_its_metadata_as_text() -> None:
    found = machine(f"""
        id: 0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94
        metadata: '{{"facility": {{"facility_code": "onprem"}}}}'
        network:
          interfaces:
            - dhcp: {{mac: {MAC}}}
              netboot: {{allow_pxe: true, osie: {{base_url: "http://b/osie"}}}}
        """)
    assert "0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94" == found.name == found.agent_id
    assert (True, "http://b/osie") == (
        found.interfaces[0].netboot.allowed,
        found.interfaces[0].netboot.osie_url,
    )


def test_pxelinux_is_the_text_that_was_written() -> None:
    assert "DEFAULT a\n" == netboot(pxelinux={"config": "DEFAULT a\n"}).pxelinux


def test_a_raspberry_pi_has_its_serial_number_and_what_it_is_told() -> None:
    written = {"serialNum": "1234abcd", "firmwarePath": "rpi", "configTxt": "arm_64bit=1\n"}
    assert (
        RaspberryPi(serial="1234abcd", folder="rpi", config="arm_64bit=1\n")
        == netboot(rpi=written).raspberry_pi
    )
    assert netboot(rpi={"firmwarePath": "rpi"}).raspberry_pi is None
    assert netboot().raspberry_pi is None


# --- mistakes


@pytest.mark.parametrize("netmask", ["255.255.0.255", "24", "ffffff00"])
def test_a_netmask_has_no_holes(netmask: str) -> None:
    assert (
        f'a.yaml:14: spec.interfaces[0].dhcp.ip.netmask: "{netmask}" is not a netmask;'
        " write it like 255.255.255.0"
    ) == fault(hardware({"dhcp": {"mac": MAC, "ip": IP | {"netmask": netmask}}}))


def test_an_address_needs_its_netmask() -> None:
    assert (
        "a.yaml:12: spec.interfaces[0].dhcp.ip.netmask: an address without its netmask;"
        " write it like 255.255.255.0"
    ) == fault(hardware({"dhcp": {"mac": MAC, "ip": {"address": "10.0.0.5"}}}))


@pytest.mark.parametrize(
    "dhcp",
    [
        {"ip": IP | {"gateway": "router"}},
        {"ip": "10.0.0.5"},
        {"ip": IP, "classless_static_routes": [{"destination_descriptor": "10.0.0.0/8"}]},
        {"ip": IP, "classless_static_routes": [{"router": "10.0.0.9"}]},
        {"ip": IP, "lease_time": -1},
        {"ip": IP, "name_servers": [{}]},
    ],
)
def test_what_cannot_be_understood_is_told(dhcp: Any) -> None:
    assert 1 == len(faults(hardware({"dhcp": {"mac": MAC, **dhcp}})))
