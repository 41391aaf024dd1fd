"""Templates that people run with Tinkerbell: each renders, reads and plans."""

import hashlib
import json
import os

import pytest
from tests.workflow.reading import VECTORS, published, recorded, source

from boots.workflow.doubts import Rules
from boots.workflow.gotemplate import parse, render
from boots.workflow.lint import lint
from boots.workflow.plan import CONTAINER, Armed, plan
from boots.workflow.references import short_name
from boots.workflow.rendering import Outcome, of_machine
from boots.workflow.words import Template

KINDS = {
    "playground-ubuntu": ["image2disk", *["cexec"] * 5, "writefile", "kexec"],
    "docs-2021-image": ["image2disk", "kexec"],
    "docs-2021-centos": ["image2disk", "cexec", "kexec"],
    "docs-2021-rootfs": ["rootio", "rootio", "archive2disk", "cexec", "kexec"],
    "docs-2021-rhel-rootfs": [*["rootio"] * 3, "archive2disk", "cexec", "cexec", "kexec"],
    "docs-2021-grub2disk": ["rootio", "rootio", "archive2disk", "grub2disk", "kexec"],
    "capt-default": ["oci2disk", "writefile", "writefile", "kexec"],
    "eks-anywhere-ubuntu": ["image2disk", *["writefile"] * 4, "reboot"],
    "eks-anywhere-rhel": ["image2disk", *["writefile"] * 4, "reboot"],
    "eks-anywhere-bottlerocket": ["image2disk", *["writefile"] * 3, "reboot"],
    "docs-windows": ["image2disk", "reboot"],
    "flatcar-image": ["image2disk", "writefile", "reboot"],
    "freebsd": ["qemuimg2disk", "reboot"],
    "syslinux": ["rootio", "rootio", "archive2disk", "syslinux", "reboot"],
    "tink-2020-two-machines": ["image2disk", "reboot"] * 2,
    "tink-2020-two-machines-object": ["image2disk", "reboot"] * 2,
    "capture": ["slurp"],
    "structure": ["wipe", "image2disk", "writefile", "writefile", "reboot"],
    "ours": ["inventory", "image2disk", "seed", "reboot"],
}
NOT_NATIVE = {
    "flatcar": {"flatcar-install"},
    "nixos": {"nixos-install"},
    "tink-2020-hello": {"hello-world"},
    "community-2020-debian": {
        "disk-wipe",
        "disk-partition",
        "install-root-fs",
        "install-grub",
        "cloud-init",
    },
}
BOTH = ["machine1", "node-1"]
MORE_IS_SEEN = {"ours", "structure", "tink-2020-two-machines", "tink-2020-two-machines-object"}
PLANS = VECTORS / "plans"
BY_GO = json.loads((VECTORS.parent / "gotemplate/published.json").read_text())["sha256"]


def template(name: str, whose: str = "machine1") -> Template:
    outcome = published(name, whose)
    assert () == outcome.reading.faults
    assert outcome.reading.template is not None
    return outcome.reading.template


def test_every_template_here_is_looked_at() -> None:
    files = {path.stem for path in VECTORS.glob("*.yaml")}

    assert files == {*KINDS, *NOT_NATIVE, "references", "records"}


