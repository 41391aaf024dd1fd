"""What looks like a secret among kernel arguments, and what does not."""

import time
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.policy.made import known, site

from boots.app import profiles, sites
from boots.app.sites import Offered
from boots.cli import app
from boots.model.machine import Known, Netboot
from boots.policy import leaks
from boots.policy.boot import fetch
from boots.policy.got import Script
from boots.policy.leaks import secret_in, secret_in_script, told_url
from boots.settings import Boot, Settings, SettingsError

FOLDER = Path(__file__).parents[1] / "vectors/kernel_args"
SECRETS = (FOLDER / "secrets.txt").read_text()

ORDINARY = (FOLDER / "ordinary.txt").read_text()


@pytest.mark.parametrize("argument", SECRETS.splitlines())
def test_a_secret_is_seen_and_not_said(argument: str) -> None:
    why = secret_in(argument)
    assert why.startswith('the kernel argument "')
    for value in ("hunter2", "abc123", "K10abc", "ghp_", "correct-horse", "9f86d0", "AKIAA"):
        assert value not in why


@pytest.mark.parametrize("argument", ORDINARY.split())
def test_what_is_ordinary_is_left_alone(argument: str) -> None:
    assert "" == secret_in(argument)


@pytest.mark.parametrize("piece", ["aA", "?a", "eyJaaaaaaaa-", "iscsi:", "a:", "ghp_", "key-"])
def test_a_word_of_any_length_is_read_in_time(piece: str) -> None:
    """A rendered file can be one word; where each letter began a search it took 20 s."""
    word = (piece * 64_000)[:64_000]
    began = time.thread_time()
    secret_in(word)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "line",
    [
        "set " + "A" * 64_000,
        "set --a " * 8_000,
        "set --" + "a" * 64_000,
        ";" * 64_000,
        "; set a" * 9_000,
        " " * 64_000,
        "param " + "a:" * 32_000,
    ],
    ids=range(7),
)
def test_a_line_of_a_script_of_any_length_is_read_in_time(line: str) -> None:
    began = time.thread_time()
    secret_in_script(line)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "line",
    [
        "set password hunter2",
        "  set net0/root_password:string hunter2",
        "param --params p token hunter2",
        "isset ${password} || set password hunter2",
    ],
)
def test_a_script_that_sets_a_password_holds_one(line: str) -> None:
    assert secret_in_script(f"#!ipxe\n{line}\n")


@pytest.mark.parametrize(
    "word",
    [
        "x=1http://me:hunter2@host/",
        "x=-a+b.c://me:hunter2@host",
        "x=iscsi:me:hunter2@192.0.2.1::::iqn",
        "x=?a?token=hunter2",
        "x=of-eyJhbGciOiJI.eyJzdWIiOiIx.c2ln",
    ],
)
def test_a_secret_is_seen_wherever_in_a_word_it_begins(word: str) -> None:
    assert secret_in(word)


def test_what_a_person_allowed_is_left_alone() -> None:
    assert "" == secret_in("console=ttyS0 registry_password=hunter2", ["REGISTRY_PASSWORD"])
    assert secret_in("token=abc123", ["registry_password"])


def known_with(*args: str) -> Known:
    return known(Netboot(kernel_args=args))


@pytest.mark.parametrize("name", ["auto.ipxe", "grub/grub.cfg"])
def test_with_a_secret_there_is_no_script_and_what_is_shown_says_why(name: str) -> None:
    where = site(kernel_args=("token=abc123",))
    for machine in (known_with("registry_password=abc123"), known_with()):
        got = fetch(name, machine, where if machine == known_with() else site())
        text = got.text if isinstance(got, Script) else got.content.decode()  # type: ignore[union-attr]
        assert "abc123" not in text
        assert "holds a secret, by its name" in text
    allowed = site(secrets_allowed=("registry_password",))
    got = fetch("auto.ipxe", known_with("registry_password=abc123"), allowed)
    assert isinstance(got, Script)
    assert "registry_password=abc123" in got.text


def test_settings_with_one_are_refused() -> None:
    settings = Settings(boot=Boot(kernel_args=["token=abc123"]))
    with pytest.raises(SettingsError, match=r'boot[.]kernel_args: the kernel argument "token"'):
        sites.make(settings, IPv4Interface("192.168.1.1/24"), Offered({}, {}))


def test_a_profile_with_one_is_refused_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("kernel: http://h/k\nargs:\n  - quiet\n  - token=abc123\n")
    _, [fault] = profiles.load(tmp_path)
    assert (str(tmp_path / "own.yaml"), 2, "args") == (fault.file, fault.line, fault.field)
    assert leaks.ADVICE == fault.advice
    assert ([], 1) == (
        profiles.load(tmp_path, ["token"])[1],
        len(profiles.load(tmp_path, ["token"])[0]),
    )


def test_boots_check_refuses_a_record_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = "machines: [{mac: '52:54:00:12:34:56', kernel_args: ['api_key=abc123']}]\n"
    (tmp_path / "a.yaml").write_text(record)
    with pytest.raises(SystemExit) as ended:
        app(["check", str(tmp_path / "a.yaml")])
    said = capsys.readouterr().out
    assert 1 == ended.value.code
    assert 'the kernel argument "api_key" holds a secret, by its name' in said
    assert "abc123" not in said


TOLD = {
    "https://me:hunter2@h/a.ipxe": "https://…@h/a.ipxe",
    "https://me:hun@ter2@h/a.ipxe": "https://…@h/a.ipxe",
    "http://h/a?token=hunter2&b=1": "http://h/a?token=…&b=…",
    "http://me:hunter2@h/a?b=1#c": "http://…@h/a?b=…#c",
    "http://me:hun?ter2@h/a": "http://…",
    "http://h/ghp_0123456789abcdef0123456789abcdef0123?a=1": "http://…",
    "http://h/?ghp_0123456789abcdef0123456789abcdef0123&a=1": "http://…",
    "http://h/?a=1&password=hunter2&b=1": "http://h/?a=…&password=…&b=…",
}
PLAIN = [
    *("", "undionly.kpxe", "tftp://192.168.1.1/52:54:00:00:00:01/undionly.kpxe"),
    *("http://192.168.1.1:8080/auto.ipxe", "http://h/a?mac=52:54:00:00:00:01&arch=x86_64"),
]


@pytest.mark.parametrize(("url", "told"), TOLD.items())
def test_a_url_with_a_secret_is_told_without_it(url: str, told: str) -> None:
    assert told == told_url(url)


@pytest.mark.parametrize("url", PLAIN)
def test_another_url_is_told_as_it_is(url: str) -> None:
    assert url == told_url(url)
