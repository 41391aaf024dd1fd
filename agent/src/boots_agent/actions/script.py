"""`shell`: a script, or a command, in OSIE."""

import tempfile
from pathlib import Path

from boots_agent.actions.below import disks_below
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.others import shielded


def run(context: Context) -> None:
    """Arm the disks of ``DISKS``, then run ``SCRIPT`` by ``sh -e``, or else the command.

    It finds its variables in its environment, and in ``MOUNTS`` the folder to mount below.

    Raises:
        ActionFailed: a disk is not armed, or the script ended with something else than 0.
    """
    text = context.environment.get("SCRIPT", "")
    if not text and not context.command:
        raise ActionFailed("shell needs SCRIPT, or a command, and neither is given")
    below = _armed(context, context.environment.get("DISKS", "").split())
    given = {key: value for key, value in context.environment.items() if key != "SCRIPT"}
    environment = {"MOUNTS": str(context.mounts), **given}
    with (
        shielded(context, below),
        tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as file,
    ):
        file.write(text)
        file.flush()
        words = ("/bin/sh", "-e", file.name) if text else context.command
        code = context.run(words, environment=environment)
    if code:
        raise ActionFailed(f"it ended with {code}", code)


def _armed(context: Context, paths: list[str]) -> frozenset[str]:
    """The names of disks that the script may write; a file has none."""
    for path in paths:
        context.arm(path)
    found = [disks_below(context, path) for path in paths if Path(path).is_block_device()]
    return frozenset().union(*found)
