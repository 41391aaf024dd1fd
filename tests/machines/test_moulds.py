"""Records that are like another one are not parsed, and what comes out is the same to the byte."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.documents.node import Node
from boots.documents.parsing import Mapping
from boots.machines import jsons, moulds, short, slots
from boots.machines.moulds import Mould, Moulds
from boots.machines.packed import to_bytes
from boots.machines.packing import Own, apart, pack
from boots.machines.records import packed, read
from boots.model.machine import Place

quick = settings(database=None, max_examples=100)


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsons, "_SMALL", 0)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[Own]:
    """The machines that came out of a mould; to try one when it is made counts too."""
    found: list[Own] = []
    fit = Mould.fit

    def noted(self: Mould, text: str, at: int, line: int) -> tuple[Own, int] | None:
        one = fit(self, text, at, line)
        if one is not None and at:
            found.append(one[0])
        return one

    monkeypatch.setattr(Mould, "fit", noted)
    return found


def check(text: str) -> None:
    """The shorter way finds what the usual one does, mistakes too."""
    wanted = read(text, "a.json")
    parts, faults = packed(text, "a.json")
    assert wanted.faults == faults
    assert to_bytes(pack(wanted.machines, "a.json")) == to_bytes(parts)


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02X}"


def own(number: int, **more: Any) -> dict[str, Any]:
    return {"name": f"n{number}", "mac": mac(number), "address": f"10.0.0.{number}/8", **more}


def hardware(number: int, **more: Any) -> dict[str, Any]:
    dhcp = {
        "mac": mac(number),
        "hostname": f"h{number}",
        "ip": {"address": f"10.0.0.{number}", "netmask": "255.0.0.0", "gateway": "10.0.0.1"},
    }
    spare = {"dhcp": {"mac": mac(number + 100)}, "netboot": {"allowPXE": False}}
    instance = {"id": f"i-{number}", "hostname": f"h{number}", "tags": ["a"]}
    return {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": f"n{number}", "uid": f"{number:032x}", "labels": {"rack": "r %s"}},
        "spec": {
            "agentID": mac(number),
            "interfaces": [{"dhcp": dhcp, "netboot": {"allowPXE": True}}, spare],
            "metadata": {"instance": instance},
            "disks": [{"device": "/dev/sda"}],
            **more,
        },
    }


def of_2020(number: int) -> dict[str, Any]:
    dhcp = {"mac": mac(number), "ip": {"address": f"10.0.0.{number}", "netmask": "255.0.0.0"}}
    instance = {"id": f"i-{number}", "hostname": f"h{number}"}
    interface = {"dhcp": dhcp, "netboot": {"allow_pxe": True}}
    metadata = {"facility": {"facility_code": "onprem"}, "instance": instance}
    return {"id": f"id-{number}", "metadata": metadata, "network": {"interfaces": [interface]}}


ONE = {"mac": mac(1), "address": "10.0.0.1/8", "host_name": "n1"}


def with_bmc(number: int, **more: Any) -> dict[str, Any]:
    url = f"redfish://10.9.0.{number}/redfish/v1/Systems/{number}"
    return own(number, bmc={"url": url, "username": "boots", **more})


def several(make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [make(number) for number in range(1, 7)]


LISTS: dict[str, Any] = {
    "short": {"machines": several(own)},
    "a list": several(own),
    "defaults before": {"defaults": {"gateway": "10.0.0.1"}, "machines": several(own)},
    "defaults behind": {"machines": several(own), "defaults": {"values": {"%": "%s"}}},
    "host name": {"machines": several(lambda n: own(n, host_name=f"h{n}"))},
    "host name of all": {"machines": several(own), "defaults": {"host_name": "n2"}},
    "no host name": {"machines": several(lambda n: own(n, host_name=""))},
    "notes": {"machines": several(lambda n: own(n, notes=[f"rack {n}", "Zürich %"]))},
    "instances": {"machines": several(lambda n: own(n, instance_id=f"i-{n}", dhcp=True))},
    "without addresses": {"machines": several(lambda n: {"name": f"n{n}", "mac": mac(n)})},
    "BMCs": {"machines": several(lambda n: with_bmc(n, password=f"p{n}", verify=False))},
    "BMCs of all": {
        "machines": several(lambda n: own(n, bmc={"url": f"ipmi://n{n}.lab:{6000 + n}"})),
        "defaults": {"bmc": {"username": "boots", "password_file": "/etc/boots/bmc"}},
    },
    "BMCs with files": {"machines": several(lambda n: with_bmc(n, password_file=f"/bmc/{n}"))},
    "Hardware": {"apiVersion": "v1", "items": several(hardware), "kind": "List", "metadata": {}},
    "HardwareList": {
        "kind": "HardwareList",
        "apiVersion": "tinkerbell.org/v1alpha1",
        "items": [{key: hardware(n)[key] for key in ("metadata", "spec")} for n in range(1, 7)],
    },
    "2020": several(of_2020),
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("value", LISTS.values(), ids=LISTS.keys())
def test_machines_that_are_alike_come_out_as_if_each_was_read(
    value: Any, indent: int | None, fitted: list[Own]
) -> None:
    check(json.dumps(value, indent=indent, ensure_ascii=False))
    assert 4 == len(fitted)  # all but the first, which is of no known kind, and the next


@pytest.mark.parametrize(
    "make",
    [
        lambda n: own(n, interfaces=None, raspberry_pi={"serial": f"0000000{n}"}),
        lambda n: {"mac": mac(n), "address": f"10.0.0.{n}/8"},
        lambda n: {"name": f"n{n}", "interfaces": [{"mac": mac(n)}]},
        lambda n: own(n, name=f"no host name {n}"),
        lambda n: own(n, mac=mac(n).replace(":", "-")),
        lambda n: own(n, notes="\\" * n),
        lambda n: own(n, raspberry_pi={"serial": "00000001"}),
        lambda n: {"name": f"n{n ^ 3}", "interfaces": [ONE]},
    ],
)
def test_machines_that_differ_in_more_are_read(
    make: Callable[[int], dict[str, Any]], fitted: list[Own]
) -> None:
    check(json.dumps({"machines": several(make)}))
    assert [] == fitted


ODD: list[tuple[str, str]] = [
    ("10.0.0.5/8", "10.0.0.256/8"),
    ("10.0.0.5/8", "10.0.0.05/8"),
    ("10.0.0.5/8", "10.0.0.5/16"),
    ("10.0.0.5/8", "10.0.0.5"),
    ("10.0.0.5/8", "0.0.0.0/8"),
    ('"n5"', '""'),
    ('"n5"', '"n-ü"'),
    ('"n5"', "null"),
    ('"n5"', '"n5", "name": "n5"'),
    ("00:05", "00:5"),
    ("02:00:00:00:00:05", "03:00:00:00:00:05"),
    ("02:00:00:00:00:05", "0200.0000.0005"),
    ('"name": "n5"', '"nmae": "n5"'),
    ('{"name": "n5"', '[{"name": "n5"'),
    ("}]", "}"),
    ("}]", "}] # said"),
    ("}]", "}],"),
    ("}]", '}], "machines": []'),
    ("}]", '}], "machine": []'),
    ("}]", '}], "defaults": {"gateway": "10.0.0"}'),
    ("}]", '}], "defaults": {"gateway": "10.0.0.1"}'),
    ("}]", '}, "x"]'),
]


@pytest.mark.parametrize(("here", "there"), ODD)
def test_what_is_odd_among_machines_that_are_alike_is_told_as_ever(here: str, there: str) -> None:
    text = json.dumps({"machines": several(own)})
    assert here in text
    check(text.replace(here, there))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("redfish://10.9.0.5", "http://10.9.0.5"),
        ("redfish://10.9.0.5", "redfish://10.9.0.5:65536"),
        ("redfish://10.9.0.5", "redfish://10.9.0.5:0"),
        ("redfish://10.9.0.5", "ipmi://10.9.0.5"),
        ("redfish://10.9.0.5", "redfish://a@10.9.0.5"),
        ("redfish://10.9.0.5", f"redfish://{'.'.join(['a' * 63] * 4)}"),
        ("10.9.0.5/redfish/v1/Systems/5", "10.9.0.5/redfish/v1/Systems/.."),
        ("10.9.0.5/redfish/v1/Systems/5", "10.9.0.5//redfish"),
        ("10.9.0.5/redfish/v1/Systems/5", ""),
        ('"boots", "password": "p5"', '"boots", "password": ""'),
        ('"boots", "password": "p5"', '"boots", "password": "…"'),
        ('"boots", "password": "p5"', '"boots", "password_file": "/p5"'),
        ('"boots", "password": "p5"', '"boots", "password_file": "p5"'),
        ('"boots", "password": "p5"', '"boots", "password": "a", "password_file": "/b"'),
    ],
)
def test_bmcs_that_are_odd_come_out_as_ever(here: str, there: str) -> None:
    text = json.dumps(LISTS["BMCs"], ensure_ascii=False)
    assert here in text
    check(text.replace(here, there))
    text = json.dumps(LISTS["BMCs with files"]).replace('"/bmc/5"', '"bmc/5"')
    check(text)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ('"hostname": "h5", "ip"', '"hostname": "", "ip"'),
        ('"hostname": "h5", "ip"', '"ip"'),
        ('"hostname": "h5", "ip"', '"hostname": "n5", "ip"'),
        ('"netmask"', '"family": "6", "netmask"'),
        ('"kind": "Hardware"', '"kind": "Template"'),
        ('"name": "n5"', '"name": "n5", "namespace": "lab"'),
        ('"name"', '"namespace": "lab", "name"'),
        ('"items"', '"kind": "Hardware", "items"'),
        ('"kind": "List", ', ""),
    ],
)
def test_hardware_that_is_odd_comes_out_as_ever(here: str, there: str) -> None:
    text = json.dumps(LISTS["Hardware"])
    assert here in text
    check(text.replace(here, there))
    check(text.replace(here, there, 1))


@quick
@given(st.data())
def test_a_text_that_was_changed_somewhere_says_what_it_ever_did(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(LISTS)))
    text = json.dumps(LISTS[name])
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(['"', "0", ".", ":", "}", "\\", "a", "n1", "", "%s", "\n"]))
    check(text[:at] + put + text[at + data.draw(st.integers(0, 3)) :])


@pytest.mark.parametrize(
    "value",
    [
        [*several(own)[:5], own(6, name="n6 ")],
        {"notes": "\ud800", "machines": several(own)},
        {"apiVersion": "tinkerbell.org/v1alpha1", "kind": "Hardware", "items": several(own)}
        | {"metadata": {"name": "x"}},
        {**LISTS["Hardware"], "metadata": {"x": ["\ud800"]}},
        {**of_2020(1), "machines": several(own)},
        {"mac": mac(1), "items": several(own)},
        {"items": several(hardware), "metadata": {}},
        {"apiVersion": "v1", "kind": "List", "items": [several(hardware), several(own)]},
    ],
)
def test_lists_in_unusual_places_come_out_as_ever(value: Any) -> None:
    check(json.dumps(value))


@pytest.mark.parametrize("behind", [" # said", " {}", "]", ", {}", "\n"])
def test_what_stands_behind_a_list_is_not_passed_over(behind: str) -> None:
    check(json.dumps(several(own)) + behind)


def test_what_makes_another_machine_of_hardware_is_not_passed_over(fitted: list[Own]) -> None:
    items = [hardware(n, userData="b" if n == 6 else "a") for n in range(1, 7)]
    check(json.dumps(items))
    items = several(hardware)
    for each in items:
        each["metadata"]["namespace"] = "rack" if each is items[-1] else "lab"
    check(json.dumps(items))
    assert 6 == len(fitted)


def test_interfaces_that_nobody_filled_in_yet_put_no_other_in_their_place() -> None:
    items = several(hardware)
    for number, each in enumerate(items, 1):
        first, _ = each["spec"]["interfaces"]
        last = {"dhcp": {"mac": "0200.0000.00ff"}}
        each["spec"]["interfaces"] = [{"dhcp": {}}, first, last]
        each["metadata"]["name"] = f"n{number}"
    check(json.dumps(items))


def test_each_machine_has_its_line(fitted: list[Own]) -> None:
    text = json.dumps({"machines": several(own)}, indent=1)
    parts, _ = packed(text, "a.json")
    assert [3, 8, 13, 18, 23, 28] == [
        each.machine(at).place.line for each in parts for at in range(6)
    ]
    assert 4 == len(fitted)


def test_moulds_that_nothing_fits_are_made_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(moulds, "mould", lambda *_: made.append(1))
    several_kinds = [own(n, profile=f"p{n}") for n in range(1, 100) for _ in range(2)]
    packed(json.dumps({"machines": several_kinds}), "a.json")
    assert len(made) <= 20


def test_of_many_moulds_the_latest_are_kept() -> None:
    several_moulds = Moulds()
    for number in range(1, 20):
        learn(several_moulds, own(number, profile=f"p{number}"))
    assert several_moulds.fit(json.dumps(own(30, profile="p17")), 0, 1) is not None
    assert several_moulds.fit(json.dumps(own(30, profile="p1")), 0, 1) is None


def learn(into: Moulds, record: dict[str, Any]) -> None:
    value = Mapping(record)
    machine = short.machine(Node(value), Place(file="a", line=1), json.dumps(record).encode())
    into.text = json.dumps(record)
    into.learn(value, apart(machine), slots.of_short)
