"""``boots osie measure``: what an image takes of a machine, tried in virtual ones."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from boots.lab import accelerator, measuring
from boots.lab.boot import boot_once
from boots.lab.errors import LabError
from boots.lab.firmware import Firmware
from boots.lab.words import RECORD, BootOptions
from boots.osie.build import Image
from boots.osie.manifest import Manifest, from_json

_HEAD = (
    "| image | sent, MB | unpacked, MB | kernel to init, s | kernel to agent, s"
    " | memory in use, MiB | of |\n|---|---:|---:|---:|---:|---:|---:|"
)
_FIRMWARE = {"x86_64": Firmware.BIOS, "aarch64": Firmware.ARM64}
_CONSOLES = {"x86_64": "ttyS0", "aarch64": "ttyAMA0"}


def lines(
    folders: Iterable[Path], runs: int, memory: int, boot_files: Path | None
) -> Iterator[str]:
    """The table, each line when it is known.

    Raises:
        LabError: An image did not boot, or none was there.
        ValueError: A folder has no image of this version.
    """
    yield f"{accelerator.choose().sentence()}\n"
    yield _HEAD
    for folder in folders:
        images = [Image(folder, cpu) for cpu in _FIRMWARE]
        found = [image for image in images if image.manifest.exists()]
        if not found:
            raise LabError(f"{folder} has no OSIE: boots osie build --output {folder}")
        for image in found:
            manifest = from_json(image.manifest.read_text())
            boots = [_boot(image, memory, boot_files) for _ in range(runs)]
            yield row(manifest, measuring.middle(boots))


def row(manifest: Manifest, took: measuring.Taken) -> str:
    """An image's line of the table."""
    return (
        f"| {manifest.flavour} {manifest.architecture} | {manifest.total / 1e6:.1f}"
        f" | {manifest.unpacked / 1e6:.1f} | {took.init:.1f} | {took.hello:.1f}"
        f" | {took.used:.0f} | {took.whole:.0f} |"
    )


def _boot(image: Image, memory: int, boot_files: Path | None) -> measuring.Taken:
    record = f"{RECORD}    cpu: {image.cpu}\n    console: {_CONSOLES[image.cpu]}\n"
    files = () if boot_files is None else ("--boot-files", str(boot_files))
    result = boot_once(
        BootOptions(
            osie=str(image.folder),
            firmware=_FIRMWARE[image.cpu],
            record=record,
            memory=memory,
            packets=False,
            server_arguments=files,
        )
    )
    took = measuring.read(result.console_text)
    if took is None:
        raise LabError(f"{result.reason or 'its agent said no hello'}; evidence in {result.work}")
    return took
