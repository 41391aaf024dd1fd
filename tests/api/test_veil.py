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


TEXTS = {
    "script": {"script": "T"},
    "of an interface": {"interfaces": [{"pxelinux": "T", "raspberry_pi": {"config": "T"}}]},
    "Smee's": {"netboot": {"ipxeScript": "T"}},
    "Tinkerbell's": {
        "spec": {
            "interfaces": [
                {
                    "netboot": {
                        "ipxe": {"contents": "T"},
                        "pxelinux": {"config": "T"},
                        "rpi": {"configTxt": "T"},
                    }
                }
            ],
            "metadata": {"custom": {"x": "T"}},
        }
    },
}


@pytest.mark.parametrize("record", TEXTS.values(), ids=TEXTS)
def test_texts_of_a_machine_s_own_are_not_seen(record: dict[str, object]) -> None:
    said = str(veiled(record))
    assert "'T'" not in said
    assert VEILED in said


def test_what_only_has_the_name_of_such_a_text_is_seen() -> None:
    record = {"switch": {"config": "trunk", "contents": "8 ports"}, "labels": {"script": "a"}}
    assert record == veiled(record)


def test_of_urls_what_may_be_secret_is_not_seen() -> None:
    record = {
        "script_url": "https://me:hunter2@h/a?token=hunter3&b=4",
        "kernel_args": ["url=http://h/a?b=4", "a=?b=c"],
    }
    assert {
        "script_url": "https://…@h/a?token=…&b=…",
        "kernel_args": ["url=http://h/a?b=…", "a=?b=c"],
    } == veiled(record)
