"""``boots demo``: one virtual machine boots from the network, before your eyes."""

import contextlib
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from boots.lab import accelerator, firmware, isolation
from boots.lab.boot import boot_once
from boots.lab.errors import LabError
from boots.lab.firmware import RECIPES, Firmware, Recipe
from boots.lab.qemu import missing as no_qemu
from boots.lab.topology import RELAY
from boots.lab.view import closing, verdict, view_for
from boots.lab.words import RECORD, BootOptions, BootResult

BOOT_FILES = {
    Firmware.BIOS: (),
    Firmware.BIOS_CHAIN: ("undionly.kpxe",),
    Firmware.UEFI: ("snponly.efi", "ipxe.efi"),
    Firmware.UEFI_HTTP: ("snponly.efi", "ipxe.efi"),
    Firmware.ARM64: ("snponly-arm64.efi", "ipxe-arm64.efi"),
    Firmware.ARM64_HTTP: ("snponly-arm64.efi", "ipxe-arm64.efi"),
    Firmware.U_BOOT: ("snponly-arm64.efi", "ipxe-arm64.efi"),
}
"""Any one of these lets the server chain-load iPXE; what is missing needs none."""

IPXE = Path("/usr/lib/ipxe")
"""Where Debian's package ipxe has them."""

EVIDENCE = ("journal.jsonl", "server.log", "relay.log", "machine/console.log", "boot.pcap")

OSIE_FILES = ("vmlinuz-x86_64", "initramfs-x86_64")


@dataclass(frozen=True)
class DemoOptions:
    """What to show, and with which files."""

    osie: Path
    """The directory that ``boots osie build`` filled."""
    firmware: Firmware = Firmware.BIOS
    relay: bool = False
    """Whether the server is behind a router that relays DHCP."""
    ipxe: Path = IPXE
    """The directory with the package's boot files."""
    boot_files: Path | None = None
    """A folder with others, which win."""
    work: Path | None = None
    """Where the evidence is kept; None: a temporary directory, removed after a good boot."""
    timeout: float = 180
    """Seconds from power-on."""
    memory: int = 768
    """MiB."""
    picture: Path | None = None
    """Where the closing report is saved as SVG."""
    server: tuple[str, ...] = ()
    """The server's command; empty: this program's own ``serve``."""
    server_arguments: tuple[str, ...] = ()
    """More arguments for the server."""


@dataclass(frozen=True)
class Check:
    """Something the demo needs, and whether it is there."""

    what: str
    fault: str = ""
    """What is wrong and what to do; empty when it is there."""


def run_demo(options: DemoOptions, console: Console, argv: Sequence[str] = ()) -> int:
    """Show a netboot; the exit status tells the truth.

    Outside of the lab's namespaces it becomes itself inside: `argv` is the command line for that,
    by default this program's own.

    Returns:
        0: the machine sent its inventory, the agent spoke on its console, and it powered off.
        1: it did not; the reason and the place of the evidence are printed.
        2: something is missing here; nothing was started.
        130: interrupted.
    """
    try:
        if not isolation.inside() and not _ready(options, console):
            return 2
        isolation.enter(argv or (sys.executable, "-m", "boots", *sys.argv[1:]))
    except LabError as error:
        _complain(console, str(error))
        return 2
    work = options.work or Path(tempfile.mkdtemp(prefix="boots-demo-"))
    try:
        result = _boot(options, console, work)
    except LabError as error:
        _complain(console, str(error))
    except KeyboardInterrupt:
        console.print("interrupted")
        _point(console, work)
        return 130
    else:
        _conclude(console, result)
        if options.picture is not None:
            _paint(options, result, options.picture)
        if result.ok:
            if options.work is None:
                shutil.rmtree(work, ignore_errors=True)
            return 0
        _evidence(console, result, work)
    _point(console, work)
    return 1


