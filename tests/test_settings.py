"""Settings: the file, then the environment, then flags; every mistake is told."""

from pathlib import Path
from typing import Any

import pytest

from boots.settings import Settings, SettingsError, all_keys, load

EVERY = {key: (kind, default) for key, kind, default in all_keys()}


def from_toml(folder: Path, text: str, **environment: str) -> Settings:
    file = folder / "boots.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment, {})


def refused(folder: Path, text: str) -> str:
    """What a settings file is refused with, without the file's own name."""
    with pytest.raises(SettingsError) as caught:
        from_toml(folder, text)
    return str(caught.value).removeprefix(f"{folder / 'boots.toml'}: ")


def refused_environment(**environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(None, environment, {})
    return str(caught.value)


# --- what is in force


def test_without_anything_the_defaults_are_in_force() -> None:
    assert Settings() == load(None, {}, {})
    assert {key: default for key, (_, default) in EVERY.items()} == dict(flat(Settings()))


def flat(value: Any, head: str = "") -> Any:
    for name in value.__struct_fields__:
        each = getattr(value, name)
        if hasattr(each, "__struct_fields__"):
            yield from flat(each, f"{head}{name}.")
        else:
            yield f"{head}{name}", each


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert Settings() == from_toml(tmp_path, "")


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "boots.toml"
    file.write_text("[http]\nport = 1\n[tftp]\nport = 1\n[dhcp]\nport = 1\n")
    found = load(
        file, {"BOOTS_TFTP_PORT": "2", "BOOTS_DHCP_PORT": "2"}, {"dhcp.port": 3, "http.port": None}
    )
    assert (1, 2, 3) == (found.http.port, found.tftp.port, found.dhcp.port)


def test_one_text_is_a_list_of_one(tmp_path: Path) -> None:
    assert ["eth0"] == from_toml(tmp_path, 'interfaces = "eth0"').interfaces


TABLES = {"subnets"}


@pytest.mark.parametrize("key", sorted(EVERY.keys() - TABLES))
def test_every_key_can_be_set_in_the_file_and_in_the_environment(tmp_path: Path, key: str) -> None:
    kind, default = EVERY[key]
    samples = {bool: (not default, str(not default)), int: (599, "599"), str: ("", "")}
    toml, text = samples.get(kind, (["a", "b"], "a,b"))
    if kind not in samples and kind != list[str]:
        toml = text = kind.__args__[-1]
    if key == "dhcp.friends":
        toml, text = ["192.0.2.1", "192.0.2.2"], "192.0.2.1,192.0.2.2"
    if key == "operator.clients":
        toml, text = ["a viewer", "b operator ci-*"], "a viewer,b operator ci-*"
    section, _, name = key.rpartition(".")
    head = f"[{section}]\n" if section else ""
    written = str(toml).lower() if isinstance(toml, bool) else repr(toml)
    in_file = dict(flat(from_toml(tmp_path, f"{head}{name} = {written}\n")))[key]
    variable = f"BOOTS_{key.replace('.', '_').upper()}"
    in_environment = dict(flat(load(None, {variable: text}, {})))[key]
    if isinstance(in_file, list) and key in {"machines", "boot.files", "operator.client_crl"}:
        assert [str(tmp_path / "a"), str(tmp_path / "b")] == in_file
        assert ["a", "b"] == in_environment
    else:
        assert toml == in_file == in_environment


def test_paths_in_a_file_are_taken_from_beside_it(tmp_path: Path) -> None:
    found = from_toml(
        tmp_path,
        """
        machines = ["machines", "/srv/machines"]
        journal = "journal.jsonl"
        cache = ""
        boot.files = "files"
        boot.osie = "../osie"
        boot.profiles = "profiles"
        """,
    )
    assert [str(tmp_path / "machines"), "/srv/machines"] == found.machines
    assert (str(tmp_path / "journal.jsonl"), "") == (found.journal, found.cache)
    assert [str(tmp_path / "files")] == found.boot.files
    assert str(tmp_path / "../osie") == found.boot.osie
    assert str(tmp_path / "profiles") == found.boot.profiles


def test_paths_in_the_environment_and_in_flags_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "boots.toml").write_text("")
    found = load(tmp_path / "boots.toml", {"BOOTS_MACHINES": "a,b"}, {"boot.osie": "osie"})
    assert (["a", "b"], "osie") == (found.machines, found.boot.osie)


def test_the_environment_of_others_is_not_ours() -> None:
    others = {"PATH": "/bin", "BOOTS": "1", "BOOTS_CONFIG": "boots.toml", "BOOTS_LAB_OUTSIDE": "1"}
    others |= {"BOOTS_SERVER": "http://boots", "BOOTS_TOKEN": "secret", "BOOTS_CA": "ca.pem"}
    assert Settings() == load(None, others, {})


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("False", False), ("TRUE", True), ("false", False)]
)
def test_true_and_false_are_read_in_any_case(text: str, value: bool) -> None:
    assert value == load(None, {"BOOTS_HOOK_TLS": text}, {}).hook.tls


