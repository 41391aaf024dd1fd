"""From events to boots: the facts that real boots must come out as."""

import pytest
from tests.timeline.journal import (
    ADDRESS,
    BOOT_FILE,
    DISK_SCRIPT,
    FIRMWARE,
    IPXE,
    LOADING,
    MAC,
    OSIE,
    START,
    SYSTEM,
    UP_TO_INITRD,
    UP_TO_IPXE,
    WHOLE,
    ack,
    agent,
    arrived,
    began,
    boot_after,
    boots_after,
    broke,
    ignored,
    inventory,
    kernel_script,
    later,
    line,
    offer,
    probed,
    refused,
    rendered,
    script,
    sent,
)

from boots.journal import events
from boots.journal.events import Entry
from boots.timeline.words import Boot, Stage, State, Step


def stages(boot: Boot) -> list[Stage]:
    return [step.stage for step in boot.steps]


def of(boot: Boot, stage: Stage) -> Step:
    (found,) = [step for step in boot.steps if step.stage is stage]
    return found


def moments(step: Step) -> tuple[float, float]:
    return round(step.began - START, 3), round(step.ended - START, 3)


def test_a_whole_boot_is_one_boot_of_all_stages() -> None:
    (boot,) = boots_after(*WHOLE)

    assert [
        Stage.FIRMWARE_DHCP,
        Stage.BOOT_FILE,
        Stage.IPXE_DHCP,
        Stage.SCRIPT,
        Stage.KERNEL,
        Stage.INITRD,
        Stage.SYSTEM,
        Stage.SYSTEM,
        Stage.INVENTORY,
    ] == stages(boot)
    assert (State.DONE, None, START + 25) == (boot.state, boot.finding, boot.ended)
    assert (START + 4, START + 25) == (boot.started, boot.heard)
    assert ("demo-1", MAC, ADDRESS, "br-lab") == (
        boot.machine,
        boot.mac,
        boot.address,
        boot.interface,
    )
    assert ("PXE ROM", "x64-uefi", "osie") == (boot.program, boot.architecture, boot.profile)
    assert "4c4c4544-0077" == boot.uuid
    assert 0 == boot.loops


def test_steps_say_what_why_and_how_fast() -> None:
    boot = boot_after(*WHOLE)
    firmware, kernel = of(boot, Stage.FIRMWARE_DHCP), of(boot, Stage.KERNEL)

    assert ("PXE ROM, x64-uefi, 192.168.77.10", "x64-uefi loads snponly.efi over TFTP") == (
        firmware.detail,
        firmware.why,
    )
    assert (4, 8) == moments(firmware)
    assert "vmlinuz-x86_64 by HTTP" == kernel.detail
    assert (7_000_000, 7_000_000) == (kernel.sent, kernel.size)
    assert 7_000_000 / 1.7 == pytest.approx(kernel.rate)


def test_an_offer_begins_and_an_ack_ends_an_exchange() -> None:
    assert 0 == boot_after(offer(4)).steps[0].ended
    assert START + 8 == boot_after(offer(4), ack(8)).steps[0].ended


def test_discovers_sent_again_are_one_step() -> None:
    boot = boot_after(offer(0), offer(4), offer(12), offer(28), ack(30))

    assert [Stage.FIRMWARE_DHCP] == stages(boot)
    assert (0, 30) == moments(boot.steps[0])


def test_edk2_asks_twice_for_a_file_and_it_is_one_step() -> None:
    boot = boot_after(*FIRMWARE, *BOOT_FILE)

    assert (8.1, 8.4) == moments(of(boot, Stage.BOOT_FILE))
    assert State.RUNNING is boot.state


def test_a_probed_file_is_not_there_yet() -> None:
    boot = boot_after(*FIRMWARE, began(9, "snponly.efi", 9, "tftp"), probed(9.1, "snponly.efi", 9))

    assert 0 == of(boot, Stage.BOOT_FILE).ended


def test_user_aborted_is_no_failure() -> None:
    aborted = broke(9, "snponly.efi", "the client ended it: User aborted (error 8)", 0, "tftp")
    boot = boot_after(*FIRMWARE, began(8.9, "snponly.efi", 300_000, "tftp"), aborted)

    assert ("", 0) == (of(boot, Stage.BOOT_FILE).problem, of(boot, Stage.BOOT_FILE).ended)
    assert State.RUNNING is boot.state


