"""Which action is which function."""

from collections.abc import Mapping

from boots_agent.actions import grow, mkfs, partition
from boots_agent.actions.cexec import cexec
from boots_agent.actions.context import Action
from boots_agent.actions.seed import seed
from boots_agent.actions.writefile import writefile

ACTIONS: Mapping[str, Action] = {
    "cexec": cexec,
    "grow": grow.enlarge,
    "mkfs": mkfs.make,
    "partition": partition.make,
    "seed": seed,
    "writefile": writefile,
}
