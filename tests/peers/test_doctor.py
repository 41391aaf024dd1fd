"""The doctor in networks that are broken in one way each, and in one that is not."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Interface
from pathlib import Path

import msgspec
import pytest
from tests.app import certificates
from tests.peers.conftest import (
    LAN,
    MAC,
    NIC,
    RECORD,
    SERVER,
    Boots,
    Lan,
    boots,
    cable,
    free_of_root,
    lan_with,
    need,
    run,
    space,
    started,
)
from tests.peers.test_proxy import OTHER, dnsmasq, three

from boots.doctor.words import Finding, Report, Severity
from boots.journal import events
from boots.wire import dhcp, options, pcap, tftp
from boots.wire.options import MessageType

pytestmark = pytest.mark.peers

ELSEWHERE = IPv4Interface("192.168.70.50/24")
SECONDS = ("--seconds", "0.7")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All files that a machine needs, each larger than a block."""
    for name in ("osie/vmlinuz-x86_64", "osie/initramfs-x86_64"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 5000)
    (tmp_path / "files").mkdir()
    for name in ("undionly.kpxe", "snponly.efi"):
        (tmp_path / "files" / name).write_bytes(b"x" * 5000)
    return tmp_path


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lan_with(client=ELSEWHERE) as made:
        yield made


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "BOOTS_CACHE": str(folder / "cache"),
        "BOOTS_STATE": str(folder / "state"),
        "BOOTS_BOOT_OSIE": str(folder / "osie"),
        "BOOTS_BOOT_FILES": str(folder / "files"),
        **more,
    }


def asked(
    namespace: str,
    folder: Path,
    *flags: str,
    interface: str = LAN,
    records: str = RECORD,
    before: tuple[str, ...] = (),
    **settings: str,
) -> Report:
    """What the doctor says in a namespace."""
    machines = folder / "asked.yaml"
    machines.write_text(records)
    words = [*before, sys.executable, "-m", "boots", "doctor", "--json", *SECONDS]
    words += ["--interface", interface, "--machines", str(machines), *flags]
    done = run(namespace, *words, timeout=60, env=environment(folder, **settings))
    assert done.returncode in {0, 1}, done.stderr
    report = msgspec.json.decode(done.stdout, type=Report)
    assert done.returncode == (1 if report.findings else 0)
    return report


def from_outside(lan: Lan, folder: Path, *flags: str, **more: str) -> Report:
    server = ("--server", str(SERVER.ip))
    return asked(lan.client, folder, *server, *flags, interface=NIC, **more)


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def the(report: Report, code: str) -> Finding:
    """The one finding of a kind."""
    found = [finding for finding in report.findings if finding.code == code]
    assert 1 == len(found), report.findings
    return found[0]


@contextlib.contextmanager
def serving(lan: Lan, folder: Path, **settings: str) -> Iterator[Boots]:
    more = {"BOOTS_BOOT_FILES": str(folder / "files"), **settings}
    with boots(lan.server, folder, environment=more) as server:
        yield server


def nft(namespace: str, *lines: str) -> None:
    """Rules for a firewall."""
    for line in lines:
        done = run(namespace, need("nft"), line)
        assert 0 == done.returncode, done.stderr


def drop(namespace: str, what: str) -> None:
    nft(
        namespace,
        "add table inet wall",
        "add chain inet wall in { type filter hook input priority 0; }",
        f"add rule inet wall in {what}",
    )


# --- nothing is wrong


def test_a_network_in_order_has_no_findings_on_the_server_s_host(lan: Lan, folder: Path) -> None:
    with serving(lan, folder) as server:
        report = asked(lan.server, folder)

        assert () == report.findings
        assert any("as if it had come in by lan0" in line for line in report.asked)
        assert 4 == len(server.told(events.OfferSent, mac=MAC))
        assert [] == server.told(events.AckSent)
        assert [] == server.told(events.ScriptServed)


