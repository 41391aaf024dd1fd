"""What templates see of a machine: the same, whatever form its record has."""

from typing import Any

import pytest
from tests.workflow.reading import machine

from boots.model.machine import Machine
from boots.workflow.gotemplate import Broken, parse, render
from boots.workflow.rendering import data

TINKERBELL = machine("""
    apiVersion: tinkerbell.org/v1alpha1
    kind: Hardware
    metadata: {name: node-1}
    spec:
      disks: [{device: /dev/sda}]
      interfaces:
        - dhcp:
            mac: 52:54:00:12:34:56
            hostname: node-1
            arch: x86_64
            lease_time: 3600
            name_servers: [10.0.0.1]
            ip: {address: 10.0.0.5, netmask: 255.255.255.0, gateway: 10.0.0.1, family: 4}
          netboot: {allowPXE: true, allowWorkflow: true}
      metadata:
        instance: {id: i-1, hostname: node-1, tags: [a, b], ssh_keys: [ssh-ed25519 A]}
        facility: {plan_slug: c2, facility_code: lab}
        custom: {rack: "7"}
      userData: "#cloud-config"
      vendorData: "#vendor"
""")
SHORT = machine("""
    machines:
      - name: node-1
        mac: 52:54:00:12:34:56
        address: 10.0.0.5/24
        gateway: 10.0.0.1
        name_servers: [10.0.0.1]
        lease_time: 3600
        disks: [/dev/sda]
        instance_id: i-1
        tags: [a, b]
        ssh_keys: [ssh-ed25519 A]
        plan: c2
        facility: lab
        values: {rack: "7"}
        user_data: "#cloud-config"
        vendor_data: "#vendor"
""")
OLD = machine("""
    id: 0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94
    metadata: {instance: {id: i-1, allow_pxe: false}, facility: {facility_code: lab}}
    network:
      interfaces:
        - dhcp: {mac: 52:54:00:12:34:56, arch: x86_64, uefi: false, lease_time: 3600}
          netboot: {allow_pxe: true, osie: {base_url: http://10.0.0.1}}
""")


def made(template: str, whose: Machine) -> str:
    return render(parse(template), data(whose)).text


def test_our_own_form_is_seen_as_tinkerbells() -> None:
    assert data(TINKERBELL) == data(SHORT)


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ .device_1 }}", "52:54:00:12:34:56"),
        ("{{ index .Hardware.Disks 0 }}", "/dev/sda"),
        ("{{ .Hardware.UserData }}{{ .Hardware.VendorData }}", "#cloud-config#vendor"),
        ("{{ (index .Hardware.Interfaces 0).DHCP.Arch }}", "x86_64"),
        ("{{ (index .Hardware.Interfaces 0).DHCP.IP.Address }}", "10.0.0.5"),
        ("{{ (index .Hardware.Interfaces 0).DHCP.LeaseTime | add 1 }}", "3601"),
        ("{{ if (index .Hardware.Interfaces 0).Netboot.AllowPXE }}y{{ end }}", "y"),
        ("{{ if (index .Hardware.Interfaces 0).DHCP.UEFI }}y{{ else }}n{{ end }}", "n"),
        ("{{ .Hardware.Metadata.Instance.Hostname }}", "node-1"),
        ("{{ range .Hardware.Metadata.Instance.Tags }}{{ . }},{{ end }}", "a,b,"),
        ("{{ (index .hardware.spec.interfaces 0).dhcp.ip.netmask | netmaskToPrefixLength }}", "24"),
        ("{{ .hardware.metadata.name }} {{ .hardware.spec.metadata.custom.rack }}", "node-1 7"),
    ],
)
@pytest.mark.parametrize("whose", [TINKERBELL, SHORT], ids=["tinkerbell", "short"])
def test_a_template_sees_the_machine(whose: Machine, template: str, wanted: str) -> None:
    assert wanted == made(template, whose)


def test_false_is_false_though_records_keep_what_was_written() -> None:
    seen: dict[str, Any] = data(OLD)

    assert seen["Hardware"]["Metadata"]["Instance"]["AllowPxe"] is False
    assert seen["Hardware"]["Interfaces"][0]["DHCP"]["UEFI"] is False
    assert "lab" == made("{{ .Hardware.Metadata.Facility.FacilityCode }}", OLD)


def test_the_form_of_2020_has_the_names_of_today() -> None:
    assert "true http://10.0.0.1" == made(
        "{{ with (index .hardware.spec.interfaces 0).netboot }}{{ .allowPXE }} {{ .osie.baseURL }}"
        "{{ end }}",
        OLD,
    )


def test_what_a_record_does_not_say_is_empty_by_gos_names_and_not_there_by_jsons() -> None:
    assert "|<no value>" == made(
        "{{ .Hardware.UserData }}|{{ .Hardware.Metadata.Instance.Storage }}", OLD
    )
    with pytest.raises(Broken, match="userData is not there"):
        made("{{ .hardware.spec.userData }}", OLD)


def test_a_misspelt_field_names_the_nearest() -> None:
    with pytest.raises(Broken) as caught:
        made("{{ index .Hardware.Disk 0 }}", SHORT)

    assert 'did you mean "Disks"?' == caught.value.advice


def test_a_machine_is_not_changed_by_a_template() -> None:
    before = data(TINKERBELL)
    made('{{ $_ := set .hardware.spec "userData" "x" }}', TINKERBELL)

    assert before == data(TINKERBELL)
