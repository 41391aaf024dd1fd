"""BMCs in records: what is read, what is refused, and what a hundred thousand of them cost."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.machines.reading import fault, machine, machines

from boots.machines.packing import apart, pack
from boots.machines.records import packed, read
from boots.model.bmc import Bmc, NetworkBoot

quick = settings(database=None, max_examples=200)


def bmc(text: str) -> Bmc | None:
    return machine(f"{{mac: 02:00:00:00:00:01, bmc: {text}}}").bmc


def wrong(text: str) -> str:
    told = fault(f"{{mac: 02:00:00:00:00:01, bmc: {text}}}")
    return told.removeprefix("a.yaml:1: ")


def test_a_url_alone_is_a_bmc() -> None:
    assert Bmc(url="ipmi://10.0.0.5") == bmc("{url: ipmi://10.0.0.5}")
    assert bmc("~") is None


@pytest.mark.parametrize(
    ("text", "verify", "authority"),
    [("true", True, ""), ("no", False, ""), ("/etc/ca.pem", True, "/etc/ca.pem"), ("", True, "")],
)
def test_a_certificate_is_checked_unless_the_record_says_no(
    text: str, verify: bool, authority: str
) -> None:
    wanted = Bmc(url="https://bmc", verify=verify, authority=authority)
    assert wanted == bmc(f"{{url: https://bmc, verify: {text}}}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ipmi://10.0.0.5", "bmc: a mapping is wanted here; write url: … below it"),
        ("{}", "bmc.url: the URL is missing; write redfish:// or ipmi:// and the address"),
        ("{username: a}", "bmc.url: the URL is missing; "),
        ("{url: 'http://a'}", "bmc.url: http would send the password for all to read; write https"),
        ("{url: 10.0.0.5}", "bmc.url: this is not the URL of a BMC; write one like redfish://"),
        ("{url: 'https://a:b@c'}", "bmc.url: a user name or password does not belong into the URL"),
        ("{url: 'ipmi://a/b'}", "bmc.url: IPMI has no paths; "),
        ("{url: 'https://a/b'}", "bmc.url: this is not the path of a system; write /redfish/v1/Sy"),
        ("{url: 'https://a:99999'}", "bmc.url: there is no port 99999; write one from 1 to 65535"),
        ("{url: 'ipmi://a', pasword: x}", 'bmc.pasword: there is no field "pasword"; did you mean'),
        ("{url: 'ipmi://a', password: …}", "bmc.password: … stands for a password that was not"),
        (
            "{url: 'ipmi://a', password: x, password_file: /x}",
            "bmc.password: there are two passwords; keep password_file alone",
        ),
        ("{url: 'ipmi://a', password_file: x}", "bmc.password_file: this is not the whole path of"),
        ("{url: 'ipmi://a', verify: maybe}", 'bmc.verify: "maybe" is neither true nor false nor '),
        ("{url: 'ipmi://a', boot: uefi}", 'bmc.boot: "uefi" is not one of the choices; '),
    ],
)
def test_a_mistake_is_told(text: str, told: str) -> None:
    assert wrong(text).startswith(told.removesuffix(" "))


def test_no_password_is_told_with_a_mistake() -> None:
    assert "let me in" not in wrong("{url: 'https://boots:let me in@c', password: let me in}")


def test_what_all_share_stands_in_the_defaults() -> None:
    first, second, third = machines("""
        defaults:
          bmc: {username: boots, password_file: /etc/boots/bmc, boot: uefi-pxe}
        machines:
          - {mac: 02:00:00:00:00:01, bmc: {url: ipmi://a}}
          - {mac: 02:00:00:00:00:02, bmc: {url: https://b, username: root}}
          - {mac: 02:00:00:00:00:03}
        """)
    shared = {"password_file": "/etc/boots/bmc", "boot": NetworkBoot.UEFI_PXE}
    assert first.bmc == Bmc(url="ipmi://a", username="boots", **shared)  # type: ignore[arg-type]
    assert second.bmc == Bmc(url="https://b", username="root", **shared)  # type: ignore[arg-type]
    assert third.bmc is None


def test_one_bmc_may_be_that_of_all_but_who_say_no() -> None:
    first, second = machines("""
        defaults: {bmc: {url: https://chassis/redfish/v1/Systems/1}}
        machines: [{mac: 02:00:00:00:00:01}, {mac: 02:00:00:00:00:02, bmc: ~}]
        """)
    assert first.bmc == Bmc(url="https://chassis/redfish/v1/Systems/1")
    assert second.bmc is None


def test_a_mistake_in_the_defaults_is_told_once() -> None:
    assert 'a.yaml:1: defaults.bmc.verify: "x" is' in fault(
        "{defaults: {bmc: {verify: x}}, machines: [{mac: 02:00:00:00:00:01}]}"
    )


@quick
@given(st.text(), st.text(), st.text())
def test_any_text_is_a_bmc_or_a_fault(url: str, password: str, verify: str) -> None:
    record = {"mac": "02:00:00:00:00:01", "bmc": {"url": url, "password": password}}
    found = read(json.dumps({**record, "verify": verify}), "a.json")
    assert bool(found.machines) != bool(found.faults)


# --- many of them


def record(number: int) -> dict[str, Any]:
    url = f"redfish://10.9.{number >> 8}.{number & 255}/redfish/v1/Systems/1"
    own = {"url": url, "username": f"u{number}", "password": f"p{number}"}
    mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    return {"name": f"n{number}", "mac": mac, "address": f"10.0.0.{number & 255}/8", "bmc": own}


@pytest.mark.parametrize("key", ["password", "password_file"])
def test_machines_whose_bmcs_differ_are_of_one_kind(key: str) -> None:
    records = [record(number) for number in range(500)]
    for each in records:
        each["bmc"][key] = f"/{each['bmc'].pop('password')}"
    text = json.dumps({"machines": records})
    (part,), faults = packed(text, "a.json")
    assert () == faults
    assert 1 == len(part.columns.kinds)
    wanted = read(text, "a.json").machines
    assert list(wanted) == [part.machine(number) for number in range(500)]


def test_machines_with_and_without_a_bmc_are_of_two_kinds() -> None:
    known = machines("[{mac: 02:00:00:00:00:01, bmc: {url: ipmi://a}}, {mac: 02:00:00:00:00:02}]")
    (part,) = pack(known, "a.yaml")
    assert 2 == len(part.columns.kinds)
    assert list(known) == [part.machine(0), part.machine(1)]


def test_what_machines_share_holds_no_password() -> None:
    known = machine("{mac: 02:00:00:00:00:01, bmc: {url: ipmi://a, password: let me in}}")
    assert b"let me in" not in apart(known).kind
