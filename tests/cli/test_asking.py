"""Commands that ask a running server: what they print, and how they say no."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result
from rich.console import Console
from tests.api.desk import AT, FINDING, MAC, STRANGE_MAC, line
from tests.client.bench import Server, serving
from typer.testing import CliRunner

from boots.api.desk import Refused
from boots.cli import app, asking, shown
from boots.cli.watch import picture
from boots.client.words import Machine
from boots.settings import SettingsError, load
from boots.timeline.words import State


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with serving() as found:
        monkeypatch.setenv("BOOTS_SERVER", found.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        yield found


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=typed, env={"COLUMNS": "80"})


def printed(*words: str) -> str:
    result = run(*words)
    assert 0 == result.exit_code, result.output
    return result.stdout


def refused(*words: str) -> tuple[int, str]:
    result = run(*words)
    assert "" == result.stdout
    return result.exit_code, result.stderr


@pytest.mark.usefixtures("server")
def test_machines_are_listed_with_sign_and_word() -> None:
    rows = printed("machines").splitlines()

    assert ["▶", "running", "one", "kernel", "████░░░░", "50%"] == rows[1].split()[:6]
    assert ["·", "unseen", "two"] == rows[2].split()[:3]
    assert all(len(row) <= 80 for row in rows)


@pytest.mark.usefixtures("server")
def test_machines_are_searched_by_text_and_state() -> None:
    assert "two" not in printed("machines", MAC)
    assert "one" not in printed("machines", "--state", "unseen")
    assert "no machines like that\n" == run("machines", "nothing").stderr


@pytest.mark.usefixtures("server")
def test_every_list_is_json_for_programs() -> None:
    assert ["one", "two"] == [each["name"] for each in json.loads(printed("machines", "--json"))]
    assert 3 == json.loads(printed("machine", "one", "--json"))["revision"]
    assert 2 == len(json.loads(printed("boots", "one", "--json")))
    assert "rack" == json.loads(printed("discovered", "--json"))[0]["rule"]
    assert "first" == json.loads(printed("token", "list", "--json"))[0]["name"]
    assert "off" == json.loads(printed("power", "one", "--json"))["state"]
    assert 2 == len(json.loads(printed("watch", "--once", "--json")))
    order = json.loads(printed("netboot", "one", "off", "--json"))
    assert "off" == order["netboot"]
    made = json.loads(printed("provision", "one", "--profile", "osie", "--yes", "--json"))
    assert "osie" == made["order"]["profile"]


@pytest.mark.usefixtures("server")
def test_a_machine_is_printed_whole() -> None:
    text = printed("machine", "one")

    assert f"  {MAC}  192.0.2.10\n" in text
    assert "Its record (made through the API, revision 3)\n  name: one\n" in text
    assert "Its last boot" in text
    assert "  boot-file          1.0 s  70 kB at 70 kB/s\n" in text
    assert "Its record (machines/two.yaml:1)" in printed("machine", "two")


def test_records_are_added_as_they_stand_in_a_file(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(
        "machines:\n- {name: new, mac: 52:54:00:11:22:33}\n- {mac: 02-00-00-00-00-01}\n"
    )
    server.desk.machines_.clear()
    result = run("add", str(file))

    assert "new was added\n" == result.stdout
    assert {"name": "new", "mac": "52:54:00:11:22:33"} == server.desk.machines_["new"].record
    assert (1, True) == (result.exit_code, "record.name: missing" in result.stderr)


@pytest.mark.usefixtures("server")
def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text("machines:\n- name: new\n  mak: 52:54:00:11:22:33\n")
    status, text = refused("add", str(file))

    assert 2 == status
    assert text.startswith(f"{file}:3: machines[0].mak: there is no field")
    assert 2 == refused("add", str(tmp_path / "none"))[0]


def test_a_machine_is_removed(server: Server) -> None:
    assert "one was removed\n" == printed("remove", MAC)
    assert (1, "boots: Conflict: its record stands in machines/two.yaml:1\n") == refused(
        "remove", "two"
    )
    assert [("remove", "one", "local")] == server.desk.done


@pytest.mark.usefixtures("server")
def test_boots_are_listed_and_the_latest_is_told_step_by_step() -> None:
    text = printed("boots", "one")

    assert "running" in text.splitlines()[1]
    assert "kernel           goes on  5.0 MB  ████░░░░  50%  osie" in text
    assert FINDING.advice not in text
    failed = printed("boots", "one", "--boot", f"{MAC}@1700000100")
    assert FINDING.title in failed
    assert FINDING.advice in failed
    assert FINDING.evidence[0] in failed
    assert "none of its boots is known\n" == printed("boots", "two")


def test_logs_tell_events_and_what_a_machine_said(server: Server) -> None:
    server.call(lambda: server.desk.happen("ScriptServed", profile="osie", script="#!ipxe"))
    server.call(lambda: server.desk.happen("ConsoleLine", text="hi \x1b[31m[b]"))
    first, second = printed("logs", "one").splitlines()

    assert first.endswith("  ScriptServed  profile=osie")
    assert second.endswith("  | hi \N{REPLACEMENT CHARACTER}[31m[b]")
    assert ["ConsoleLine"] == [
        json.loads(row)["kind"] for row in printed("logs", "one", "--json", "-n", "1").splitlines()
    ]


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (("netboot", "one", "on"), ("order", "one", "on", "", "local")),
        (
            ("netboot", "one", "once", "--profile", "osie"),
            ("order", "one", "once", "osie", "local"),
        ),
        (("netboot", "one", "as-recorded"), ("withdraw", "one", "local")),
        (("power", "one", "netboot"), ("switch", "one", "netboot", "local")),
        (("token", "drop", "1"), ("drop_token", 1, "local")),
        (
            ("provision", MAC, "--profile", "osie", "--no-power", "-y"),
            ("provision", "one", "osie", False, "local"),
        ),
    ],
)
def test_what_is_ordered_is_done(server: Server, words: Any, done: Any) -> None:
    printed(*words)

    assert [done] == server.desk.done


def test_provisioning_says_what_will_happen_and_asks(server: Server) -> None:
    no = run("provision", "one", "--profile", "osie", typed="n\n")
    yes = run("provision", "one", "--profile", "osie", typed="y\n")

    assert (1, 0) == (no.exit_code, yes.exit_code)
    assert f"one ({MAC}) is running now." in no.stderr
    assert "an installer may overwrite its disks" in no.stderr
    assert [("provision", "one", "osie", True, "local")] == server.desk.done


def test_a_profile_that_is_none_is_refused_with_the_nearest(server: Server) -> None:
    assert (2, 'boots: there is no profile "osi"; did you mean "osie"?\n') == refused(
        "provision", "one", "--profile", "osi", "-y"
    )
    assert [] == server.desk.done


def test_strangers_are_adopted_by_rule_and_by_name(server: Server) -> None:
    assert STRANGE_MAC in printed("discovered")
    assert f"{STRANGE_MAC} is three now\n" == printed("adopt", STRANGE_MAC.replace(":", "-"))
    assert f"{STRANGE_MAC} is four now\n" == printed("adopt", STRANGE_MAC, "--name", "four")
    assert {"name": "four", "user_data": "geheim"} == server.desk.machines_["four"].record
    assert 2 == run("adopt", "zz").exit_code


@pytest.mark.usefixtures("server")
def test_a_token_is_said_alone_on_standard_output() -> None:
    assert "secret-2\n" == printed("token", "create", "ci", "--role", "viewer", "--days", "30")
    assert "ci" in printed("token", "list")


# --- where the server is, and who we are


def test_where_there_is_no_server_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTS_SERVER", "http://127.0.0.1:1")

    told = "boots: no server at http://127.0.0.1:1: nothing listens there\n"
    told += "  is it running (boots serve)? Elsewhere? Name it: --server URL, or BOOTS_SERVER\n"
    assert (1, told) == refused("machines")
    assert 2 == refused("machines", "--server", "nonsense")[0]
    assert (2, "boots: /none: no certificate can be read: No such file or directory\n") == refused(
        "machines", "--server", "https://x", "--ca", "/none"
    )


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:8081"),
        ({"operator.address": "0.0.0.0", "operator.port": 9}, "http://127.0.0.1:9"),
        ({"operator.certificate": "/c.pem"}, "https://127.0.0.1:8081"),
    ],
)
def test_the_settings_say_where_the_server_is(settings: dict[str, Any], url: str) -> None:
    found = asking.of_settings(load(None, {}, settings))

    assert (url, settings.get("operator.certificate", "")) == found


def test_the_token_comes_from_its_file_the_environment_or_home(tmp_path: Path) -> None:
    named, home = tmp_path / "named", tmp_path / ".config/boots/token"
    home.parent.mkdir(parents=True)
    assert "" == asking.read_token(None, {}, tmp_path)
    home.write_text("of-home\n")
    named.write_text("of-file\n")

    assert "of-home" == asking.read_token(None, {}, tmp_path)
    assert "of-environment" == asking.read_token(None, {"BOOTS_TOKEN": "of-environment"}, tmp_path)
    assert "of-file" == asking.read_token(named, {"BOOTS_TOKEN": "of-environment"}, tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        asking.read_token(tmp_path / "none", {}, tmp_path)
    named.write_text("two words")
    with pytest.raises(SettingsError, match="this is no token"):
        asking.read_token(named, {}, tmp_path)


def test_without_a_token_it_is_said_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tokens_required=True) as server:
        monkeypatch.setenv("BOOTS_SERVER", server.url)
        status, text = refused("machines")
        monkeypatch.setenv("BOOTS_TOKEN", "viewer-token")
        forbidden = refused("remove", "one")[1]

    assert (1, True) == (status, "--token-file FILE" in text)
    assert "boots: Forbidden: this needs the role operator\n" == forbidden


# --- watching


def test_watch_prints_once_where_there_is_no_terminal(server: Server) -> None:
    lines = [line("bad", "52:54:00:00:00:03", state=State.FAILED, finding="no script")]
    server.desk.machines_["bad"] = Machine(line=lines[0], record={})
    rows = printed("watch").splitlines()

    assert "1 failed, 1 running, 1 unseen" == rows[0].strip()
    assert ["✗", "failed", "bad"] == rows[2].split()[:3]


def shows(lines: list[Any], height: int = 24, width: int = 80) -> str:
    out = Console(width=width, height=height, color_system=None)
    with out.capture() as captured:
        out.print(picture(lines, AT, height))
    return captured.get()


def test_the_picture_fits_the_terminal() -> None:
    lines = [
        line(
            f"machine-with-a-long-name-{number:04}",
            MAC,
            state=State.RUNNING,
            stage="firmware-dhcp",
            progress=0.5,
            heard=AT - 86_400 * 500,
            finding="a finding that goes on for longer than there is room for",
        )
        for number in range(100)
    ]
    rows = shows(lines).splitlines()

    assert len(rows) <= 24
    assert all(len(row) <= 80 for row in rows)
    assert "and 80 more" == rows[-1].strip()


def test_what_machines_say_is_text_and_moves_no_cursor() -> None:
    text = shows([line("x\x1b[2J[red]y", MAC, state=State.FAILED, finding="[bold]\x07")])

    assert "\x1b" not in text
    assert "[2J[red]y" in text


def test_where_there_is_no_unicode_signs_are_ascii() -> None:
    for state in State:
        shown.sign(state, plain=True).plain.encode("ascii")
    shown.bar(0.3, plain=True).encode("ascii")


def test_ages_and_sizes_are_said_in_the_unit_that_fits() -> None:
    assert ["-", "0s", "59s", "2m", "3h", "4d", "3y"] == [
        shown.ago(at and 1e9 - at, 1e9) for at in (0, 0.1, 59, 120, 10_800, 4 * 86_400, 1e8)
    ]
    assert ["999 B", "1.0 kB", "70 kB", "5.2 GB"] == [
        shown.size(each) for each in (999, 1000, 70_000, 5_200_000_000)
    ]


def test_watch_goes_on_until_ctrl_c(server: Server) -> None:
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    # Where the tests run in the background of a shell, it has Ctrl-C ignored by all.
    words = ["env", "--default-signal=INT", sys.executable, "-m", "boots", "watch"]
    with (
        subprocess.Popen(words, stdin=other, stdout=other, env=environment) as watching,
        contextlib.ExitStack() as ended,
    ):
        ended.callback(watching.kill)
        os.close(other)
        seen = _until(main, b"running")
        end = time.monotonic() + 20
        while not server.desk.machines_follow.readers and time.monotonic() < end:
            time.sleep(0.01)
        changed = msgspec.structs.replace(
            server.desk.machines_["two"].line, state=State.STUCK, stage="script"
        )
        server.call(lambda: server.desk.machines_follow.put([changed]))
        seen += _until(main, b"stuck")
        watching.send_signal(signal.SIGINT)
        seen += _until(main, b"\x1b[?1049l")
        assert 0 == watching.wait(10)
    os.close(main)

    assert re.search(rb"\x1b\[\?1049h.*two.*\x1b\[\?1049l", seen, re.DOTALL)
    assert b"Traceback" not in seen


def _until(terminal: int, wanted: bytes) -> bytes:
    """What a terminal shows, until it is this."""
    found, end = b"", time.monotonic() + 30
    while wanted not in found:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], found
        found += os.read(terminal, 65_536)
    return found


# --- explain


def test_explain_ends_with_what_was_found_last(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "machines.yaml"
    file.write_text(f"machines: [{{name: one, mac: '{MAC}', address: 192.0.2.10/24}}]\n")
    words = ("explain", MAC, "--machines", str(file))
    asked, offline = printed(*words), printed(*words, "--offline")
    server.desk.fails = Refused(500, "Internal Server Error")
    silent = printed(*words)

    assert asked == offline + asked[len(offline) :]
    assert f"{FINDING.code})\n" in asked
    assert asked.endswith(f"    {FINDING.advice}\n")
    assert offline == silent == printed(*words, "--server", "http://127.0.0.1:1")
