"""The operator's rules of enrolment, in a file: which record a machine without one would get."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from boots.app import rows
from boots.documents.fault import Fault, Faulty, named, nearest
from boots.documents.node import Node
from boots.machines import short
from boots.machines.contents import text_of
from boots.model.machine import Place
from boots.model.rule import Bound, Match, Rule
from boots.policy import templates
from boots.policy.attributes import NAMES, OF_SWITCH
from boots.policy.enrol import RELATIONS

KEYS = {"name", "match", "record", "enrol"}
MATCH_KEYS = set(Match.__struct_fields__)
# The machine's MACs are filled in.
RECORD_KEYS = (short.MACHINE_KEYS | short.INTERFACE_KEYS) - {"mac", "interfaces"}
_PATTERNS = ("manufacturer", "product", "serial", "uuid", "cpu_model")
_PLACES = ("switch", "port", "port_description")
_AT_SWITCH = (*_PLACES, "vlan")
_CHOICES = {"cpu": ("x86_64", "aarch64"), "firmware": ("bios", "uefi")}
_COUNTS = ("vlan", "disks", "nics", "cpus")
_SIZES = ("memory", "largest_disk")
_ENROL = ("ask", "auto")

_MAC_PATTERN = re.compile(r"[0-9a-f:*?\[\]!-]+")
_BOUND = re.compile(
    rf"(?P<relation>{'|'.join(sorted(RELATIONS, key=len, reverse=True))}|==)?\s*"
    r"(?P<number>\d{1,15}(?:\.\d{1,3})?)\s*(?P<unit>[A-Za-z]*)"
)
_UNITS: Mapping[str, int] = {
    "B": 1,
    **{f"{letter}B": 1000 ** (at + 1) for at, letter in enumerate("kMGTP")},
    **{f"{letter}iB": 1024 ** (at + 1) for at, letter in enumerate("KMGTP")},
}
_ANY_MAC = "02:00:00:00:00:00"  # stands in for a machine's own


def load(file: Path) -> tuple[tuple[Rule, ...], list[Fault]]:
    """The rules of a file, in their order."""
    try:
        return read(text_of(file), named(file))
    except Faulty as faulty:
        return (), faulty.faults


def read(text: str, file: str) -> tuple[tuple[Rule, ...], list[Fault]]:
    """The rules of one file."""
    found: dict[str, Rule] = {}

    def take(row: Node) -> None:
        rule = _rule(row, Place(file=file, line=row.line))
        _refuse_unreachable(row, rule, found)
        found[rule.name] = rule

    faults = rows.read(text, file, "rules", take)
    return tuple(found.values()), faults


def _refuse_unreachable(node: Node, rule: Rule, before: Mapping[str, Rule]) -> None:
    if rule.name in before:
        problem = f'there is a rule "{rule.name}" already'
        raise node.at("name").wrong(problem, "give each rule a name of its own")
    for other in before.values():
        if other.match == Match():
            problem = f'"{other.name}" before it fits every machine, so this one is never used'
            raise node.at("name").wrong(problem, f'write it before, or give "{other.name}" a match')


def _rule(node: Node, place: Place) -> Rule:
    if not isinstance(node.value, dict):
        raise node.wrong("a rule is a mapping", "write name: …, match: … and record: … in it")
    node.refuse_unknown(KEYS)
    name = node.at("name").text()
    if not name:
        raise node.at("name").wrong("a rule needs a name", "write name: and a word for it")
    match = _match(node.at("match"))
    record, wanted = _record(node.at("record"))
    return Rule(
        name=name,
        place=place,
        match=match,
        record=record,
        auto=node.at("enrol").choice(_ENROL, "ask") == "auto",
        of_switch=bool(wanted & OF_SWITCH) or any(getattr(match, key) for key in _AT_SWITCH),
    )


# --- match


def _match(node: Node) -> Match:
    if node.value is not None and not isinstance(node.value, dict):
        advice = f"write any of {', '.join(sorted(MATCH_KEYS))} below it"
        raise node.wrong("a mapping is wanted here", advice)
    node.refuse_unknown(MATCH_KEYS)
    found: dict[str, Any] = {
        **{key: _each(node.at(key), _pattern) for key in (*_PATTERNS, *_PLACES)},
        **{key: _each(node.at(key), _choice(words)) for key, words in _CHOICES.items()},
        **{key: _each(node.at(key), _count) for key in _COUNTS},
        **{key: _each(node.at(key), _size) for key in _SIZES},
    }
    secure = node.at("secure_boot")
    return Match(
        mac=_each(node.at("mac"), _mac_pattern),
        network=_each(node.at("network"), _network),
        secure_boot=secure.flag(False) if secure.text() else None,
        **found,
    )


def _each(node: Node, read: Any) -> tuple[Any, ...]:
    """What stands at a key, alone or in a list; nothing where it is empty."""
    nodes = node.items() if isinstance(node.value, list) else [node]
    return tuple(read(each) for each in nodes if each.text())


def _pattern(node: Node) -> str:
    word = node.text()
    if "[" in re.sub(r"\[!?[^]]+\]", "", word):
        advice = "close it, or write [[] for a bracket itself"
        raise node.wrong(f'"{word}" has a bracket that is not closed', advice)
    return word


def _mac_pattern(node: Node) -> str:
    word = _pattern(node).lower()
    plain = word if "[" in word else word.replace("-", ":")
    if not _MAC_PATTERN.fullmatch(word):
        advice = 'write pairs of hex digits with colons, and * for the rest: "52:54:00:*"'
        raise node.wrong(f'"{word}" can be no MAC', advice)
    return plain


def _choice(words: tuple[str, ...]) -> Any:
    return lambda node: node.choice(words, "")


def _network(node: Node) -> IPv4Network:
    return node.network()


def _count(node: Node) -> Bound:
    return _bound(node, {"": 1}, 'write a number, or a comparison like ">= 2"')


def _size(node: Node) -> Bound:
    return _bound(node, _UNITS, 'write a comparison with a unit, like ">= 64 GiB"')


def _bound(node: Node, units: Mapping[str, int], advice: str) -> Bound:
    word = node.text()
    found = _BOUND.fullmatch(word.strip())
    if found is None:
        raise node.wrong(f'"{word}" is no comparison', advice)
    if found["unit"] not in units:
        unit = found["unit"]
        problem = f'there is no unit "{unit}" here' if unit else f'"{word}" has no unit'
        raise node.wrong(problem, nearest(unit, units) or advice)
    number = Decimal(found["number"]) * units[found["unit"]]
    if number != int(number):
        raise node.wrong(f'"{word}" is not a whole number', advice)
    relation = (found["relation"] or "=").replace("==", "=")
    return Bound(relation=relation, number=int(number), written=word)


# --- record


def _record(node: Node) -> tuple[Mapping[str, Any], set[str]]:
    """The record of a rule, with nothing in it that could not be a record's; what it names.

    Texts that are templates are seen again when they are filled in.
    """
    if node.value is None:
        return {}, set()
    if not isinstance(node.value, dict):
        raise node.wrong("a record is a mapping", "write name: …, profile: … below it")
    _refuse(node)
    node.refuse_unknown(RECORD_KEYS)
    made = [each for each in _texts(node) if templates.is_template(each.value)]
    wanted = {name for each in made for name in _names(each)}
    filled_in = {each.path[len(node.path)] for each in made}
    rest = {key: value for key, value in node.value.items() if key not in filled_in}
    short.machine(Node({"mac": _ANY_MAC, **rest}, node.path), Place(file="", line=0), b"")
    return dict(node.value), wanted


def _refuse(node: Node) -> None:
    for key in ("mac", "interfaces"):
        if key in node.value:
            advice = "leave it out: the MACs of all its NICs are filled in"
            raise node.at(key).wrong("a rule knows no machine's MAC", advice)
    if "workflow" in node.value:
        advice = "leave it out, and name what the machine shall run with profile:"
        raise node.at("workflow").wrong("there are no workflows yet; the word is kept", advice)


def _texts(node: Node) -> Iterator[Node]:
    """Every text of a record, however deep."""
    if isinstance(node.value, dict):
        for key in node.value:
            yield from _texts(node.at(key))
    elif isinstance(node.value, list):
        for each in node.items():
            yield from _texts(each)
    elif isinstance(node.value, str):
        yield node


def _names(node: Node) -> set[str]:
    """What a template names, which must be what there is."""
    try:
        names = templates.names(node.value)
    except templates.Broken as error:
        advice = "mend it; the reference page of enrol shows what can stand there"
        raise node.wrong(f"not a template: {error}", advice) from None
    unknown = sorted(names - NAMES)
    if unknown:
        advice = nearest(unknown[0], NAMES) or f"use one of {', '.join(sorted(NAMES))}"
        raise node.wrong(f'nothing is called "{unknown[0]}"', advice)
    return names
