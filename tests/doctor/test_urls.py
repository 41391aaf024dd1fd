"""What a machine would be told to load."""

from tests.policy.made import MAC, SITE, known

from boots.doctor.urls import of_chains
from boots.model.machine import Netboot
from boots.model.site import Site
from boots.policy.explain import FIRMWARE, chain
from boots.policy.got import Script


def urls(netboot: Netboot | None = None, where: Site = SITE) -> list[str]:
    return of_chains(chain(each, MAC, known(netboot), where) for each in FIRMWARE)


def test_boot_files_script_kernel_and_initrd_are_tried_once_each() -> None:
    assert [
        f"tftp://192.168.1.1/{MAC}/undionly.kpxe",
        f"http://192.168.1.1:8080/{MAC}/auto.ipxe",
        f"http://192.168.1.1:8080/{MAC}/osie/vmlinuz-x86_64",
        f"http://192.168.1.1:8080/{MAC}/osie/initramfs-x86_64",
        f"tftp://192.168.1.1/{MAC}/snponly.efi",
        f"http://192.168.1.1:8080/{MAC}/snponly.efi",
        f"tftp://192.168.1.1/{MAC}/snponly-arm64.efi",
    ] == urls()


def test_a_script_of_somebody_else_is_tried_and_not_read() -> None:
    own = "http://other.example/boot.ipxe"
    assert own in urls(Netboot(script_url=own))


def test_what_only_the_client_can_fill_in_is_not_tried() -> None:
    script = "#!ipxe\nchain http://x/${net0/mac}.ipxe\nkernel http://x/k root=http://x/r\n"
    found = urls(Netboot(script=script))
    assert "http://x/k" in found
    assert not any("${" in url or url == "http://x/r" for url in found)


def test_a_machine_that_may_not_boot_is_told_nothing() -> None:
    assert [] == urls(Netboot(allowed=False))


def test_what_is_for_the_machines_own_addresses_is_not_tried_but_what_it_loads() -> None:
    script = f"http://192.168.1.1:8080/{MAC}/auto.ipxe"
    asks = known(Netboot(script="#!ipxe\nkernel http://x/k\n"))
    chains = [chain(each, MAC, asks, SITE) for each in FIRMWARE]
    assert script in of_chains(chains)
    found = of_chains(chains, lambda got: isinstance(got, Script) and got.private)
    assert script not in found
    assert {"http://x/k", f"tftp://192.168.1.1/{MAC}/undionly.kpxe"} <= set(found)
