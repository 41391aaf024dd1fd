"""Whole boots beside a DHCP server that gives the addresses and knows nothing of booting."""

import sys
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.e2e.test_boot import arrived, happened

from boots.journal import events
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage
from boots.lab.topology import LEASES
from boots.lab.words import MAC, BootOptions, BootResult

pytestmark = pytest.mark.e2e

Osie = Callable[[str], str]

# The address of the record is no help: somebody else gives the addresses.
RECORD = """\
machines:
  - name: beside-1
    mac: "52:54:00:77:00:01"
    then: poweroff
"""


NETBOOT_OFF = """\
machines:
  - name: installed-1
    mac: 52:54:00:77:00:01
    netboot: off
"""


def boot(folder: str, firmware: Firmware, mode: str = "proxy", **more: Any) -> BootResult:
    serve = ("env", f"BOOTS_DHCP_MODE={mode}", sys.executable, "-m", "boots", "serve")
    options = BootOptions(osie=folder, firmware=firmware, beside=True, record=RECORD, server=serve)
    return boot_once(replace(options, **more))


def has_an_address_of_the_others(result: BootResult) -> None:
    """No address is ours, and the machine was known by the one that it got."""
    offers = happened(result, events.OfferSent)
    assert offers
    assert {""} == {offer.address for offer in offers}
    first, last = map(IPv4Address, LEASES)
    [report] = happened(result, events.InventoryReported)
    assert first <= IPv4Address(report.peer.partition(":")[0]) <= last


def test_a_bios_machine_with_ipxe_in_its_card_boots_by_proxy(osie: Osie) -> None:
    result = boot(osie("cloud"), Firmware.BIOS)

    arrived(result)
    has_an_address_of_the_others(result)
    assert {"iPXE"} == {offer.program for offer in happened(result, events.OfferSent)}


@pytest.mark.wide
def test_undionly_over_tftp_boots_by_proxy(osie: Osie) -> None:
    result = boot(osie("cloud"), Firmware.BIOS_CHAIN)

    arrived(result)
    has_an_address_of_the_others(result)
    # By its bare name: the address that dnsmasq gave says which machine asks.
    sent = [each for each in happened(result, events.TransferFinished) if each.door == "tftp"]
    assert [("undionly.kpxe", MAC)] == [(each.name, each.mac) for each in sent]


def test_uefi_firmware_boots_by_proxy(osie: Osie) -> None:
    result = boot(osie("cloud"), Firmware.UEFI)

    arrived(result)
    has_an_address_of_the_others(result)
    assert "PXE ROM" == happened(result, events.AckSent)[0].program
    sent = [each for each in happened(result, events.TransferFinished) if each.door == "tftp"]
    assert ["snponly.efi"] == [each.name for each in sent]


@pytest.mark.wide
def test_uefi_http_boots_by_proxy(osie: Osie) -> None:
    result = boot(osie("cloud"), Firmware.UEFI_HTTP)

    arrived(result)
    has_an_address_of_the_others(result)
    assert "UEFI HTTP" == happened(result, events.OfferSent)[0].program


@pytest.mark.wide
def test_a_machine_without_a_record_boots_by_auto_proxy(osie: Osie) -> None:
    other = RECORD.replace("52:54:00:77:00:01", "52:54:00:77:00:99")
    result = boot(osie("cloud"), Firmware.UEFI, "auto-proxy", record=other, goal=Stage.INVENTORY)

    arrived(result)
    has_an_address_of_the_others(result)


@pytest.mark.wide
def test_firmware_of_a_machine_whose_netboot_is_off_is_refused_at_once(osie: Osie) -> None:
    result = boot(osie("cloud"), Firmware.UEFI, record=NETBOOT_OFF, timeout=30)

    assert not result.ok
    assert [] == happened(result, events.TransferStarted)
    refusals = happened(result, events.FetchRefused)
    assert {"netboot is off for this machine"} == {each.why for each in refusals}
    # PXE is refused by TFTP, so the firmware turns to its next device, HTTP boot: refused, too.
    assert ["tftp", "http"] == [refusals[0].door, refusals[-1].door]