def test_a_script_that_is_the_machine_s_alone_is_not_asked_for(lan: Lan, folder: Path) -> None:
    own = RECORD + '    script: "#!ipxe\\nset door 4711\\nshell\\n"\n'
    files = {"BOOTS_BOOT_FILES": str(folder / "files")}
    with boots(lan.server, folder, environment=files, records=own) as server:
        report = asked(lan.server, folder, records=own)

        assert () == report.findings
        assert [] == server.told(events.ImpostorRefused)


def test_a_network_in_order_has_no_findings_from_another_host(lan: Lan, folder: Path) -> None:
    with serving(lan, folder):
        report = from_outside(lan, folder, "--relay", str(SERVER.ip))

    assert () == report.findings
    assert any("broadcast on the wire" in line for line in report.asked)
    assert any("as the relay 192.168.70.50, to 192.168.70.1" in line for line in report.asked)


def test_it_leaves_no_interface_behind(lan: Lan, folder: Path) -> None:
    before = run(lan.server, "ip", "-o", "link").stdout
    with serving(lan, folder):
        asked(lan.server, folder)
    assert before == run(lan.server, "ip", "-o", "link").stdout
    assert "" == run(lan.server, "tc", "filter", "show", "dev", LAN, "ingress").stdout


def test_in_pool_mode_it_takes_no_lease(lan: Lan, folder: Path) -> None:
    settings = {"BOOTS_DHCP_MODE": "pool"}
    config = folder / "boots.toml"
    config.write_text(
        '[[subnets]]\nnetwork = "192.168.70.0/24"\npool = ["192.168.70.100-192.168.70.101"]\n'
    )
    where = {**settings, "BOOTS_CONFIG": str(config)}
    with serving(lan, folder, **where) as server:
        report = asked(lan.server, folder, "--mac", "02:00:00:00:00:77", **where)

        assert () == report.findings
        assert [] == server.told(events.AddressLeased)


# --- other servers


def test_a_second_dhcp_server_is_found_with_what_it_offers(folder: Path) -> None:
    with (
        three() as place,
        dnsmasq(place, folder, "--dhcp-boot=pxelinux.0"),
        serving(Lan(place.server, place.client), folder),
    ):
        found = the(asked(place.server, folder), "second-server")

    assert Severity.ERROR is found.severity
    assert f"another DHCP server, {OTHER.ip}, gives addresses, too" == found.title
    assert any("boot file pxelinux.0" in line for line in found.seen)
    assert any("most clients take the first offer" in line for line in found.seen)


def test_beside_a_proxy_another_server_is_as_it_should_be(folder: Path) -> None:
    proxy = {"BOOTS_DHCP_MODE": "proxy"}
    with (
        three() as place,
        dnsmasq(place, folder),
        serving(Lan(place.server, place.client), folder, **proxy),
    ):
        report = asked(place.server, folder, **proxy)

    assert () == report.findings


def test_beside_a_proxy_another_s_boot_file_is_told(folder: Path) -> None:
    proxy = {"BOOTS_DHCP_MODE": "proxy"}
    with (
        three() as place,
        dnsmasq(place, folder, "--dhcp-boot=pxelinux.0"),
        serving(Lan(place.server, place.client), folder, **proxy),
    ):
        found = the(asked(place.server, folder, **proxy), "second-server")

    assert f"another DHCP server, {OTHER.ip}, names a boot file, too" == found.title


def test_a_proxy_alone_is_told_that_nobody_gives_addresses(lan: Lan, folder: Path) -> None:
    proxy = {"BOOTS_DHCP_MODE": "proxy"}
    with serving(lan, folder, **proxy):
        assert {"no-address"} == codes(asked(lan.server, folder, **proxy))


# --- doors


def test_a_server_that_does_not_run_is_told_once(lan: Lan, folder: Path) -> None:
    report = asked(lan.server, folder)
    assert ["not-running"] == [finding.code for finding in report.findings]


def test_from_another_host_a_server_that_does_not_run_answers_nothing(
    lan: Lan, folder: Path
) -> None:
    report = from_outside(lan, folder)
    assert {"nobody-answers", "closed-port"} == codes(report)
    assert "nothing of the server 192.168.70.1 answers" == the(report, "nobody-answers").title


