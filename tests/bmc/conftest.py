"""A Redfish BMC for tests: sushy-tools' emulator, over TLS and with a password."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from tests.app.certificates import authority, issue
from tests.bmc.running import PASSWORD, free_port, program, until_it_listens

from boots.model.bmc import Bmc

SYSTEMS = [f"00000000-0000-0000-0000-0000000000{number:02}" for number in range(40)]
YEAR = timedelta(days=365)


@dataclass
class Certificates:
    authority: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder, now = tmp_path_factory.mktemp("certificates"), datetime.now(UTC)
    signer = authority()
    own = issue("bmc", signer, addresses=("127.0.0.1",), start=now - YEAR, end=now + YEAR)
    found = Certificates(folder / "ca.pem", folder / "own.pem", folder / "key.pem")
    found.authority.write_bytes(signer.pem)
    found.certificate.write_bytes(own.pem)
    found.key.write_bytes(own.key_pem)
    return found


@dataclass
class Emulator:
    port: int
    notes: Path
    authority: Path
    fresh: dict[str, Iterator[str]]

    def bmc(self, power: str, **more: Any) -> Bmc:
        """One of a machine that is ``On`` or ``Off`` and that nobody switched before."""
        identity = next(self.fresh[power])
        known: dict[str, Any] = {
            "url": f"redfish://127.0.0.1:{self.port}/redfish/v1/Systems/{identity}",
            "username": "boots",
            "password": PASSWORD,
            "authority": str(self.authority),
        }
        return Bmc(**{**known, **more})

    def told(self) -> list[str]:
        """What it was told since this was asked for last."""
        if not self.notes.exists():
            return []
        lines = self.notes.read_text().splitlines()
        self.notes.unlink()
        return lines


def starts(identity: str) -> str:
    return "On" if SYSTEMS.index(identity) % 2 else "Off"


@pytest.fixture(scope="module")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("emulator")
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (folder / "users").write_text(f"boots:{hashed}\n")
    systems = [
        {"uuid": each, "name": f"fake-{each}", "power_state": starts(each), "nics": []}
        for each in SYSTEMS
    ]
    (folder / "settings.py").write_text(
        f"SUSHY_EMULATOR_AUTH_FILE = {str(folder / 'users')!r}\n"
        f"SUSHY_EMULATOR_STATE_DIR = {str(folder)!r}\n"
        f"SUSHY_EMULATOR_FAKE_SYSTEMS = {systems!r}\n"
    )
    port = free_port(socket.SOCK_STREAM)
    arguments = ["--fake", "--interface", "127.0.0.1", "--port", str(port)]
    arguments += ["--config", str(folder / "settings.py")]
    arguments += ["--ssl-certificate", str(certificates.certificate)]
    arguments += ["--ssl-key", str(certificates.key)]
    notes = folder / "notes"
    with program("emulator.py", str(notes), *arguments) as started:
        until_it_listens(port, started)
        fresh = {"Off": iter(SYSTEMS[::2]), "On": iter(SYSTEMS[1::2])}
        yield Emulator(port, notes, certificates.authority, fresh)
