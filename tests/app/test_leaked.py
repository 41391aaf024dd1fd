"""Secrets among kernel arguments: refused wherever records come from, and said nowhere."""

import json
from collections.abc import Sequence
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.app.desks import RECORDS, Office, at_desk

from boots.api.desk import Refused
from boots.app import leaked, world
from boots.documents.fault import Faulty
from boots.machines.files import Cache, load
from boots.machines.index import build
from boots.machines.kept import Kept
from boots.model import mac as macs
from boots.policy import leaks
from boots.settings import Settings, of_keys

SECRET = "registry_password=hunter2hunter2"
SHORT = """\
machines:
  - {name: one, mac: "52:54:00:00:00:01", kernel_args: [console=ttyS0]}
  - {name: two, mac: "52:54:00:00:00:02", kernel_args: [quiet, registry_password=hunter2hunter2]}
  - {name: six, mac: "52:54:00:00:00:06", kernel_args: [quiet, registry_password=hunter2hunter2]}
"""
HARDWARE = """\
apiVersion: tinkerbell.org/v1alpha1
kind: Hardware
metadata: {name: three}
spec:
  interfaces:
    - dhcp: {mac: "52:54:00:00:00:03"}
      netboot: {allowPXE: true, osie: {kernelParams: ["a=b", "token=Zx81kQw0pL2mN4vB7"]}}
"""
JSON = json.dumps(
    {"machines": [{"name": "two", "mac": "52:54:00:00:00:02", "kernel_args": [SECRET]}]}
)


def settings(folder: Path, text: str, name: str = "machines.yaml", **given: object) -> Settings:
    (folder / name).write_text(text)
    return of_keys({"machines": [str(folder / name)], "cache": str(folder / "cache")} | given)


def built(made: Settings, kept: Kept | None = None) -> world.World:
    addresses = {"lan0": IPv4Interface("192.168.1.1/24")}
    return world.build(made, addresses, Cache(), kept=kept)


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        (SHORT, "machines.yaml", (3, "two", "registry_password", "and 1 more machines")),
        (HARDWARE, "hardware.yaml", (1, "three", "token", "by its name")),
        (JSON, "machines.json", (1, "two", "registry_password", "by its name")),
    ],
)
def test_a_record_with_a_secret_is_refused_with_its_place_and_what_to_write(
    tmp_path: Path, text: str, name: str, told: tuple[int, str, str, str]
) -> None:
    with pytest.raises(Faulty) as refused:
        built(settings(tmp_path, text, name))
    [fault] = refused.value.faults
    line, machine, argument, more = told
    assert (line, f"{machine}: kernel arguments") == (fault.line, fault.field)
    assert argument in fault.problem
    assert more in fault.problem
    assert "user data" in fault.advice
    assert "boot.secrets_allowed" in fault.advice
    assert "hunter2" not in str(fault)
    assert "Zx81" not in str(fault)


def test_what_is_named_as_no_secret_is_none(tmp_path: Path) -> None:
    made = settings(tmp_path, SHORT, **{"boot.secrets_allowed": ["registry_password"]})
    assert 3 == len(built(made).index.machines)


def test_ordinary_arguments_are_loaded(tmp_path: Path) -> None:
    ordinary = Path(__file__).parents[1] / "vectors/kernel_args/ordinary.txt"
    lines = [each for each in ordinary.read_text().splitlines() if each and each[0] != "#"]
    assert len(lines) > 20
    kept = Kept()
    for number, line in enumerate(lines):
        mac = f"52:54:00:00:01:{number % 256:02x}"
        record = {"name": f"m-{number}", "mac": mac, "kernel_args": [line]}
        kept.put(record["name"], json.dumps(record), 1)
    assert [] == leaked.found(built(settings(tmp_path, RECORDS), kept).index, ())


def test_what_the_store_has_from_before_is_told_and_keeps_its_address(tmp_path: Path) -> None:
    kept = Kept()
    record = {"name": "old", "mac": "52:54:00:00:00:07", "kernel_args": [SECRET]}
    kept.put("old", json.dumps(record), 1)
    found = built(settings(tmp_path, RECORDS), kept)
    assert "52:54:00:00:00:07" in found.index.by_mac
    [fault] = found.left_out
    assert "registry_password" in fault.problem
    assert "hunter2" not in str(fault)


def test_what_did_not_change_is_not_looked_at_again_however_many_kinds_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, looked = Kept(), list[str]()
    look = leaks.of_machine

    def put(number: int, argument: str, revision: int) -> None:
        mac = macs.from_bytes((0x525400 << 24 | number).to_bytes(6))
        record = {"name": f"m-{number}", "mac": mac, "kernel_args": [argument]}
        kept.put(f"m-{number}", json.dumps(record), revision)

    def found(allowed: Sequence[str] = ()) -> int:
        looked.clear()
        packs = (pack for portion in kept.portions() for pack in portion.packs)
        return len(leaked.found_in(packs, allowed))

    monkeypatch.setattr(
        leaks, "of_machine", lambda machine, names: looked.append("") or look(machine, names)
    )
    for number in range(5000):
        put(number, f"hostname=h{number}", 1)
    assert (0, 5000) == (found(), len(looked))

    put(7, SECRET, 2)
    assert 1 == found()
    assert 0 < len(looked) < 200
    assert (1, 0) == (found(), len(looked))
    assert (0, 5000) == (found(["registry_password"]), len(looked))


def test_an_index_that_was_not_packed_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(SHORT)
    plain, _ = build(tuple(load([tmp_path / "m.yaml"], Cache()).index.machines))
    assert 2 == len(leaked.found(plain, ())), "nothing is known there of who is alike"


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (
            {"name": "new", "mac": "52:54:00:00:00:08", "kernel_args": ["quiet", SECRET]},
            "kernel_args[1]",
        ),
        (
            {
                "apiVersion": "tinkerbell.org/v1alpha1",
                "kind": "Hardware",
                "metadata": {"name": "new"},
                "spec": {
                    "interfaces": [
                        {
                            "dhcp": {"mac": "52:54:00:00:00:08"},
                            "netboot": {"osie": {"kernelParams": [SECRET]}},
                        }
                    ]
                },
            },
            "spec.interfaces[0].netboot.osie.kernelParams[0]",
        ),
    ],
)
def test_the_api_refuses_it_and_says_which_field(
    tmp_path: Path, record: dict[str, object], field: str
) -> None:
    async def test(office: Office) -> None:
        with pytest.raises(Refused) as refused:
            await office.desk.create(record, "ann")
        assert 422 == refused.value.status
        [error] = refused.value.errors
        assert field == error.field
        assert "boot.secrets_allowed" in error.advice
        assert "hunter2" not in str((refused.value, refused.value.errors, office.told))

    at_desk(test)(tmp_path)


def test_the_last_good_record_stays_where_a_change_holds_a_secret(tmp_path: Path) -> None:
    record = {"name": "new", "mac": "52:54:00:00:00:08", "kernel_args": ["quiet"]}

    async def test(office: Office) -> None:
        await office.desk.create(record, "ann")
        with pytest.raises(Refused, match="registry_password"):
            await office.desk.replace("new", {**record, "kernel_args": SECRET}, 1, "ann")
        known = await office.desk.machine("new")
        assert (1, ["quiet"]) == (known.revision, known.record["kernel_args"])

    at_desk(test)(tmp_path)
