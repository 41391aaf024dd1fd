"""Arrays and volume groups of a record, by the programs for them: the flavour full has these."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from boots_agent.actions.below import permitted
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.making import FULL, run
from boots_agent.actions.options import VOLUME, judge
from boots_agent.actions.places import existing, seen_by_lvm
from boots_agent.actions.storage import GroupWish, RaidWish, Storage, VolumeWish
from boots_agent.actions.writing import told
from boots_agent.images.target import open_source
from boots_agent.tables.layout import In, read_size
from boots_agent.tables.words import TableError
from boots_agent.unstacking import OURS

_SECTOR = 512
_DMSETUP = ("env", "DM_DISABLE_UDEV=1", "dmsetup")  # nothing else makes the nodes
_ASSEMBLED = (0, 1, 2)  # of mdadm: it runs now, it ran already, or it lacks a device


def need(context: Context, wanted: Storage) -> None:
    """See to it that the programs are there, and may be asked that, before anything is written.

    Raises:
        ActionFailed: One is not, or an option is none that a record may give.
    """
    for volume in (each for group in wanted.groups for each in group.volumes):
        judge("lvcreate", volume.options, VOLUME)
    programs = ["mdadm"] * bool(wanted.raids) + ["pvcreate", "vgcreate"] * bool(wanted.groups)
    for program in programs:
        run(context, [program, "--version"], FULL)


def build(context: Context, wanted: Storage) -> None:
    """Make arrays, then volume groups on them or on partitions.

    Raises:
        ActionFailed: What they are made of may not be written, or a program fails.
    """
    for raid in wanted.raids:
        devices = _own(context, (*raid.devices, *raid.spares))
        run(context, _mdadm(raid, devices), FULL)
    for group in wanted.groups:
        devices = _own(context, group.devices)
        seen = seen_by_lvm(devices)
        run(context, ["pvcreate", "-ff", "-y", seen, *devices], FULL)
        # It sees all disks: a name that a group on another one has is refused.
        run(context, ["vgcreate", "-y", group.name, *devices], FULL)
        for volume in group.volumes:
            run(context, list(_lvcreate(group, volume, seen)), FULL)


def start(context: Context, wanted: Storage) -> None:
    """Have the record's arrays and groups that are there already run, to be written.

    Of no other devices than those it names, each on a disk that may be written: an array that
    somebody else left half in sync begins to write as soon as it runs.

    Raises:
        ActionFailed: A device may not be written, or a program fails.
    """
    for raid in wanted.raids:
        devices = _own(context, (*raid.devices, *raid.spares))
        run(context, ["mdadm", "--assemble", raid.name, *devices], FULL, good=_ASSEMBLED)
    for group in wanted.groups:
        devices = _own(context, group.devices)
        run(context, ["vgchange", "-a", "y", seen_by_lvm(devices), group.name], FULL)


@contextlib.contextmanager
def shown(context: Context, wanted: Storage) -> Iterator[None]:
    """The same to be read: nothing is armed, so all that runs for this takes no writes.

    What did not run before does not run after, or it would be read-only for who comes next.

    Raises:
        ActionFailed: A device is not there, or a program fails.
    """
    with contextlib.ExitStack() as undone:
        for raid in wanted.raids:
            if not Path(raid.name).exists():
                devices = _forgetful(context, (*raid.devices, *raid.spares), undone)
                words = ["mdadm", "--assemble", "--readonly", raid.name, *devices]
                undone.callback(context.run, ["mdadm", "--stop", raid.name])
                run(context, words, FULL, good=_ASSEMBLED)
        for group in wanted.groups:
            if not any(Path("/dev", group.name, each.name).exists() for each in group.volumes):
                seen = seen_by_lvm(_forgetful(context, group.devices, undone))
                reads = f'activation/read_only_volume_list=["{group.name}"]'
                words = ["vgchange", "-a", "y", "--config", reads, seen, group.name]
                undone.callback(context.run, ["vgchange", "-a", "n", seen, group.name])
                run(context, words, FULL)
        yield


def _forgetful(context: Context, names: tuple[str, ...], undone: contextlib.ExitStack) -> list[str]:
    """Maps of the devices that forget what is written, until what is undone.

    Nobody need have armed them, and Linux writes the header of an array's bitmap as it starts and
    as it stops, however it is to be read.
    """
    devices = [existing(each) for each in names]
    return [_map(context, device, undone) for device in devices]


def _map(context: Context, device: str, undone: contextlib.ExitStack) -> str:
    undone.enter_context(context.lend(device))
    with told():
        source = open_source(device)
    source.close()
    name = f"{OURS}{Path(device).resolve().name}"
    table = f"0 {source.size // _SECTOR} flakey {device} 0 0 1 1 drop_writes"
    undone.callback(context.run, [*_DMSETUP, "remove", name])
    run(context, [*_DMSETUP, "create", "--readonly", name, "--table", table], FULL)
    return f"/dev/mapper/{name}"


def _own(context: Context, names: tuple[str, ...]) -> list[str]:
    """The devices, each on disks that may be written."""
    devices = [existing(each) for each in names]
    for device in devices:
        permitted(context, device)
    return devices


def _mdadm(raid: RaidWish, devices: list[str]) -> list[str]:
    level = raid.level or "1"
    count = len(raid.devices)
    spares = [f"--spare-devices={len(raid.spares)}"] if raid.spares else []
    # Firmware and old boot loaders read a mirror as if it were a partition: no header in front.
    return [
        "mdadm",
        "--create",
        raid.name,
        "--run",
        "--force",
        "--metadata=1.0" if level == "1" else "--metadata=1.2",
        f"--level={level}",
        f"--raid-devices={count}",
        *spares,
        *devices,
    ]


def _lvcreate(group: GroupWish, volume: VolumeWish, seen: str) -> Iterator[str]:
    yield from ("lvcreate", "-y", seen, "-W", "y", "-n", volume.name)
    yield from volume.options
    sectors = int(volume.size) if volume.size.isdecimal() else 0
    try:
        size = read_size(str(sectors * _SECTOR) if sectors else volume.size)
    except TableError as error:
        raise ActionFailed(f"storage: {group.name}/{volume.name}: {error}") from error
    if size.unit is In.REST:
        yield from ("-l", "100%FREE")
    elif size.unit is In.PERCENT:
        yield from ("-l", f"{int(size.value)}%VG")
    else:
        yield from ("-L", f"{int(size.value)}b")
    yield group.name