# --- what is refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[dhcp]\nprot = 67", 'no setting is named "dhcp.prot", did you mean "dhcp.port"?'),
        ("machine = []", 'no setting is named "machine", did you mean "machines"?'),
        ("[web]\nx = 1", 'no setting is named "web.x"'),
        ("dhcp = 67", 'no setting is named "dhcp", did you mean "dhcp.port"?'),
        ("[http.url]\nx = 1", 'no setting is named "http.url.x", did you mean "http.url"?'),
        ('[dhcp]\nport = "67"', "dhcp.port = '67' will not do; write a whole number"),
        ("[dhcp]\nport = 67.5", "dhcp.port = 67.5 will not do; write a whole number"),
        ("[dhcp]\nport = true", "dhcp.port = True will not do; write a whole number"),
        ("[tftp]\nenabled = 1", "tftp.enabled = 1 will not do; write true or false"),
        ("address = 1", 'address = 1 will not do; write "text"'),
        ("machines = [1]", 'machines = [1] will not do; write a list, like ["one", "two"]'),
        (
            '[log]\nlevel = "loud"',
            "log.level = 'loud' will not do; write one of debug, info, warning, error",
        ),
        ("[dhcp]\nport = 65536", "dhcp.port = 65536 is out of range; write 0 to 65535"),
        ("[dhcp]\nport = -1", "dhcp.port = -1 is out of range; write 0 to 65535"),
        (
            "[dhcp]\nlease_time = 59",
            "dhcp.lease_time = 59 is out of range; write 60 to 4294967295",
        ),
        ("[boot]\nretries = 1001", "boot.retries = 1001 is out of range; write 0 to 1000"),
        ('address = "fe80::1"', 'address = "fe80::1" is no IPv4 address'),
        ('[tftp]\naddress = "boot"', 'tftp.address = "boot" is no IPv4 address'),
        ('[syslog]\naddress = "10.0.0"', 'syslog.address = "10.0.0" is no IPv4 address'),
        (
            '[http]\nurl = "boot:80"',
            'http.url = "boot:80" will not do; write it like http://boots.example',
        ),
        (
            "[[subnets]]\nnetwork = 'a'\n[[subnets]]\nnetwork = 'b'\npol = []",
            '[[subnets]] number 2: no key is named "pol", did you mean "pool"?',
        ),
        (
            "[[subnets]]\ngateway = '192.168.1.1'",
            '[[subnets]] number 1: it has no network; write network = "192.168.1.0/24"',
        ),
        (
            "[[subnets]]\nnetwork = 'a'\npool = 5",
            '[[subnets]] number 1: pool = 5 will not do; write a list, like ["one", "two"]',
        ),
        (
            "[[subnets]]\nnetwork = 'a'\noptions = []",
            (
                "[[subnets]] number 1: options = [] will not do;"
                ' write a table, like {150 = "192.168.1.5"}'
            ),
        ),
        ("subnets = 1", "subnets will not do; write a table [[subnets]] for each network"),
        ("subnets = [1]", "subnets will not do; write a table [[subnets]] for each network"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert told == refused(tmp_path, text)


def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, "a = 1\nb = \n").startswith("not TOML: Invalid value (at line 2")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "boots.toml"
    with pytest.raises(SettingsError, match=r"boots\.toml: cannot be read: No such file"):
        load(file, {}, {})
    file.write_bytes(b'address = "\xff"')
    with pytest.raises(SettingsError, match=r"boots\.toml: not TOML: 'utf-8' codec"):
        load(file, {}, {})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "BOOTS_DHCP_PROT",
            "67",
            'environment: no setting is named BOOTS_DHCP_PROT, did you mean "BOOTS_DHCP_PORT"?',
        ),
        (
            "BOOTS_DHCP_PORT",
            "x",
            "environment, BOOTS_DHCP_PORT: dhcp.port = 'x' will not do; write a whole number",
        ),
        (
            "BOOTS_HOOK_TLS",
            "1",
            "environment, BOOTS_HOOK_TLS: hook.tls = '1' will not do; write true or false",
        ),
        ("BOOTS_TFTP_PORT", "70000", "tftp.port = 70000 is out of range; write 0 to 65535"),
    ],
)
def test_a_mistake_in_the_environment_is_told(name: str, value: str, told: str) -> None:
    assert told == refused_environment(**{name: value})


@pytest.mark.parametrize(
    ("mode", "lacking"),
    [
        ("reservation", True),
        ("proxy", True),
        ("off", True),
        ("auto-proxy", False),
        ("pool", False),
    ],
)
def test_only_modes_that_answer_strangers_need_no_records(mode: str, lacking: bool) -> None:
    assert lacking is load(None, {"BOOTS_DHCP_MODE": mode}, {}).lacks_records
    assert not load(None, {"BOOTS_DHCP_MODE": mode, "BOOTS_MACHINES": "a"}, {}).lacks_records


def test_what_lies_beneath_is_won_over_by_everything(tmp_path: Path) -> None:
    file = tmp_path / "boots.toml"
    file.write_text("[http]\nport = 1\n")
    beneath = {"http.port": 5, "tftp.port": 5, "dhcp.port": 5, "syslog.port": 5}
    found = load(file, {"BOOTS_TFTP_PORT": "2"}, {"dhcp.port": 3}, beneath)

    ports = (found.http.port, found.tftp.port, found.dhcp.port, found.syslog.port)
    assert (1, 2, 3, 5) == ports
