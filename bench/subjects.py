"""How each server is started for DHCP: the same machines, the same boot files, a log in a file."""

import functools
import json
import sys
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from bench.cases import BOOTS, Subject
from bench.place import NIC, SERVER, UNPACKED, BenchError, Command, Place
from bench.programs import program

FIRST = IPv4Address("10.1.0.0")
SCRIPT = f"http://{SERVER}:8080/auto.ipxe"
BIOS_FILE, UEFI_FILE = "undionly.kpxe", "snponly.efi"
SAME = {"bios": BIOS_FILE, "uefi": UEFI_FILE, "ipxe": SCRIPT}
"""The boot files that the peers are told to give, by kind of client."""
DHCP = ("udp/67",)
BOOTS_DOORS = ("udp/67", "udp/69", "tcp/8080")


def mac(number: int) -> str:
    """The MAC of machine n."""
    return "02:b0:" + number.to_bytes(4).hex(":")


def address(number: int) -> IPv4Address:
    """The address of machine n."""
    return FIRST + number


def peer(name: str) -> str:
    """The path of a peer's program: unpacked by ``make bench``, or installed."""
    for folder in (UNPACKED / "usr/sbin", Path("/usr/sbin"), Path("/usr/bin")):
        if (folder / name).exists():
            return str(folder / name)
    raise BenchError(f"{name} is not there; `make bench` fetches it")


def libraries() -> dict[str, str]:
    """The environment in which an unpacked peer finds its libraries."""
    found = {str(file.parent) for file in UNPACKED.glob("usr/lib/*/*.so*")}
    return {"LD_LIBRARY_PATH": ":".join(sorted(found))} if found else {}


@functools.cache
def yaml_records(machines: int) -> str:
    """Records in Boots' short form."""
    return "machines:\n" + "".join(
        f'  - {{name: node-{number}, mac: "{mac(number)}", address: {address(number)}/8, '
        f"gateway: {SERVER}, name_servers: [{SERVER}]}}\n"
        for number in range(machines)
    )


@functools.cache
def json_records(machines: int) -> str:
    """The same as JSON."""
    return json.dumps(
        {
            "machines": [
                {
                    "name": f"node-{number}",
                    "mac": mac(number),
                    "address": f"{address(number)}/8",
                    "gateway": str(SERVER),
                    "name_servers": [str(SERVER)],
                }
                for number in range(machines)
            ]
        }
    )


