"""Whole boots: real firmware, the real server, OSIE, from power-on to the inventory and beyond.

Each asserts on what the machine said on its serial console and on what the journal says.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from boots.journal import events
from boots.journal.events import Event
from boots.lab.boot import boot_once
from boots.lab.firmware import Firmware
from boots.lab.stages import Stage
from boots.lab.words import MAC, BootOptions, BootResult

pytestmark = pytest.mark.e2e

E = TypeVar("E", bound=Event)
Osie = Callable[[str], str]

HARDWARE = """\
apiVersion: v1
kind: Secret
metadata: {name: unrelated}
---
apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata:
  name: sm01
  namespace: tink-system
spec:
  disks:
    - device: /dev/vda
  metadata:
    facility:
      facility_code: onprem
    instance:
      id: 52:54:00:77:00:01
      hostname: sm01
  interfaces:
    - dhcp:
        mac: 52:54:00:77:00:01
        hostname: sm01
        arch: x86_64
        uefi: true
        lease_time: 86400
        name_servers: [192.168.77.1]
        ip:
          address: 192.168.77.10
          netmask: 255.255.255.0
          gateway: 192.168.77.1
      netboot:
        allowPXE: true
        allowWorkflow: true
"""

EVERY_FAULT = "drop=1%,double=2%,reorder=2%,damage=0.5%,delay=1ms,jitter=1ms,stale=1%"
NETBOOT_OFF = """\
machines:
  - name: installed-1
    mac: 52:54:00:77:00:01
    address: 192.168.77.10/24
    netboot: off
"""


def happened(result: BootResult, kind: type[E]) -> list[E]:
    return [entry.event for entry in result.entries if isinstance(entry.event, kind)]


def arrived(result: BootResult) -> dict[str, Any]:
    """What every good boot has in common: the console and the journal agree on it."""
    assert result.ok, f"{result.reason}; evidence in {result.work}"
    assert "OSIE: network up" in result.console_text
    assert "OSIE: inventory sent" in result.console_text
    [report] = happened(result, events.InventoryReported)
    assert MAC == report.mac
    assert happened(result, events.TransferFailed) == []
    return report.inventory


def names(found: list[Any]) -> list[str]:
    return [event.name for event in found]


def test_a_bios_machine_with_ipxe_in_its_card_boots(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud")))

    inventory = arrived(result)
    assert "bios" == inventory["firmware"]
    assert ["BOOTS-LAB-1-DISK"] == [disk["serial"] for disk in inventory["disks"]]
    [script] = happened(result, events.ScriptServed)
    assert ("osie", "http", "") == (script.profile, script.door, script.problem)
    assert {"iPXE"} == {offer.program for offer in happened(result, events.OfferSent)} - {
        "an operating system"
    }
    assert ["poweroff"] == [
        each.stage for each in happened(result, events.AgentProgressed) if each.stage == "poweroff"
    ]


def test_undionly_takes_a_bios_machine_on_through_what_loaded_it(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud"), firmware=Firmware.BIOS_CHAIN))

    inventory = arrived(result)
    assert "bios" == inventory["firmware"]
    sent = [each for each in happened(result, events.TransferFinished) if each.door == "tftp"]
    assert ["undionly.kpxe"] == names(sent)


def test_the_firmware_of_a_uefi_machine_loads_ipxe_over_tftp(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud"), firmware=Firmware.UEFI))

    inventory = arrived(result)
    assert "uefi" == inventory["firmware"]
    offers = happened(result, events.OfferSent)
    assert ["PXE ROM", "iPXE", "an operating system"] == [offer.program for offer in offers]
    sent = [each for each in happened(result, events.TransferFinished) if each.door == "tftp"]
    assert ["snponly.efi"] == names(sent)
    # edk2 asks for the size first and ends that transfer: no failure, and told as what it is.
    assert ["snponly.efi"] == names(happened(result, events.TransferProbed))


def test_uefi_http_boot_loads_ipxe_without_tftp(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud"), firmware=Firmware.UEFI_HTTP))

    inventory = arrived(result)
    assert "uefi" == inventory["firmware"]
    assert "UEFI HTTP" == happened(result, events.OfferSent)[0].program
    sent = happened(result, events.TransferFinished)
    assert "snponly.efi" == sent[0].name
    assert {"http"} == {each.door for each in sent}


def test_a_machine_behind_a_relay_boots_with_option_82(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud"), firmware=Firmware.UEFI, relay=True))

    arrived(result)
    offers = happened(result, events.OfferSent)
    assert offers
    assert all(offer.relay for offer in offers if offer.program != "an operating system")


def test_a_machine_with_a_tinkerbell_record_boots(osie: Osie) -> None:
    options = BootOptions(osie=osie("cloud"), record=HARDWARE, goal=Stage.INVENTORY)

    result = boot_once(options)

    arrived(result)
    [report] = happened(result, events.InventoryReported)
    assert "idle" == report.next


@pytest.mark.wide
def test_osie_for_real_machines_runs_in_512_mib(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("generic"), memory=512))

    inventory = arrived(result)
    assert inventory["memory"]["bytes"] < 512 << 20


def refused_netboot(result: BootResult) -> None:
    assert not result.ok
    offers = happened(result, events.OfferSent)
    assert {("", "netboot is off for this machine")} == {
        (offer.boot_file, offer.why) for offer in offers
    }
    assert [] == happened(result, events.ScriptServed)
    assert [] == happened(result, events.TransferStarted)


def test_ipxe_of_a_machine_whose_netboot_is_off_gives_up_at_once(osie: Osie) -> None:
    result = boot_once(BootOptions(osie=osie("cloud"), record=NETBOOT_OFF, timeout=60))

    refused_netboot(result)
    assert "No bootable device." in result.console_text


def test_firmware_of_a_machine_whose_netboot_is_off_goes_on_to_its_next_device(osie: Osie) -> None:
    options = BootOptions(
        osie=osie("cloud"), firmware=Firmware.UEFI, record=NETBOOT_OFF, timeout=30
    )

    result = boot_once(options)

    refused_netboot(result)
    refusals = happened(result, events.FetchRefused)
    # PXE is refused by TFTP, so the firmware turns to its next device, HTTP boot: refused, too.
    assert ["tftp", "http"] == [refusals[0].door, refusals[-1].door]
    assert {"netboot-not-allowed"} == set(names(refusals))


def test_a_machine_boots_over_a_link_with_every_fault(osie: Osie) -> None:
    """A short round of `tests/faults/test_link_boots.py`."""
    result = boot_once(BootOptions(osie=osie("cloud"), link=EVERY_FAULT, goal=Stage.INVENTORY))

    assert result.ok, f"{result.reason}; evidence in {result.work}"
    assert [MAC] == [each.mac for each in happened(result, events.InventoryReported)]
    assert {"192.168.77.10"} == {each.address for each in happened(result, events.AckSent)}
