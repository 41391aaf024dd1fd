"""``boots replay``: a capture as a test of records, settings and versions."""

from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
import pytest
from tests.wire.golden import VECTORS
from typer.testing import CliRunner, Result

from boots.cli import app, explained, replayed
from boots.cli.replayed import Kept
from boots.settings import load
from boots.wire import ip, pcap

Replays = Callable[..., Result]

DHCP = VECTORS / "dhcp"
IPXE = str(DHCP / "ipxe-bios.pcap")
EDK2 = str(DHCP / "edk2-x64-pxe-shim-grub.pcap")
MAC = "52:54:00:77:00:01"
RECORDS = """
machines:
  - {name: one, mac: "MAC", address: 198.51.100.ADDRESS/24}
"""


@pytest.fixture(name="replay")
def _replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replays:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOOTS_CONFIG", raising=False)
    (tmp_path / "boot").mkdir()
    for name in ("undionly.kpxe", "snponly.efi"):
        (tmp_path / "boot" / name).write_bytes(b"x")
    for name, address in (("now.yaml", "100"), ("then.yaml", "101")):
        text = RECORDS.replace("MAC", MAC).replace("ADDRESS", address)
        (tmp_path / name).write_text(text)
    settings = 'machines = ["now.yaml"]\nboot.files = ["boot"]\nboot.osie = "osie"\n'
    (tmp_path / "boots.toml").write_text(settings)
    (tmp_path / "new.toml").write_text(settings + "dhcp.lease_time = 600\n")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["replay", "--config", "boots.toml", *arguments])

    return run


def test_each_request_is_printed_with_what_it_gets(replay: Replays) -> None:
    result = replay(IPXE)
    assert 0 == result.exit_code
    said = "\n".join(" ".join(line.split()) for line in result.stdout.splitlines())
    assert f"0.000 s {MAC} DISCOVER" in said
    assert "taken for iPXE, bios" in said
    assert "address 198.51.100.100" in said
    assert f"boot file http://198.51.100.1:8080/{MAC}/auto.ipxe" in said


def test_what_a_client_asks_for_moves_no_cursor(replay: Replays, tmp_path: Path) -> None:
    asks = b"\0\1\x1b[2J\xc2\x9b1m\0octet\0"
    datagram = ip.udp((IPv4Address("192.0.2.9"), 2000), (IPv4Address("192.0.2.1"), 69), asks)
    frame = bytes(12) + b"\x08\0" + datagram
    (tmp_path / "hostile.pcap").write_bytes(pcap.head() + pcap.record(0.0, frame))

    result = replay("hostile.pcap")
    assert "\ufffd[2J" in result.stdout
    assert all(line.isprintable() for line in result.stdout.split("\n"))


def test_other_records_are_told_by_what_they_change(replay: Replays) -> None:
    result = replay(IPXE, "--against-machines", "then.yaml")
    assert 1 == result.exit_code
    assert "    address: 198.51.100.100 → 198.51.100.101" in result.stdout.splitlines()


def test_other_settings_are_told_by_what_they_change(replay: Replays) -> None:
    result = replay(IPXE, "--against-config", "new.toml")
    assert 1 == result.exit_code
    assert "    option 51 (lease time): 86400 → 600" in result.stdout.splitlines()


def test_the_same_configuration_differs_in_nothing(replay: Replays) -> None:
    result = replay(IPXE, "--against-config", "boots.toml")
    assert 0 == result.exit_code
    assert result.stdout.endswith(" answers, 0 that differ\n")


def test_what_was_saved_is_a_test_of_later_versions(replay: Replays) -> None:
    assert 0 == replay(IPXE, "--save", "golden.json").exit_code
    assert 0 == replay(IPXE, "--expect", "golden.json").exit_code
    changed = replay(IPXE, "--expect", "golden.json", "--machines", "then.yaml")
    assert 1 == changed.exit_code
    assert "    address: 198.51.100.100 → 198.51.100.101" in changed.stdout.splitlines()


def test_what_was_saved_of_another_capture_is_refused(replay: Replays) -> None:
    replay(IPXE, "--save", "golden.json")
    result = replay(EDK2, "--expect", "golden.json")
    assert 2 == result.exit_code
    assert "golden.json is of another capture, ipxe-bios.pcap" in result.stderr


def test_what_is_no_saved_file_is_refused(replay: Replays, tmp_path: Path) -> None:
    for text in ("{}", '{"a":' * 100_000):
        (tmp_path / "golden.json").write_text(text)
        result = replay(IPXE, "--expect", "golden.json")
        assert (2, True) == (result.exit_code, "write it with --save" in result.stderr)


def test_the_replies_of_a_capture_are_held_against_ours(replay: Replays) -> None:
    result = replay(IPXE, "--recorded")
    assert 1 == result.exit_code
    said = result.stdout
    assert f"{MAC} DISCOVER, answered by 198.51.100.1" in said
    assert f"    boot file: we http://198.51.100.1:8080/{MAC}/auto.ipxe, they boot.ipxe" in said


def test_a_script_over_tftp_is_kept_with_its_text(replay: Replays) -> None:
    replay(EDK2, "--save", "golden.json")
    kept = msgspec.json.decode(Path("golden.json").read_bytes(), type=Kept)
    assert "edk2-x64-pxe-shim-grub.pcap" == kept.capture
    refused = [each for each in kept.answers if each.asks.startswith("TFTP ")]
    assert {"refused: no machine of ours asks"} == {each.gets["file"] for each in refused}


@pytest.mark.parametrize("path", sorted(DHCP.glob("*.pcap")), ids=lambda path: path.stem)
def test_every_capture_gets_the_same_answers_twice(replay: Replays, path: Path) -> None:
    replay(str(path), "--save", "golden.json")
    assert 0 == replay(str(path), "--expect", "golden.json").exit_code


POOL = """
dhcp.mode = "pool"
boot.osie = "osie"
[[subnets]]
network = "198.51.100.0/24"
pool = ["198.51.100.50-198.51.100.59"]
"""


def test_in_pool_mode_a_client_keeps_what_it_was_offered(tmp_path: Path) -> None:
    (tmp_path / "boots.toml").write_text(POOL)
    settings = load(tmp_path / "boots.toml", {}, {"address": "198.51.100.1"})
    world = explained.read_world(settings)
    seen = list(pcap.datagrams((DHCP / "udhcpc.pcap").read_bytes()))

    found = replayed.answers(seen, world, "")

    assert ["OFFER", "ACK"] == [each.gets["reply"] for each in found][:2]
    assert 1 == len({each.gets["address"] for each in found[:2]})
    assert found == replayed.answers(seen, world, "")