def boots(machines: int, *, form: str = "json", cache: Path | None = None) -> Subject:
    """Boots with its defaults.  `form` is that of its records; `cache` outlives the server."""

    def command(place: Place) -> Command:
        records = place.work / f"machines.{form}"
        records.write_text((json_records if form == "json" else yaml_records)(machines))
        argv = (
            *(sys.executable, "-m", "boots", "serve", "--interface", NIC),
            *("--machines", str(records)),
        )
        env = {
            "BOOTS_CACHE": str(cache or place.work / "cache"),
            "BOOTS_STATE": str(place.work / "state"),
            "BOOTS_BOOT_OSIE": str(place.work / "osie"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        return Command(argv, env, settles=0.3)

    # Its script is each machine's own.
    expects = {**SAME, "ipxe": f"http://{SERVER}:8080/%m/auto.ipxe"}
    return Subject(BOOTS, command, BOOTS_DOORS, expects=expects)


def without_eyes(machines: int) -> Subject:
    """Boots that keeps nothing and shows nothing."""
    plain = boots(machines)

    def command(place: Place) -> Command:
        seeing = plain.command(place)
        off = {"BOOTS_STORE_ENABLED": "false", "BOOTS_OPERATOR_ENABLED": "false"}
        return replace(seeing, env={**seeing.env, **off})

    return replace(plain, name=f"{BOOTS}, no store, no operator", command=command)


def dnsmasq(machines: int, *, lease_file: bool = False, quiet: bool = False) -> Subject:
    """With ``leasefile-ro``, its fastest way; or with its lease file, its default."""

    def command(place: Place) -> Command:
        hosts = place.work / "hosts"
        hosts.write_text("".join(f"{mac(n)},{address(n)}\n" for n in range(machines)))
        leases = f"dhcp-leasefile={place.work}/leases" if lease_file else "leasefile-ro"
        settings = place.work / "dnsmasq.conf"
        settings.write_text(
            f"port=0\nuser=root\ninterface={NIC}\n{leases}\nno-ping\ndhcp-authoritative\n"
            f"log-facility={place.work}/dnsmasq.log\ndhcp-range=10.0.0.0,static,255.0.0.0\n"
            f"dhcp-hostsfile={hosts}\ndhcp-option=3,{SERVER}\ndhcp-option=6,{SERVER}\n"
            f"dhcp-lease-max=1000000\n{'quiet-dhcp' if quiet else ''}\n"
            "dhcp-userclass=set:ipxe,iPXE\ndhcp-match=set:uefi,option:client-arch,7\n"
            f"dhcp-boot=tag:ipxe,{SCRIPT}\ndhcp-boot=tag:!ipxe,tag:uefi,{UEFI_FILE}\n"
            f"dhcp-boot=tag:!ipxe,tag:!uefi,{BIOS_FILE}\n"
        )
        argv = (peer("dnsmasq"), "--keep-in-foreground", "--conf-file=" + str(settings))
        return Command(argv, settles=0.3 if machines < 10_000 else 2)

    name = "dnsmasq, lease file" if lease_file else "dnsmasq"
    name += ", quiet" if quiet else ""
    return Subject(name, command, DHCP, expects=SAME, part=0.1 if lease_file else 1.0)


def kea(machines: int, *, persist: bool, quiet: bool = False) -> Subject:
    """Kea with reservations in its settings and leases in memory (memfile), kept in a file or not.

    As Debian ships it, it logs at INFO; `quiet` logs warnings only.
    """

    def command(place: Place) -> Command:
        settings = place.work / "kea.json"
        settings.write_text(_kea_settings(place, machines, persist=persist, quiet=quiet))
        env = {**libraries(), "KEA_LOCKFILE_DIR": str(place.work)}
        env |= {"KEA_DHCP_DATA_DIR": str(place.work), "KEA_LOG_FILE_DIR": str(place.work)}
        env |= {"KEA_PIDFILE_DIR": str(place.work), "KEA_LFC_EXECUTABLE": peer("kea-lfc")}
        # On a cable it has packet sockets and keeps its port with another.
        return Command((peer("kea-dhcp4"), "-c", str(settings)), env, settles=0.3)

    name = "Kea" if persist else "Kea, not persistent"
    return Subject(name + (", quiet" if quiet else ""), command, DHCP, expects=SAME)


def _kea_settings(place: Place, machines: int, *, persist: bool, quiet: bool) -> str:
    ipxe = "option[77].hex == 'iPXE'"
    uefi = "option[93].hex == 0x0007"
    return json.dumps(
        {
            "Dhcp4": {
                "interfaces-config": {
                    "interfaces": [NIC],
                    "dhcp-socket-type": "raw" if place.flat else "udp",
                },
                "lease-database": {
                    "type": "memfile",
                    "persist": persist,
                    "name": str(place.work / "leases.csv"),
                },
                "authoritative": True,
                "match-client-id": False,
                "host-reservation-identifiers": ["hw-address"],
                "reservations-global": False,
                "reservations-in-subnet": True,
                "reservations-out-of-pool": True,
                "next-server": str(SERVER),
                "option-data": [
                    {"name": "routers", "data": str(SERVER)},
                    {"name": "domain-name-servers", "data": str(SERVER)},
                ],
                "client-classes": [
                    {"name": "ipxe", "test": ipxe, "boot-file-name": SCRIPT},
                    {"name": "uefi", "test": f"{uefi} and not {ipxe}", "boot-file-name": UEFI_FILE},
                    {
                        "name": "bios",
                        "test": f"option[93].exists and not ({uefi}) and not ({ipxe})",
                        "boot-file-name": BIOS_FILE,
                    },
                ],
                "subnet4": [
                    {
                        "id": 1,
                        "subnet": "10.0.0.0/8",
                        "interface": NIC,
                        "reservations": [
                            {"hw-address": mac(n), "ip-address": str(address(n))}
                            for n in range(machines)
                        ],
                    }
                ],
                "loggers": [
                    {
                        "name": "kea-dhcp4",
                        "severity": "WARN" if quiet else "INFO",
                        "output_options": [{"output": str(place.work / "kea.log")}],
                    }
                ],
            }
        }
    )


def dhcp_limit() -> Subject:
    """recv, fill in, sendto."""
    words = (str(program("dhcplimit")), str(SERVER), NIC, UEFI_FILE)
    same = dict.fromkeys(SAME, UEFI_FILE)
    return Subject("limit (C)", lambda _: Command(words), DHCP, expects=same, limit=True)
