"""The disks that an action has no permission for, while it runs programs that could write any.

That keeps accidents from them, and nobody who means harm: these programs have all rights.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from boots_agent.actions.context import Context
from boots_agent.disks import disks
from boots_agent.shield import lift, shield


@contextmanager
def shielded(context: Context, armed: frozenset[str]) -> Iterator[None]:
    """Disks that are not armed take no writes meanwhile; what is in use is left alone."""
    others = [
        context.root / "dev" / str(disk["name"])
        for disk in disks(context.root)
        if disk["name"] not in armed and not disk["read_only"]
    ]
    try:
        shield(context.mounts, others, context.say)
        yield
    finally:
        lift(context.mounts)
