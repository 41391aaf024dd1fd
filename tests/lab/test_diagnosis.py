import pytest
from tests.lab.journal import MAC, START, WHOLE, ack, at, began, broke, offer, refused, script

from boots.journal import events
from boots.journal.events import Entry
from boots.lab import stages
from boots.lab.diagnosis import diagnose
from boots.lab.stages import Boot, Stage

IGNORED = events.DhcpIgnored(mac=MAC, interface="b", message="DISCOVER", why="not in the records")


def after(*entries: Entry, expected: tuple[Stage, ...] = stages.ALL) -> Boot:
    boot = stages.power_on(MAC, START, expected)
    for entry in entries:
        boot = stages.advance(boot, entry)
    return boot


def off(boot: Boot, how: str = "powered off") -> Boot:
    return stages.ended(boot, START + 60, how)


@pytest.mark.parametrize(
    ("boot", "first"),
    [
        (after(), f"no DHCP message of {MAC} was answered"),
        (after(expected=stages.IPXE_IN_ROM), "DHCP from iPXE never came to its end"),
        (after(offer(4, "PXE ROM")), "the firmware did not take it"),
        (after(*WHOLE[:2]), "did not fetch the boot file"),
        (after(*WHOLE[:3]), "the boot file began to leave and did not arrive"),
        (after(*WHOLE[:4]), "no DHCP message of iPXE was answered"),
        (after(*WHOLE[:5]), "iPXE did not take it"),
        (after(*WHOLE[:6]), "did not fetch its script"),
        (after(*WHOLE[:7]), "did not fetch the kernel"),
        (after(*WHOLE[:8]), "the kernel began to leave and did not arrive"),
        (after(*WHOLE[:10]), "did not fetch the initrd"),
        (after(*WHOLE[:11]), "the initrd began to leave and did not arrive"),
        (after(*WHOLE[:12]), "kernel and initrd were sent and OSIE did not report"),
        (after(*WHOLE[:13]), "OSIE has its address and its agent did not report"),
        (after(*WHOLE[:14]), "its agent sent no inventory"),
        (after(*WHOLE), "the inventory came and the machine did not power off"),
        (off(after(*WHOLE)), "the console never showed the agent"),
        (off(after(*WHOLE[:6])), "the machine powered off without an inventory"),
    ],
)
def test_the_first_line_says_how_far_it_came(boot: Boot, first: str) -> None:
    assert first in diagnose(boot).splitlines()[0]


def test_what_the_server_refused_follows_with_its_time() -> None:
    boot = after(at(4.04, IGNORED), at(8.0, IGNORED))

    assert diagnose(boot).splitlines()[1:] == [
        "4.0 s: DHCP: DISCOVER ignored: not in the records",
        "8.0 s: DHCP: DISCOVER ignored: not in the records",
    ]


def test_a_broken_transfer_is_told() -> None:
    boot = after(script(1), began(2, "/osie/vmlinuz-x86_64", 9), broke(3, "/osie/vmlinuz-x86_64"))

    assert "3.0 s: HTTP: /osie/vmlinuz-x86_64 broke off after 512 bytes" in diagnose(boot)


def test_how_the_machine_ended_is_told() -> None:
    assert "did not power off: restarted" in diagnose(off(after(*WHOLE), "restarted"))


def test_what_the_machine_said_last_is_told() -> None:
    boot = stages.spoke(after(refused(1, "x.efi")), "No bootable device.")

    assert "the machine gave up: No bootable device." in diagnose(boot)


def test_the_stage_a_rom_with_ipxe_never_has_is_never_missed() -> None:
    boot = after(ack(1, "iPXE"), expected=stages.IPXE_IN_ROM)

    assert diagnose(boot).startswith("script never came")


def test_a_complete_boot_needs_no_diagnosis() -> None:
    boot = off(stages.spoke(after(*WHOLE), "OSIE: agent 0.1.0 says hello"))

    assert diagnose(boot) == ""
