"""Rufio's Machines and their Secrets, in the file of the Hardware that names them."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.machines.reading import fault, machines

from boots.machines import jsons
from boots.machines.packed import to_bytes
from boots.machines.packing import pack
from boots.machines.records import packed, read
from boots.model.bmc import Bmc

quick = settings(database=None, max_examples=100)

HARDWARE: dict[str, Any] = {
    "apiVersion": "tinkerbell.org/v1alpha1",
    "kind": "Hardware",
    "metadata": {"name": "one"},
    "spec": {
        "bmcRef": {"apiGroup": "bmc.tinkerbell.org", "kind": "Machine", "name": "bmc-one"},
        "interfaces": [{"dhcp": {"mac": "02:00:00:00:00:01"}}],
    },
}
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "opens-one"},
    "data": {
        "username": base64.b64encode(b"boots").decode(),
        "password": base64.b64encode(b"let me in").decode(),
    },
}


def rufio(**more: Any) -> dict[str, Any]:
    connection = {"host": "10.0.0.5", "port": 623, "authSecretRef": {"name": "opens-one"}, **more}
    return {
        "apiVersion": "bmc.tinkerbell.org/v1alpha1",
        "kind": "Machine",
        "metadata": {"name": "bmc-one"},
        "spec": {"connection": connection},
    }


def bmc(*documents: Any) -> Bmc | None:
    (found,) = machines("\n---\n".join(map(json.dumps, documents)))
    return found.bmc


def placed(value: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {**value, "metadata": {**value["metadata"], "namespace": namespace}}


WHOLE = Bmc(url="ipmi://10.0.0.5:623", username="boots", password="let me in")


@pytest.mark.parametrize(
    "documents",
    [
        [HARDWARE, rufio(), SECRET],
        [SECRET, rufio(), HARDWARE],
        [[HARDWARE, rufio(), SECRET]],
        [{"apiVersion": "v1", "kind": "List", "items": [HARDWARE, rufio(), SECRET]}],
        [
            HARDWARE,
            SECRET,
            {
                "apiVersion": "bmc.tinkerbell.org/v1alpha1",
                "kind": "MachineList",
                "items": [{key: rufio()[key] for key in ("metadata", "spec")}],
            },
        ],
        [
            placed(HARDWARE, "lab"),
            placed(rufio(authSecretRef={"name": "opens-one", "namespace": "keys"}), "lab"),
            placed(SECRET, "keys"),
        ],
    ],
)
def test_what_stands_in_the_same_file_is_found(documents: list[Any]) -> None:
    assert bmc(*documents) == WHOLE


def test_others_are_not_mistaken_for_it() -> None:
    assert bmc(HARDWARE, SECRET) is None
    assert bmc(HARDWARE, placed(rufio(), "lab"), SECRET) is None
    assert (
        bmc({**HARDWARE, "spec": {"interfaces": HARDWARE["spec"]["interfaces"]}}, rufio()) is None
    )
    other = {**rufio(), "apiVersion": "cluster.x-k8s.io/v1beta1"}
    assert bmc(HARDWARE, other, SECRET) is None


def test_without_its_secret_nothing_opens_it() -> None:
    assert bmc(HARDWARE, rufio()) == Bmc(url="ipmi://10.0.0.5:623")
    assert bmc(HARDWARE, rufio(), placed(SECRET, "lab")) == Bmc(url="ipmi://10.0.0.5:623")


@pytest.mark.parametrize(
    "data",
    [
        {"stringData": {"username": "boots", "password": "let me in"}},
        {**SECRET, "stringData": {"password": "let me in"}},
    ],
)
def test_a_secret_may_say_it_in_the_open(data: dict[str, Any]) -> None:
    assert bmc(HARDWARE, rufio(), {**SECRET, **data}) == WHOLE


@pytest.mark.parametrize("text", ["let me in", "/w==", "é", 7])
def test_a_secret_that_is_none_opens_nothing(text: Any) -> None:
    secret = {**SECRET, "data": {"username": SECRET["data"]["username"], "password": text}}
    assert bmc(HARDWARE, rufio(), secret) == Bmc(url="ipmi://10.0.0.5:623", username="boots")


@pytest.mark.parametrize(
    ("more", "url", "verify"),
    [
        ({"host": "fe80::1"}, "ipmi://[fe80::1]:623", True),
        ({"port": 0}, "ipmi://10.0.0.5", True),
        ({"insecureTLS": True}, "ipmi://10.0.0.5:623", False),
        ({"providerOptions": {"ipmitool": {"port": 6230}}}, "ipmi://10.0.0.5:6230", True),
        ({"providerOptions": {"redfish": {"port": 8443}}}, "redfish://10.0.0.5:8443", True),
        ({"providerOptions": {"redfish": {}}}, "redfish://10.0.0.5", True),
        (
            {"providerOptions": {"redfish": {"port": 8443}, "ipmitool": {"port": 623}}},
            "ipmi://10.0.0.5:623",
            True,
        ),
        ({"providerOptions": {"preferredOrder": ["gofish"]}}, "redfish://10.0.0.5", True),
        (
            {"providerOptions": {"preferredOrder": ["rpc", "gofish", "ipmitool"]}},
            "redfish://10.0.0.5",
            True,
        ),
    ],
)
def test_where_it_is_and_how_it_is_spoken_to(more: dict[str, Any], url: str, verify: bool) -> None:
    found = bmc(HARDWARE, rufio(**more), SECRET)
    assert found is not None
    assert (url, verify) == (found.url, found.verify)


def test_one_for_other_providers_alone_is_passed_over() -> None:
    assert bmc(HARDWARE, rufio(providerOptions={"preferredOrder": ["rpc"]}), SECRET) is None


@pytest.mark.parametrize("more", [{"host": ""}, {"host": "a b"}, {"port": 99999}, {"host": "u@h"}])
def test_one_that_cannot_be_used_is_told_where_it_is_named(more: dict[str, Any]) -> None:
    told = fault("\n---\n".join(map(json.dumps, [HARDWARE, rufio(**more), SECRET])))
    wanted = 'a.yaml:1: spec.bmcRef: the Machine "bmc-one" cannot be used: spec.connection: this'
    assert told.startswith(wanted)


def test_the_record_of_the_machine_holds_no_word_of_the_secret() -> None:
    (found,) = read(json.dumps([HARDWARE, rufio(), SECRET]), "a.json").machines
    assert json.loads(bytes(found.record)) == HARDWARE


def test_a_large_file_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsons, "_SMALL", 0)
    for items in ([HARDWARE, rufio(), SECRET], [rufio(), SECRET, HARDWARE], [HARDWARE, SECRET]):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        wanted = read(text, "a.json")
        parts, faults = packed(text, "a.json")
        assert wanted.faults == faults == ()
        assert to_bytes(pack(wanted.machines, "a.json")) == to_bytes(parts)


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "namespace", "host", "port"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@quick
@given(st.data())
def test_any_value_in_their_places_gives_machines_or_faults(data: st.DataObject) -> None:
    documents: list[Any] = json.loads(json.dumps([HARDWARE, rufio(providerOptions={}), SECRET]))
    node, last = documents, None
    while isinstance(node, dict | list) and node:
        here, last = (
            node,
            data.draw(
                st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node)))
            ),
        )
        node = here[last]
        if data.draw(st.integers(0, 3)) == 0:
            break
    here[last] = data.draw(values)
    records = read(json.dumps(documents), "a.json")
    assert all(each.problem and each.advice for each in records.faults)
