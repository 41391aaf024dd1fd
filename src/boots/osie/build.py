"""Building an image: packages in, ``vmlinuz-x86_64``, ``initramfs-x86_64`` and a manifest out."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from boots import __version__
from boots.osie import flavours, parts
from boots.osie.cpio import Entry, archive
from boots.osie.errors import BuildError
from boots.osie.manifest import Manifest, Output, Part, table, to_json
from boots.osie.packages import Package, closure, fetch, unpack
from boots.osie.programs import Unpacked

ARCHITECTURE = "x86_64"
KERNEL = f"vmlinuz-{ARCHITECTURE}"
INITRAMFS = f"initramfs-{ARCHITECTURE}"
MANIFEST = f"manifest-{ARCHITECTURE}.json"
_ZSTD = "usr/bin/zstd"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What to build and where.

    Attributes:
        output: Directory for the image; files of an earlier build are replaced.
        cache: Directory for package files and compressed parts, kept between builds.
        flavour: A name in `boots.osie.flavours.FLAVOURS`.
        level: How hard zstd works, 1 to 19; the machine unpacks all levels equally fast.
        more_modules: Patterns of further kernel modules, as in `boots.osie.drivers.select`.
    """

    output: Path
    cache: Path
    flavour: str = "generic"
    level: int = 19
    more_modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """What a build left in the output directory."""

    kernel: Path
    initramfs: Path
    manifest: Path
    record: Manifest


@dataclass(frozen=True, slots=True)
class _Packed:
    part: Part
    data: bytes


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
    options.cache.mkdir(parents=True, exist_ok=True)
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=options.cache) as name:
        return _build(options, flavour, Path(name).resolve(), report)


def _build(options: BuildOptions, flavour: flavours.Flavour, work: Path, report: Report) -> Built:
    root = work / "root"
    used = _packages(flavour, work, report)
    for file in fetch(used, options.cache / "packages", report):
        unpack(file, root)
    kernel = parts.kernel_version(root)
    report(f"unpacked {len(used)} packages, kernel {kernel}")
    content, modules = _content(options, flavour, root, work, report)
    packed = _pack_all(content, Unpacked(root), options, report)
    outputs = (
        _write(options.output / KERNEL, (root / "boot" / f"vmlinuz-{kernel}").read_bytes()),
        _write(options.output / INITRAMFS, b"".join(one.data for one in packed)),
    )
    record = Manifest(
        osie=__version__,
        flavour=flavour.name,
        architecture=ARCHITECTURE,
        kernel=kernel,
        modules=modules,
        outputs=outputs,
        parts=tuple(one.part for one in packed),
        packages={package.name: package.version for package in used},
    )
    _write(options.output / MANIFEST, to_json(record).encode())
    for line in table(record):
        report(line)
    return Built(
        options.output / KERNEL, options.output / INITRAMFS, options.output / MANIFEST, record
    )


def _packages(flavour: flavours.Flavour, work: Path, report: Report) -> list[Package]:
    wanted = (*flavours.USER_SPACE, *flavours.BUILD_TOOLS, flavour.kernel)
    whole = closure(wanted, work)
    used = [
        package
        for package in whole
        if not any(fnmatchcase(package.name, name) for name in flavours.UNUSED_PACKAGES)
    ]
    report(f"flavour {flavour.name}: {len(used)} of {len(whole)} packages of the closure are used")
    return used


def _content(
    options: BuildOptions, flavour: flavours.Flavour, root: Path, work: Path, report: Report
) -> tuple[dict[str, list[Entry]], int]:
    tools = Unpacked(root)
    patterns = (*flavour.modules, *options.more_modules)
    modules, selection = parts.drivers(root, tools, patterns, work / "drivers")
    report(f"chose {len(selection.paths)} kernel modules")
    for pattern in set(options.more_modules) & set(selection.idle):
        report(f"no kernel module matches {pattern}")
    content = {
        "base": parts.base(root, tools, _release(flavour.name)),
        "drivers": modules,
        "python": parts.python(root, tools, work / "python"),
        "agent": parts.agent(root, tools, work / "agent"),
    }
    return content, len(selection.paths)


def _release(flavour: str) -> str:
    return (
        'NAME="OSIE"\n'
        "ID=osie\n"
        f"VERSION_ID={__version__}\n"
        f"VARIANT_ID={flavour}\n"
        f'PRETTY_NAME="OSIE {__version__} ({flavour})"\n'
    )


def _pack_all(
    content: dict[str, list[Entry]], tools: Unpacked, options: BuildOptions, report: Report
) -> list[_Packed]:
    """Compress every part by itself, as many at a time as there are processors.

    The kernel unpacks archives that follow one another; so a part that did not change is not
    compressed again, and every part's size is known.
    """
    report(f"compressing {len(content)} parts with zstd -{options.level}")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = [
            pool.submit(_pack, name, entries, tools, options) for name, entries in content.items()
        ]
        return [job.result() for job in jobs]


def _pack(name: str, entries: list[Entry], tools: Unpacked, options: BuildOptions) -> _Packed:
    plain = b"".join(archive(entries))
    # Another zstd may compress the same bytes to others.
    key = hashlib.sha256(tools.content(_ZSTD) + plain).hexdigest()
    kept = options.cache / "parts" / f"{key}-{options.level}.zst"
    if not kept.exists():
        command = (f"-{options.level}", "--single-thread", "--no-progress", "--stdout", "-")
        packed = tools.run(_ZSTD, *command, data=plain)
        kept.parent.mkdir(parents=True, exist_ok=True)
        _write(kept, packed)
    data = kept.read_bytes()
    return _Packed(Part(name, len(entries), len(plain), len(data)), data)


def _write(path: Path, data: bytes) -> Output:
    """Replace a file at once, so that nobody ever reads half of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as new:
        new.write(data)
    Path(new.name).chmod(0o644)
    Path(new.name).replace(path)
    return Output(path.name, len(data), hashlib.sha256(data).hexdigest())
