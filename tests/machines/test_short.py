"""Our own form: five lines for the usual machine, a key for everything else."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.machines.reading import fault, faults, machine, machines

from boots.machines import short
from boots.model.bmc import Bmc, NetworkBoot
from boots.model.machine import (
    Architecture,
    Interface,
    Machine,
    Metadata,
    Netboot,
    Place,
    RaspberryPi,
    Reservation,
    Route,
    Then,
)


def test_five_lines_make_a_machine() -> None:
    found = machine("""\
        name: node-1
        mac: 52:54:00:12:34:56
        address: 192.168.1.10/24
        gateway: 192.168.1.1
        name_servers: [192.168.1.1]
        """)
    assert found == Machine(
        name="node-1",
        place=Place(file="a.yaml", line=1),
        record=found.record,
        interfaces=(
            Interface(
                mac="52:54:00:12:34:56",
                netboot=Netboot(allowed=True),
                reservation=Reservation(
                    address=IPv4Address("192.168.1.10"),
                    prefix=24,
                    gateway=IPv4Address("192.168.1.1"),
                    name_servers=(IPv4Address("192.168.1.1"),),
                    host_name="node-1",
                ),
            ),
        ),
    )


def test_a_mac_is_enough() -> None:
    found = machine("mac: 52-54-00-12-34-56")
    assert "52:54:00:12:34:56" == found.name
    assert found.interfaces[0].reservation is None
    assert found.interfaces[0].netboot.allowed


def test_every_key_is_read() -> None:
    found = machine("""
        name: Node 1
        mac: 02:00:00:00:00:01
        cpu: aarch64
        then: poweroff
        facility: lab rack=3
        disks: [/dev/sda, /dev/sdb]
        protect: [serial=S1]
        storage: [{disk: /dev/sda, layout: root rest ext4 /}]
        notes: {bought: 2024, by: [kim]}
        instance_id: i-1
        user_data: "#cloud-config"
        vendor_data: v
        ssh_keys: ssh-rsa A
        tags: [a, b]
        plan: c2
        values: {disk: /dev/sda, rack: 007}
        address: 10.0.0.5/255.255.0.0
        gateway: 10.0.0.1
        broadcast: 10.0.255.255
        name_servers: 10.0.0.2
        ntp_servers: [10.0.0.3, 10.0.0.4]
        host_name: one.example.com
        domain: example.com
        search: [example.com, example.org]
        lease_time: 3600
        routes: [{to: 10.9.0.0/16, via: 10.0.0.9}]
        netboot: off
        dhcp: no
        vlan: 0644
        profile: debian
        script: "#!ipxe"
        script_url: https://boot.example.com/x.ipxe
        boot_file: snp.efi
        boot_files: {arm64-uefi: snp-arm64.efi}
        kernel_args: [a=1, b]
        console: ttyS1,115200
        pxelinux: DEFAULT disk
        options: {tftp-server-name: x, 150: 10.0.0.8, 224: "hex:0104"}
        raspberry_pi: {serial: 10000000ABCD1234, folder: rpi, config: arm_64bit=1}
        bmc:
          url: redfish://10.0.9.5/redfish/v1/Systems/1
          username: boots
          password_file: /etc/boots/bmc
          verify: /etc/boots/bmc.pem
          boot: uefi-http
        """)
    (interface,) = found.interfaces
    own = interface.reservation
    assert own is not None
    assert ("Node 1", "aarch64", Then.POWEROFF) == (found.name, found.cpu, found.then)
    assert "lab rack=3" == found.facility
    assert found.bmc == Bmc(
        url="redfish://10.0.9.5/redfish/v1/Systems/1",
        username="boots",
        password_file="/etc/boots/bmc",
        authority="/etc/boots/bmc.pem",
        boot=NetworkBoot.UEFI_HTTP,
    )
    assert found.metadata == Metadata(
        instance_id="i-1",
        user_data="#cloud-config",
        vendor_data="v",
        ssh_keys=("ssh-rsa A",),
        tags=("a", "b"),
        plan="c2",
        values={"disk": "/dev/sda", "rack": "007"},
    )
    assert own == Reservation(
        address=IPv4Address("10.0.0.5"),
        prefix=16,
        gateway=IPv4Address("10.0.0.1"),
        broadcast=IPv4Address("10.0.255.255"),
        name_servers=(IPv4Address("10.0.0.2"),),
        ntp_servers=(IPv4Address("10.0.0.3"), IPv4Address("10.0.0.4")),
        host_name="one.example.com",
        domain="example.com",
        search=("example.com", "example.org"),
        lease_time=3600,
        routes=(Route(network=IPv4Network("10.9.0.0/16"), router=IPv4Address("10.0.0.9")),),
        options={66: b"x", 150: bytes((10, 0, 0, 8)), 224: b"\1\4"},
    )
    assert (False, "0644") == (interface.dhcp, interface.vlan)
    assert interface.netboot == Netboot(
        allowed=False,
        profile="debian",
        script="#!ipxe",
        script_url="https://boot.example.com/x.ipxe",
        boot_file="snp.efi",
        boot_files={Architecture.ARM64_UEFI: "snp-arm64.efi"},
        kernel_args=("a=1", "b"),
        console="ttyS1,115200",
        pxelinux="DEFAULT disk",
        raspberry_pi=RaspberryPi(serial="10000000ABCD1234", folder="rpi", config="arm_64bit=1"),
    )
    read = set(short.MACHINE_KEYS | short.INTERFACE_KEYS) - {"interfaces"}
    assert not [key for key in read if f'"{key}"'.encode() not in found.record]


def test_several_interfaces_share_what_stands_at_the_machine() -> None:
    found = machine("""
        name: node-1
        gateway: 10.0.0.1
        profile: debian
        interfaces:
          - {mac: 02:00:00:00:00:01, address: 10.0.0.5/8}
          - {mac: 02:00:00:00:00:02, address: 10.0.0.6/8, gateway: 10.0.0.2, netboot: false}
        """)
    first, second = found.interfaces
    assert first.reservation is not None
    assert second.reservation is not None
    assert (True, "debian") == (first.netboot.allowed, first.netboot.profile)
    assert (False, "debian") == (second.netboot.allowed, second.netboot.profile)
    assert IPv4Address("10.0.0.1") == first.reservation.gateway
    assert IPv4Address("10.0.0.2") == second.reservation.gateway
    assert ["node-1", "node-1"] == [first.reservation.host_name, second.reservation.host_name]


def test_a_machine_without_a_name_goes_by_its_first_mac() -> None:
    found = machine("interfaces: [{mac: 02:00:00:00:00:02}, {mac: 02:00:00:00:00:01}]")
    assert "02:00:00:00:00:02" == found.name


def test_a_name_that_cannot_be_a_host_name_is_none() -> None:
    found = machine("{name: Rack 3 unit 7, mac: 02:00:00:00:00:01, address: 10.0.0.5/8}")
    assert found.interfaces[0].reservation is not None
    assert "" == found.interfaces[0].reservation.host_name


def test_defaults_fill_in_what_a_machine_leaves_out() -> None:
    first, second = machines("""
        defaults:
          gateway: 10.0.0.1
          kernel_args: [quiet]
          then: reboot
        machines:
          - {mac: 02:00:00:00:00:01, address: 10.0.0.5/8}
          - {mac: 02:00:00:00:00:02, address: 10.0.0.6/8, gateway: ~, then: idle, kernel_args: []}
        """)
    assert first.interfaces[0].reservation is not None
    assert second.interfaces[0].reservation is not None
    assert IPv4Address("10.0.0.1") == first.interfaces[0].reservation.gateway
    assert (Then.REBOOT, ("quiet",)) == (first.then, first.interfaces[0].netboot.kernel_args)
    assert second.interfaces[0].reservation.gateway is None
    assert (Then.IDLE, ()) == (second.then, second.interfaces[0].netboot.kernel_args)
    assert b'"gateway":"10.0.0.1"' in first.record


def test_a_mistake_in_the_defaults_is_told_once_where_it_stands() -> None:
    assert (
        'a.yaml:3: defaults.gateway: "10.0.0" is not an IPv4 address;'
        " write four numbers, like 192.168.1.10"
    ) == fault("""
        defaults:
          gateway: 10.0.0
        machines:
          - {mac: 02:00:00:00:00:01, address: 10.0.0.5/8}
          - {mac: 02:00:00:00:00:02, address: 10.0.0.6/8}
        """)


@pytest.mark.parametrize("key", sorted(short.NO_DEFAULT))
def test_what_tells_machines_apart_has_no_default(key: str) -> None:
    told = fault(f"defaults: {{{key}: x}}\nmachines: []")
    assert told.startswith(f'a.yaml:1: defaults.{key}: there is no field "{key}"; ')


def test_what_is_written_is_read_even_where_it_is_not_used() -> None:
    assert "is not an IPv4 address" in fault("{mac: 02:00:00:00:00:01, gateway: router}")


def test_a_mistake_in_one_machine_does_not_hide_the_next() -> None:
    assert 2 == len(
        faults("""
        machines:
          - {mac: 02:00:00:00:00}
          - {mac: 02:00:00:00:00:02}
          - {mac: 02:00:00:00:00:03, netboot: perhaps}
        """)
    )


def test_boot_files_are_named_by_architecture() -> None:
    found = machine("""\
        mac: 52:54:00:12:34:56
        boot_files:
          x64-uefi: shimx64.efi
          arm64-uefi: shimaa64.efi
        """)
    assert {
        Architecture.X64_UEFI: "shimx64.efi",
        Architecture.ARM64_UEFI: "shimaa64.efi",
    } == found.interfaces[0].netboot.boot_files


def test_an_architecture_that_is_none_is_told_with_the_nearest() -> None:
    wrong = fault("mac: 52:54:00:12:34:56\nboot_files:\n  x64-uef: shimx64.efi\n")
    assert 'there is no architecture "x64-uef"' in wrong
    assert "x64-uefi" in wrong
