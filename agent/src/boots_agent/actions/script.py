"""`shell`: a script, or a command, in OSIE."""

import tempfile

from boots_agent.actions.context import ActionFailed, Context


def run(context: Context) -> None:
    """Arm the disks of ``DISKS``, then run ``SCRIPT`` by ``sh -e``, or else the command.

    It finds its variables in its environment, and in ``MOUNTS`` the folder to mount below.

    Raises:
        ActionFailed: a disk is not armed, or the script ended with something else than 0.
    """
    text = context.environment.get("SCRIPT", "")
    if not text and not context.command:
        raise ActionFailed("shell needs SCRIPT, or a command, and neither is given")
    for path in context.environment.get("DISKS", "").split():
        context.arm(path)
    given = {key: value for key, value in context.environment.items() if key != "SCRIPT"}
    environment = {"MOUNTS": str(context.mounts), **given}
    with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        words = ("/bin/sh", "-e", file.name) if text else context.command
        code = context.run(words, environment=environment)
    if code:
        raise ActionFailed(f"it ended with {code}", code)
