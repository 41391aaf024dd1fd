"""What a viewer does not see of a record."""

import pytest

from boots.api.veil import VEILED, veiled


@pytest.mark.parametrize(
    "name",
    [
        *("password", "rootPassword", "root_password_hash", "rootpw", "wifi-psk", "admin_pwd"),
        *("api_key", "apikey", "license_key", "ssh_host_key", "private-key", "join_token"),
        *("user_data", "userData", "vendor_data", "crypted_root_password", "db_credentials"),
    ],
)
def test_what_is_called_like_a_secret_is_veiled_wherever_it_stands(name: str) -> None:
    assert {"spec": [{name: VEILED}]} == veiled({"spec": [{name: "hunter2"}]})
    assert {name: ""} == veiled({name: ""}), "that there is none may be seen"


def test_of_what_templates_may_name_only_the_names_are_seen() -> None:
    record = {"name": "one", "values": {"join": "hunter2", "disks": ["/dev/sda"]}}
    assert {"name": "one", "values": {"join": VEILED, "disks": VEILED}} == veiled(record)


def test_the_rest_is_seen() -> None:
    record = {"name": "one", "mac": "52:54:00:00:00:01", "ssh_keys": ["ssh-ed25519 AAAA"]}
    assert record == veiled(record)