def test_a_server_that_does_not_serve_an_interface_is_told_so(lan: Lan, folder: Path) -> None:
    second = IPv4Interface("192.168.71.1/24"), IPv4Interface("192.168.71.9/24")
    records = RECORD.replace("192.168.70.", "192.168.71.")
    with (
        space() as third,
        cable(lan.server, ("lan1", second[0]), third, (NIC, second[1])),
        serving(lan, folder),
    ):
        report = asked(lan.server, folder, interface="lan1", records=records)

    titles = [one.title for one in report.findings if one.code == "not-on-interface"]
    assert "DHCP is open elsewhere, not on lan1: 67/udp" in titles


def test_another_program_on_our_port_is_named(lan: Lan, folder: Path) -> None:
    words = [need("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root"]
    words += [f"--interface={LAN}", "--dhcp-range=192.168.70.100,192.168.70.101", "--no-ping"]
    words += ["--leasefile-ro", f"--pid-file={folder / 'pid'}", "--log-dhcp"]
    with started(lan.server, *words) as process:
        assert process.stdout is not None
        while b"DHCP, IP range" not in process.stdout.readline():
            assert process.poll() is None
        report = asked(lan.server, folder)

    held = the(report, "foreign-program").title
    assert held.startswith("DHCP is another program's: 67/udp is held by dnsmasq, pid ")
    assert "closed-port" in codes(report)


@pytest.mark.parametrize(
    ("rule", "code", "door"),
    [
        ("udp dport 67 drop", "firewall", "DHCP"),
        ("udp dport 69 drop", "no-transfer", "TFTP"),
        ("tcp dport 8080 drop", "no-transfer", "HTTP"),
        ("tcp dport 8080 reject with tcp reset", "closed-port", "HTTP"),
        ("udp dport 69 reject", "closed-port", "TFTP"),
    ],
)
def test_a_firewall_is_found_on_the_server_s_host(
    lan: Lan, folder: Path, rule: str, code: str, door: str
) -> None:
    with serving(lan, folder):
        drop(lan.server, rule)
        report = asked(lan.server, folder)

    assert {code} == codes(report)
    assert door in the(report, code).title
    if code == "firewall":
        assert any(rule in line for line in the(report, code).seen)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("udp dport 67 drop", {"nobody-answers"}),
        ("udp dport 69 drop", {"no-transfer"}),
        ("tcp dport 8080 drop", {"no-transfer"}),
    ],
)
def test_a_firewall_is_found_from_another_host(
    lan: Lan, folder: Path, rule: str, expected: set[str]
) -> None:
    with serving(lan, folder):
        drop(lan.server, rule)
        assert expected == codes(from_outside(lan, folder))


# --- on the way


def test_a_smaller_mtu_on_the_way_is_found(lan: Lan, folder: Path) -> None:
    with serving(lan, folder):
        run(lan.client, "ip", "link", "set", NIC, "mtu", "576")
        found = the(from_outside(lan, folder), "mtu")

    assert any("the first block of 1468 bytes never came" in line for line in found.seen)


def test_a_largest_block_above_the_mtu_is_told(lan: Lan, folder: Path) -> None:
    large = {"BOOTS_TFTP_LARGEST_BLOCK": "4000"}
    with serving(lan, folder, **large):
        found = the(asked(lan.server, folder, **large), "mtu")

    assert "tftp.largest_block is 4000, and the MTU of lan0 1500" == found.title


def test_tftp_answers_from_another_address_are_found(lan: Lan, folder: Path) -> None:
    with serving(lan, folder):
        nft(
            lan.server,
            "add table ip other",
            "add chain ip other out { type filter hook output priority 0; }",
            "add rule ip other out udp sport >= 1024 ip saddr set 192.168.70.77",
        )
        found = the(from_outside(lan, folder), "wrong-source")

    assert "TFTP answers from another address" == found.title
    assert any("answered by 192.168.70.77" in line for line in found.seen)


