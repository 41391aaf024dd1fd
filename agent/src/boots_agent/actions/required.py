"""`inventory`: looks at the machine, and fails where it is not what is required."""

import operator
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.inventory import collect
from boots_agent.summary import summary

_CONDITION = re.compile(r"(?P<what>[a-z_.]+)(?P<how>>=|<=|!=|==|=|>|<)(?P<value>[^\s<>=!]+)")
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)([kKMGTP]?)(i?)(?:B|b|bit/s)?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_HOW: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}

_Inventory = Mapping[str, Any]
# What may be asked for: all values that the machine has of it; one that suits is enough.
_NUMBERS: Mapping[str, Callable[[_Inventory], list[int]]] = {
    "memory": lambda each: [each["memory"]["bytes"]],
    "cpus": lambda each: [each["cpu"]["count"]],
    "cores": lambda each: [each["cpu"]["cores"]],
    "sockets": lambda each: [each["cpu"]["sockets"]],
    "disks": lambda each: [len(each["disks"])],
    "nics": lambda each: [len(each["nics"])],
    "disk.size": lambda each: [disk["bytes"] for disk in each["disks"]],
    "link": lambda each: [
        (nic["speed_mbps"] or 0) * 1_000_000 for nic in each["nics"] if nic["link"]
    ],
}
_WORDS: Mapping[str, Callable[[_Inventory], list[str]]] = {
    "architecture": lambda each: [each["architecture"]],
    "firmware": lambda each: [each["firmware"]],
    "secure_boot": lambda each: [str(each["secure_boot"]).lower()],
    "manufacturer": lambda each: [each["system"]["manufacturer"]],
    "product": lambda each: [each["system"]["product"]],
    "disk.transport": lambda each: [str(disk["transport"]) for disk in each["disks"]],
    "disk.model": lambda each: [str(disk["model"]) for disk in each["disks"]],
}


def check(context: Context) -> None:
    """Hold the machine against ``REQUIRE``: conditions by blanks, which must all be met.

    Raises:
        ActionFailed: one is not met, or makes no sense; the text has all of them.
    """
    inventory = collect(context.root, os.uname().machine)
    context.say(summary(inventory))
    wrong = missed(context.environment.get("REQUIRE", ""), inventory)
    if wrong:
        raise ActionFailed("this machine is not what is required: " + "; ".join(wrong))


def missed(conditions: str, inventory: _Inventory) -> list[str]:
    """The conditions that a machine does not meet, each in words."""
    found = [_missed(each, inventory) for each in conditions.replace(",", " ").split()]
    return [each for each in found if each]


def _missed(condition: str, inventory: _Inventory) -> str:
    match = _CONDITION.fullmatch(condition)
    what = match["what"] if match else ""
    if match is None or what not in {*_NUMBERS, *_WORDS}:
        known = ", ".join((*_NUMBERS, *_WORDS))
        return f"{condition!r} is no condition: write one like memory>=4G, with one of {known}"
    if what in _WORDS:
        return _compared(condition, match, _WORDS[what](inventory), match["value"], str)
    wanted = _number(match["value"])
    if wanted is None:
        return f"{condition!r} is no condition: {match['value']!r} is no number"
    return _compared(condition, match, _NUMBERS[what](inventory), wanted, _shown)


def _compared(
    condition: str, match: re.Match[str], has: list[Any], wanted: Any, show: Callable[[Any], str]
) -> str:
    enough = all if match["how"] == "!=" else any
    if enough(_HOW[match["how"]](each, wanted) for each in has):
        return ""
    return f"{condition} is not met: it has {', '.join(map(show, has)) or 'none'}"


def _number(text: str) -> float | None:
    """``4G`` is 4 * 10^9, ``4Gi`` 4 * 2^30."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number, unit, binary = match.groups()
    return float(number) * float((1024 if binary else 1000) ** _POWERS[unit])


def _shown(value: float) -> str:
    for unit, power in reversed(_POWERS.items()):
        if unit not in {"", "k"} and value >= 1000**power:
            return f"{value / 1000**power:.1f}{unit}"
    return f"{value:g}"
