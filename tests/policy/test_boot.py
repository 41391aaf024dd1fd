"""The boot decision: which client of which machine gets what."""

import pytest
from tests.policy.made import (
    MAC,
    SITE,
    client_of,
    http_firmware,
    ipxe,
    known,
    listed,
    request,
    reservation,
    rom,
    site,
    system,
)

from boots.model.machine import Known, Netboot
from boots.model.site import Site
from boots.policy.boot import Decision, Disk, Load, Silence, decide, fetch
from boots.policy.got import File, Ground, Refusal, Script
from boots.wire.dhcp import Message

TFTP = f"tftp://192.168.1.1/{MAC}"
HTTP = f"http://192.168.1.1:8080/{MAC}"
SCRIPT = f"{HTTP}/auto.ipxe"


def outcome(decision: Decision) -> str:
    """A decision in one word: the URL, or "disk", or "silence"."""
    return decision.url if isinstance(decision, Load) else type(decision).__name__.lower()


def decided(message: Message, machine: Known | None, where: Site = SITE) -> str:
    return outcome(decide(client_of(message), machine, where))


# --- program and architecture, of a machine that may boot

FIRMWARE = {
    "BIOS": (rom(architecture=0), f"{TFTP}/undionly.kpxe"),
    "NEC PC-98": (rom(architecture=1), f"{TFTP}/undionly.kpxe"),
    "Arc x86": (rom(architecture=4), f"{TFTP}/undionly.kpxe"),
    "Intel lean client": (rom(architecture=5), f"{TFTP}/undionly.kpxe"),
    "ia32 UEFI": (rom(architecture=6), f"{TFTP}/snponly-i386.efi"),
    "x64 UEFI": (rom(architecture=7), f"{TFTP}/snponly.efi"),
    "x64 UEFI that says 8": (rom(architecture=8), f"{TFTP}/snponly.efi"),
    "x64 UEFI that says 9": (rom(architecture=9), f"{TFTP}/snponly.efi"),
    "arm64 UEFI": (rom(architecture=11), f"{TFTP}/snponly-arm64.efi"),
    "x64 UEFI over HTTP": (http_firmware(architecture=16), f"{HTTP}/snponly.efi"),
    "arm64 UEFI over HTTP": (http_firmware(architecture=19), f"{HTTP}/snponly-arm64.efi"),
    "ia32 UEFI over HTTP": (http_firmware(architecture=15), f"{HTTP}/snponly-i386.efi"),
    "arm32 UEFI, for which nothing is installed": (rom(architecture=10), "disk"),
    "riscv64 UEFI, for which nothing is installed": (rom(architecture=27), "disk"),
    "Itanium": (rom(architecture=2), "disk"),
    "an architecture that has no name yet": (rom(architecture=9999), "disk"),
    "firmware that does not say its architecture": (request(vendor_class="PXEClient"), "disk"),
    "iPXE": (ipxe(), SCRIPT),
    "iPXE of an architecture without boot file": (ipxe(architecture=27), SCRIPT),
    "somebody else's iPXE": (ipxe(features="tftp http menu"), SCRIPT),
    "iPXE behind a firmware's class": (ipxe(user_class=b"PXE-BIOS"), SCRIPT),
    "iPXE without option 175": (ipxe(features=""), SCRIPT),
    "iPXE without HTTP": (ipxe(features="tftp"), f"{TFTP}/auto.ipxe"),
    "gPXE": (ipxe(features="", user_class=b"gPXE"), SCRIPT),
    "Tinkerbell's iPXE": (ipxe(features="", user_class=b"Tinkerbell"), SCRIPT),
    "Tinkerbell's iPXE, in a list": (ipxe(features="", user_class=listed(b"Tinkerbell")), SCRIPT),
    "iPXE in a list": (ipxe(features="", user_class=listed(b"iPXE")), SCRIPT),
    "iPXE second in a list": (ipxe(features="", user_class=listed(b"lab", b"iPXE")), SCRIPT),
    "an unknown class": (rom(user_class=b"lab"), f"{TFTP}/undionly.kpxe"),
    "iPXE that came over HTTP": (http_firmware(user_class=b"iPXE"), SCRIPT),
    "an operating system": (system(), "disk"),
    "an operating system with a class of its own": (system(vendor_class="MSFT 5.0"), "disk"),
}