def checks(options: DemoOptions, root: Path = Path("/")) -> list[Check]:
    """Everything a demo needs from the system, looked for below `root`."""
    recipe = RECIPES[options.firmware]
    found = [Check("QEMU", no_qemu(recipe))]
    faults = firmware.missing(options.firmware, root)
    found.append(Check(f"firmware ({recipe.title})", "; ".join(faults)))
    if recipe.starts_from_disc:
        found.append(Check("disc", "the demo boots from the network: choose another --firmware"))
    names = BOOT_FILES.get(options.firmware, ())
    if names:
        folders = [each for each in (options.boot_files, options.ipxe) if each is not None]
        there = any((folder / name).is_file() for folder in folders for name in names)
        where = " or ".join(map(str, folders))
        fault = f"no {' or '.join(names)} in {where}: {_remedy(recipe)}"
        found.append(Check("iPXE", "" if there else fault))
    if options.relay:
        fault = "" if shutil.which(RELAY) else f"no {RELAY}: apt-get install isc-dhcp-relay"
        found.append(Check("relay", fault))
    names = tuple(name.replace("x86_64", recipe.cpu) for name in OSIE_FILES)
    absent = [name for name in names if not (options.osie / name).is_file()]
    remedy = "run `boots osie build` first"
    if recipe.cpu != "x86_64":
        remedy = (
            "`boots osie build` makes OSIE for x86_64 alone so far, "
            f"name a folder with yours for {recipe.cpu} (--osie)"
        )
    fault = f"no {' and no '.join(absent)} in {options.osie}: {remedy}"
    found.append(Check("OSIE", fault if absent else ""))
    return found


def _ready(options: DemoOptions, console: Console) -> bool:
    found = checks(options)
    for check in found:
        mark = Text("✗ ", "red") if check.fault else Text("✓ ", "green")
        said = f"{check.what}{': ' if check.fault else ''}{check.fault}"
        console.print(mark + Text(said), soft_wrap=True)
    return not any(check.fault for check in found)


def _boot(options: DemoOptions, console: Console, work: Path) -> BootResult:
    choice = accelerator.choose()
    console.print(Text(choice.sentence(), "yellow" if choice.emulated else ""), soft_wrap=True)
    boot = BootOptions(
        osie=str(options.osie.absolute()),
        work=str(work.absolute()),
        firmware=options.firmware,
        record=record(options.firmware),
        relay=options.relay,
        timeout=options.timeout,
        memory=options.memory,
        server=options.server,
        server_arguments=(*_boot_files(options), *options.server_arguments),
    )
    with view_for(console, _title(options)) as view:
        return boot_once(boot, view)


def _boot_files(options: DemoOptions) -> tuple[str, ...]:
    if options.boot_files is None:
        return ()
    return ("--boot-files", str(options.boot_files.absolute()))


def record(firmware: Firmware) -> str:
    """The demo machine's record, with what this firmware needs said of it."""
    recipe = RECIPES[firmware]
    signed = "    boot_file: shimx64.efi\n" if recipe.secure else ""
    return f"{RECORD}    cpu: {recipe.cpu}\n{signed}"


def _remedy(recipe: Recipe) -> str:
    if recipe.cpu == "x86_64":
        return "apt-get install ipxe"
    return (
        "Debian has it since trixie "
        "(boots boot-files fetch --output DIR, then --boot-files DIR here)"
    )


def _title(options: DemoOptions) -> str:
    behind = ", server behind a relay" if options.relay else ""
    return f"a machine boots from the network ({RECIPES[options.firmware].title}{behind})"


def _conclude(console: Console, result: BootResult) -> None:
    console.print(closing(result))
    console.print()
    style = "bold green" if result.ok else "bold red"
    console.print(Text(verdict(result), style), soft_wrap=True)


# rich's own picture would fetch its font from a stranger's server.
_SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def _paint(options: DemoOptions, result: BootResult, file: Path) -> None:
    canvas = Console(record=True, width=96, file=io.StringIO(), highlight=False)
    _conclude(canvas, result)
    title = f"boots demo --firmware {options.firmware.value}"
    canvas.save_svg(str(file), title=title, code_format=_SVG)


def _evidence(console: Console, result: BootResult, work: Path) -> None:
    """The last lines of the machine's console and of the server: where most reasons stand."""
    log = work / "server.log"
    _last_lines(console, "the machine's", result.console_text)
    _last_lines(console, "the server's", log.read_text(errors="replace") if log.exists() else "")


def _last_lines(console: Console, whose: str, text: str) -> None:
    lines = [line for line in text.splitlines() if line.strip()]
    console.print(f"\n{whose} last words:" if lines else f"\n{whose} log is empty")
    for line in lines[-12:]:
        console.print(Text(f"  {line}", "dim"), soft_wrap=True)


def _point(console: Console, work: Path) -> None:
    """Tell where the evidence is; a directory without any is no use to anybody."""
    with contextlib.suppress(OSError):
        work.rmdir()
    there = ", ".join(name for name in EVIDENCE if (work / name).exists())
    if there:
        console.print(Text(f"\nevidence: {work} ({there})"), soft_wrap=True)


def _complain(console: Console, text: str) -> None:
    console.print(Text(text, "red"), soft_wrap=True)
