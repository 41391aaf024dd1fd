"""Templates that people run with Tinkerbell: each renders, reads and plans."""

import pytest
from tests.workflow.reading import VECTORS, published, recorded, source

from boots.workflow.gotemplate import parse, render
from boots.workflow.lint import lint
from boots.workflow.plan import Armed, plan
from boots.workflow.rendering import of_machine
from boots.workflow.words import Template

NATIVE = {
    "playground-ubuntu": ["image2disk", "cexec", "cexec", "writefile", "kexec"],
    "docs-2021-image": ["image2disk", "kexec"],
    "docs-2021-rootfs": ["rootio", "rootio", "archive2disk", "cexec", "kexec"],
    "capt-default": ["oci2disk", "writefile", "writefile", "kexec"],
    "eks-anywhere-ubuntu": ["image2disk", "writefile", "writefile", "reboot"],
    "eks-anywhere-bottlerocket": ["image2disk", "writefile", "writefile", "writefile", "reboot"],
    "docs-windows": ["image2disk", "reboot"],
}


def template(name: str, whose: str = "machine1") -> Template:
    outcome = published(name, whose)
    assert () == outcome.reading.faults
    assert outcome.reading.template is not None
    return outcome.reading.template


def test_every_template_here_is_looked_at() -> None:
    files = {path.stem for path in VECTORS.glob("*.yaml")}

    assert files == {*NATIVE, "flatcar", "records"}


@pytest.mark.parametrize("whose", ["machine1", "node-1"])
@pytest.mark.parametrize("name", NATIVE)
def test_a_published_template_is_native_throughout(name: str, whose: str) -> None:
    steps = plan(template(name, whose)).steps

    assert NATIVE[name] == [step.kind for step in steps]
    assert [False] * (len(steps) - 1) + [True] == [step.ends for step in steps]


@pytest.mark.parametrize("name", NATIVE)
def test_a_published_template_has_nothing_wrong_before_a_machine_is_known(name: str) -> None:
    reading = lint(source(name)).reading

    assert ((), ()) == (reading.faults, reading.doubts)


def test_the_structure_follows_the_machine() -> None:
    arm = template("playground-ubuntu").tasks[0].actions[0].environment
    x86 = template("playground-ubuntu", "node-1").tasks[0].actions[0].environment

    assert ("/dev/nvme0n1", "/dev/sda") == (arm["DEST_DISK"], x86["DEST_DISK"])
    assert arm["IMG_URL"].endswith("arm64.raw.gz")
    assert x86["IMG_URL"].endswith("amd64.raw.gz")


def test_the_partition_is_named_as_the_kernel_names_it() -> None:
    def device(whose: str) -> str:
        return template("capt-default", whose).tasks[0].actions[1].environment["DEST_DISK"]

    assert ("/dev/nvme0n1p1", "/dev/sda1") == (device("machine1"), device("node-1"))


def test_the_plan_says_which_disks_are_lost() -> None:
    (disk,) = plan(template("capt-default")).disks

    assert disk == Armed(
        disk="/dev/nvme0n1",
        worker="52:54:00:12:34:01",
        actions=("stream image", "add tink cloud-init config", "add tink cloud-init ds-config"),
        whole=True,
    )


def test_the_disks_of_rootio_are_those_of_the_record() -> None:
    outcome = published("docs-2021-rootfs")
    assert outcome.reading.template is not None

    assert ["/dev/sda"] == [
        each.disk for each in plan(outcome.reading.template, outcome.storage).disks
    ]


def test_rootio_without_storage_in_the_record_is_unclear() -> None:
    outcome = published("docs-2021-rootfs", "node-1")
    assert outcome.reading.template is not None
    found = plan(outcome.reading.template, outcome.storage)

    assert ("disk-wipe-partition", "format") == found.unclear


def test_a_container_of_ones_own_is_refused_by_its_name() -> None:
    faults = published("flatcar").reading.faults

    assert 2 == len(faults)
    assert (
        "flatcar.yaml:13:9: tasks[0].actions[0].image:"
        ' no action goes by the image "flatcar-install"; there are archive2disk, cexec'
    ) in str(faults[0])


def test_the_hardware_map_has_keys_of_its_own() -> None:
    outcome = of_machine(source("docs-windows"), recorded("node-1"), {"device_1": "agent-7"})

    assert outcome.reading.template is not None
    assert "agent-7" == outcome.reading.template.tasks[0].worker


def test_a_key_that_the_hardware_map_has_not_is_told() -> None:
    outcome = of_machine(source("docs-windows"), recorded("node-1"), {"device_2": "x"})

    assert ['docs-windows.yaml:7:16: .device_1 is not there; did you mean "device_2"?'] == list(
        map(str, outcome.reading.faults)
    )


@pytest.mark.parametrize("name", NATIVE)
def test_rendering_leaves_literal_scalars_alone(name: str) -> None:
    text = render(parse(source(name).text), {"device_1": "x", "Hardware": _anybody()}).text

    for action in template(name).tasks[0].actions:
        for key in ("MODE", "UID", "COMPRESSED", "CHROOT"):
            if key in action.environment:
                assert f"{key}: {action.environment[key]}\n" in text


def _anybody() -> dict[str, object]:
    return {"Disks": ["/dev/sda"], "Interfaces": [{"DHCP": {"Arch": "x86_64"}}]}
