"""Whatever stands in a record, there is an outcome in words, and no password in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.bmc import control, worker
from boots.bmc.words import Action, Trouble, Wish
from boots.model.bmc import Bmc

quick = settings(database=None, max_examples=200)

# Texts that lead nowhere, or to this machine's port 1, where nobody listens.
_urls = st.text(max_size=40) | st.builds(
    "{}://{}{}".format,
    st.sampled_from(["https", "redfish", "http", "file", "HTTPS", ""]),
    st.sampled_from(["127.0.0.1:1", "[::1]:1", "user:pass@127.0.0.1:1", "[", "", "..", "a:0"]),
    st.text(max_size=10) | st.sampled_from(["", "/", "/redfish/v1/Systems/1", "//evil", "/%"]),
)


def said(bmc: Bmc, action: Action | None = None) -> str:
    outcome = worker.outcome(Wish(bmc=bmc, action=action, seconds=1))
    assert outcome.advice
    return outcome.problem


@quick
@given(_urls, st.sampled_from([None, *Action]))
def test_any_url_comes_to_words(url: str, action: Action | None) -> None:
    assert said(Bmc(url=url, username="boots", password="let me in"), action)


@quick
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_user_password_and_file_come_to_words(user: str, password: str, file: str) -> None:
    url = "https://127.0.0.1:1"
    assert said(Bmc(url=url, username=user, password=password, authority=file and f"/{file}"))


@pytest.mark.parametrize(("url", "missing"), [("https://x", "sushy"), ("ipmi://x", "pyghmi")])
def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, url: str, missing: str
) -> None:
    code = f"import sys; sys.modules['{missing}'] = None; from boots.bmc import worker"
    monkeypatch.setattr(control, "_WORKER", [sys.executable, "-c", f"{code}; worker.main()"])
    with pytest.raises(Trouble) as found:
        control.power(Bmc(url=url))
    assert f"{missing} is not installed; install boots-netboot[bmc]" == str(found.value)


@pytest.mark.parametrize("room", ["control", "worker"])
def test_neither_library_is_loaded_before_it_is_needed(room: str) -> None:
    code = f"import sys, boots.bmc.{room}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sushy", "pyghmi", "requests"} & set(done.stdout.split())


# --- the file of the password


@pytest.mark.parametrize(
    ("text", "password"),
    [(b"word", "word"), (b"word\n", "word"), (b"word\r\n\n", "word"), (b" a b \n", " a b ")],
)
def test_the_password_is_the_line_of_its_file(tmp_path: Path, text: bytes, password: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(text)
    bmc = Bmc(url="ipmi://127.0.0.1", password_file=str(file))
    assert password == worker.with_password(bmc).password


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "does not hold one line"),
        (b" \n", "does not hold one line"),
        (b"one\ntwo\n", "does not hold one line"),
        (b"x" * 5_000, "does not hold one line"),
        (b"\xff\n", "cannot be read: it is no text"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_without_a_password_is_told(
    tmp_path: Path, text: bytes | None, problem: str
) -> None:
    file = tmp_path / "password"
    if text is not None:
        file.write_bytes(text)
    found = said(Bmc(url="https://127.0.0.1:1", password_file=str(file)))
    assert f"the file of the password {problem}" == found


# --- the process


def test_the_password_is_on_no_command_line_and_in_no_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    run = subprocess.run

    def noted(command: list[str], **more: Any) -> Any:
        seen.append(json.dumps([command, more.get("env"), dict(os.environ)]))
        return run(command, **more)

    monkeypatch.setattr(subprocess, "run", noted)
    with pytest.raises(Trouble):
        control.power(Bmc(url="https://127.0.0.1:1", password="let me in"))
    (found,) = seen
    assert "let me in" not in found


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "print('no json')", ""])
def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(control, "_WORKER", [sys.executable, "-c", code])
    with pytest.raises(Trouble, match="the program that talks to BMCs failed"):
        control.power(Bmc(url="https://127.0.0.1:1"))


def test_a_wish_travels_whole() -> None:
    bmc = Bmc(url="ipmi://a", username="u", password="p", verify=False, authority="/x")
    wish = Wish(bmc=bmc, action=Action.NETBOOT, seconds=2)
    assert wish == msgspec.json.decode(msgspec.json.encode(wish), type=Wish)
