"""What others said moves no cursor of who reads it: every command that asks a server, and files."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.api.desk import MAC, boot, line
from tests.cli.test_asking import run
from tests.client.bench import Server, serving

from boots.client.words import Machine
from boots.documents.fault import Fault
from boots.timeline.words import Finding, Stage, Step

_EVIL = "\x1b]0;owned\x07\x1b[2J\x9b1A\r\x08\u202e\u2066\x00[red]x[/red]\x7f"
_BARE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with serving() as found:
        monkeypatch.setenv("BOOTS_SERVER", found.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        yield found


def hostile(server: Server) -> None:
    """Everything that the desk says of the first machine is hostile."""
    desk = server.desk
    finding = Finding(code="c", title=_EVIL, advice=_EVIL, evidence=(_EVIL,), at=1.0)
    steps = (Step(stage=Stage.KERNEL, began=1.0, detail=_EVIL, why=_EVIL, problem=_EVIL),)
    own = boot(3, machine=_EVIL, program=_EVIL, profile=_EVIL, steps=steps, finding=finding)
    desk.boots_.insert(0, own)
    told: dict[str, Any] = {"profile": _EVIL, "stage": _EVIL, "finding": _EVIL, "heard": 9.0}
    record = {"name": "one", "mac": MAC, "notes": _EVIL}
    desk.machines_["one"] = Machine(line=line("one", MAC, **told), record=record, last=own)
    desk.happen("ConsoleLine", text=_EVIL, source=_EVIL)
    desk.happen("FetchRefused", name=_EVIL, why=_EVIL, **{"a b": _EVIL})
    desk.tokens_ = {n: msgspec.structs.replace(t, name=_EVIL) for n, t in desk.tokens_.items()}


@pytest.mark.parametrize(
    "words",
    [
        ("machines",),
        ("machine", "one"),
        ("boots", "one"),
        ("logs", "one"),
        ("watch", "--once"),
        ("discovered",),
        ("token", "list"),
        ("machine", _EVIL.replace("\0", "")),
        ("remove", _EVIL.replace("\0", ""), "--yes"),
        ("netboot", _EVIL.replace("\0", ""), "off"),
    ],
    ids=lambda words: words[0],
)
def test_no_command_prints_what_others_said_as_it_is(
    server: Server, words: tuple[str, ...]
) -> None:
    hostile(server)
    result = run(*words)
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    assert result.output
    assert [] == _BARE.findall(result.output)


@pytest.mark.usefixtures("server")
def test_json_for_programs_escapes_it(server: Server) -> None:
    hostile(server)
    for words in (("machine", "one", "--json"), ("logs", "one", "--json")):
        assert [] == re.findall("[\x00-\x08\x0b-\x1f]", run(*words).output)


def test_a_fault_is_one_line_whatever_stands_in_the_file(tmp_path: Path) -> None:
    fault = Fault(file=f"a{_EVIL}", line=1, field=_EVIL, problem=f"{_EVIL}\n", advice=_EVIL)
    assert str(fault).isprintable()
    record = tmp_path / "m.yaml"
    for text, said in (
        ('mac: "\\e[2J\\e]0;x\\a\\r"', "is not a MAC address"),
        ('"\\e[1m": x', "there is no field"),
    ):
        record.write_text(f"machines:\n  - name: a\n    {text}\n")
        result = run("check", str(record))
        assert said in result.output
        assert [] == _BARE.findall(result.output)
