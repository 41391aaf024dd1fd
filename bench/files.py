"""The files that every server gives, and how each is started to give them: TFTP and HTTP."""

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench import subjects
from bench.cases import Subject
from bench.place import NIC, SERVER, Command, Place
from bench.programs import BUILT, program
from bench.subjects import BIOS_FILE, UEFI_FILE, libraries, mac, peer

MIB = 1 << 20
BOOT_FILE = "boot.bin"
LARGE_FILE = "large.img"
LARGE_SIZE = 200_000_000
SMALL_FILE = "small.bin"
SMALL_SIZE = 65_536
KERNEL, INITRD = "vmlinuz-x86_64", "initramfs-x86_64"
KERNEL_SIZE, INITRD_SIZE = 10_000_000, 50_000_000
MACHINES = 1000
"""How many machines have a record, and a script."""

HTTP_PORT = 8080
ANY_NUMBER = 100_000
"""Loops are counted, but no machine is held: here each loads the same script again and again."""


def folder(place: Place) -> Path:
    """What a server gives that has only a folder."""
    return place.work / "www"


def lay_out(place: Place, *names: str) -> Path:
    """Make the folder, with these files in it; large ones are links, and kept between runs."""
    www = folder(place)
    www.mkdir(exist_ok=True)
    sizes = {
        BOOT_FILE: MIB,
        BIOS_FILE: MIB,
        UEFI_FILE: MIB,
        SMALL_FILE: SMALL_SIZE,
        LARGE_FILE: LARGE_SIZE,
        KERNEL: KERNEL_SIZE,
        INITRD: INITRD_SIZE,
    }
    for name in names:
        if sizes[name] <= MIB:  # TFTP servers that see nothing else than their folder
            (www / name).write_bytes(random_bytes(name, sizes[name]))
        else:
            (www / name).symlink_to(_kept(name, sizes[name]))
    return www


def random_bytes(name: str, size: int) -> bytes:
    """Bytes that cannot be compressed, the same ones in each run."""
    return random.Random(name).randbytes(size)  # noqa: S311  # content, not a secret


def _kept(name: str, size: int) -> Path:
    made = BUILT / name
    if not made.exists() or made.stat().st_size != size:
        BUILT.mkdir(parents=True, exist_ok=True)
        part = random_bytes(name, MIB)
        with made.open("wb") as file:
            for at in range(0, size, MIB):
                file.write(at.to_bytes(8) + part[8 : min(MIB, size - at)])
    return made


def boots(*names: str) -> Subject:
    """Boots with these files; OSIE's among them stand where it looks for OSIE."""
    plain = subjects.boots(MACHINES)

    def command(place: Place) -> Command:
        www = lay_out(place, *names)
        osie = place.work / "osie"
        osie.mkdir()
        for name in {KERNEL, INITRD}.intersection(names):
            (osie / name).symlink_to(www / name)
        made = plain.command(place)
        env = {**made.env, "BOOTS_BOOT_LOOP_LIMIT": str(ANY_NUMBER)}
        return replace(made, argv=(*made.argv, "--boot-files", str(www)), env=env)

    return replace(plain, command=command)


def expecting(subject: Subject, more: Mapping[str, str]) -> Subject:
    """The subject, of which more is known that its answers must hold."""
    return replace(subject, expects={**subject.expects, **more})


# --- TFTP

TFTP = ("udp/69",)


def dnsmasq() -> Subject:
    """With as many transfers at once as the load has, and no line in the log for each."""

    def command(place: Place) -> Command:
        www = lay_out(place, BOOT_FILE)
        settings = place.work / "dnsmasq.conf"
        settings.write_text(
            f"port=0\nuser=root\ninterface={NIC}\nbind-interfaces\nenable-tftp\n"
            f"tftp-root={www}\ntftp-max=1000\nquiet-tftp\nlog-facility={place.work}/dnsmasq.log\n"
        )
        return Command((peer("dnsmasq"), "-k", f"--conf-file={settings}"))

    return Subject("dnsmasq", command, TFTP)


def tftpd_hpa() -> Subject:
    """A process for each transfer."""

    def command(place: Place) -> Command:
        www = lay_out(place, BOOT_FILE)
        words = (peer("in.tftpd"), "-L", "-s", "-u", "root", "-a", f"{SERVER}:69", str(www))
        return Command(words, libraries())

    return Subject("tftpd-hpa", command, TFTP)


