"""What OSIE's agent is told: by the server, by switches on its cables, by menus on its disks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from boots_agent import handed, lldp, session
from boots_agent.actions.yaml import dumped
from boots_agent.images.words import Of, read_digest
from boots_agent.menus import grub
from boots_agent.menus.grub import Files
from boots_agent.menus.words import MenuError
from boots_agent.server import RefusedError
from boots_agent.session import Clock
from fuzz.choices import Choices
from fuzz.seeds import VECTORS
from fuzz.target import Target

_MOST = 2 << 20
_DEEPEST = 90
_LONG = 1000  # letters: YAML knows no key in quotes that is longer than 1024


class _Server:
    """Answers hello with whatever."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = answer

    def post(self, *_: object) -> Mapping[str, Any]:
        return self._answer


def _said(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _action(data: bytes) -> None:
    """An action, and what arms disks for it."""
    said = _said(data)
    if not isinstance(said, dict):
        return
    try:
        made = handed.read(said)
    except handed.Strange:
        return
    for record in made.armed:
        if record.is_signed("00" * 32):
            raise AssertionError(f"{record} passes for signed")


def _hello(data: bytes) -> None:
    said = _said(data)
    if not isinstance(said, dict):
        return
    clock = Clock(lambda: 1.0, lambda: 2.0)
    try:
        found = session.hello(_Server(said), {}, clock)  # type: ignore[arg-type]
    except RefusedError:
        return
    clock.now()
    if isinstance(found, session.Session):
        bytes.fromhex(found.key)
        json.dumps(found.words)


def _frame(data: bytes) -> None:
    """An announcement gives lines of text, or nothing."""
    found = lldp.read(data)
    if found is None:
        return
    for value in found.told().values():
        if isinstance(value, str) and (not value.isprintable() or len(value) > 255):
            raise AssertionError(f"{value!r} is no line")


def _menu(data: bytes) -> None:
    """A menu starts a kernel, or it is said why not."""
    choices = Choices(data)
    kept = {"grubenv": choices.piece(), "a.conf": choices.piece()}
    kept |= {"grub.cfg": choices.rest()}

    def read(path: str) -> bytes | None:
        return kept.get(path.rpartition("/")[2])

    for way in (grub.default, grub.entry_of):
        path = "/boot/grub/grub.cfg" if way is grub.default else "/loader/entries/a.conf"
        try:
            boot = way(path, Files(read, lambda _: ["a.conf"]))
        except MenuError:
            continue
        if len(boot.arguments) > _MOST:
            raise AssertionError("arguments without end")


def _yaml(data: bytes) -> None:
    """What the agent writes as YAML says the same to who reads it."""
    said = _said(data)
    # What it writes is made of a record, which is no deeper.
    if not isinstance(said, dict | list) or data.count(b"[") + data.count(b"{") > _DEEPEST:
        return
    from boots.documents.fault import Wrong  # noqa: PLC0415  # the other side's reader
    from boots.documents.parsing import parse  # noqa: PLC0415

    text = dumped(said)
    if len(text) < 100_000:
        try:
            parse(text)
        except Wrong as wrong:
            if "nested" not in wrong.problem and "key of this" not in wrong.problem:
                raise AssertionError(f"{said!r} is written {text!r}: {wrong.problem}") from None


def _digest(data: bytes) -> None:
    try:
        read_digest(data.decode(errors="replace"), Of.SENT)
    except ValueError:
        return


def _actions() -> Iterator[bytes]:
    record = {"serial": "S1", "signature": "00", "expires": 1e9, "size": 4096}
    said = {"step": 1, "attempt": 1, "name": "a", "kind": "wipe", "environment": {"A": "b"}}
    yield json.dumps({**said, "armed": [record], "command": ["a"], "timeout": 9}).encode()
    yield b'{"step": 1e999, "attempt": "1", "name": null, "environment": {}, "timeout": 1e400}'


def _hellos() -> Iterator[bytes]:
    yield json.dumps({"run": "r", "session": 1, "key": "00" * 32, "now": 1e9}).encode()
    yield b'{"next": "idle", "now": 1e999}'


def _lists() -> Iterator[bytes]:
    yield b'{"a": ["b: c", "- d", "\\n", {"e": "#"}]}'
    yield b'{"\\udfaa": "\\ud83d"}'


def _frames() -> Iterator[bytes]:
    for path in sorted((VECTORS / "lldp").glob("*.json")):
        yield bytes.fromhex(json.loads(path.read_text())["frame"])


def _menus() -> Iterator[bytes]:
    env = b"saved_entry=1\n"
    entry = b"title a\nlinux /k\noptions $x quiet\n"
    for path in sorted((VECTORS / "menus").glob("*/*grub.cfg")):
        head = bytes((len(env),)) + env + bytes((len(entry),)) + entry
        yield head + path.read_bytes()[:8000]
    yield b"\0\0set a=b\nset a=$a$a$a$a\nmenuentry x { linux $a\ninitrd $a }\n"


_WORDS = (
    *(b"menuentry ", b"submenu ", b"if ", b"then\n", b"elif ", b"else\n", b"fi\n", b"function "),
    *(
        b"set default=",
        b"source ",
        b"linux ",
        b"initrd ",
        b"blscfg\n",
        b"load_env\n",
        b"${",
        b"[ -e ",
    ),
)

TARGETS = (
    Target("agent.action", _action, _actions, False, (b"1e999", b"armed", b"environment")),
    Target("agent.hello", _hello, _hellos, False, (b"1e999", b"session", b"key", b"now")),
    Target("agent.lldp", _frame, _frames, False, longest=1600),
    Target("agent.menu", _menu, _menus, False, _WORDS, 16_384),
    Target("agent.yaml", _yaml, _lists, False, longest=_LONG),
    Target("agent.digest", _digest, lambda: (b"sha256:" + b"0" * 64, b"0" * 128), False),
)
