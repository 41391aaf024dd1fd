"""Actions: which image is which, what they take, and which disks they touch."""

import pytest
from tests.workflow.reading import reading

from boots.workflow.actions import Touch, is_terminal, kind_of, touches, writes
from boots.workflow.disks import disk_of
from boots.workflow.gotemplate.functions.tinkerbell import format_partition
from boots.workflow.native import BY_NAME, KINDS, Use
from boots.workflow.references import is_reference, short_name
from boots.workflow.words import Action


def action(image: str, *command: str, **environment: str) -> Action:
    return Action(name="a", image=image, command=command, environment=environment)


@pytest.mark.parametrize(
    "image",
    [
        "image2disk",
        "image2disk:v1.0.0",
        "quay.io/tinkerbell/actions/image2disk:latest",
        "quay.io/tinkerbell-actions/image2disk:v1.0.0",
        "public.ecr.aws/eks-anywhere/tinkerbell/hub/image2disk:6c0f0d4-eks-a-15",
        "127.0.0.1/embedded/image2disk",
        "registry.example.com:5000/image2disk@sha256:" + "a" * 64,
        "localhost:5000/x/image2disk:v1@sha256:" + "0" * 64,
    ],
)
def test_an_action_goes_by_the_last_part_of_its_image(image: str) -> None:
    assert is_reference(image)
    assert "image2disk" == short_name(image)
    assert kind_of(action(image)) is BY_NAME["image2disk"]


@pytest.mark.parametrize(
    "text",
    ["", "Image", "a b", "a:", ":v1", "a/", "/a", "a//b", "a:v1:v2", "http://a/b", "a@b", "-a"],
)
def test_what_cannot_name_an_image_is_none(text: str) -> None:
    assert not is_reference(text)


def test_the_names_of_the_ancestors_are_all_known() -> None:
    theirs = (
        "image2disk oci2disk qemuimg2disk archive2disk rootio cexec writefile grub2disk syslinux"
        " kexec slurp reboot waitdaemon"
    )

    assert set() == set(theirs.split()) - set(BY_NAME)
    assert len(KINDS) == len(BY_NAME)


def test_waitdaemon_is_the_action_that_it_waits_for() -> None:
    waiting = action("waitdaemon", IMAGE="quay.io/x/kexec:v1", BLOCK_DEVICE="/dev/sda1")

    assert kind_of(waiting) is BY_NAME["kexec"]
    assert is_terminal(waiting)
    assert (Touch(device="/dev/sda1", disk="/dev/sda", use=Use.READS),) == touches(waiting)


@pytest.mark.parametrize(
    "command",
    [
        ("sh", "-c", "echo b > /proc/sysrq-trigger"),
        ("/bin/sh", "-c", "sleep 5 && echo 'b' > /proc/sysrq-trigger"),
        ("reboot", "-f"),
        ("touch", "/worker/reboot"),
    ],
)
def test_a_container_that_only_reboots_is_a_reboot(command: tuple[str, ...]) -> None:
    assert kind_of(action("alpine", *command)) is BY_NAME["reboot"]
    assert kind_of(action("waitdaemon", *command, IMAGE="alpine")) is BY_NAME["reboot"]
    assert kind_of(action("waitdaemon", *command, IMAGE="x/kexec:v1")) is BY_NAME["kexec"]
    assert kind_of(action("waitdaemon", *command)) is BY_NAME["waitdaemon"]


@pytest.mark.parametrize(
    "command", [("sh", "-c", "dd of=/dev/sda; reboot"), ("rebooted",), (), ("sh", "reboot")]
)
def test_a_container_that_does_more_is_a_container(command: tuple[str, ...]) -> None:
    assert kind_of(action("alpine", *command)) is None


