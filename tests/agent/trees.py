"""Machines as trees of files, the way ``/proc``, ``/sys`` and ``/dev`` show them."""

from pathlib import Path

from boots_agent import inventory

EFI_VARIABLE = f"sys/firmware/efi/efivars/{inventory._SECURE_BOOT}"


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else f"{content}\n".encode())


def link(root: Path, name: str, target: str) -> None:
    """A link at `name` to the directory `target`, both below the root."""
    (root / target).mkdir(parents=True, exist_ok=True)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).symlink_to(root / target)


def block(root: Path, device: str, name: str, files: dict[str, str | bytes]) -> None:
    """A block device below the device directory `device`."""
    place = f"sys/devices/{device}/block/{name}"
    write(root, {f"{place}/{key}": value for key, value in files.items()})
    link(root, f"sys/block/{name}", place)
    link(root, f"{place}/device", f"sys/devices/{device}")


def nic(root: Path, device: str, name: str, driver: str, files: dict[str, str | bytes]) -> None:
    place = f"sys/devices/{device}/net/{name}"
    write(root, {f"{place}/{key}": value for key, value in files.items()})
    link(root, f"sys/class/net/{name}", place)
    link(root, f"{place}/device", f"sys/devices/{device}")
    link(root, f"sys/devices/{device}/driver", f"sys/bus/drivers/{driver}")


def processor(number: int, package: int, core: int, model: str) -> str:
    return (
        f"processor\t: {number}\nmodel name\t: {model}\n"
        f"physical id\t: {package}\ncore id\t\t: {core}\n"
    )


def virtual_machine(root: Path) -> Path:
    """One virtio disk without a table, one virtio NIC, BIOS; and a loop device."""
    write(
        root,
        {
            "proc/cmdline": "console=ttyS0 BOOTIF=01-52-54-00-12-34-56 quiet",
            "proc/cpuinfo": processor(0, 0, 0, "QEMU TCG CPU version 2.5+"),
            "proc/meminfo": "MemTotal:         499600 kB\nMemFree:          388000 kB",
            "proc/sys/kernel/osrelease": "6.1.0-56-cloud-amd64",
            "etc/os-release": 'NAME="OSIE"\nVERSION_ID=0.1.0\nVARIANT_ID=cloud',
            "sys/class/dmi/id/sys_vendor": "QEMU",
            "sys/class/dmi/id/product_name": "Standard PC (i440FX + PIIX, 1996)",
            "sys/class/dmi/id/bios_vendor": "SeaBIOS",
            "sys/class/dmi/id/bios_version": "1.16.2-debian-1.16.2-1",
            "dev/vda": bytes(4096),
            "sys/block/loop0/size": "0",
        },
    )
    disk = {"size": "2097152", "serial": "TESTSER1", "ro": "0", "queue/rotational": "1"}
    block(root, "pci0000:00/0000:00:03.0/virtio1", "vda", dict(disk))
    write(root, {"sys/devices/pci0000:00/0000:00:03.0/virtio1/vendor": "0x1af4"})
    card = {"address": "52:54:00:12:34:56", "carrier": "1", "speed": "-1"}
    nic(root, "pci0000:00/0000:00:02.0/virtio0", "eth0", "virtio_net", dict(card))
    write(root, {"sys/class/net/lo/address": "00:00:00:00:00:00"})
    return root


def server(root: Path) -> Path:
    """Two sockets, UEFI with Secure Boot, NVMe with a table, SAS, a USB stick, two ports."""
    model = "Intel(R) Xeon(R) Gold 6230"
    places = [
        (0, 0, 0),
        (1, 0, 1),
        (2, 1, 0),
        (3, 1, 1),
        (4, 0, 0),
        (5, 0, 1),
        (6, 1, 0),
        (7, 1, 1),
    ]
    write(
        root,
        {
            "proc/cmdline": "BOOTIF=01-B8-CE-F6-00-00-02 boots.url=http://10.0.0.1/x",
            "proc/cpuinfo": "\n".join(processor(*place, model) for place in places),
            "proc/meminfo": "MemTotal:       263843072 kB",
            "proc/sys/kernel/osrelease": "6.1.0-56-amd64",
            "etc/os-release": 'NAME="OSIE"\nVERSION_ID="0.1.0"\nVARIANT_ID=generic',
            EFI_VARIABLE: b"\x06\0\0\0\x01",
            "sys/class/dmi/id/sys_vendor": "ACME",
            "sys/class/dmi/id/product_name": "Rack 2",
            "sys/class/dmi/id/product_serial": "S123",
            "sys/class/dmi/id/product_uuid": "11112222-3333-4444-5555-666677778888",
            "sys/class/dmi/id/bios_vendor": "ACME",
            "sys/class/dmi/id/bios_version": "2.1",
            "dev/nvme0n1": bytes(512) + b"EFI PART" + bytes(512),
            "dev/sda": bytes(1080) + b"\x53\xef",
            "dev/sdb": bytes(510) + b"\x55\xaa",
        },
    )
    _server_disks(root)
    up = {"address": "b8:ce:f6:00:00:02", "carrier": "1", "speed": "25000"}
    down = {"address": "b8:ce:f6:00:00:03", "carrier": "0", "speed": "-1"}
    nic(root, "pci0000:17/0000:17:00.0/0000:18:00.0", "eth0", "mlx5_core", dict(up))
    nic(root, "pci0000:17/0000:17:00.0/0000:18:00.1", "eth1", "mlx5_core", dict(down))
    return root


def _server_disks(root: Path) -> None:
    nvme = "pci0000:00/0000:01:00.0/nvme/nvme0"
    table = {"size": "3750748848", "wwid": "eui.0025385a81b0aaaa", "queue/rotational": "0"}
    block(root, nvme, "nvme0n1", {**table, "nvme0n1p1/partition": "1", "nvme0n1p2/partition": "2"})
    block(root, nvme, "nvme0c0n1", {"hidden": "1", "size": "3750748848"})
    write(
        root, {f"sys/devices/{nvme}/model": "ACME NVMe 1.92TB", f"sys/devices/{nvme}/serial": "N1"}
    )
    sas = "pci0000:00/0000:02:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0"
    block(root, sas, "sda", {"size": "7814037168", "ro": "0", "queue/rotational": "1"})
    write(
        root,
        {
            f"sys/devices/{sas}/vendor": "SEAGATE",
            f"sys/devices/{sas}/model": "ST4000NM0025",
            f"sys/devices/{sas}/vpd_pg80": b"\x00\x80\x00\x04ZC12",
            f"sys/devices/{sas}/wwid": "naa.5000c500a1b2c3d4",
        },
    )
    usb = "pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/host1/target1:0:0/1:0:0:0"
    block(root, usb, "sdb", {"size": "1048576", "ro": "1", "queue/rotational": "1"})
    write(root, {f"sys/devices/{usb}/vendor": "ATA", f"sys/devices/{usb}/model": "Stick"})
    write(root, {"sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/serial": "USB1"})


TREES = {"virtual-machine": virtual_machine, "server": server, "nothing": lambda root: root}
