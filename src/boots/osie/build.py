"""Building an image: packages in, kernel, initramfs, modules beside it and a manifest out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from boots import __version__
from boots.osie import flavours, parts
from boots.osie.architectures import architecture
from boots.osie.cpio import Entry
from boots.osie.errors import BuildError
from boots.osie.extras import Extras
from boots.osie.manifest import Manifest, memory_needed, table, to_json
from boots.osie.on_demand import Beside, gather, packer
from boots.osie.packing import Packed, Packer, write
from boots.osie.selecting import Chosen, choose
from boots.osie.sources import Sources, Wanted, bring

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What to build and where.

    Attributes:
        output: Directory for the image; files of an earlier build are replaced.
        cache: Directory for package files and compressed parts, kept between builds.
        flavour: A name in `boots.osie.flavours.FLAVOURS`.
        level: How hard zstd works, 1 to 19; the machine unpacks all levels equally fast.
        architecture: A name in `boots.osie.architectures.ARCHITECTURES`.
        extras: What goes in besides.
    """

    output: Path
    cache: Path
    flavour: str = "generic"
    level: int = 19
    architecture: str = "x86_64"
    extras: Extras = field(default_factory=Extras)


@dataclass(frozen=True, slots=True)
class Image:
    """The files of an image in their directory."""

    folder: Path
    cpu: str = "x86_64"

    @property
    def kernel(self) -> Path:
        """What the firmware's iPXE starts."""
        return self.folder / f"vmlinuz-{self.cpu}"

    @property
    def initramfs(self) -> Path:
        """What the kernel unpacks."""
        return self.folder / f"initramfs-{self.cpu}"

    @property
    def modules(self) -> Path:
        """What the agent fetches modules from."""
        return self.folder / f"modules-{self.cpu}"

    @property
    def manifest(self) -> Path:
        """What it is made of, as JSON."""
        return self.folder / f"manifest-{self.cpu}.json"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left in the output directory."""

    image: Image
    record: Manifest


@dataclass(frozen=True, slots=True)
class _Content:
    """What goes into the image by parts, what lies beside it, and the memory it needs, MiB."""

    parts: dict[str, list[Entry]]
    chosen: Chosen
    beside: Beside
    memory: int


def build(options: BuildOptions, report: Report) -> Built:
    """Build an image and say each step through `report`.

    Raises:
        BuildError: What went wrong and what to do about it.
    """
    flavour = flavours.FLAVOURS.get(options.flavour)
    if flavour is None:
        raise BuildError(
            f"there is no flavour {options.flavour!r}; there are {', '.join(flavours.FLAVOURS)}"
        )
    wanted = Wanted(flavour, architecture(options.architecture), options.extras)
    options.cache.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=options.cache) as name:
        return _build(options, wanted, Path(name).resolve(), report)


def _build(options: BuildOptions, wanted: Wanted, work: Path, report: Report) -> Built:
    sources = bring(wanted, options.cache, work, report)
    report(f"unpacked {len(sources.packages)} packages, kernel {sources.kernel}")
    content = _content(options, wanted, sources, work, report)
    report(f"compressing {len(content.parts)} parts with zstd -{options.level}")
    packed = Packer(sources.tools, options.cache / "parts", options.level).all(content.parts)
    image = Image(options.output, wanted.architecture.name)
    record = _written(image, wanted, sources, content, packed)
    write(image.manifest, to_json(record).encode())
    for line in table(record):
        report(line)
    return Built(image, record)


def _content(
    options: BuildOptions, wanted: Wanted, sources: Sources, work: Path, report: Report
) -> _Content:
    chosen = choose(sources, wanted)
    report(f"chose {len(chosen.inside)} kernel modules, and {len(chosen.beside)} to lie beside")
    for word in chosen.idle:
        report(word)
    pack = packer(options.cache / "modules", min(options.level // 3, 6))
    beside = gather(chosen, sources.root, pack)
    late = {
        "drivers": parts.drivers(sources, chosen, work / "drivers"),
        "firmware": parts.firmware(sources, wanted, chosen),
        "index": parts.index(beside),
        "python": parts.python(sources.root, sources.tools, work / "python"),
        "agent": parts.agent(sources.root, sources.tools, work / "agent"),
    }
    base = parts.base(sources, wanted, _release(wanted.flavour.name))
    memory = memory_needed(_bytes(base) + sum(map(_bytes, late.values())))
    content = {"base": [*base, parts.memory(memory)], **late}
    return _Content({name: each for name, each in content.items() if each}, chosen, beside, memory)


def _bytes(entries: list[Entry]) -> int:
    return sum(len(entry.data) for entry in entries)


def _release(flavour: str) -> str:
    return (
        'NAME="OSIE"\n'
        "ID=osie\n"
        f"VERSION_ID={__version__}\n"
        f"VARIANT_ID={flavour}\n"
        f'PRETTY_NAME="OSIE {__version__} ({flavour})"\n'
    )


def _written(
    image: Image, wanted: Wanted, sources: Sources, content: _Content, packed: list[Packed]
) -> Manifest:
    outputs = (
        write(image.kernel, (sources.root / f"boot/vmlinuz-{sources.kernel}").read_bytes()),
        write(image.initramfs, b"".join(one.data for one in packed)),
        write(image.modules, content.beside.archive),
    )
    return Manifest(
        osie=__version__,
        flavour=wanted.flavour.name,
        architecture=wanted.architecture.name,
        kernel=sources.kernel,
        modules=len(content.chosen.inside),
        modules_beside=content.beside.modules,
        memory=content.memory,
        outputs=outputs,
        parts=tuple(one.part for one in packed),
        packages={package.name: package.version for package in sources.packages},
    )
