"""Enrolment: which record a machine without one would get, by which rule, and why not by another.

The first rule that fits wins.  A record is proposed in our short form; whether it can be read, and
whether its name or a MAC is another machine's, is for who keeps records to see.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boots.model.mac import dashed
from boots.model.patterns import fits
from boots.model.rule import Bound, Match, Rule
from boots.policy import templates
from boots.policy.attributes import Attributes, Plugged, variables

_LONGEST_NAME = 63
_RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
RELATIONS = tuple(_RELATIONS)
_UNITS = ("GiB", 1 << 30), ("MiB", 1 << 20), ("B", 1)

_Texts = Callable[[Attributes], Iterable[str]]
_Number = Callable[[Attributes], int | None]  # None: not known

# What stands at a rule is compared with; a switch has two names.
_TEXTS: Mapping[str, _Texts] = {
    "manufacturer": lambda known: (known.manufacturer,),
    "product": lambda known: (known.product,),
    "serial": lambda known: (known.serial,),
    "uuid": lambda known: (known.uuid,),
    "mac": lambda known: known.macs,
    "cpu": lambda known: (known.cpu,),
    "cpu_model": lambda known: (known.cpu_model,),
    "firmware": lambda known: (known.firmware,),
}
_NUMBERS: Mapping[str, _Number] = {
    "cpus": lambda known: known.cpus or None,
    "nics": lambda known: len(known.macs),
    "disks": lambda known: len(known.disks) if known.told else None,
}
_SIZES: Mapping[str, _Number] = {
    "memory": lambda known: known.memory or None,
    "largest_disk": lambda known: known.largest_disk if known.told else None,
}
_OF_SWITCH: Mapping[str, Callable[[Plugged], Iterable[str]]] = {
    "switch": lambda at: (at.switch, at.chassis),
    "port": lambda at: (at.port,),
    "port_description": lambda at: (at.port_description,),
}


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule that does not fit: each of the reasons."""

    rule: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The record that a machine would get.

    `rule` is the one that fits; empty for none, then the record is a plain one.  Without a
    `record` the `problem` says why there is none.  With `auto` nobody need be asked.  It is
    `early` as long as no switch was heard and this rule, or one before it, asks for it.  `missed`
    are the rules before it.
    """

    rule: str = ""
    record: Mapping[str, Any] | None = None
    problem: str = ""
    auto: bool = False
    early: bool = False
    missed: tuple[Missed, ...] = ()


def propose(known: Attributes, rules: Sequence[Rule]) -> Proposal:
    """The record that these rules make of a machine, or a plain one where none fits."""
    missed: list[Missed] = []
    early = False
    for rule in rules:
        early = early or (rule.of_switch and not known.plugged)
        at, why = _compare(known, rule.match)
        if not why:
            return replace(_by(rule, known, at), early=early, missed=tuple(missed))
        missed.append(Missed(rule.name, why))
    return Proposal(record=_record(known, {}), early=early, missed=tuple(missed))


def _by(rule: Rule, known: Attributes, at: Plugged | None) -> Proposal:
    try:
        made = _rendered(rule.record, variables(known, at))
    except _Unfit as error:
        return Proposal(rule.name, problem=str(error), auto=rule.auto)
    return Proposal(rule.name, _record(known, made), auto=rule.auto)


# --- the record


class _Unfit(Exception):
    """A text of a rule's record cannot be made for this machine; the text says which and why."""


