"""``cexec``: a command in the system on a partition.

Its exit codes are those of Tinkerbell's: 10, a variable cannot be read; 20, one is missing; 30, all
else that failed, and so the command itself.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from boots_agent import kernel
from boots_agent.actions.below import permitted
from boots_agent.actions.confined import Owner, Tree
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.mounts import inhabited, mounted
from boots_agent.facts import raw

_UNREADABLE, _MISSING, _FAILED = 10, 20, 30
_RESOLV_CONF = "etc/resolv.conf"
_NAME = "resolv.conf"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Nobody sits in front of it who could answer.
_ENVIRONMENT = {
    "PATH": _PATH,
    "HOME": "/root",
    "TERM": "dumb",
    "LC_ALL": "C",
    "DEBIAN_FRONTEND": "noninteractive",
}


def cexec(context: Context) -> None:
    """Run it to its end.

    Raises:
        ActionFailed: with the codes of `cexec`.
    """
    commands = _commands(context)
    device = _needed(context, "BLOCK_DEVICE")
    try:
        _within(context, device, commands)
    except ActionFailed as error:
        raise ActionFailed(str(error), _FAILED) from error
    except OSError as error:
        raise ActionFailed(f"{device}: {error.strerror} {error.filename or ''}", _FAILED) from error


def _within(context: Context, device: str, commands: Sequence[Sequence[str]]) -> None:
    kind = context.environment.get("FS_TYPE", "")
    inside = bool(context.environment.get("CHROOT"))
    below = permitted(context, device)
    with mounted(context, device, kind, write=True, programs=True, armed=below) as root:
        if not inside:
            _each(context, commands, None, {**_ENVIRONMENT, "ROOT": str(root)})
            return
        with inhabited(context, root), _name_servers(context, root):
            _each(context, commands, root, _ENVIRONMENT)


def _each(
    context: Context,
    commands: Sequence[Sequence[str]],
    root: Path | None,
    environment: Mapping[str, str],
) -> None:
    for words in commands:
        status = context.run(words, chroot=root, environment=environment)
        if status:
            why = ": there is no such program" if status == 127 else ""
            raise ActionFailed(f"{shlex.join(words)} ended with status {status}{why}")


def _commands(context: Context) -> list[list[str]]:
    """The words of each command: with an interpreter one, else they are parted by semicolons."""
    line = _needed(context, "CMD_LINE")
    interpreter = context.environment.get("DEFAULT_INTERPRETER", "").split()
    if interpreter:
        return [[*interpreter, line]]
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise ActionFailed(f"CMD_LINE {line!r}: {error}", _UNREADABLE) from None
    commands: list[list[str]] = [[]]
    for word in words:
        if word and not word.strip(";"):
            commands.append([])
        else:
            commands[-1].append(word)
    return [each for each in commands if each]


@contextmanager
def _name_servers(context: Context, root: Path) -> Iterator[None]:
    """OSIE's name servers in the system, where that is asked for; on the disk nothing changes."""
    if not context.flag("UPDATE_RESOLV_CONF"):
        yield
        return
    tree = Tree(root)
    missing = tree.facts(_RESOLV_CONF) is None
    if missing:  # or a link to what systemd-resolved puts into /run
        tree.write(_RESOLV_CONF, b"", Owner(), follow=True)
    context.mounts.joinpath(_NAME).write_bytes(_resolv_conf(context))
    place = str(tree.place(_RESOLV_CONF))
    kernel.mount(str(context.mounts / _NAME), place, "", kernel.BIND)
    try:
        yield
    finally:
        kernel.unmount(place, kernel.DETACH)
        context.mounts.joinpath(_NAME).unlink()
        if missing:
            tree.remove(_RESOLV_CONF, follow=True)


def _resolv_conf(context: Context) -> bytes:
    """As OSIE has it; else with the name servers of the machine's record."""
    own = raw(context.root / _RESOLV_CONF)
    if b"nameserver" in own:
        return own
    servers = context.machine.get("name_servers") or ()
    return "".join(f"nameserver {each}\n" for each in servers).encode()


def _needed(context: Context, name: str) -> str:
    try:
        return context.required(name)
    except ActionFailed as error:
        raise ActionFailed(str(error), _MISSING) from None
