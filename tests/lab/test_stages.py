import pytest
from tests.lab.journal import (
    MAC,
    OTHER,
    SCRIPT,
    START,
    WHOLE,
    ack,
    arrived,
    at,
    began,
    broke,
    inventory,
    offer,
    progressed,
    refused,
    script,
    sent,
)

from boots.journal import events
from boots.journal.events import Entry
from boots.lab import stages
from boots.lab.firmware import RECIPES, Firmware
from boots.lab.stages import Boot, Stage, Status


def after(*entries: Entry, expected: tuple[Stage, ...] = stages.ALL) -> Boot:
    boot = stages.power_on(MAC, START, expected)
    for entry in entries:
        boot = stages.advance(boot, entry)
    return boot


def statuses(boot: Boot) -> dict[Stage, Status]:
    return {stage: stages.status(boot, stage) for stage in boot.expected}


def ended(boot: Boot, stage: Stage) -> float:
    moment = boot.marks[stage].ended
    assert moment is not None
    return round(moment - START, 3)


def test_a_whole_boot_passes_every_stage() -> None:
    boot = stages.spoke(after(*WHOLE), "OSIE: agent 0.1.0 says hello to http://192.168.77.1")
    boot = stages.ended(boot, START + 18, "powered off")

    assert set(statuses(boot).values()) == {Status.DONE}
    assert boot.complete
    assert boot.seconds == 18
    assert stages.missing(boot) is None
    assert {stage: ended(boot, stage) for stage in stages.ALL} == {
        Stage.POWER_ON: 0,
        Stage.FIRMWARE_DHCP: 8.0,
        Stage.BOOT_FILE: 8.2,
        Stage.IPXE_DHCP: 10.1,
        Stage.SCRIPT: 10.2,
        Stage.KERNEL: 10.5,
        Stage.INITRD: 10.8,
        Stage.OSIE: 17.0,
        Stage.INVENTORY: 17.5,
        Stage.POWER_OFF: 18,
    }


@pytest.mark.parametrize("missing", range(len(WHOLE)))
def test_no_entry_is_indispensable_to_the_others(missing: int) -> None:
    boot = after(*WHOLE[:missing], *WHOLE[missing + 1 :])

    assert Status.WAITING not in [
        stages.status(boot, stage) for stage in stages.ALL[: stages.ALL.index(Stage.OSIE)]
    ]


def test_at_power_on_everything_else_waits() -> None:
    found = statuses(after())

    assert found.pop(Stage.POWER_ON) is Status.DONE
    assert set(found.values()) == {Status.WAITING}


def test_other_machines_change_nothing() -> None:
    boot = after()

    assert stages.advance(boot, ack(1, "iPXE", mac=OTHER)) is boot


def test_an_offer_runs_and_an_ack_ends_a_dhcp_stage() -> None:
    offered = after(offer(4, "UEFI HTTP"))

    assert stages.status(offered, Stage.FIRMWARE_DHCP) is Status.RUNNING
    acked = stages.advance(offered, ack(8, "UEFI HTTP", relay="192.168.77.1"))
    mark = acked.marks[Stage.FIRMWARE_DHCP]
    assert (mark.began, mark.ended) == (START + 4, START + 8)
    assert mark.detail == "UEFI HTTP, x64 UEFI, 192.168.77.10, relay 192.168.77.1"
    assert mark.why == "it boots OSIE"


def test_what_ended_once_keeps_its_time() -> None:
    boot = after(ack(2, "iPXE"), offer(20, "iPXE"), ack(21, "iPXE", why="again"))

    assert ended(boot, Stage.IPXE_DHCP) == 2
    assert boot.marks[Stage.IPXE_DHCP].why == "it boots OSIE"


def test_stages_that_were_passed_over_are_skipped() -> None:
    boot = after(ack(1, "PXE ROM"), arrived(2, "ipxe.efi", 9, "tftp"), script(3))

    assert stages.status(boot, Stage.IPXE_DHCP) is Status.SKIPPED
    assert stages.missing(boot) is Stage.KERNEL


def test_losing_power_skips_nothing() -> None:
    boot = stages.ended(after(ack(1, "PXE ROM")), START + 2, "powered off")

    assert stages.status(boot, Stage.BOOT_FILE) is Status.WAITING
    assert stages.missing(boot) is Stage.BOOT_FILE
    assert not boot.complete


def test_a_transfer_fills_up() -> None:
    name = "/osie/vmlinuz-x86_64"
    boot = after(script(1), began(2, name, 2000), sent(3, name, 1500, 2000))
    mark = boot.marks[Stage.KERNEL]

    assert (mark.sent, mark.size, mark.ended) == (1500, 2000, None)
    assert stages.advance(boot, arrived(4, name, 2000)).marks[Stage.KERNEL].sent == 2000


def test_a_second_fetch_of_the_same_file_changes_nothing() -> None:
    boot = after(arrived(1, "snponly.efi", 9, "tftp"), began(2, "snponly.efi", 9, "tftp"))

    assert ended(boot, Stage.BOOT_FILE) == 1


def test_a_script_sent_as_a_file_is_no_boot_file() -> None:
    boot = after(began(1, "autoexec.ipxe", 200, "tftp"))

    assert Stage.BOOT_FILE not in boot.marks


