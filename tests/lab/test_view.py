import dataclasses
import io

from rich.console import Console, RenderableType
from tests.lab.journal import INVENTORY, MAC, START, WHOLE

from boots.lab import stages, view
from boots.lab.stages import Boot, Stage, Status
from boots.lab.words import BootResult, Snapshot, StageTime


def console(*, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        width=100,
        force_terminal=terminal,
        color_system=None,
        _environ={},  # TERM=dumb is no terminal
    )


def text(thing: RenderableType) -> str:
    with (screen := console()).capture() as capture:
        screen.print(thing)
    return capture.get()


def boot(count: int) -> Boot:
    state = stages.power_on(MAC, START)
    for entry in WHOLE[:count]:
        state = stages.advance(state, entry)
    return state


def snapshot(count: int, *lines: str) -> Snapshot:
    return Snapshot(boot(count), lines, now=START + 12.3)


def test_the_picture_shows_stages_times_reasons_and_the_console() -> None:
    shown = text(view.picture(snapshot(9, "SeaBIOS", "iPXE [x]"), "a title"))

    assert "a title" in shown
    assert "✓ DHCP from the firmware    8.0 s PXE ROM, x64 UEFI, 192.168.77.10" in shown
    assert "it boots OSIE" in shown
    assert "… kernel                   12.3 s /osie/vmlinuz-x86_64 by HTTP" in shown
    assert "━" in shown
    assert "· inventory" in shown
    assert "iPXE [x]" in shown
    assert "12.3 s" in shown


def test_a_picture_before_the_console_said_anything() -> None:
    assert "nothing yet" in text(view.picture(snapshot(0), "t"))


def test_plain_lines_come_once_each_in_order() -> None:
    screen = console()
    with view.view_for(screen, "a title") as watcher:
        for count in (0, 2, 2, 8, len(WHOLE)):
            watcher(snapshot(count))
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()

    assert lines[0] == "a title"
    assert lines[1] == "   0.0 s  power on"
    assert lines[2].startswith("   8.0 s  DHCP from the firmware  PXE ROM")
    assert lines[2].endswith("; it boots OSIE")
    assert len(lines) == 1 + len(stages.ALL) - 1


def test_a_terminal_gets_the_live_picture() -> None:
    screen = console(terminal=True)
    with view.view_for(screen, "a title") as watcher:
        watcher(snapshot(9, "console line"))
    assert isinstance(screen.file, io.StringIO)

    assert "console line" in screen.file.getvalue()


def test_facts_are_what_the_machine_told() -> None:
    shown = text(view.facts(INVENTORY))

    assert "2 x A CPU" in shown
    assert "512.0 MiB" in shown
    assert "vda, 1.0 GiB, virtio, serial S1" in shown
    assert "eth0, 52:54:00:77:00:01, virtio_net, it booted from this" in shown
    assert "BOOTS-LAB-1" in shown
    assert "UEFI" in shown


def test_an_inventory_of_nothing_is_an_empty_table() -> None:
    odd: dict[str, object] = {"cpu": None, "disks": "many", "nics": [1], "memory": {}}

    assert "disk" not in text(view.facts({}))
    assert "disk" not in text(view.facts(odd))


RESULT = BootResult(
    ok=True,
    seconds=9.84,
    stages=(
        StageTime(Stage.POWER_ON, Status.DONE, 0, 0),
        StageTime(Stage.SCRIPT, Status.DONE, 2, 2.25, "by HTTP", "profile osie"),
        StageTime(Stage.IPXE_DHCP, Status.SKIPPED),
    ),
    ending="powered off",
    reason="",
    work="/tmp/x",
    inventory=INVENTORY,
)


def test_the_end_is_a_table_of_times() -> None:
    shown = text(view.closing(RESULT))

    assert "by HTTP; profile osie" in shown
    assert "skipped" in shown
    assert "2.2 s" in shown
    assert "what the machine told us" in shown


def test_the_verdict_tells_the_truth() -> None:
    failed = dataclasses.replace(RESULT, ok=False, reason="no DHCP", inventory=None)

    assert view.verdict(RESULT) == "netbooted in 9.8 s"
    assert view.verdict(failed) == "not netbooted: no DHCP"
    assert "told us" not in text(view.closing(failed))