def test_dhcp_answers_from_another_address_are_found(lan: Lan, folder: Path) -> None:
    with serving(lan, folder):
        nft(
            lan.server,
            "add table netdev other",
            f"add chain netdev other out {{ type filter hook egress device {LAN} priority 0; }}",
            "add rule netdev other out udp sport 67 ip saddr set 192.168.70.77",
        )
        found = the(from_outside(lan, folder), "wrong-source")

    assert (
        "DHCP answers leave from 192.168.70.77, and say that they are from 192.168.70.1"
        == found.title
    )


# --- what is served


def test_a_server_that_answers_from_older_records_is_told(lan: Lan, folder: Path) -> None:
    newer = RECORD.replace("192.168.70.10/24", "192.168.70.11/24")
    with serving(lan, folder):
        found = the(asked(lan.server, folder, records=newer), "other-configuration")

    assert "to BIOS PXE ROM: address: we 192.168.70.11, they 192.168.70.10" in found.seen


def test_a_machine_that_gets_nothing_on_purpose_is_told_with_the_reason(
    lan: Lan, folder: Path
) -> None:
    with serving(lan, folder):
        report = asked(lan.server, folder, "--mac", "52:54:00:70:00:99")

    assert ("no record has this MAC",) == the(report, "no-answer-meant").seen


def test_an_empty_boot_file_is_found(lan: Lan, folder: Path) -> None:
    (folder / "files" / "snponly.efi").write_bytes(b"")
    with serving(lan, folder):
        report = asked(lan.server, folder)

    assert {"empty-file"} == codes(report)


def test_a_boot_file_for_another_kind_of_machine_is_found(lan: Lan, folder: Path) -> None:
    arm64 = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0\x64\xaa"
    (folder / "files" / "snponly.efi").write_bytes(arm64 + bytes(5000))
    with serving(lan, folder):
        found = the(asked(lan.server, folder), "doubtful-setting")

    assert "snponly.efi is a program for arm64-uefi, not for x64-uefi" in found.title


def test_files_that_the_server_has_not_read_of_are_refused(lan: Lan, folder: Path) -> None:
    aside = folder / "aside"
    (folder / "osie").rename(aside)
    with serving(lan, folder):
        report = asked(lan.server, folder, BOOTS_BOOT_OSIE=str(aside))

    refused = [line for one in report.findings for line in one.seen if "404" in line]
    assert 2 == len(refused), report.findings


def test_a_missing_osie_is_told_by_its_files(lan: Lan, folder: Path) -> None:
    for file in (folder / "osie").iterdir():
        file.unlink()
    with serving(lan, folder):
        found = the(asked(lan.server, folder), "no-osie")

    assert "OSIE is not there for x86_64: osie/vmlinuz-x86_64, osie/initramfs-x86_64" == found.title


def test_a_certificate_that_is_no_good_is_told(lan: Lan, folder: Path) -> None:
    expired = certificates.issue(end=certificates.NOW - certificates.YEAR / 4)
    (folder / "cert.pem").write_bytes(expired.pem)
    (folder / "key.pem").write_bytes(expired.key_pem)
    https = {
        "BOOTS_HTTP_CERTIFICATE": str(folder / "cert.pem"),
        "BOOTS_HTTP_KEY": str(folder / "key.pem"),
    }
    with serving(lan, folder, **https):
        titles = [one.title for one in asked(lan.server, folder, **https).findings]
        renewed = certificates.issue(kind="2048 renewed")
        (folder / "cert.pem").write_bytes(renewed.pem)
        later = [one.title for one in asked(lan.server, folder, **https).findings]

    assert any("CN=boots.example expired on " in title for title in titles)
    assert any("is not for the address 192.168.70.1" in title for title in titles)
    assert not any("shows another certificate" in title for title in titles)
    assert any("shows another certificate" in title for title in later)


def test_a_record_with_the_server_s_address_is_told(lan: Lan, folder: Path) -> None:
    records = RECORD.replace("192.168.70.10/24", "192.168.70.1/24")
    with boots(
        lan.server,
        folder,
        records=records,
        environment={"BOOTS_BOOT_FILES": str(folder / "files")},
    ):
        report = asked(lan.server, folder, records=records)

    assert "address-ours" in codes(report)