@pytest.mark.parametrize(
    ("text", "name", "stage"),
    [
        (SCRIPT, "/osie/vmlinuz-x86_64", Stage.KERNEL),
        (SCRIPT, "/osie/initramfs-x86_64", Stage.INITRD),
        ("#!ipxe\nkernel --name k http://a/linux quiet\n", "/linux", Stage.KERNEL),
        ('#!ipxe\nkernel "http://a/one.bin"\n', "/one.bin", Stage.KERNEL),
        ("#!ipxe\ninitrd http://a/root.img?v=2\n", "/root.img", Stage.INITRD),
        ("#!ipxe\nkernel linux\ninitrd fs\n", "fs", Stage.INITRD),
        ("#!ipxe\nkernel\n", "/vmlinuz", Stage.KERNEL),
        ("#!ipxe\nchain other\n", "/initrd.img", Stage.INITRD),
    ],
)
def test_the_script_says_what_a_transfer_is(text: str, name: str, stage: Stage) -> None:
    boot = after(script(1, text), began(2, name, 5))

    assert stage in boot.marks


def test_a_file_that_no_stage_knows_is_passed_over() -> None:
    assert Stage.BOOT_FILE not in after(script(1), began(2, "/logo.png", 5)).marks


def test_an_os_with_an_address_is_osie_on_its_way() -> None:
    boot = after(ack(12, "an operating system"))

    assert stages.status(boot, Stage.OSIE) is Status.RUNNING
    assert ended(stages.advance(boot, progressed(14)), Stage.OSIE) == 14


def test_an_inventory_alone_shows_that_osie_runs() -> None:
    boot = after(inventory(9))

    assert ended(boot, Stage.OSIE) == ended(boot, Stage.INVENTORY) == 9
    assert boot.inventory is not None


@pytest.mark.parametrize(
    ("spoke", "reported", "ending", "complete"),
    [
        (True, True, "powered off", True),
        (False, True, "powered off", False),
        (True, False, "powered off", False),
        (True, True, "restarted", False),
        (True, True, None, False),
    ],
)
def test_complete_means_all_three(
    spoke: bool, reported: bool, ending: str | None, complete: bool
) -> None:
    boot = after(*([inventory(9)] if reported else []))
    if spoke:
        boot = stages.spoke(boot, "OSIE: agent 0.1.0 says hello")
    if ending:
        boot = stages.ended(boot, START + 10, ending)

    assert boot.complete is complete


@pytest.mark.parametrize(
    "line",
    ["No bootable device.", "[ 1.0] Kernel panic - not syncing: VFS", "UEFI Interactive Shell v2"],
)
def test_a_machine_says_when_it_gives_up(line: str) -> None:
    boot = stages.spoke(after(), line)

    assert boot.gave_up == line
    assert stages.spoke(boot, "No bootable device. Again").gave_up == line


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (at(1, events.NakSent(mac=MAC, interface="b", why="moved")), "DHCP: NAK sent: moved"),
        (
            at(1, events.DhcpIgnored(mac=MAC, interface="b", message="DISCOVER", why="unknown")),
            "DHCP: DISCOVER ignored: unknown",
        ),
        (
            at(1, events.AddressDeclined(mac=MAC, interface="b", address="192.168.77.10")),
            "DHCP: the machine says that 192.168.77.10 is in use",
        ),
        (
            at(1, events.PacketDropped(door="tftp", peer="x:1", why="too short")),
            "TFTP: packet dropped: too short",
        ),
        (broke(1, "k"), "HTTP: k broke off after 512 bytes: no ACK for 20 s"),
        (refused(1, "x.efi", "tftp"), "TFTP: x.efi refused: no such file"),
        (at(1, events.RecordsRefused(faults=["a", "b"])), "records refused: a; b"),
        (at(1, events.ServerStopped(why="SIGTERM")), "the server stopped: SIGTERM"),
    ],
)
def test_troubles_are_kept_as_lines(entry: Entry, what: str) -> None:
    assert [trouble.what for trouble in after(entry).troubles] == [what]


def test_only_the_last_troubles_are_kept() -> None:
    boot = after(*(refused(n, f"f{n}") for n in range(20)))

    assert [trouble.at - START for trouble in boot.troubles] == list(range(12, 20))


def test_events_of_no_meaning_here_change_nothing() -> None:
    boot = after()

    started = events.ServerStarted(version="1", listeners=[], machines=1)
    assert stages.advance(boot, at(1, started)) is boot


def rendered(seconds: float, name: str) -> Entry:
    about = {"mac": MAC, "peer": "192.168.77.10:1", "door": "tftp"}
    return at(seconds, events.FileRendered(name=name, source="osie", **about))


def test_shim_and_grub_take_the_place_of_ipxe() -> None:
    boot = after(
        ack(1, "PXE ROM"),
        arrived(2, "shimx64.efi", 10),
        arrived(3, "grubx64.efi", 10),
        rendered(4, "grub/grub.cfg"),
        arrived(4.1, "grub/grub.cfg", 10),
        arrived(5, "osie/vmlinuz-x86_64", 10),
        arrived(6, "osie/initramfs-x86_64", 10),
        expected=stages.WITHOUT_IPXE,
    )

    moments = {Stage.BOOT_FILE: 2, Stage.SCRIPT: 4, Stage.KERNEL: 5, Stage.INITRD: 6}
    assert moments == {stage: ended(boot, stage) for stage in moments}
    assert "profile osie" == boot.marks[Stage.SCRIPT].why
    assert Stage.OSIE is stages.missing(boot)


@pytest.mark.parametrize(
    ("firmware", "expected"),
    [
        (Firmware.BIOS, stages.IPXE_IN_ROM),
        (Firmware.UEFI, stages.ALL),
        (Firmware.ARM64, stages.ALL),
        (Firmware.UEFI_SECURE, stages.WITHOUT_IPXE),
        (Firmware.UEFI_ISO, stages.FROM_DISC),
    ],
)
def test_each_firmware_has_its_stages(firmware: Firmware, expected: tuple[Stage, ...]) -> None:
    assert expected == stages.expected(RECIPES[firmware])