@pytest.mark.parametrize(("message", "expected"), FIRMWARE.values(), ids=FIRMWARE)
def test_what_a_client_loads_next(message: Message, expected: str) -> None:
    assert expected == decided(message, known())


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ("http https tftp", "https://boots.example:8443/52:54:00:12:34:56/auto.ipxe"),
        # Most packages' builds: what they cannot fetch they would not tell us.
        ("http tftp", f"{TFTP}/auto.ipxe"),
        ("", "https://boots.example:8443/52:54:00:12:34:56/auto.ipxe"),
    ],
)
def test_ipxe_without_https_gets_no_https_url(features: str, expected: str) -> None:
    where = site(http_url="https://boots.example:8443")

    assert expected == decided(ipxe(features=features), known(), where)


@pytest.mark.parametrize(("message", "_expected"), FIRMWARE.values(), ids=FIRMWARE)
def test_a_machine_without_record_gets_silence(message: Message, _expected: str) -> None:
    assert Silence("no record has this MAC") == decide(client_of(message), None, SITE)


@pytest.mark.parametrize(("message", "_expected"), FIRMWARE.values(), ids=FIRMWARE)
def test_with_netboot_off_every_client_goes_to_the_disk(message: Message, _expected: str) -> None:
    assert "disk" == decided(message, known(Netboot(allowed=False)))


# --- what the record says

RECORDS = {
    "a script URL is for iPXE": (
        ipxe(),
        Netboot(script_url="https://boot.netboot.xyz"),
        "https://boot.netboot.xyz",
    ),
    "and not for the ROM before it": (
        rom(),
        Netboot(script_url="https://boot.netboot.xyz"),
        f"{TFTP}/undionly.kpxe",
    ),
    "a script is fetched from us": (ipxe(), Netboot(script="#!ipxe\nshell"), SCRIPT),
    "a script wins over a script URL": (
        ipxe(),
        Netboot(script="#!ipxe\nshell", script_url="https://boot.netboot.xyz"),
        SCRIPT,
    ),
    "a script URL that is our own script": (
        ipxe(),
        Netboot(script_url="http://192.168.1.1:8080/auto.ipxe"),
        SCRIPT,
    ),
    "a boot file is for firmware": (rom(), Netboot(boot_file="own.efi"), f"{TFTP}/own.efi"),
    "also over HTTP": (http_firmware(), Netboot(boot_file="own.efi"), f"{HTTP}/own.efi"),
    "also of an architecture without any": (
        rom(architecture=27),
        Netboot(boot_file="own.efi"),
        f"{TFTP}/own.efi",
    ),
    "also in a folder": (
        rom(architecture=7),
        Netboot(boot_file="grub/grubx64.efi"),
        f"{TFTP}/grub/grubx64.efi",
    ),
    "but not for iPXE": (ipxe(), Netboot(boot_file="own.efi"), SCRIPT),
    "a boot file that is not there": (rom(), Netboot(boot_file="gone.efi"), "disk"),
}


@pytest.mark.parametrize(("message", "netboot", "expected"), RECORDS.values(), ids=RECORDS)
def test_what_the_record_chooses(message: Message, netboot: Netboot, expected: str) -> None:
    assert expected == decided(message, known(netboot))


def test_a_record_with_a_boot_server_of_its_own_gets_nothing_of_ours() -> None:
    for own in ({"boot_server": "192.168.1.200"}, {"boot_file": "http://example.com/onie"}):
        machine = known(reserved=reservation(**own))
        assert Disk("its record names a boot server of its own") == decide(
            client_of(rom()), machine, SITE
        )
        assert "disk" == decided(ipxe(), machine)


def test_other_ports_than_the_usual_are_named() -> None:
    elsewhere = site(tftp_port=6969)
    assert f"tftp://192.168.1.1:6969/{MAC}/undionly.kpxe" == decided(rom(), known(), elsewhere)


def test_a_name_that_is_no_url_path_is_quoted() -> None:
    where = site(files={"boot #1.efi": "/srv/boot #1.efi"})
    machine = known(Netboot(boot_file="boot #1.efi"))
    assert f"{HTTP}/boot%20%231.efi" == decided(http_firmware(), machine, where)


