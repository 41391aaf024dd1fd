"""Which action is which function."""

from collections.abc import Mapping

from boots_agent.actions.context import Action
from boots_agent.actions.writefile import writefile

ACTIONS: Mapping[str, Action] = {
    "writefile": writefile,
}
