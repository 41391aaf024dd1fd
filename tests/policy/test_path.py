"""What clients ask for by name."""

import pytest
from tests.policy.made import MAC, SITE, site

from boots.policy.path import leads_back, named, read

TRACE = "-00-23b1e307bb35484f535a1f772c06910e-d887dc3912240434-01"

PATHS = {
    "/auto.ipxe": (None, "auto.ipxe"),
    "undionly.kpxe": (None, "undionly.kpxe"),
    f"/{MAC}/auto.ipxe": (MAC, "auto.ipxe"),
    "/52-54-00-12-34-56/auto.ipxe": (MAC, "auto.ipxe"),
    "/5254.0012.3456/auto.ipxe": (MAC, "auto.ipxe"),
    "/525400123456/auto.ipxe": (MAC, "auto.ipxe"),
    "/52:54:00:AB:CD:EF/auto.ipxe": ("52:54:00:ab:cd:ef", "auto.ipxe"),
    f"/osie/{MAC}/vmlinuz": (MAC, "osie/vmlinuz"),
    # shim asks for this one
    "//grubx64.efi": (None, "grubx64.efi"),
    f"//{MAC}//osie///vmlinuz": (MAC, "osie/vmlinuz"),
    "./snponly.efi": (None, "snponly.efi"),
    # some firmware turns slashes around
    "\\EFI\\BOOT\\BOOTX64.EFI": (None, "EFI/BOOT/BOOTX64.EFI"),
    f"\\{MAC}\\snponly.efi": (MAC, "snponly.efi"),
    # Smee's rooms, with and without the MAC, and its traces
    f"/ipxe/script/{MAC}/auto.ipxe": (MAC, "auto.ipxe"),
    f"/ipxe/binary/{MAC}/ipxe.efi": (MAC, "ipxe.efi"),
    f"/ipxe/{MAC}/ipxe.efi": (MAC, "ipxe.efi"),
    "/tftp/undionly.kpxe": (None, "undionly.kpxe"),
    f"{MAC}/undionly.kpxe{TRACE}": (MAC, "undionly.kpxe"),
    f"{MAC}/undionly.kpxe{TRACE.upper()}": (MAC, "undionly.kpxe"),
    # upstream's own vector
    "pxelinux.cfg/01-08-00-27-00-00-02-00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01": (
        "08:00:27:00:00:02",
        "pxelinux.cfg/01-08-00-27-00-00-02",
    ),
    # the MAC of a name says more than one of a folder
    f"/{MAC}/pxelinux.cfg/01-08-00-27-00-00-02": (
        "08:00:27:00:00:02",
        "pxelinux.cfg/01-08-00-27-00-00-02",
    ),
    "boot/pxelinux.cfg/01-08-00-27-00-00-02": (
        "08:00:27:00:00:02",
        "boot/pxelinux.cfg/01-08-00-27-00-00-02",
    ),
    "/grub/grub.cfg-01-08-00-27-00-00-02": (
        "08:00:27:00:00:02",
        "grub/grub.cfg-01-08-00-27-00-00-02",
    ),
    "pxelinux.cfg/default": (None, "pxelinux.cfg/default"),
    "pxelinux.cfg/C0A8010A": (None, "pxelinux.cfg/C0A8010A"),
    "pxelinux.cfg/01-08-00-27-00-00-0": (None, "pxelinux.cfg/01-08-00-27-00-00-0"),
    # PXELINUX puts its own folder before an absolute path
    f"{MAC}/bios//52-54-00-12-34-56/osie/vmlinuz": (MAC, "osie/vmlinuz"),
    # a MAC at the end is a name, a trace within is too
    f"/{MAC}": (None, MAC),
    f"undionly{TRACE}.kpxe": (None, f"undionly{TRACE}.kpxe"),
    # no way up leads anywhere: what is not published is not found
    "../../etc/passwd": (None, "../../etc/passwd"),
    "": (None, ""),
    "/": (None, ""),
}


@pytest.mark.parametrize(("path", "wanted"), PATHS.items(), ids=PATHS)
def test_a_path_is_a_machine_and_a_name(path: str, wanted: tuple[str | None, str]) -> None:
    assert wanted == read(path)


URLS = {
    f"http://192.168.1.1:8080/{MAC}/auto.ipxe": "auto.ipxe",
    "http://192.168.1.1:8080/auto.ipxe?mac=1": "auto.ipxe",
    f"tftp://192.168.1.1/{MAC}/boot%20%231.efi": "boot #1.efi",
    "http://192.168.1.1:80801/auto.ipxe": None,
    "http://192.168.1.1/auto.ipxe": None,
    "tftp://192.168.1.10/auto.ipxe": None,
    "tftp://192.168.1.1": None,
    "https://boot.netboot.xyz": None,
}


@pytest.mark.parametrize(("url", "name"), URLS.items(), ids=URLS)
def test_the_name_behind_a_url_of_our_own(url: str, name: str | None) -> None:
    assert name == named(url, SITE)


def test_the_port_belongs_to_a_tftp_url() -> None:
    assert "a.efi" == named("tftp://192.168.1.1:6969/a.efi", site(tftp_port=6969))
    assert named("tftp://192.168.1.1/a.efi", site(tftp_port=6969)) is None


def test_only_a_script_leads_back() -> None:
    assert leads_back("http://192.168.1.1:8080/ipxe/script/auto.ipxe", SITE)
    assert not leads_back("http://192.168.1.1:8080/menu.ipxe", SITE)
