"""From a person's words to the disks of machines: hints, images that are ours, several machines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.app.runs.yard import TEMPLATE, disk, inventory

from boots.app.runs.images import sizes
from boots.app.runs.making import Made, Seen, make
from boots.app.runs.words import Given
from boots.client.workflows import Arming
from boots.machines.records import read
from boots.model.machine import Machine

GB = 10**9
RECORDS = """
machines:
  - name: one
    mac: 52:54:00:00:00:01
    disks: ["size>=4G prefer=smallest"]
  - name: two
    mac: 52:54:00:00:00:02
    storage: [{disk: rotational=false, layout: root rest ext4 /}]
"""
HINTED = TEMPLATE.replace("DEST_DISK: /dev/vda", "DEST_DISK: '{{ index .Hardware.Disks 0 }}'")
PAIR = (
    HINTED
    + """\
  - name: other
    worker: "{{ .device_2 }}"
    actions:
      - {name: lay out, image: rootio, timeout: 60, command: [partition]}
      - {name: gone, image: reboot, timeout: 60}
"""
)


def find(key: str) -> Machine | None:
    machines = read(RECORDS, "m.yaml").machines
    return next((e for e in machines if key in (e.name, e.interfaces[0].mac)), None)


def made(
    template: str, told: Mapping[str, Any], images: Mapping[str, int] = {"debian": 0}, **more: Any
) -> Made:
    given = Given(**{"machine": "one", "source": template, "arm": Arming(), "by": "ann"} | more)
    return make(given, Seen(find, told, images=images))


def test_a_run_by_a_hint_waits_until_the_machine_has_told_its_disks() -> None:
    before = made(HINTED, {})
    after = made(HINTED, {"one": inventory(disk(size=5 * GB))})

    assert (True, False) == (before.waits, after.waits)
    assert ((), ()) == (before.faults, after.faults)
    assert ["DISK-1"] == [each.serial for each in after.disks if each.armed]
    assert "/dev/disk/by-id/virtio-DISK-1" in after.text


def test_a_hint_that_nothing_fits_is_a_mistake() -> None:
    (mistake,) = made(HINTED, {"one": inventory(disk(size=GB))}).mistakes

    assert "no disk is size>=4G prefer=smallest" in str(mistake)


def test_each_machine_has_its_own_disks() -> None:
    told = {"one": inventory(disk(size=5 * GB)), "two": inventory(disk("TWO", size=6 * GB))}
    both = made(PAIR, told, map={"device_1": "one", "device_2": "two"})

    assert ((), ()) == (both.mistakes, both.faults)
    assert ["DISK-1", "TWO"] == [each.serial for each in both.disks]
    assert "/dev/disk/by-id/virtio-TWO" == both.machines[1].storage["disks"][0]["device"]


def test_disks_of_two_machines_with_one_serial_number_are_no_run() -> None:
    """What the run has taken it knows by that: the second one would not be asked what it holds."""
    told = {"one": inventory(disk(size=5 * GB)), "two": inventory(disk(size=6 * GB))}
    (fault,) = made(PAIR, told, map={"device_1": "one", "device_2": "two"}).faults

    assert fault.endswith("have each a disk DISK-1: give each machine a run of its own")


def test_another_machine_without_the_disk_is_named() -> None:
    told = {"one": inventory(disk(size=5 * GB)), "two": {"disks": []}}
    (fault,) = made(PAIR, told, map={"device_1": "one", "device_2": "two"}).faults

    assert fault.startswith("two: spec.metadata.instance.storage.disks[0]: it has no disk")


def test_a_disk_that_is_smaller_than_its_image_is_refused_before_anything_runs() -> None:
    told = {"one": inventory(disk(size=5 * GB))}
    (fault,) = made(HINTED, told, {"debian": 6 * GB}).faults

    assert fault.endswith("it has 5 GB, and the image needs 6 GB")


def test_an_image_that_is_not_there_is_a_doubt() -> None:
    told = {"one": inventory(disk(size=5 * GB))}

    assert any('no image "debian" in' in each for each in made(HINTED, told, {}).doubts)
    assert not any("no image" in each for each in made(HINTED, told).doubts)


def test_the_sizes_of_images_are_those_of_their_indexes(tmp_path: Path) -> None:
    for name, text in (("debian", '{"boots-image": 1, "size": 7, "content": []}'), ("bad", "{")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.json").write_text(text)
    (tmp_path / "plain.raw").write_bytes(b"x")
    (tmp_path / ".under-way").mkdir()

    assert {"bad": 0, "debian": 7, "plain.raw": 0} == sizes(tmp_path)
    assert {} == sizes(tmp_path / "none")


def test_a_path_of_a_hint_that_somebody_wrote_out_is_refused_and_not_waited_for() -> None:
    text = TEMPLATE.replace("/dev/vda", "/dev/disk/by-hint/prefer=first")
    written = made(text, {"one": inventory(disk(size=5 * GB))})

    assert not written.waits
    assert "the hint was not settled" in written.faults[0]


def test_what_the_records_of_machines_protect_is_not_armed() -> None:
    def kept(key: str) -> Machine | None:
        text = RECORDS.replace("    disks:", "    protect: serial=DISK-1\n    disks:")
        machines = read(text, "m.yaml").machines
        return next((e for e in machines if key in (e.name, e.interfaces[0].mac)), None)

    given = Given(by="ann", machine="one", source=TEMPLATE, arm=Arming())
    found = make(given, Seen(kept, {"one": inventory(disk(size=5 * GB))}, images={"debian": 0}))

    assert ("/dev/vda: its machine's record protects it: serial=DISK-1",) == found.faults