@pytest.mark.parametrize(
    ("done", "disk", "use"),
    [
        (action("image2disk", DEST_DISK="/dev/sda"), "/dev/sda", Use.WRITES_DISK),
        (action("oci2disk", DEST_DISK="/dev/nvme0n1"), "/dev/nvme0n1", Use.WRITES_DISK),
        (action("wipe", DEST_DISK="/dev/vda"), "/dev/vda", Use.WRITES_DISK),
        (action("partition", DEST_DISK="/dev/vda"), "/dev/vda", Use.WRITES_DISK),
        (action("writefile", DEST_DISK="/dev/sda12"), "/dev/sda", Use.WRITES_PARTITION),
        (action("cexec", BLOCK_DEVICE="/dev/nvme0n1p1"), "/dev/nvme0n1", Use.WRITES_PARTITION),
        (action("kexec", BLOCK_DEVICE="/dev/mmcblk0p2"), "/dev/mmcblk0", Use.READS),
        (action("slurp", SOURCE_DISK="/dev/sdb"), "/dev/sdb", Use.READS),
        (action("verify", SOURCE_DISK="/dev/sdb"), "/dev/sdb", Use.READS),
        (action("shell", DISKS="/dev/sdb"), "/dev/sdb", Use.WRITES_DISK),
    ],
    ids=lambda each: getattr(each, "image", None),
)
def test_a_device_that_an_action_uses_is_on_a_disk(done: Action, disk: str, use: Use) -> None:
    assert [(disk, use)] == [(each.disk, each.use) for each in touches(done)]
    assert writes(done) is (use is not Use.READS)


@pytest.mark.parametrize("image", ["inventory", "reboot", "poweroff", "shell"])
def test_an_action_that_names_no_disk_writes_none(image: str) -> None:
    assert not writes(action(image))


def test_a_container_of_which_nothing_is_known_may_write_anything() -> None:
    assert writes(action("flatcar-install"))


@pytest.mark.parametrize(
    ("command", "found", "written"),
    [
        ("wipe", 2, True),
        ("partition", 2, True),
        ("format", 2, True),
        ("mount", 2, False),
        ("version", 0, False),
    ],
)
def test_rootio_uses_the_disks_of_the_record(command: str, found: int, written: bool) -> None:
    storage = {"disks": [{"device": "/dev/sda"}, {"device": "/dev/sdb"}, {"no": "device"}, 3]}
    done = action("rootio", command)

    assert found == len(touches(done, storage))
    assert written == writes(done)
    assert () == touches(done) == touches(done, ["x"])


@pytest.mark.parametrize("name", ["reboot", "kexec", "poweroff"])
def test_reboot_kexec_and_poweroff_alone_end_osie(name: str) -> None:
    assert BY_NAME[name].terminal
    assert {"reboot", "kexec", "poweroff"} == {each.name for each in KINDS if each.terminal}


@pytest.mark.parametrize(
    "disk",
    [
        "/dev/sda",
        "/dev/vdaa",
        "/dev/nvme0n1",
        "/dev/nvme10n2",
        "/dev/mmcblk0",
        "/dev/loop7",
        "/dev/md0",
        "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
        "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
    ],
)
@pytest.mark.parametrize("number", [1, 12])
def test_a_partition_leads_back_to_its_disk(disk: str, number: int) -> None:
    partition = format_partition(disk, number)

    assert disk == disk_of(partition) != partition
    assert disk == disk_of(disk)


# --- what is said of an action


HEAD = 'version: "0.1"\nname: t\ntasks:\n- name: one\n  worker: w\n  actions:\n  - '


def said(action: str) -> list[str]:
    found = reading(f"{HEAD}{{name: a, timeout: 1, {action}}}\n")
    return [f"{each.problem}; {each.advice}" for each in (*found.faults, *found.doubts)]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("image: writefil", 'no action goes by the image "writefil"; did you mean "writefile"?'),
        ("image: waitdaemon, environment: {IMAGE: alpin}", 'no action goes by the image "alpin"'),
        ("image: waitdaemon", "waitdaemon needs IMAGE: the image of that action; write IMAGE: …"),
        ("image: rootio", "rootio needs one; write one of wipe, partition, format, mount, version"),
        (
            "image: rootio, command: [formt]",
            'rootio has no command "formt"; did you mean "format"?',
        ),
        (
            "image: wipe, environment: {DEST_DISK: ''}",
            "wipe needs DEST_DISK: the disk; write DEST_DISK: …",
        ),
        (
            "image: reboot, environment: {WAIT_FR: x}",
            'reboot does not take WAIT_FR; did you mean "WAIT_FOR"?',
        ),
    ],
)
def test_what_is_wrong_with_an_action_is_told(written: str, wanted: str) -> None:
    (told,) = said(written)

    assert told.startswith(wanted)


def test_a_script_may_have_any_variables() -> None:
    assert [] == said("image: shell, environment: {SCRIPT: x, ANYTHING: y}")
