"""``boots explain``, as a person runs it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.wire.golden import VECTORS
from typer.testing import CliRunner, Result

from boots.cli import app

Explain = Callable[..., Result]

MAC = "52:54:00:12:34:56"
RECORDS = f"""
machines:
  - name: node-[1]
    mac: {MAC}
    address: 192.168.1.10/24
    gateway: 192.168.1.1
  - name: switch
    mac: 52:54:00:00:00:02
    address: 192.168.1.11/24
    netboot: false
"""


@pytest.fixture(name="explain")
def _explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    records, osie, boot = tmp_path / "machines.yaml", tmp_path / "osie", tmp_path / "boot"
    osie.mkdir()
    boot.mkdir()
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (osie / name).write_bytes(b"")
    for name in ("undionly.kpxe", "snponly.efi", "snponly-arm64.efi"):
        (boot / name).write_bytes(b"")
    records.write_text(RECORDS, encoding="utf-8")
    settings = tmp_path / "boots.toml"
    settings.write_text(f'[boot]\nfiles = ["{boot}"]\n', encoding="utf-8")
    monkeypatch.delenv("BOOTS_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        command = ["explain", *arguments, "--machines", str(records), "--config", str(settings)]
        return CliRunner().invoke(app, [*command, "--osie", str(osie)])

    return run


def words(result: Result) -> str:
    """What was printed, each line with single blanks."""
    return "\n".join(" ".join(text.split()) for text in result.stdout.splitlines())


def test_a_machine_is_explained_from_its_rom_to_its_script(explain: Explain) -> None:
    result = explain(MAC)
    assert 0 == result.exit_code
    said = words(result)
    assert f"{MAC} is node-[1], 192.168.1.10/24, netboot on" in said
    assert "BIOS PXE ROM sends DISCOVER → OFFER" in said
    assert "address 192.168.1.10: its record has the address" in said
    assert f"load tftp://192.0.2.1/{MAC}/undionly.kpxe: bios loads undionly.kpxe over TFTP" in said
    assert "iPXE gets its script" in said
    assert f"kernel http://192.0.2.1:8080/{MAC}/osie/vmlinuz-x86_64" in said
    assert "The script (profile osie)" in said


def test_every_firmware_is_explained(explain: Explain) -> None:
    said = words(explain(MAC))
    for name in ("BIOS PXE ROM", "UEFI x64 PXE", "UEFI x64 HTTP", "UEFI arm64 PXE"):
        assert f"As {name}" in said


def test_the_reply_is_shown_option_by_option(explain: Explain) -> None:
    said = words(explain(MAC))
    assert "to 255.255.255.255:68, " in said
    assert "53 message type OFFER" in said
    assert "51 lease time 86400" in said


@pytest.mark.parametrize("form", ["52-54-00-12-34-56", "5254.0012.3456", "525400123456"])
def test_a_mac_may_be_written_in_any_usual_form(explain: Explain, form: str) -> None:
    assert f"{MAC} is node-[1]" in words(explain(form))


def test_netboot_off_is_told_with_its_reason(explain: Explain) -> None:
    result = explain("52:54:00:00:00:02")
    assert 0 == result.exit_code
    assert "disk: netboot is off for this machine" in words(result)


def test_an_unknown_machine_is_told_its_nearest_miss(explain: Explain) -> None:
    result = explain("52:54:00:12:34:57")
    assert 1 == result.exit_code
    said = words(result)
    assert "52:54:00:12:34:57 is in none of the 2 records" in said
    assert f"Nearest miss: you have {MAC} (node-[1]" in said


def test_what_is_no_mac_is_refused(explain: Explain) -> None:
    result = explain("node-1")
    assert 2 == result.exit_code
    assert '"node-1" is not a MAC address' in words(result)


def test_who_names_no_machine_is_asked_for_one(explain: Explain) -> None:
    result = explain()
    assert 2 == result.exit_code
    assert "Give a MAC, or --pcap FILE" in words(result)


def test_a_capture_is_answered_request_by_request(explain: Explain) -> None:
    result = explain("--pcap", str(VECTORS / "dhcp" / "edk2-x64-pxe-shim-grub.pcap"))
    assert 0 == result.exit_code
    said = words(result)
    assert "(PXE ROM, x64-uefi) DISCOVER → silence" in said
    assert "no decision: no record has this MAC" in said
    assert "asks TFTP for" in said


def test_with_a_capture_we_are_the_server_that_its_clients_chose(explain: Explain) -> None:
    capture = str(VECTORS / "dhcp" / "edk2-x64-pxe-shim-grub.pcap")
    assert "We are 198.51.100.1." in words(explain("--pcap", capture))
    assert "We are 10.0.0.9." in words(explain("--pcap", capture, "--address", "10.0.0.9"))


def test_a_capture_that_is_none_is_refused(explain: Explain, tmp_path: Path) -> None:
    broken = tmp_path / "[broken].pcap"
    broken.write_bytes(b"not a capture")
    result = explain("--pcap", str(broken))
    assert 2 == result.exit_code
    assert "[broken].pcap: " in words(result)


def test_explaining_twice_says_the_same(explain: Explain) -> None:
    assert explain(MAC).stdout == explain(MAC).stdout


def test_a_file_is_printed_as_its_machine_would_get_it(explain: Explain) -> None:
    assert explain(MAC, "--file", "auto.ipxe").stdout.startswith("#!ipxe\necho Boots: profile osie")
    assert MAC == explain(MAC, "--file", "latest/meta-data/instance-id").stdout
    refused = explain(MAC, "--file", "gone")
    assert 1 == refused.exit_code
    assert 'boots: gone: refused: there is no file "gone"' in refused.stderr


POOL = """
[dhcp]
mode = "pool"
[[subnets]]
network = "192.0.2.0/24"
pool = ["192.0.2.100-192.0.2.109"]
"""


def test_a_stranger_of_a_pool_is_told_where_its_address_comes_from(
    explain: Explain, tmp_path: Path
) -> None:
    with (tmp_path / "boots.toml").open("a") as settings:
        settings.write(POOL)
    result = explain("52:54:00:12:34:57")

    assert 0 == result.exit_code
    assert "it leases an address of the pool of 192.0.2.0/24" in words(result)
    assert "address 192.0.2.100: leased from the pool" in words(result)
    assert "its record has the address" not in words(result)
    assert "boots the profile osie (boot.unknown)" in words(result)


def test_who_turned_dhcp_off_is_told_so(explain: Explain, tmp_path: Path) -> None:
    with (tmp_path / "boots.toml").open("a") as settings:
        settings.write('[dhcp]\nmode = "off"\n')

    assert "DHCP is off (dhcp.mode)" in words(explain(MAC))


def test_a_stranger_of_an_auto_proxy_gets_no_address(explain: Explain, tmp_path: Path) -> None:
    with (tmp_path / "boots.toml").open("a") as settings:
        settings.write(POOL.replace('"pool"', '"auto-proxy"', 1))
    result = explain("52:54:00:12:34:57")

    assert 0 == result.exit_code
    assert "it is a stranger, and boots the profile osie" in words(result)
    assert "    address " not in result.stdout


def test_in_a_capture_a_machine_is_known_by_the_address_it_was_seen_to_take(
    explain: Explain, tmp_path: Path
) -> None:
    with (tmp_path / "boots.toml").open("a") as settings:
        settings.write(POOL.replace('"pool"', '"auto-proxy"', 1))
    result = explain("--pcap", str(VECTORS / "dhcp" / "edk2-x64-pxe-shim-grub.pcap"))

    assert "no machine of ours asks" not in words(result)
    assert 'asks TFTP for /grub/x86_64-efi/fs.lst → refused: there is no file "' in words(result)


def test_a_record_without_an_address_is_explained_with_one_of_the_pool(
    explain: Explain, tmp_path: Path
) -> None:
    with (tmp_path / "boots.toml").open("a") as settings:
        settings.write(POOL)
    (tmp_path / "machines.yaml").write_text(f"- {{name: roamer, mac: {MAC}}}\n")
    result = explain(MAC)

    assert 0 == result.exit_code
    assert f"{MAC} is roamer, an address of the pool of 192.0.2.0/24" in words(result)
    assert "address 192.0.2.100: leased from the pool" in words(result)