def test_records_with_mistakes_are_told(lan: Lan, folder: Path) -> None:
    report = asked(lan.server, folder, records="- {mca: x}\n")
    assert {"faulty-record"} == codes(report)


# --- rights


def test_without_the_rights_it_says_so_and_does_the_rest(lan: Lan, folder: Path) -> None:
    with serving(lan, folder):
        drop(lan.server, "udp dport 69 drop")
        report = asked(lan.server, folder, before=tuple(free_of_root()))

    assert {"no-transfer"} == codes(report)
    assert any("DHCP was not asked: packet sockets need root" in line for line in report.asked)


def test_without_the_right_to_a_tap_only_the_wire_is_asked(lan: Lan, folder: Path) -> None:
    raw = (need("setpriv"), "--bounding-set=-all,+net_raw", "--inh-caps=-all", "--no-new-privs")
    with serving(lan, folder) as server:
        report = asked(lan.server, folder, before=raw)

        assert () == report.findings
        assert [] == server.told(events.OfferSent)
    assert any("this host's own server could not be asked" in line for line in report.asked)


def test_an_address_in_the_settings_that_is_not_ours_is_asked_here_all_the_same(
    lan: Lan, folder: Path
) -> None:
    elsewhere = {"BOOTS_ADDRESS": "192.168.70.200"}
    with serving(lan, folder, **elsewhere) as server:
        report = asked(lan.server, folder, **elsewhere)

        assert 4 == len(server.told(events.OfferSent, mac=MAC))
    assert {"no-transfer"} == codes(report)


# --- capture, and its replay


@contextlib.contextmanager
def capturing(namespace: str, file: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "boots", "capture", "--interface", LAN, *flags, str(file)]
    with started(namespace, *words) as process:
        while not file.exists() or file.stat().st_size < 24:
            assert process.poll() is None
        yield process


def test_what_was_captured_is_what_a_replay_answers(lan: Lan, folder: Path) -> None:
    file = folder / "boot.pcap"
    with serving(lan, folder):
        with capturing(lan.server, file, "--seconds", "0", "--mac", MAC):
            from_outside(lan, folder)
        words = [sys.executable, "-m", "boots", "replay", str(file), "--recorded"]
        words += ["--interface", LAN, "--machines", str(folder / "machines")]
        replayed = run(lan.server, *words, env=environment(folder))

    seen = list(pcap.datagrams(file.read_bytes()))
    kinds = [
        dhcp.decode(one.payload).get(options.MESSAGE_TYPE)
        for one in seen
        if {one.source_port, one.destination_port} & {67, 68}
    ]
    assert [MessageType.DISCOVER, MessageType.OFFER] == sorted(dict.fromkeys(kinds))
    assert any(one.destination_port == tftp.PORT for one in seen)
    assert "4 replies in the capture, 0 that ours would differ from\n" == replayed.stdout
    assert 0 == replayed.returncode


def test_a_capture_ends_when_its_time_or_its_room_is_over(lan: Lan, folder: Path) -> None:
    words = [sys.executable, "-m", "boots", "capture", "--interface", LAN]
    timed = run(lan.server, *words, "--seconds", "0.5", folder / "timed.pcap")
    assert 0 == timed.returncode
    with serving(lan, folder):
        file = folder / "full.pcap"
        with capturing(lan.server, file, "--seconds", "0", "--bytes", "2000") as process:
            from_outside(lan, folder)
            assert 0 == process.wait(10)

    assert file.stat().st_size <= 2000
    assert list(pcap.datagrams(file.read_bytes()))


def test_a_capture_of_another_machine_has_nothing_of_this_one(lan: Lan, folder: Path) -> None:
    file = folder / "boot.pcap"
    with serving(lan, folder), capturing(lan.server, file, "--mac", "52:54:00:70:00:99"):
        from_outside(lan, folder)

    assert [] == list(pcap.datagrams(file.read_bytes()))