def _rendered(record: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's record with its templates filled in; what has become empty is left out.

    Raises:
        _Unfit: one cannot be, or the name has become empty.
    """
    made = {key: _filled(value, names, key) for key, value in record.items()}
    if made.get("name") == "":
        raise _Unfit(f'name: "{record["name"]}" is empty for this machine')
    return {key: value for key, value in made.items() if value != ""}


def _filled(value: Any, names: Mapping[str, Any], where: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, names, f"{where}.{key}") for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, names, f"{where}[{at}]") for at, each in enumerate(value)]
    if not isinstance(value, str) or not templates.is_template(value):
        return value
    try:
        return templates.render(value, names)
    except templates.Broken as error:
        raise _Unfit(f"{where}: {error}") from None


def _record(known: Attributes, made: Mapping[str, Any]) -> dict[str, Any]:
    """The whole record: a name and all MACs besides what a rule made.

    All NICs are one machine, so that it is not discovered again by another.  Only the one that
    booted may go on to do so: else a machine that was installed would boot by the next.
    """
    rest = {key: value for key, value in made.items() if key not in {"name", "address"}}
    if known.cpu == "aarch64":
        rest.setdefault("cpu", known.cpu)
    own = {"mac": known.mac}
    if made.get("address"):
        own["address"] = made["address"]
    name = {"name": made.get("name") or _plain_name(known)}
    if len(known.macs) == 1:
        return {**name, **own, **rest}
    others = [{"mac": mac, "netboot": False} for mac in known.macs[1:]]
    return {**name, **rest, "interfaces": [own, *others]}


def _plain_name(known: Attributes) -> str:
    """The serial number as a host name, or the MAC where there is none."""
    serial = re.sub(r"[^a-z0-9]+", "-", known.serial.lower()).strip("-")
    return serial[:_LONGEST_NAME].rstrip("-") or dashed(known.mac)


# --- whether a rule fits


def _compare(known: Attributes, match: Match) -> tuple[Plugged | None, tuple[str, ...]]:
    """The NIC that a rule is about (the first that fits), and why the rule does not fit."""
    at, of_switch = _plugged(known, match)
    why = [
        *_texts(match, {key: get(known) for key, get in _TEXTS.items()}),
        *_secure_boot(known, match),
        *of_switch,
        *_bounds(match, {key: get(known) for key, get in _NUMBERS.items()}, str),
        *_bounds(match, {key: get(known) for key, get in _SIZES.items()}, size_text),
        *_network(known, match),
    ]
    return at, tuple(why)


def _plugged(known: Attributes, match: Match) -> tuple[Plugged | None, list[str]]:
    """The first NIC at whose cable is what a rule wants; else why the first one will not do."""
    misses = [(at, [*_at_switch(match, at)]) for at in known.plugged]
    if not misses:
        return None, [*_at_switch(match, None)]
    return next(((at, why) for at, why in misses if not why), misses[0])


def _at_switch(match: Match, at: Plugged | None) -> Iterator[str]:
    yield from _texts(match, {key: get(at) if at else () for key, get in _OF_SWITCH.items()})
    yield from _bounds(match, {"vlan": at.vlan or None if at else None}, str)


def _texts(match: Match, said: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for key, texts in said.items():
        patterns: tuple[str, ...] = getattr(match, key)
        there = [text for text in texts if text]
        if patterns and not any(fits(text, patterns) for text in there):
            yield _miss(key, ", ".join(f'"{text}"' for text in there), _either(patterns))


def _bounds(
    match: Match, said: Mapping[str, int | None], written: Callable[[int], str]
) -> Iterator[str]:
    for key, number in said.items():
        bounds: tuple[Bound, ...] = getattr(match, key)
        wanted = " and ".join(each.written for each in bounds)
        if number is None and bounds:
            yield _miss(key, "", wanted)
        elif number is not None and not all(_holds(number, each) for each in bounds):
            yield _miss(key, written(number), wanted)


def _holds(number: int, bound: Bound) -> bool:
    return _RELATIONS[bound.relation](number, bound.number)


def _secure_boot(known: Attributes, match: Match) -> Iterator[str]:
    if match.secure_boot is not None and known.secure_boot is not match.secure_boot:
        words = {None: "", True: "on", False: "off"}
        yield _miss("secure_boot", words[known.secure_boot], words[match.secure_boot])


def _network(known: Attributes, match: Match) -> Iterator[str]:
    own = known.address
    if match.network and not (own and any(own in each for each in match.network)):
        wanted = " or ".join(str(each) for each in match.network)
        yield _miss("network", f"that of {own}" if own else "", wanted)


def _miss(key: str, there: str, wanted: str) -> str:
    return f"{key} is {there}, not {wanted}" if there else f"{key} is not known, not {wanted}"


def _either(patterns: Iterable[str]) -> str:
    return " or ".join(f'"{pattern}"' for pattern in patterns)


def size_text(size: int) -> str:
    """A size for people, in a unit that it fills."""
    unit, bytes_ = next((each for each in _UNITS if size >= each[1]), _UNITS[-1])
    return f"{round(size / bytes_, 1):g} {unit}"
