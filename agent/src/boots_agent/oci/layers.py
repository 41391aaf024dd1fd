"""Which layer of what a registry has is the image of the disk."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from boots_agent.images.words import Damaged, Unsuitable
from boots_agent.oci.names import Name

_CPUS = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "riscv64": "riscv64",
    "loongarch64": "loong64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
}
_TITLE = "org.opencontainers.image.title"
_DISKS = (".img", ".raw", ".qcow2", ".gz", ".xz", ".bz2", ".zst", ".zstd", ".zs", ".iso", ".index")
_DEEPEST = 3  # indexes in indexes

Manifest = Callable[[str], bytes]
"""The manifest of a digest; of nothing, that of the name."""


class Layer(NamedTuple):
    """A blob.

    Attributes:
        digest: What it hashes to.
        size: Its bytes.
        title: What file it was; nothing where nobody says.
    """

    digest: str
    size: int
    title: str


class Container(NamedTuple):
    """An image of a container: what it says of itself, and its layers, the lowest first."""

    config: Layer
    layers: tuple[Layer, ...]


def find_layer(name: Name, manifest: Manifest, machine: str) -> Layer:
    """The image of a disk for a machine.

    Args:
        name: What is asked for.
        manifest: Asks the registry.
        machine: The CPU as ``uname -m`` has it.

    Raises:
        Damaged: A manifest is not what its digest says, or makes no sense.
        Unsuitable: There is no such image, or several.
    """
    return _layer(_manifest(name, manifest, machine))


def find_container(name: Name, manifest: Manifest, machine: str) -> Container:
    """The image of a container for a machine; arguments and what is raised as of `find_layer`."""
    said = _manifest(name, manifest, machine)
    config, layers = said.get("config"), said.get("layers")
    if not isinstance(config, Mapping) or not isinstance(layers, list) or not layers:
        raise Unsuitable("what the registry has is no image of a container")
    found = tuple(_read_layer(each) for each in layers if isinstance(each, Mapping))
    return Container(_read_layer(config), found)


def _manifest(name: Name, manifest: Manifest, machine: str) -> Mapping[str, Any]:
    digest = name.digest
    for _ in range(_DEEPEST):
        body = manifest(digest)
        said = _read(body, digest)
        if not isinstance(said.get("manifests"), list):
            return said
        digest = _of_platform(said["manifests"], _CPUS.get(machine, machine))
    raise Unsuitable("the registry has an index of indexes of indexes, and no image")


def _read(body: bytes, digest: str) -> Mapping[str, Any]:
    if digest:
        algorithm, _, value = digest.partition(":")
        if hashlib.new(algorithm, body).hexdigest() != value:
            raise Damaged(f"the registry has something else for {digest}")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Damaged("the registry's manifest is no JSON") from error
    if not isinstance(said, Mapping):
        raise Damaged("the registry's manifest is no JSON object")
    if said.get("schemaVersion") == 1:
        raise Unsuitable("the registry has the image in a form of 2015 (schema 1): push it anew")
    return said


def _of_platform(manifests: Sequence[Any], cpu: str) -> str:
    """The digest of the manifest for a CPU; of the only one, where that is for all."""
    known = [each for each in manifests if isinstance(each, Mapping)]
    own = [each for each in known if _platform(each) in {("linux", cpu), ("", cpu)}]
    free = [each for each in known if not _platform(each)[1]]
    found = own or free
    if len(found) != 1 and not own:
        there = ", ".join("/".join(_platform(each)) for each in known) or "none"
        raise Unsuitable(f"the registry has no image for linux/{cpu}; it has {there}")
    return _digest(found[0])


def _platform(each: Mapping[str, Any]) -> tuple[str, str]:
    said = each.get("platform")
    if not isinstance(said, Mapping):
        return "", ""
    return str(said.get("os") or ""), str(said.get("architecture") or "")


def _layer(said: Mapping[str, Any]) -> Layer:
    content = said.get("layers") or said.get("blobs") or []
    if not isinstance(content, list):
        raise Damaged("the layers of the registry's manifest are no list")
    layers = [_read_layer(each) for each in content if isinstance(each, Mapping)]
    if len(layers) == 1:
        return layers[0]
    disks = [each for each in layers if each.title.lower().endswith(_DISKS)]
    if len(disks) == 1:
        return disks[0]
    titles = ", ".join(each.title or each.digest[:19] for each in layers) or "none"
    raise Unsuitable(
        f"which of these layers is the disk's image? {titles}; push one file alone (oras push)"
    )


def _read_layer(said: Mapping[str, Any]) -> Layer:
    notes = said.get("annotations")
    title = notes.get(_TITLE, "") if isinstance(notes, Mapping) else ""
    size = said.get("size")
    return Layer(_digest(said), size if isinstance(size, int) else 0, str(title))


def _digest(said: Mapping[str, Any]) -> str:
    digest = str(said.get("digest", ""))
    algorithm, _, value = digest.partition(":")
    if {"sha256": 64, "sha512": 128}.get(algorithm) != len(value) or (
        set(value) - set("0123456789abcdef")
    ):
        raise Damaged(f"{digest!r} in the registry's manifest is no digest that is known here")
    return digest
