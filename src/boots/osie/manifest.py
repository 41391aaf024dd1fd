"""What an image is made of: the record that lies beside it as ``manifest-x86_64.json``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

VERSION = 2
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the OSIE archive: its files, their bytes in memory and compressed."""

    name: str
    files: int
    unpacked: int
    packed: int


@dataclass(frozen=True, slots=True)
class Output:
    """A file of the image: its name in the output directory, bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole record; sizes are in bytes.

    Attributes:
        osie: The version of Boots that built the image.
        kernel: The kernel's version, as ``uname -r`` tells it.
        modules: How many kernel modules are within.
        modules_beside: How many lie beside it.
        memory: What a machine must have for it, MiB.
        packages: Each Debian package and its version.
    """

    osie: str
    flavour: str
    architecture: str
    kernel: str
    modules: int
    modules_beside: int
    memory: int
    outputs: tuple[Output, ...]
    parts: tuple[Part, ...]
    packages: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """What each machine fetches: kernel and archive, in bytes."""
        return sum(output.size for output in self.outputs if not _beside(output))

    @property
    def unpacked(self) -> int:
        """What the archive takes in the machine's memory, in bytes."""
        return sum(part.unpacked for part in self.parts)


def memory_needed(unpacked: int) -> int:
    """What a machine must have for an archive of so many bytes, MiB.

    While the kernel unpacks, the archive (a third of it at most) is in memory beside what is
    unpacked; kernel, firmware and agent take some 96 MiB.
    """
    return -(-(unpacked * 4 // 3 // _MIB + 96) // 32) * 32


def _beside(output: Output) -> bool:
    return output.name.startswith("modules-")


def to_json(manifest: Manifest) -> str:
    """The record as text that is the same for the same image."""
    content = {"version": VERSION, **asdict(manifest)}
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def from_json(text: str) -> Manifest:
    """Read such a record.

    Raises:
        ValueError: It is none, or of another version.
    """
    content = json.loads(text)
    if not isinstance(content, dict) or content.pop("version", None) != VERSION:
        raise ValueError("it is no manifest of an image that this version builds")
    try:
        outputs = tuple(Output(**each) for each in content.pop("outputs"))
        parts = tuple(Part(**each) for each in content.pop("parts"))
        return Manifest(outputs=outputs, parts=parts, **content)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no manifest of an image: {error}") from error


def table(manifest: Manifest) -> list[str]:
    """Lines for people: every part and file with its size in MB (10^6 bytes)."""
    lines = [f"{'':<20}{'files':>7}{'memory MB':>11}{'sent MB':>9}"]
    lines += [
        f"{part.name:<20}{part.files:>7}{part.unpacked / 1e6:>11.2f}{part.packed / 1e6:>9.2f}"
        for part in manifest.parts
    ]
    sent = [output for output in manifest.outputs if not _beside(output)]
    lines += [f"{output.name:<38}{output.size / 1e6:>9.2f}" for output in sent]
    lines.append(f"{'total':<27}{manifest.unpacked / 1e6:>11.2f}{manifest.total / 1e6:>9.2f}")
    lines += [
        f"{output.name}: {manifest.modules_beside} modules for whoever lacks one,"
        f" {output.size / 1e6:.2f} MB"
        for output in manifest.outputs
        if _beside(output)
    ]
    lines.append(f"a machine needs {manifest.memory} MiB")
    return lines