REASONS = {
    "iPXE": (ipxe(), Netboot(), "iPXE gets its script"),
    "BIOS": (rom(), Netboot(), "bios loads undionly.kpxe over TFTP"),
    "HTTP": (http_firmware(), Netboot(), "x64-uefi loads snponly.efi over HTTP"),
    "the record": (rom(), Netboot(boot_file="own.efi"), "its record names own.efi over TFTP"),
    "missing": (
        rom(),
        Netboot(boot_file="gone.efi"),
        "its record names gone.efi, which is not among the boot files",
    ),
    "nothing installed": (
        rom(architecture=27),
        Netboot(),
        "no boot file is installed for riscv64-uefi (option 93: 27)",
    ),
    "no architecture": (
        request(vendor_class="PXEClient"),
        Netboot(),
        "the client does not say its architecture (option 93)",
    ),
    "netboot off": (rom(), Netboot(allowed=False), "netboot is off for this machine"),
    "an OS": (
        system(),
        Netboot(),
        "an operating system asks: it gets its address, and nothing to boot",
    ),
}


@pytest.mark.parametrize(("message", "netboot", "why"), REASONS.values(), ids=REASONS)
def test_every_decision_says_why(message: Message, netboot: Netboot, why: str) -> None:
    assert why == decide(client_of(message), known(netboot), SITE).why


# --- what may be fetched


def test_a_published_file_is_given_by_its_name() -> None:
    assert File("snponly.efi", "/srv/snponly.efi") == fetch("snponly.efi", known(), SITE)


def test_the_script_comes_from_the_profile() -> None:
    script = fetch("auto.ipxe", known(), SITE)
    assert isinstance(script, Script)
    assert ("osie", "") == (script.profile, script.problem)


@pytest.mark.parametrize("tftp", [True, False])
def test_what_ipxe_asks_for_unbidden_opens_its_interfaces_and_goes_on_to_the_script(
    tftp: bool,
) -> None:
    script = fetch("autoexec.ipxe", known(), SITE, tftp=tftp)
    assert isinstance(script, Script)
    assert [
        "#!ipxe",
        "ifopen ||",
        "isset ${ip} || dhcp ||",
        f"chain --autofree {HTTP}/auto.ipxe",
    ] == script.text.splitlines()


def test_a_script_over_tftp_fetches_over_tftp() -> None:
    script = fetch("auto.ipxe", known(), SITE, tftp=True)
    assert isinstance(script, Script)
    assert f"kernel {TFTP}/osie/vmlinuz-x86_64 " in script.text
    assert f"initrd {TFTP}/osie/initramfs-x86_64 " in script.text


def test_a_script_that_cannot_be_made_says_so_on_the_screen() -> None:
    script = fetch("auto.ipxe", known(Netboot(profile="debain")), SITE)
    why = 'there is no profile "debain"'
    assert Script(f"#!ipxe\necho Boots: {why}\nsleep 10\nexit 1\n", "", why) == script


REFUSED = {
    "a stranger": (None, "auto.ipxe", Ground.STRANGER, "no machine of ours asks"),
    "netboot off": (
        known(Netboot(allowed=False)),
        "snponly.efi",
        Ground.FORBIDDEN,
        "netboot is off for this machine",
    ),
    "its own boot server": (
        known(reserved=reservation(boot_server="192.168.1.200")),
        "auto.ipxe",
        Ground.FORBIDDEN,
        "its record names a boot server of its own",
    ),
    "a missing file": (known(), "menu.c32", Ground.MISSING, 'there is no file "menu.c32"'),
    "the name that stands for no": (
        known(),
        "netboot-not-allowed",
        Ground.FORBIDDEN,
        "there is nothing for it to boot; boots explain 52:54:00:12:34:56 says why",
    ),
    "a way out": (known(), "../etc/passwd", Ground.MISSING, 'there is no file "../etc/passwd"'),
}


@pytest.mark.parametrize(("machine", "name", "ground", "why"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("tftp", [True, False], ids=["TFTP", "HTTP"])
def test_what_is_refused_at_both_doors(
    machine: Known | None, name: str, ground: Ground, why: str, tftp: bool
) -> None:
    assert Refusal(ground, why) == fetch(name, machine, SITE, tftp=tftp)
