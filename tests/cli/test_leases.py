"""``boots leases``: the table that people read."""

import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from typer.testing import CliRunner

from boots.cli import app
from boots.leases.entry import Block, Lease
from boots.leases.file import LeaseFile
from boots.model.mac import Mac

ONE, TWO = Mac("52:54:00:00:00:01"), Mac("52:54:00:00:00:02")
LATER = 4_000_000_000.0


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTS_STATE", str(tmp_path))


def lease(number: int, mac: Mac, until: float, *, released: bool = False) -> Lease:
    address = IPv4Address(f"10.0.0.{number}")
    return Lease(address=address, mac=mac, since=0, until=until, released=released)


def printed() -> tuple[int, str]:
    result = CliRunner().invoke(app, ["leases"])
    return result.exit_code, result.output


def test_leases_are_listed_by_address_with_their_state(tmp_path: Path) -> None:
    file = LeaseFile(tmp_path / "leases")
    file.write([lease(10, ONE, LATER), lease(9, TWO, 1000), lease(9, TWO, 2000, released=True)])
    file.write([lease(11, ONE, 1000)])
    file.write([Block(address=IPv4Address("10.0.0.12"), until=LATER, why="somebody uses it")])
    file.close()

    table = (
        "address    mac                until                 state\n"
        "10.0.0.9   52:54:00:00:00:02  1970-01-01 00:33:20Z  released\n"
        "10.0.0.10  52:54:00:00:00:01  2096-10-02 07:06:40Z  leased\n"
        "10.0.0.11  52:54:00:00:00:01  1970-01-01 00:16:40Z  expired\n"
        "10.0.0.12                     2096-10-02 07:06:40Z  blocked: somebody uses it\n"
    )
    assert printed() == (0, table)


def test_a_running_server_does_not_mind(tmp_path: Path) -> None:
    file = LeaseFile(tmp_path / "leases")
    file.write([lease(10, ONE, time.time() + 100)])

    assert printed()[1].splitlines()[1].endswith("leased")
    file.close()


def test_no_leases_are_said_to_be_none(tmp_path: Path) -> None:
    assert printed() == (0, f"no leases in {tmp_path / 'leases'}\n")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leases").write_text("nonsense\n")

    status, said = printed()
    assert status == 2
    assert "this is no file of leases" in said