def test_a_transfer_shows_how_far_it_is() -> None:
    boot = boot_after(*UP_TO_IPXE, *LOADING[:3])

    assert 4 / 7 == pytest.approx(of(boot, Stage.KERNEL).progress)


def test_a_transfer_that_broke_and_is_tried_again_is_whole_in_the_end() -> None:
    broken = [*UP_TO_IPXE, script(10.2), began(11, "vmlinuz-x86_64", 100)]
    broken += [broke(12, "vmlinuz-x86_64", "the client closed the connection", 60)]
    again = [*broken, began(14, "vmlinuz-x86_64", 100)]

    kernel = of(boot_after(*broken), Stage.KERNEL)
    assert ("the client closed the connection", 60) == (kernel.problem, kernel.sent)
    kernel = of(boot_after(*again), Stage.KERNEL)
    assert ("", 0) == (kernel.problem, kernel.sent)
    assert (11, 15) == moments(
        of(boot_after(*again, arrived(15, "vmlinuz-x86_64", 100)), Stage.KERNEL)
    )


def test_word_of_progress_that_comes_after_the_end_changes_nothing() -> None:
    boot = boot_after(*UP_TO_INITRD, sent(13.9, "osie/initramfs-x86_64", 5, 32_000_000))

    assert 32_000_000 == of(boot, Stage.INITRD).sent


# --- where a boot begins


@pytest.mark.parametrize("length", range(3, len(WHOLE) + 1))
def test_firmware_that_asks_again_after_anything_later_is_a_new_power_on(length: int) -> None:
    first, second = boots_after(*WHOLE[:length], *later(WHOLE, 100))

    assert START + 104 == second.started
    assert first.heard < second.started
    assert stages(second) == stages(boot_after(*WHOLE))


def test_firmware_that_only_ever_asks_is_of_another_power_on_after_a_long_silence() -> None:
    assert 1 == len(boots_after(*FIRMWARE, *later(FIRMWARE, 90)))
    assert 2 == len(boots_after(*FIRMWARE, *later(FIRMWARE, 130)))


def test_firmware_that_tries_http_after_pxe_is_of_the_same_power_on() -> None:
    http = {"program": "UEFI HTTP"}
    passed = [*FIRMWARE, *BOOT_FILE, offer(8.45, **http), ack(12, **http)]
    (boot,) = boots_after(*passed, arrived(12.1, "snponly.efi", 300_000), *later(IPXE, 5))

    assert ["PXE ROM", "snponly.efi by TFTP", "UEFI HTTP", "snponly.efi by HTTP", "iPXE"] == [
        step.detail.partition(",")[0] for step in boot.steps
    ]


def test_firmware_that_is_back_at_once_after_its_boot_file_begins_anew() -> None:
    assert 2 == len(boots_after(*FIRMWARE, *BOOT_FILE, offer(8.45), ack(12)))


def test_an_ipxe_in_the_rom_begins_anew_after_its_script() -> None:
    rom = [*IPXE, *LOADING]

    first, second = boots_after(*rom, *later(rom, 60))
    assert (START + 10, START + 70) == (first.started, second.started)
    assert Stage.IPXE_DHCP is second.steps[0].stage


def test_an_ipxe_that_asks_twice_before_its_script_is_one_boot() -> None:
    assert 1 == len(boots_after(*UP_TO_IPXE, *later(IPXE, 20), *later(LOADING, 20)))


def test_a_script_that_asks_dhcp_itself_does_not_begin_a_boot() -> None:
    asks = script(10.2, "#!ipxe\ndhcp net1\nchain http://192.0.2.1/menu.ipxe\n")

    assert 1 == len(boots_after(*UP_TO_IPXE, asks, *later(IPXE, 5)))
    assert 2 == len(boots_after(*UP_TO_IPXE, script(10.2), *later(IPXE, 5)))


def test_autoexec_only_leads_to_the_script() -> None:
    autoexec = script(9, "#!ipxe\nchain --autofree x\n", profile="autoexec.ipxe")
    (boot,) = boots_after(*FIRMWARE, *BOOT_FILE, autoexec, *IPXE, *LOADING)

    assert ["autoexec.ipxe by HTTP", "osie by HTTP"] == [
        step.detail for step in boot.steps if step.stage is Stage.SCRIPT
    ]
    assert 1 == boot.loops