def atftpd() -> Subject:
    """A thread for each transfer; the only one of them with windows (RFC 7440)."""

    def command(place: Place) -> Command:
        www = lay_out(place, BOOT_FILE)
        words = (
            *(peer("atftpd"), "--daemon", "--no-fork", "--user", "root", "--group", "root"),
            *("--maxthread", "1000", "--bind-address", str(SERVER), "--logfile", "/dev/null"),
            str(www),
        )
        return Command(words, libraries())

    return Subject("atftpd", command, TFTP)


def tftp_limit(*, gso: bool = False) -> Subject:
    """A program in C that has one file, framed; with `gso` windows leave in one send."""

    def command(place: Place) -> Command:
        www = lay_out(place, BOOT_FILE)
        words = (str(program("tftplimit")), "-s", str(SERVER), "-e", str(www / BOOT_FILE))
        return Command((*words, "-g") if gso else words)

    return Subject("limit (C, GSO)" if gso else "limit (C)", command, TFTP, limit=True)


# --- HTTP

HTTP = (f"tcp/{HTTP_PORT}",)


def nginx(*names: str, scripts: int = 0) -> Subject:
    """One worker and files alone, without a log, and open files are remembered."""

    def command(place: Place) -> Command:
        www = lay_out(place, *names)
        add_scripts(www, scripts)
        settings = place.work / "nginx.conf"
        settings.write_text(nginx_settings(place))
        return Command((peer("nginx"), "-c", str(settings), "-p", str(place.work)))

    return Subject("nginx", command, HTTP)


def dnsmasq_and_nginx(*names: str) -> Subject:
    """What people build by hand: dnsmasq for DHCP and TFTP, nginx for scripts and files."""
    plain = subjects.dnsmasq(MACHINES)
    script = f"http://{SERVER}:{HTTP_PORT}/auto.ipxe"
    over_http = f"http://{SERVER}:{HTTP_PORT}/{UEFI_FILE}"

    def command(place: Place) -> Command:
        made = plain.command(place)
        www = lay_out(place, *names)
        add_scripts(www, MACHINES)
        with (place.work / "dnsmasq.conf").open("a") as settings:
            settings.write(
                f"enable-tftp\ntftp-root={www}\ntftp-max=1000\nquiet-tftp\n"
                "dhcp-vendorclass=set:http,HTTPClient\ndhcp-option-force=tag:http,60,HTTPClient\n"
                f"dhcp-boot=tag:http,{over_http}\n"
            )
        settings_of_nginx = place.work / "nginx.conf"
        settings_of_nginx.write_text(nginx_settings(place))
        both = '"$1" -c "$2" -p "$3" & shift 3; exec "$@"'
        second = (peer("nginx"), str(settings_of_nginx), str(place.work))
        return replace(made, argv=("sh", "-c", both, "sh", *second, *made.argv))

    expects = {**plain.expects, "ipxe": script, "http": over_http}
    ports = (*subjects.BOOTS_DOORS,)
    return Subject("dnsmasq + nginx", command, ports, expects=expects)


def nginx_settings(place: Place) -> str:
    """What nginx.conf says; every folder it could write to is ours."""
    spare = "".join(
        f"{name}_temp_path {place.work}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        "daemon off; worker_processes 1; user root;\n"
        f"pid {place.work}/nginx.pid; error_log {place.work}/nginx.log;\n"
        "events { worker_connections 4096; }\n"
        f"http {{\n{spare}access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
        "open_file_cache max=4000; open_file_cache_valid 600s;\n"
        f"server {{ listen {SERVER}:{HTTP_PORT} backlog=1024; root {folder(place)}; }}\n}}\n"
    )


def add_scripts(www: Path, count: int) -> None:
    """A script for each machine, where Boots has it: below its MAC, and there what it loads."""
    for number in range(count):
        own = www / mac(number)
        own.mkdir()
        (own / "osie").symlink_to(www)
        (own / UEFI_FILE).symlink_to(www / UEFI_FILE)
        (own / "auto.ipxe").write_text(script(number))


def script(number: int) -> str:
    """A script of the size that Boots' own has, which loads the same two files."""
    base = f"http://{SERVER}:{HTTP_PORT}/{mac(number)}"
    text = (
        f"#!ipxe\nkernel {base}/osie/{KERNEL} initrd={INITRD} console=tty0 console=ttyS0,115200 "
        f"panic=30 boots.url={base} BOOTIF=01-{mac(number).replace(':', '-')}\n"
        f"initrd {base}/osie/{INITRD}\nboot\n"
    )
    return text + "# as long as a script with retries\n" * ((SCRIPT_SIZE - len(text)) // 35)


SCRIPT_SIZE = 990
