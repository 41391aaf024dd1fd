"""Explain: whole boots, with every step's reason."""

import pytest
from tests.policy.made import MAC, SITE, known, reservation, site

from boots.model.mac import Mac
from boots.model.machine import Known, Netboot
from boots.model.site import Mode, Site
from boots.policy.boot import Load
from boots.policy.explain import FIRMWARE, Chain, chain, discover, nearest_miss, one_digit_off
from boots.policy.got import File, Script

TFTP = f"tftp://192.168.1.1/{MAC}"
HTTP = f"http://192.168.1.1:8080/{MAC}"
BY_NAME = {firmware.name: firmware for firmware in FIRMWARE}


def loads(whole: Chain) -> list[str]:
    """The URLs of a chain, one for each step that loads something."""
    decisions = [step.answer.decision for step in whole.steps]
    return [decision.url for decision in decisions if isinstance(decision, Load)]


def chained(name: str, machine: Known | None = None, where: Site = SITE) -> Chain:
    return chain(BY_NAME[name], MAC, machine or known(), where)


CHAINS = {
    "BIOS PXE ROM": [f"{TFTP}/undionly.kpxe", f"{HTTP}/auto.ipxe"],
    "BIOS with iPXE": [f"{HTTP}/auto.ipxe"],
    "UEFI x64 PXE": [f"{TFTP}/snponly.efi", f"{HTTP}/auto.ipxe"],
    "UEFI x64 HTTP": [f"{HTTP}/snponly.efi", f"{HTTP}/auto.ipxe"],
    "UEFI arm64 PXE": [f"{TFTP}/snponly-arm64.efi", f"{HTTP}/auto.ipxe"],
    "an operating system": [],
}


@pytest.mark.parametrize(("name", "urls"), CHAINS.items(), ids=CHAINS)
def test_each_firmware_has_its_chain(name: str, urls: list[str]) -> None:
    whole = chained(name)
    assert urls == loads(whole)
    assert urls == [url for url, _ in whole.fetched]


def test_every_firmware_has_its_chain_here() -> None:
    assert list(CHAINS) == list(BY_NAME)


def test_a_chain_says_who_asks_at_each_step() -> None:
    whole = chained("UEFI x64 PXE")
    assert ["UEFI x64 PXE", "iPXE"] == [step.who for step in whole.steps]
    kinds = [type(got) for _, got in whole.fetched]
    assert [File, Script] == kinds


def test_with_netboot_off_a_chain_has_one_step() -> None:
    whole = chained("UEFI x64 PXE", known(Netboot(allowed=False)))
    assert ["netboot is off for this machine"] == [step.answer.why for step in whole.steps]
    assert () == whole.fetched


def test_an_unknown_machine_has_one_step_and_no_reply() -> None:
    whole = chain(BY_NAME["BIOS PXE ROM"], MAC, None, SITE)
    assert [None] == [step.answer.reply for step in whole.steps]


def test_a_chain_ends_at_somebody_else_s_server() -> None:
    url = "http://192.168.1.1:80801/auto.ipxe"
    whole = chained("BIOS PXE ROM", known(Netboot(script_url=url)))
    assert [f"{TFTP}/undionly.kpxe", url] == loads(whole)
    assert [f"{TFTP}/undionly.kpxe"] == [fetched for fetched, _ in whole.fetched]


def test_a_tftp_url_without_a_name_is_somebody_else_s() -> None:
    whole = chained("BIOS with iPXE", known(Netboot(script_url="tftp://192.168.1.1")))
    assert () == whole.fetched


PROXIED = {
    "BIOS PXE ROM": [(67, "OFFER"), (67, "OFFER")],
    "BIOS with iPXE": [(67, "OFFER")],
    "UEFI x64 PXE": [(67, "OFFER"), (4011, "ACK"), (67, "OFFER")],
    "UEFI x64 HTTP": [(67, "OFFER"), (67, "OFFER")],
    "an operating system": [(67, "")],
}


@pytest.mark.parametrize(("name", "expected"), PROXIED.items(), ids=PROXIED)
def test_beside_another_server_uefi_asks_again_at_port_4011(
    name: str, expected: list[tuple[int, str]]
) -> None:
    whole = chained(name, where=site(mode=Mode.PROXY))

    kinds = [
        step.answer.reply.kind.name if step.answer.reply and step.answer.reply.kind else ""
        for step in whole.steps
    ]
    assert expected == list(zip([step.port for step in whole.steps], kinds, strict=True))
    assert CHAINS[name] == list(dict.fromkeys(loads(whole)))


def test_what_ipxe_loads_is_the_last_word() -> None:
    where = site(files={**SITE.files, "menu.ipxe": "/srv/menu.ipxe"})
    url = "http://192.168.1.1:8080/menu.ipxe"
    whole = chained("BIOS with iPXE", known(Netboot(script_url=url)), where)
    assert [(url, File("menu.ipxe", "/srv/menu.ipxe"))] == list(whole.fetched)
    assert 1 == len(whole.steps)


def test_a_boot_server_of_its_own_ends_the_chain() -> None:
    machine = known(reserved=reservation(boot_file="onie"))
    assert [] == loads(chained("UEFI x64 PXE", machine))


def test_a_made_up_discover_names_its_machine() -> None:
    assert bytes.fromhex("525400123456") == discover(FIRMWARE[0], MAC).chaddr


# --- the nearest miss

MISSES = {
    "52:54:00:12:34:56": "52:54:00:12:34:56",
    "52:54:00:12:34:57": "52:54:00:12:34:56",
    "52:54:00:12:34:65": "52:54:00:12:34:56",
    "52:54:00:21:43:56": None,
    "52:54:00:ff:ff:fe": "52:54:00:ff:ff:ff",
}


@pytest.mark.parametrize(("mac", "near"), MISSES.items(), ids=MISSES)
def test_the_nearest_miss_differs_in_two_digits_at_most(mac: str, near: str | None) -> None:
    assert near == nearest_miss(Mac(mac), [Mac("52:54:00:ff:ff:ff"), MAC])


def test_of_two_misses_the_nearer_is_named() -> None:
    known_macs = [Mac("52:54:00:12:34:44"), Mac("52:54:00:12:34:57")]
    assert known_macs[1] == nearest_miss(MAC, known_macs)


def test_without_machines_nothing_is_near() -> None:
    assert nearest_miss(MAC, []) is None


@pytest.mark.parametrize("at", [at for at in range(17) if at % 3 != 2])
def test_a_mac_that_differs_in_any_one_digit_is_found_without_looking_at_all(at: int) -> None:
    digit = "0" if MAC[at] != "0" else "f"
    assert MAC == one_digit_off(Mac(f"{MAC[:at]}{digit}{MAC[at + 1 :]}"), {MAC})


def test_neither_itself_nor_what_differs_in_two_digits_is_one_digit_off() -> None:
    assert one_digit_off(MAC, {MAC}) is None
    assert one_digit_off(Mac("52:54:00:12:34:67"), {Mac("52:54:00:12:34:78")}) is None