@pytest.mark.parametrize("name", KINDS)
def test_a_published_template_is_native_throughout(name: str) -> None:
    steps = plan(template(name)).steps

    assert _on_arm(name) == [step.kind for step in steps]
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        left = following is None or following.worker != step.worker
        assert (left and name != "capture") is step.ends


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("name", KINDS)
def test_what_a_published_template_does_to_a_machine_is_known_to_the_letter(
    name: str, whose: str
) -> None:
    golden = PLANS / f"{name}.{whose}.txt"
    actual = _in_words(published(name, whose))
    if os.environ.get("UPDATE_VECTORS"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(actual)

    assert golden.read_text() == actual


@pytest.mark.parametrize("whose", BOTH)
@pytest.mark.parametrize("name", sorted({*KINDS, *NOT_NATIVE} - {"ours"}))
def test_go_makes_the_same_of_a_published_template_byte_by_byte(name: str, whose: str) -> None:
    text = published(name, whose).text

    assert BY_GO[f"{name}.{whose}"] == hashlib.sha256(text.encode()).hexdigest()


def test_no_plan_is_left_over() -> None:
    assert {path.name for path in PLANS.iterdir()} == {
        f"{name}.{whose}.txt" for name in KINDS for whose in BOTH
    }


@pytest.mark.parametrize("name", KINDS)
def test_a_published_template_is_looked_at_whole_before_a_machine_is_known(name: str) -> None:
    reading = lint(source(name)).reading

    assert () == reading.faults
    assert not [each for each in reading.doubts if "was not looked at" in each.problem]


def test_a_template_as_kubernetes_keeps_it_says_the_same() -> None:
    bare, kept = template("tink-2020-two-machines"), template("tink-2020-two-machines-object")

    assert bare == kept


def test_a_container_that_does_nothing_but_reboot_is_a_reboot() -> None:
    steps = plan(template("playground-ubuntu", "machine1")).steps

    assert ("reboot", True) == (steps[-1].kind, steps[-1].ends)


@pytest.mark.parametrize("name", NOT_NATIVE)
def test_containers_of_ones_own_are_refused_and_each_is_named(name: str) -> None:
    problems = [fault.problem for fault in published(name).reading.faults]

    assert problems
    assert NOT_NATIVE[name] == {short_name(each.split('"')[1]) for each in problems}


@pytest.mark.parametrize("name", NOT_NATIVE)
def test_containers_are_taken_where_they_are_run(name: str) -> None:
    outcome = of_machine(source(name), recorded("node-1"), rules=Rules(containers=True))

    assert () == outcome.reading.faults
    assert outcome.reading.template is not None
    found = plan(outcome.reading.template)
    containers = {short_name(each.action.image) for each in found.steps if each.kind == CONTAINER}
    assert NOT_NATIVE[name] == containers
    assert set(found.unclear) >= {
        each.action.name for each in found.steps if each.kind == CONTAINER
    }


def test_references_are_refused_with_or_without_a_machine() -> None:
    wanted = (
        "references.yaml:12:23: references are not allowed: templates see the record of their"
        " machine only; write what is wanted into the record (values:, Tinkerbell's"
        " metadata.custom)"
    )

    for outcome in (published("references"), lint(source("references"))):
        assert [wanted] == list(map(str, outcome.reading.faults))


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
        ' no action goes by the image "flatcar-install"; there are archive2disk, burnin'
    ) in str(faults[0])


def test_the_hardware_map_has_keys_of_its_own() -> None:
    outcome = of_machine(source("docs-windows"), recorded("node-1"), {"device_1": "agent-7"})

    assert outcome.reading.template is not None
    assert "agent-7" == outcome.reading.template.tasks[0].worker


def test_a_key_that_the_hardware_map_has_not_is_told() -> None:
    outcome = of_machine(source("tink-2020-two-machines"), recorded("node-1"), {"device_3": "x"})
    (fault,) = map(str, outcome.reading.faults)

    assert ': .device_2 is not there; did you mean "device_' in fault


def test_the_first_device_is_the_machine_itself_whatever_else_the_map_has() -> None:
    outcome = of_machine(source("docs-windows"), recorded("node-1"), {"image": "x"})

    assert outcome.reading.template is not None
    assert "52:54:00:12:34:02" == outcome.reading.template.tasks[0].worker


@pytest.mark.parametrize("name", sorted({*KINDS} - MORE_IS_SEEN))
def test_rendering_leaves_literal_scalars_alone(name: str) -> None:
    text = render(parse(source(name).text), {"device_1": "x", "Hardware": _anybody()}).text

    for action in template(name).tasks[0].actions:
        for key in ("MODE", "UID", "COMPRESSED", "CHROOT"):
            if key in action.environment:
                assert f"{key}: {action.environment[key]}\n" in text


def _anybody() -> dict[str, object]:
    return {"Disks": ["/dev/sda"], "Interfaces": [{"DHCP": {"Arch": "x86_64"}}]}


def _on_arm(name: str) -> list[str]:
    kinds = KINDS[name]
    return [*kinds[:-1], "reboot"] if name == "playground-ubuntu" else kinds


def _in_words(outcome: Outcome) -> str:
    """What a template does, and with which words of its own."""
    found = outcome.reading.template
    assert found is not None
    planned = plan(found, outcome.storage)
    lines = [f"{found.name}, at most {found.global_timeout} s"]
    for number, step in enumerate(planned.steps, 1):
        action = step.action
        ends = ", ends OSIE" if step.ends else ""
        lines.append(
            f"{number} {step.task} ({step.worker}): {action.name}: {step.kind}"
            f" {' '.join(action.command)}".rstrip()
            + f", {action.timeout} s{ends}"
        )
        lines += [f"    {each.use.value} {each.device} on {each.disk}" for each in step.touches]
        lines += [f"    {name}={value!r}" for name, value in sorted(action.environment.items())]
    for disk in planned.disks:
        how = "whole" if disk.whole else "partitions"
        lines.append(f"arm {disk.disk} of {disk.worker}, {how}: {', '.join(disk.actions)}")
    lines += [f"unclear {name}" for name in planned.unclear]
    lines += [f"doubt {each}" for each in outcome.reading.doubts]
    return "\n".join(lines) + "\n"
