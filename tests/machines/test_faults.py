"""Every mistake is told with file, line, field, problem and what to write instead."""

import pytest
from tests.machines.reading import fault, faults

MAC = "mac: 02:00:00:00:00:01"
FORMS = (
    "write machines: with a list below it, or Tinkerbell Hardware (apiVersion and kind),"
    " or Smee's mapping of MACs"
)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "adress: 10.0.0.5/8",
            'adress: there is no field "adress"; did you mean "address"?',
        ),
        (
            "colour: red",
            (
                'colour: there is no field "colour"; use one of address, bmc, boot_file,'
                " boot_files, broadcast, console, cpu, dhcp, disks, domain, facility, gateway,"
                " host_name, instance_id, interfaces, kernel_args, lease_time, mac, name,"
                " name_servers, netboot, notes, ntp_servers, options, plan, profile,"
                " protect, pxelinux, raspberry_pi, routes, script, script_url, search, ssh_keys,"
                " storage, tags, then, user_data, values, vendor_data, vlan"
            ),
        ),
        (
            "address: 10.0.0.5",
            'address: "10.0.0.5" has no prefix; write address and prefix, like 192.168.1.10/24',
        ),
        (
            "address: 10.0.0.5/255.255.0.255",
            (
                'address: "10.0.0.5/255.255.0.255" is not an address with its prefix;'
                " write address and prefix, like 192.168.1.10/24"
            ),
        ),
        (
            "gateway: 10.0.0.256",
            'gateway: "10.0.0.256" is not an IPv4 address; write four numbers, like 192.168.1.10',
        ),
        (
            "name_servers: [10.0.0.1, ns]",
            'name_servers[1]: "ns" is not an IPv4 address; write four numbers, like 192.168.1.10',
        ),
        (
            "name_servers: {a: b}",
            (
                "name_servers: a list is wanted here;"
                ' write each entry on a line of its own behind "- "'
            ),
        ),
        (
            "netboot: perhaps",
            'netboot: "perhaps" is neither true nor false; write true or false',
        ),
        (
            "cpu: x86-64",
            'cpu: "x86-64" is not one of the choices; did you mean "x86_64"?',
        ),
        (
            "then: dance",
            'then: "dance" is not one of the choices; use one of idle, reboot, poweroff',
        ),
        (
            "lease_time: 1h",
            'lease_time: "1h" is not a whole number; write one from 60 to 4294967295',
        ),
        (
            "lease_time: 5",
            "lease_time: 5 is out of range; write a number from 60 to 4294967295",
        ),
        (
            "host_name: node 1",
            (
                'host_name: "node 1" is not a host name;'
                " use letters, digits and dashes, parts joined by dots"
            ),
        ),
        (
            "script_url: boot.example.com/x",
            (
                'script_url: "boot.example.com/x" is not a URL that iPXE can load;'
                " write one that begins http://, https://, tftp://"
            ),
        ),
        (
            "routes: [{to: 10.1.0.0/33, via: 10.0.0.1}]",
            'routes[0].to: "10.1.0.0/33" is not a network; write one like 10.0.0.0/8',
        ),
        (
            "routes: [{via: 10.0.0.1}]",
            "routes[0].to: a network is missing; write one like 10.0.0.0/8",
        ),
        (
            "routes: [{to: 10.1.0.0/16}]",
            "routes[0].via: a route needs a router; write via: and its address",
        ),
        (
            "routes: [{to: 10.1.0.0/16, router: 10.0.0.1}]",
            'routes[0].router: there is no field "router"; use one of to, via',
        ),
        (
            "raspberry_pi: {folder: rpi}",
            (
                "raspberry_pi.serial: the serial number is missing;"
                " write its 8 or 16 hex digits, as its screen or /proc/cpuinfo shows them"
            ),
        ),
        (
            "raspberry_pi: {serial: 1234, folder: rpi}",
            (
                'raspberry_pi.serial: "1234" is not the serial number of a Raspberry Pi;'
                " write its 8 or 16 hex digits, as its screen or /proc/cpuinfo shows them"
            ),
        ),
        (
            "raspberry_pi: rpi",
            "raspberry_pi: a mapping is wanted here; write serial: … below it",
        ),
        (
            "raspberry_pi: {serial: 1234abcd, path: rpi}",
            'raspberry_pi.path: there is no field "path"; use one of config, folder, serial',
        ),
        (
            "name: [a]",
            "name: text is wanted here; write a plain value",
        ),
    ],
)
def test_a_field_is_told_with_its_line(written: str, told: str) -> None:
    expected = f"a.yaml:3: machines[0].{told}"
    assert expected == fault(f"machines:\n  - {MAC}\n    {written}\n")


