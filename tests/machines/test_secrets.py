"""Records as viewers see them, and what comes back of them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.machines.records import read as read_records
from boots.machines.secrets import files_named, restored, without_secrets
from boots.model.bmc import HIDDEN

quick = settings(database=None, max_examples=200)

BMC = {"url": "ipmi://10.0.0.5", "username": "boots", "password": "let me in"}
RECORD = {"name": "a", "mac": "02:00:00:00:00:01", "bmc": BMC, "tags": ["a"]}


def test_the_password_of_a_bmc_is_hidden_and_nothing_else() -> None:
    assert {**RECORD, "bmc": {**BMC, "password": HIDDEN}} == without_secrets(RECORD)
    assert "let me in" == BMC["password"]


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "root_password",
        "rootPassword",
        "crypted_root_password",
        "passphrase",
        "password_hash",
        "secret",
        "clientSecret",
        "api-key",
        "apiKey",
        "token",
        "private_key",
    ],
)
def test_what_is_called_a_secret_is_hidden_however_deep(key: str) -> None:
    assert {"a": [{key: HIDDEN}]} == without_secrets({"a": [{key: "let me in"}]})
    assert {key: {"b": [HIDDEN, None]}} == without_secrets({key: {"b": [7, None]}})


@pytest.mark.parametrize("key", ["password_file", "authSecretRef", "ssh_keys", "pxelinux", "keys"])
def test_what_only_sounds_like_one_is_shown(key: str) -> None:
    assert {key: "x"} == without_secrets({key: "x"})


def test_what_is_not_there_is_not_hidden() -> None:
    assert {"password": "", "token": None} == without_secrets({"password": "", "token": None})


def test_the_data_of_a_secret_of_kubernetes_is_hidden() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "a"}, "data": {"username": "Ym9vdHM="}}
    shown = without_secrets([secret, {"kind": "Hardware", "data": {"username": "a"}}])
    assert {**secret, "data": {"username": HIDDEN}} == shown[0]
    assert {"kind": "Hardware", "data": {"username": "a"}} == shown[1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a:b@host/x", "https://…@host/x"),
        ("wget ftp://me@host; ls", "wget ftp://…@host; ls"),
        ("https://host/a@b", "https://host/a@b"),
        ("me@host", "me@host"),
    ],
)
def test_names_and_passwords_in_urls_are_hidden(text: str, shown: str) -> None:
    assert {"script": shown} == without_secrets({"script": text})


# --- what comes back

_keys = st.sampled_from(["a", "b", "password", "token", "kind", "data"])
_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
records: st.SearchStrategy[Any] = st.recursive(
    _leaves | st.just("Secret") | st.just("https://a:b@c"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=12,
)


@quick
@given(records)
def test_what_was_not_changed_comes_back_whole(record: Any) -> None:
    shown = without_secrets(record)
    assert record == restored(shown, record)
    assert shown == without_secrets(shown)
    json.dumps(shown)


def test_what_was_changed_beside_a_secret_leaves_it_as_it_was() -> None:
    shown = without_secrets(RECORD)
    shown["bmc"]["boot"] = "uefi-pxe"
    shown["plan"] = "c2"
    wanted = {**RECORD, "bmc": {**BMC, "boot": "uefi-pxe"}, "plan": "c2"}
    assert wanted == restored(shown, RECORD)


def test_a_secret_is_not_told_to_another_place() -> None:
    shown = without_secrets(RECORD)
    shown["bmc"]["url"] = "ipmi://10.0.0.6"
    wanted = {**RECORD, "bmc": {**BMC, "url": "ipmi://10.0.0.6", "password": HIDDEN}}
    assert wanted == restored(shown, RECORD)


@pytest.mark.parametrize(
    "change",
    [{"verify": False}, {"authority": "another"}, {"username": "root"}, {"username": None}],
    ids=str,
)
def test_nor_to_whoever_it_is_when_nobody_proves_who(change: dict[str, Any]) -> None:
    shown = without_secrets(RECORD)
    shown["bmc"] |= change
    wanted = {**RECORD, "bmc": {**BMC, **change, "password": HIDDEN}}
    assert wanted == restored(shown, RECORD)


@pytest.mark.parametrize("change", [{"host": "10.0.0.6"}, {"insecureTLS": True}], ids=str)
def test_nor_does_tinkerbells_secret_go_where_another_object_says(change: dict[str, Any]) -> None:
    connection = {"host": "10.0.0.5", "authSecretRef": {"name": "a"}}
    secret = {"kind": "Secret", "metadata": {"name": "a"}, "data": {"password": "bGV0"}}
    record = {"kind": "List", "items": [{"kind": "Machine", "spec": {"connection": connection}}]}
    record["items"].append(secret)
    shown = without_secrets(record)
    shown["items"][0]["metadata"] = {"labels": {"rack": "a"}}
    assert secret == restored(shown, record)["items"][1]
    shown["items"][0]["spec"]["connection"] |= change
    assert shown == restored(shown, record)


def test_a_new_secret_replaces_the_old_one() -> None:
    shown = without_secrets(RECORD)
    shown["bmc"]["password"] = "another"
    assert {**RECORD, "bmc": {**BMC, "password": "another"}} == restored(shown, RECORD)


def test_a_secret_goes_where_it_was_and_nowhere_else() -> None:
    shown = {"other": {"password": HIDDEN}}
    assert shown == restored(shown, {"bmc": {"password": "let me in"}})


def test_entries_of_a_list_are_known_wherever_they_went() -> None:
    record = [{"name": "a", "password": "1"}, {"name": "b", "password": "2"}]
    shown = without_secrets(record)
    assert record[::-1] == restored(shown[::-1], record)


# --- files


@pytest.mark.parametrize(
    ("bmc", "named"),
    [
        (None, []),
        ("x", []),
        ({"url": "ipmi://a", "password": "x", "verify": False}, []),
        ({"password_file": "/etc/shadow"}, ["bmc.password_file"]),
        ({"verify": "/etc/ca.pem"}, ["bmc.verify"]),
    ],
)
def test_files_of_the_server_are_found(bmc: Any, named: list[str]) -> None:
    assert named == files_named({"bmc": bmc})


@pytest.mark.parametrize(
    "wrong",
    [
        "bmc: {url: 'ipmi://a', password_file: hunter2}",
        "bmc: {url: 'ipmi://a', password: [hunter2]}",
        "bmc: {url: 'redfish://me:hunter2@a'}",
        "bmc: {url: 'ipmi://a', password: *hunter2}",
        "bmc: {url: 'ipmi://a', password: @hunter2}",
        "script_url: 'httpx://me:hunter2@h/x'",
        "script_url: 'http//me:hunter2@h/x'",
        "values: [hunter2]",
        "values: hunter2",
    ],
)
def test_what_cannot_be_read_is_told_without_the_passwords_in_it(wrong: str) -> None:
    """The log has it, and viewers: `RecordsRefused`."""
    found = read_records(f"machines:\n - mac: 52:54:00:00:00:01\n   {wrong}\n", "f.yaml")
    assert [] != list(found.faults)
    assert "hunter2" not in "".join(map(str, found.faults))