def test_a_rom_that_loads_another_ipxe_is_one_boot() -> None:
    undionly = arrived(11, "undionly.kpxe", 70_000, "tftp")
    (boot,) = boots_after(*IPXE, undionly, *later(IPXE, 4), *later(LOADING, 4))

    assert [Stage.IPXE_DHCP, Stage.BOOT_FILE, Stage.SCRIPT] == stages(boot)[:3]


# --- several servers


def test_offers_of_two_servers_for_one_discover_are_one_boot() -> None:
    twice = [entry for entry in WHOLE for _ in range(2)]

    assert boots_after(*WHOLE) == boots_after(*twice)


def test_an_offer_that_another_server_tells_of_late_begins_no_boot() -> None:
    late = [*FIRMWARE, BOOT_FILE[0], offer(8.05), ack(8.3, interface="eth1")]

    (boot,) = boots_after(*late)
    assert [Stage.FIRMWARE_DHCP, Stage.BOOT_FILE] == stages(boot)
    assert START + 8 == boot.steps[0].ended


def test_the_server_whose_offer_was_not_taken_says_nothing_is_wrong() -> None:
    loser = ignored(8.02, "the client took the offer of 192.168.77.2", "REQUEST")
    boot = boot_after(offer(4), offer(4.01), ack(8), loser, until=16)

    assert (State.RUNNING, None) == (boot.state, boot.finding)


NEAR = [n for n in range(1, len(WHOLE)) if WHOLE[n].at - WHOLE[n - 1].at < 0.11]


@pytest.mark.parametrize("place", NEAR)
def test_entries_that_change_places_make_the_same_stages(place: int) -> None:
    swapped = [*WHOLE]
    swapped[place - 1 : place + 1] = reversed(swapped[place - 1 : place + 1])

    assert 1 == len(boots_after(*swapped))
    assert stages(boot_after(*WHOLE)) == stages(boot_after(*swapped))


# --- disks and systems


def test_a_machine_with_netboot_off_is_sent_to_its_disk_and_says_why() -> None:
    off = {"boot_file": "", "why": "netboot is off for this machine"}
    asked = [offer(4, **off), ack(8, **off), refused(8.1, "netboot-not-allowed", off["why"])]
    (boot,) = boots_after(*asked)

    assert [Stage.FIRMWARE_DHCP, Stage.DISK] == stages(boot)
    assert (State.DONE, "netboot is off for this machine") == (boot.state, boot.steps[-1].why)
    (boot,) = boots_after(*asked, offer(40, SYSTEM), ack(40.1, SYSTEM))
    assert [Stage.FIRMWARE_DHCP, Stage.DISK, Stage.DISK] == stages(boot)


def test_a_system_that_asks_without_a_boot_before_it_came_from_the_disk() -> None:
    (boot,) = boots_after(offer(1, SYSTEM), ack(1.1, SYSTEM))

    assert ([Stage.DISK], State.DONE) == (stages(boot), boot.state)
    assert "an operating system has 192.168.77.10" == boot.steps[0].detail


def test_a_system_that_keeps_its_address_begins_no_boot() -> None:
    renewals = [ack(100 + 1800 * n, SYSTEM) for n in range(1, 20)]

    assert 1 == len(boots_after(*WHOLE, *renewals))


def test_a_system_that_asks_anew_long_after_was_started_from_the_disk() -> None:
    first, second = boots_after(*WHOLE, offer(2000, SYSTEM), ack(2000.1, SYSTEM))

    assert (State.DONE, [Stage.DISK]) == (first.state, stages(second))


def test_a_script_for_the_disk_leads_to_the_disk() -> None:
    (boot,) = boots_after(
        *UP_TO_IPXE, script(10.2, DISK_SCRIPT, profile="local-disk"), ack(30, SYSTEM)
    )

    assert (Stage.DISK, "") == (boot.steps[-1].stage, boot.steps[-1].problem)
    assert State.DONE is boot.state


def test_a_system_behind_another_dhcp_server_is_heard_all_the_same() -> None:
    proxied = [offer(4, address=""), ack(8, address=""), *BOOT_FILE, offer(10, "iPXE", address="")]
    why = "an operating system asks: its DHCP server is another one"
    (boot,) = boots_after(*proxied, *LOADING, ignored(22, why))

    assert Stage.SYSTEM is boot.steps[-1].stage


def test_an_installer_that_asks_for_its_answers_runs() -> None:
    text = kernel_script(agent=False)
    entries = [*UP_TO_IPXE, script(10.2, text), *LOADING[1:]]
    boot = boot_after(*entries, rendered(40, "preseed.cfg", "debian", "http"))

    assert ("fetches preseed.cfg", State.DONE) == (boot.steps[-1].detail, boot.state)