@pytest.mark.parametrize(
    ("mac", "problem"),
    [
        ("02:00:00:00:01", '"02:00:00:00:01" is not a MAC address'),
        ("02:00:00:00:00:0g", '"02:00:00:00:00:0g" is not a MAC address'),
        ("", "a MAC address is missing"),
    ],
)
def test_a_mac_has_six_pairs(mac: str, problem: str) -> None:
    assert (
        f"a.yaml:2: mac: {problem}; write six pairs of hex digits, like 52:54:00:12:34:56"
    ) == fault(f"name: a\nmac: {mac}")


def test_a_multicast_mac_is_of_no_interface() -> None:
    assert (
        'a.yaml:1: mac: "01:00:5e:00:00:01" is a multicast address;'
        " write the MAC of a network interface"
    ) == fault("mac: 01:00:5e:00:00:01")


def test_a_missing_mac_is_told_at_the_machine() -> None:
    assert "a.yaml:3: machines[1].mac: a MAC address is missing; write six pairs" in (
        fault(f"machines:\n  - {MAC}\n  - name: b\n    address: 10.0.0.5/8\n")
    )


def test_a_field_of_an_interface_is_told_with_its_line() -> None:
    text = f"name: a\ninterfaces:\n  - {MAC}\n    adress: 10.0.0.5/8\n"
    assert (
        'a.yaml:4: interfaces[0].adress: there is no field "adress"; did you mean "address"?'
        == (fault(text))
    )


@pytest.mark.parametrize("key", ["mac", "address"])
def test_what_belongs_to_one_interface_stands_there(key: str) -> None:
    assert (
        f"a.yaml:1: {key}: this belongs to one interface, and several are listed;"
        f" write {key}: within one of the interfaces"
    ) == fault(f"{{{key}: x, interfaces: [{{{MAC}}}]}}")


@pytest.mark.parametrize(
    ("interfaces", "told"),
    [
        ("[]", "interfaces: a machine needs an interface; write - mac: … below it"),
        (
            "text",
            'interfaces: a list is wanted here; write each entry on a line of its own behind "- "',
        ),
        ("[x]", "interfaces[0]: an interface is a mapping; write mac: … and address: … below it"),
        (
            "[[mac]]",
            "interfaces[0]: an interface is a mapping; write mac: … and address: … below it",
        ),
    ],
)
@pytest.mark.parametrize("shared", ["", "profile: debian, "])
def test_interfaces_are_a_list_of_mappings(interfaces: str, told: str, shared: str) -> None:
    assert f"a.yaml:1: {told}" == fault(f"{{{shared}interfaces: {interfaces}}}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just text", f"this is no record; {FORMS}"),
        ("name: a", f"this is no record; {FORMS}"),
        ("machine: []", 'this is no record; did you mean "machines"?'),
        ("machines: []\nprofiles: []", 'profiles: there is no field "profiles"; use one of'),
        ("machines: [x]", "machines[0]: a machine is a mapping; write mac: … and address: … below"),
        ("machines: {a: b}", "machines: a list is wanted here; write each entry"),
        ("machines: []\ndefaults: []", "defaults: a mapping is wanted here; write what all"),
    ],
)
def test_a_file_of_another_kind_is_told_what_we_read(text: str, told: str) -> None:
    found = fault(text).split(":", 2)
    assert "a.yaml" == found[0]
    assert found[2].strip().startswith(told)


def test_a_mistake_is_told_in_the_document_it_stands_in() -> None:
    assert ["a.yaml:6", "a.yaml:9"] == [
        told.partition(": ")[0]
        for told in faults(f"{MAC}\n---\n~\n---\nname: b\nmac: x\n---\n\nmac: y")
    ]
