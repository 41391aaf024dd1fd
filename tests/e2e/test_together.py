"""Many machines at once, each with its own profile: nobody gets what is another's."""

import contextlib
import time
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.peers.conftest import boots, space

from boots.journal import events
from boots.lab import accelerator, network
from boots.lab.firmware import Firmware
from boots.lab.machine import VirtualMachine
from boots.lab.qemu import Files, Spec

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

SERVER = IPv4Interface("192.168.77.1/24")
BRIDGE = "br-lab"
MACHINES = 10
SIZE = 2 << 20
LONGEST = 60  # seconds that all of them may take

SCRIPT = """\
imgfetch tftp://192.168.77.1/{{{{ interface.mac }}}}/{name}.bin || exit 1
imgstat
echo {{{{ interface.mac }}}} runs {name}
"""


def mac(number: int) -> str:
    return f"52:54:00:77:01:{number:02x}"


def profile(number: int) -> str:
    return "even" if number % 2 == 0 else "odd"


def records() -> str:
    each = [
        f"{{name: m{n}, mac: '{mac(n)}', address: 192.168.77.{n + 10}/24, profile: {profile(n)}}}"
        for n in range(MACHINES)
    ]
    return f"machines: [{', '.join(each)}]\n"


def prepared(folder: Path) -> None:
    for name in ("even", "odd"):
        (folder / "profiles").mkdir(exist_ok=True)
        (folder / "files").mkdir(exist_ok=True)
        (folder / "profiles" / f"{name}.ipxe").write_text(SCRIPT.format(name=name))
        (folder / "profiles" / f"{name}.yaml").write_text(f"name: {name}\nscript: {name}.ipxe\n")
        (folder / "files" / f"{name}.bin").write_bytes(name.encode().ljust(SIZE, b"."))


def until_all_have_spoken(machines: list[VirtualMachine]) -> dict[str, str]:
    """What each said on its console."""
    said: dict[str, str] = {machine.spec.mac: "" for machine in machines}
    deadline = time.monotonic() + LONGEST
    while not all(" runs " in text for text in said.values()):
        assert time.monotonic() < deadline, said
        for machine in machines:
            said[machine.spec.mac] += "\n".join(["", *machine.new_lines()])
        time.sleep(0.1)
    return said


@pytest.mark.parametrize("single_port", [False, True])
def test_ten_machines_get_their_own_profiles_and_files(tmp_path: Path, single_port: bool) -> None:
    prepared(tmp_path)
    with space() as namespace, contextlib.ExitStack() as running:
        running.enter_context(network.within(namespace))
        running.enter_context(network.bridge(BRIDGE, SERVER))
        taps = [running.enter_context(network.tap(f"tap{n}", BRIDGE)) for n in range(MACHINES)]
        server = running.enter_context(
            boots(
                namespace,
                tmp_path,
                *("--boot-files", tmp_path / "files"),
                records=records(),
                interfaces=[BRIDGE],
                environment={
                    "BOOTS_BOOT_PROFILES": str(tmp_path / "profiles"),
                    "BOOTS_TFTP_SINGLE_PORT": str(single_port).lower(),
                },
            )
        )
        machines = [
            running.enter_context(
                VirtualMachine.start(
                    Spec(
                        Firmware.BIOS, mac(n), f"4c4c4544-0077-4000-8000-{n:012}", tap, 96, disk=0
                    ),
                    Files(tmp_path / f"machine{n}"),
                    accelerator.choose(),
                )
            )
            for n, tap in enumerate(taps)
        ]
        said = until_all_have_spoken(machines)

        for n in range(MACHINES):
            assert f"{mac(n)} runs {profile(n)}" in said[mac(n)]
            [script] = server.told(events.ScriptServed, mac=mac(n))
            [sent] = server.told(events.TransferFinished, mac=mac(n), door="tftp")
            assert (profile(n), f"{profile(n)}.bin") == (script.profile, sent.name)
        assert [] == server.told(events.TransferFailed)