def test_shim_and_grub_take_the_place_of_ipxe() -> None:
    boot = boot_after(
        *FIRMWARE,
        arrived(9, "shimx64.efi", 900_000, "tftp"),
        refused(9.1, "revocations.efi", "there is no file", "tftp"),
        arrived(9.5, "grubx64.efi", 2_000_000, "tftp"),
        rendered(10, "grub/grub.cfg"),
        arrived(10.1, "grub/grub.cfg", 300, "tftp"),
        arrived(11, "osie/vmlinuz-x86_64", 7_000_000, "tftp"),
        arrived(12, "osie/initramfs-x86_64", 32_000_000, "tftp"),
        ack(20, SYSTEM),
    )

    assert [
        "shimx64.efi by TFTP",
        "grubx64.efi by TFTP",
        "grub.cfg by TFTP",
        "vmlinuz-x86_64 by TFTP",
        "initramfs-x86_64 by TFTP",
    ] == [step.detail for step in boot.steps[1:-1]]
    assert State.DONE is boot.state


def test_u_boot_and_pxelinux_read_a_menu() -> None:
    boot = boot_after(
        *FIRMWARE, rendered(9, "pxelinux.cfg/01-52-54-00-77-00-01"), arrived(10, "vmlinuz", 9)
    )

    assert [Stage.FIRMWARE_DHCP, Stage.SCRIPT, Stage.KERNEL] == stages(boot)


def test_an_iso_that_a_bmc_mounts_is_no_disk() -> None:
    boot = boot_after(arrived(1, "osie.iso", 90_000_000), offer(60, SYSTEM), ack(60.1, SYSTEM))

    assert Stage.SYSTEM is boot.steps[-1].stage


def test_lines_of_the_kernel_tell_that_it_runs() -> None:
    boot = boot_after(*UP_TO_INITRD, line(20, "Linux version 6.1", "kernel"))

    assert ("its console, over syslog", Stage.SYSTEM) == (
        boot.steps[-1].detail,
        boot.steps[-1].stage,
    )
    assert Stage.INITRD is boot_after(*UP_TO_INITRD, line(20, "Booting", "ipxe")).steps[-1].stage


# --- loops


def test_loops_count_the_scripts_that_nothing_came_of() -> None:
    four = [entry for turn in range(4) for entry in later(UP_TO_INITRD, 60 * turn)]

    assert [1, 2, 3, 4] == [boot.loops for boot in boots_after(*four)]
    assert 0 == boot_after(*four, *later(OSIE, 180)).loops


def test_a_boot_after_one_that_went_well_counts_from_the_beginning() -> None:
    assert 1 == boot_after(*UP_TO_INITRD, *later(WHOLE, 60), *later(UP_TO_INITRD, 200)).loops


def test_where_dhcp_is_another_servers_boots_begin_with_their_boot_file() -> None:
    once = [*BOOT_FILE, *LOADING]

    assert 2 == len(boots_after(*once, *later(once, 60)))


def test_an_agent_alone_shows_a_boot() -> None:
    boot = boot_after(agent(1), inventory(2))

    assert ([Stage.SYSTEM, Stage.INVENTORY], State.DONE) == (stages(boot), boot.state)


def run(seconds: float, step: str, state: str = "RUNNING", step_state: str = "HANDED") -> Entry:
    event = events.RunChanged(
        mac=MAC,
        machine="one",
        run="w-1",
        name="debian",
        state=state,
        step=step,
        step_state=step_state,
        why="the image ends early" if state == "FAILED" else "",
    )
    return Entry(START + seconds, event)


def test_a_workflows_actions_are_part_of_the_boot_that_they_are_done_in() -> None:
    before, *said = (run(1, "1 look"), run(30, "1 look"), run(31, "1 look", step_state="SUCCESS"))
    ending = (run(32, "2 write"), run(40, "2 write", "FAILED", "FAILED"))
    (boot,) = boots_after(before, *WHOLE, *said, *ending)

    assert State.DONE is boot.state
    told = [(step.detail, step.why) for step in boot.steps if step.stage is Stage.INVENTORY]
    assert [
        ("workflow debian: action 1 look", ""),
        ("workflow debian: action 2 write", ""),
        ("workflow debian: FAILED", "the image ends early"),
    ] == told[1:]
