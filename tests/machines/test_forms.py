"""Every form of record that people have says the same thing and is read the same."""

import json

import pytest
from tests.machines.reading import VECTORS, bare, machines

from boots.machines.records import read

FORMS = sorted(path.name for path in VECTORS.iterdir())


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_the_same_machine(form: str) -> None:
    (expected,) = machines((VECTORS / "short.yaml").read_text())
    records = read((VECTORS / form).read_text(), form)
    assert () == records.faults
    assert (bare(expected),) == tuple(bare(machine) for machine in records.machines)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("wrapping", "ending"), [("\ufeff", "\n"), ("", "\r\n"), ("\n\n", "\n")])
def test_marks_of_other_editors_change_nothing(form: str, wrapping: str, ending: str) -> None:
    text = (VECTORS / form).read_text()
    expected = [bare(machine) for machine in machines(text)]
    found = read(wrapping + text.replace("\n", ending), form)
    assert expected == [bare(machine) for machine in found.machines]


@pytest.mark.parametrize(
    ("form", "line"),
    [("short.yaml", 2), ("hardware.yaml", 1), ("among-others.yaml", 14), ("list.yaml", 4)],
)
def test_a_machine_knows_its_place(form: str, line: int) -> None:
    (machine,) = read((VECTORS / form).read_text(), form).machines
    assert f"{form}:{line}" == str(machine.place)


def test_documents_and_forms_may_be_mixed_in_a_file() -> None:
    found = machines("""
        machines:
          - {name: a, mac: 02:00:00:00:00:01}
        ---
        name: b
        mac: 02:00:00:00:00:02
        ---
        02:00:00:00:00:03: {hostname: c, ipAddress: 10.0.0.3, subnetMask: 255.0.0.0}
        ---
        - {id: d, network: {interfaces: [{dhcp: {mac: 02:00:00:00:00:04}}]}}
        - {name: e, mac: 02:00:00:00:00:05}
        """)
    assert ["a", "b", "c", "d", "e"] == [machine.name for machine in found]


@pytest.mark.parametrize("form", FORMS)
def test_the_record_keeps_all_that_was_written(form: str) -> None:
    (machine,) = read((VECTORS / form).read_text(), form).machines
    kept = json.dumps(json.loads(machine.record))
    assert "52:54:00:12:34:56" in kept or form == "smee.yaml"  # its MAC is the key above
    assert ("allowWorkflow" in kept) == ("allowWorkflow" in (VECTORS / form).read_text())


def test_fields_unknown_to_us_are_kept_in_hardware() -> None:
    (machine,) = machines("""
        apiVersion: tinkerbell.org/v1alpha1
        kind: Hardware
        metadata: {name: a, annotations: {owner: kim}}
        spec:
          interfaces: [{dhcp: {mac: 02:00:00:00:00:01, iface_name: eth0}}]
          userData: "#cloud-config"
          metadata: {instance: {storage: {disks: [{device: /dev/sda, wipe_table: true}]}}}
        """)
    record = json.loads(machine.record)
    assert "kim" == record["metadata"]["annotations"]["owner"]
    assert "#cloud-config" == record["spec"]["userData"]
    assert "eth0" == record["spec"]["interfaces"][0]["dhcp"]["iface_name"]
    assert {"device": "/dev/sda", "wipe_table": "true"} == (
        record["spec"]["metadata"]["instance"]["storage"]["disks"][0]
    )


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing yet\n", "---\n", "---\n---\n~\n", "machines:"]
)
def test_an_empty_file_holds_no_machines(text: str) -> None:
    assert () == machines(text)
