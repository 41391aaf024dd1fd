"""The parts of an image, each a list of archive entries: base, drivers, Python and the agent."""

import importlib.resources
import shutil
from fnmatch import fnmatchcase
from importlib.resources.abc import Traversable
from pathlib import Path

from boots.osie import firmware as blobs
from boots.osie import flavours
from boots.osie.cpio import Entry, character_device, directory, regular, symlink, with_parents
from boots.osie.errors import BuildError
from boots.osie.on_demand import Beside
from boots.osie.packages import MERGED, merged
from boots.osie.programs import Unpacked
from boots.osie.selecting import Chosen
from boots.osie.sources import Sources, Wanted
from boots.osie.tree import libraries, read, take, take_or_link

_EMPTY_DIRECTORIES = ("dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", "var/log")
_MODULE_LISTS = ("modules.builtin", "modules.builtin.modinfo", "modules.order")
_ETC = {
    "etc/group": "root:x:0:\ntty:x:5:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def base(sources: Sources, wanted: Wanted, release: str) -> list[Entry]:
    """The directories, BusyBox, the programs with their libraries, and ``/init``.

    `release` is the text of ``/etc/os-release``.
    """
    root, flavour = sources.root, wanted.flavour
    patterns = (*flavours.PROGRAMS, *flavour.programs)
    programs = [entry for pattern in patterns for entry in _matching(root, pattern)]
    programs += _extra_files(sources, wanted)
    entries = [
        *(directory(path, 0o700 if path == "root" else 0o755) for path in _EMPTY_DIRECTORIES),
        *(symlink(name, f"usr/{name}") for name in MERGED),
        character_device("dev/console", 5, 1),
        character_device("dev/null", 1, 3, 0o666),
        read(root, "usr/bin/busybox"),
        *(read(root, path) for path in flavours.CONFIGURATION),
        *programs,
        *libraries(root, [*programs, *_dynamic_modules(root)], flavours.EXTRA_LIBRARIES),
        *(regular(path, text.encode()) for path, text in (*_ETC.items(), *flavour.files)),
        regular("etc/os-release", release.encode()),
        regular("init", _own_file("init.sh"), 0o755),
        regular("usr/share/osie/lease", _own_file("lease.sh"), 0o755),
    ]
    # A real program wins over BusyBox's.
    found = {entry.path: entry for entry in (*_applets(sources.tools), *_kmod_names(), *entries)}
    return with_parents(found.values())


def memory(needed: int) -> Entry:
    """What tells ``/init`` how many MiB a machine must have."""
    return regular("usr/share/osie/memory", f"{needed}\n".encode())


def _matching(root: Path, pattern: str) -> list[Entry]:
    paths = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
    return [entry for path in paths or [pattern] for entry in take(root, path)]


def _kmod_names() -> list[Entry]:
    names = [f"usr/sbin/{name}" for name in flavours.KMOD_NAMES]
    return [symlink(name, "../bin/kmod") for name in names]


def _extra_files(sources: Sources, wanted: Wanted) -> list[Entry]:
    """All of the packages that a person asked for, but what nothing in OSIE reads."""
    paths = [
        path
        for name in wanted.extras.packages
        for path in sources.files.get(name, ())
        if not any(fnmatchcase(path, pattern) for pattern in flavours.UNUSED_FILES)
    ]
    return [entry for path in paths for entry in take_or_link(sources.root, path)]


def drivers(sources: Sources, chosen: Chosen, stage: Path) -> list[Entry]:
    """The chosen kernel modules with fresh indexes, made in the empty directory `stage`."""
    goal = stage / "lib/modules" / sources.kernel
    for path in (*chosen.inside, *_MODULE_LISTS):
        if (chosen.tree / path).exists():
            (goal / path).parent.mkdir(parents=True, exist_ok=True)
            (goal / path).hardlink_to(chosen.tree / path)
    sources.tools.run("usr/sbin/depmod", "-b", str(stage), sources.kernel)
    return with_parents(_files(goal, f"usr/lib/modules/{sources.kernel}"))


def firmware(sources: Sources, wanted: Wanted, chosen: Chosen) -> list[Entry]:
    """Firmware that the chosen modules name, and all of the packages that were asked for."""
    named = {
        name for path in chosen.inside for name in blobs.named_by((chosen.tree / path).read_bytes())
    }
    asked = [
        path.removeprefix(f"{blobs.FOLDER}/")
        for name in wanted.extras.firmware
        for path in sources.files.get(f"firmware-{name}", ())
        if path.startswith(f"{blobs.FOLDER}/")
    ]
    return with_parents(blobs.files(sources.root, {*named, *asked}))


def index(beside: Beside) -> list[Entry]:
    """What the agent finds the modules beside the image by."""
    return with_parents([beside.index])


def python(root: Path, tools: Unpacked, stage: Path) -> list[Entry]:
    """Python's standard library, compiled, without what OSIE cannot use."""
    library = python_library(root)
    goal = stage / library
    for source in sorted((root / library).rglob("*")):
        name = source.relative_to(root / library).as_posix()
        if source.suffix in {".py", ".so"} and not _unused(name) and source.is_file():
            (goal / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, goal / name)
    return _compiled(root, tools, stage, library)


def agent(root: Path, tools: Unpacked, stage: Path) -> list[Entry]:
    """The agent, compiled, where Python finds it without any search path."""
    package = f"{python_library(root)}/boots_agent"
    try:
        source = importlib.resources.files("boots_agent")
    except ModuleNotFoundError as error:
        raise BuildError(
            "the agent is not installed: install the distribution boots-agent of this version"
        ) from error
    _copy_modules(source, stage / package)
    return _compiled(root, tools, stage, package)


def python_library(root: Path) -> str:
    """Where the standard library lies, such as ``usr/lib/python3.11``."""
    found = sorted(root.glob("usr/lib/python3.*/os.py"))
    if len(found) != 1:
        raise BuildError(f"the packages hold {len(found)} Pythons, not one")
    return found[0].parent.relative_to(root).as_posix()


def _applets(tools: Unpacked) -> list[Entry]:
    listed = tools.run("usr/bin/busybox", "--list-full").decode().split()
    paths = (merged(path) for path in listed if "/" in path)
    return [symlink(path, "/usr/bin/busybox") for path in paths]


def _dynamic_modules(root: Path) -> list[Entry]:
    """Python's modules in C, for the libraries they need."""
    library = root / python_library(root)
    return [
        read(root, path.relative_to(root).as_posix())
        for path in sorted(library.glob("lib-dynload/*.so"))
        if not _unused(path.relative_to(library).as_posix())
    ]


def _unused(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in flavours.STDLIB_UNUSED)


def _copy_modules(source: Traversable, goal: Path) -> None:
    goal.mkdir(parents=True, exist_ok=True)
    for item in sorted(source.iterdir(), key=lambda item: item.name):
        if item.is_dir() and item.name != "__pycache__":
            _copy_modules(item, goal / item.name)
        elif item.is_file() and item.name.endswith(".py"):
            (goal / item.name).write_bytes(item.read_bytes())


def _compiled(root: Path, tools: Unpacked, stage: Path, package: str) -> list[Entry]:
    """Compile what is staged with the image's own Python; only the result goes into the image.

    For a foreign architecture it is this host's Python of the same release: bytecode is the same.
    """
    if python_library(tools.root) != python_library(root):
        raise BuildError(
            f"this host's Debian has {python_library(tools.root)}, and the image would have"
            f" {python_library(root)}: apt-get update, and build again"
        )
    tools.run(
        "usr/bin/python3",
        *("-S", "-s", "-m", "compileall", "-q", "-b", "-o", "2"),
        *("--invalidation-mode", "unchecked-hash", "-s", str(stage), "-p", "/"),
        str(stage / package),
        env={
            "PYTHONHOME": str(tools.root / "usr"),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    files = _files(stage / package, package)
    return with_parents(entry for entry in files if not entry.path.endswith(".py"))


def _files(place: Path, path: str) -> list[Entry]:
    return [
        regular(f"{path}/{file.relative_to(place).as_posix()}", file.read_bytes())
        for file in sorted(place.rglob("*"))
        if file.is_file()
    ]


def _own_file(name: str) -> bytes:
    return importlib.resources.files("boots.osie").joinpath(name).read_bytes()
