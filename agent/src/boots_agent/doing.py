"""In the process of an action: what it is given, and which function does it."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from boots_agent.actions.context import Action, ActionFailed, Container, Context
from boots_agent.actions.table import ACTIONS
from boots_agent.gate import Gate, Surroundings
from boots_agent.handed import HandOut
from boots_agent.images.words import MIB
from boots_agent.process import Result, Voice
from boots_agent.programs import MISSING, Running
from boots_agent.server import RefusedError, Server
from boots_agent.session import Clock, Keeper, Session
from boots_agent.shield import Shield, shielded

_PROGRAMS = frozenset({"cexec", "container", "grub2disk", "shell"})
"""Actions that run what a template says, or an image brings."""


class Tools(NamedTuple):
    """What every action is given its ways to the world from."""

    server: Server
    clock: Clock
    keeper: Keeper
    mounts: Path
    refresh: Callable[[], None]
    session: Session
    root: Path = Path("/")


def work_of(handout: HandOut, tools: Tools, voice: Voice) -> Result:
    """Do what was handed out.

    Raises:
        ActionFailed: it failed.
    """
    with shielded(tools.root, tools.keeper.folder, voice.say) as shield:
        return _shielded(handout, tools, voice, shield)


def _shielded(handout: HandOut, tools: Tools, voice: Voice, shield: Shield) -> Result:
    if handout.part != "action":
        _tell_shielded(shield, voice)
        _command(handout, voice)
        return Result(0)
    action = ACTIONS.get(handout.kind)
    if action is None:
        raise ActionFailed(f"this OSIE does not know the action {handout.kind!r}", MISSING)
    return _natively(action, handout, tools, voice, shield)


def _tell_shielded(shield: Shield, voice: Voice) -> None:
    """Say why a program cannot write, to whoever reads that it could not."""
    if shield.names:
        voice.say(
            "read-only, and not to be mounted, as long as they are not armed:"
            f" {', '.join(sorted(shield.names))}"
        )


def _command(handout: HandOut, voice: Voice) -> None:
    """What is to be run after an action went wrong: a program of OSIE."""
    if not handout.command:
        raise ActionFailed("there is no command to be run")
    code = Running(voice.say)(handout.command, environment=handout.environment)
    if code:
        raise ActionFailed(f"{handout.command[0]} ended with {code}", code)


def _natively(
    action: Action, handout: HandOut, tools: Tools, voice: Voice, shield: Shield
) -> Result:
    gate = Gate(handout, tools.session, _around(tools, voice, shield))
    if handout.kind in _PROGRAMS:
        _tell_shielded(shield, voice)
    left = action(_context(handout, tools, voice, gate))
    return Result(0, left.how if left else "", gate.written())


def _around(tools: Tools, voice: Voice, shield: Shield) -> Surroundings:
    """The gate's ways to the world."""

    def send(path: str, body: bytes) -> None:
        try:
            tools.server.send(path, body, tools.session.key)
        except RefusedError as error:
            raise ActionFailed(
                f"the server does not take what is on the disk now: {error}: nothing was written"
            ) from None

    return Surroundings(
        tools.clock.now,
        tools.keeper.used,
        send,
        voice.say,
        tools.refresh,
        tools.root,
        shield=shield,
    )


def _context(handout: HandOut, tools: Tools, voice: Voice, gate: Gate) -> Context:
    def edges(number: int) -> bytes:
        try:
            asked = tools.session.words
            packed = tools.server.fetch(f"edges/{number}", asked, tools.session.key)
            return zlib.decompressobj().decompress(packed, 2 * MIB)
        except (RefusedError, zlib.error) as error:
            raise ActionFailed(f"the ends of a disk, number {number}: {error}") from None

    tools.mounts.mkdir(parents=True, exist_ok=True)
    return Context(
        name=handout.name,
        kind=handout.kind,
        command=handout.command,
        environment=handout.environment,
        machine=handout.machine,
        say=voice.say,
        tell=voice.tell,
        arm=gate.arm,
        edges=edges,
        run=Running(voice.say),
        mounts=tools.mounts,
        root=tools.root,
        refresh=tools.refresh,
        lend=gate.lend,
        container=Container(
            handout.image,
            handout.volumes,
            tuple(str(each.said.get("path", "")) for each in handout.armed),
        ),
    )
