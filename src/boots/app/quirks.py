"""The operator's quirks, in files: rows that come after those we ship, and win over them."""

from collections.abc import Iterable
from pathlib import Path

from boots.app import rows
from boots.documents.fault import Fault, Faulty, named
from boots.documents.node import Node
from boots.machines import extra
from boots.machines.contents import text_of
from boots.model import mac as macs
from boots.model.machine import Architecture
from boots.model.quirk import Behaviour, Match, Quirk
from boots.policy.client import Program

KEYS = {"name", "match", "behaviour", "needed_by"}
MATCH_KEYS = set(Match.__struct_fields__)
BEHAVIOUR_KEYS = set(Behaviour.__struct_fields__)

PROGRAMS = {
    "pxe-rom": Program.PXE_ROM,
    "uefi-http": Program.UEFI_HTTP,
    "ipxe": Program.IPXE,
    "os": Program.OS,
}
_LONGEST = 255
_ARCHITECTURES = {each.value: each for each in Architecture}


def load(place: Path) -> tuple[tuple[Quirk, ...], list[Fault]]:
    """The quirks of a file, or of the YAML files of a folder in the order of their names."""
    quirks: list[Quirk] = []
    faults: list[Fault] = []
    for path in _files(place):
        try:
            own, wrong = read(text_of(path), named(path))
        except Faulty as faulty:
            faults += faulty.faults
            continue
        quirks += own
        faults += wrong
    return tuple(quirks), faults


def _files(place: Path) -> Iterable[Path]:
    if place.is_dir():
        return sorted((*place.glob("*.yaml"), *place.glob("*.yml")))
    return (place,)


def read(text: str, file: str) -> tuple[list[Quirk], list[Fault]]:
    """The quirks of one file."""
    quirks: list[Quirk] = []
    faults = rows.read(text, file, "quirks", lambda row: quirks.append(_quirk(row)))
    return quirks, faults


def _quirk(node: Node) -> Quirk:
    if not isinstance(node.value, dict):
        raise node.wrong("a quirk is a mapping", "write name: …, match: … and behaviour: … in it")
    node.refuse_unknown(KEYS)
    name = node.at("name").text()
    if not name:
        raise node.at("name").wrong("a quirk needs a name", "write name: and a word for it")
    match, behaviour = _match(node.at("match")), _behaviour(node.at("behaviour"))
    if match == Match():
        advice = "write match: and what tells these clients from others"
        raise node.at("match").wrong("this would match every client", advice)
    return Quirk(name=name, match=match, behaviour=behaviour, needed_by=node.at("needed_by").text())


def _match(node: Node) -> Match:
    _known(node, MATCH_KEYS)
    return Match(
        codes=_numbers(node.at("codes"), 0xFFFF),
        architectures=tuple(_architecture(each) for each in _list(node.at("architectures"))),
        vendor_class=node.at("vendor_class").text(),
        user_class=node.at("user_class").text(),
        ouis=tuple(_oui(each) for each in _list(node.at("ouis"))),
        programs=tuple(_program(each) for each in _list(node.at("programs"))),
        has=_numbers(node.at("has"), 254),
    )


def _behaviour(node: Node) -> Behaviour:
    _known(node, BEHAVIOUR_KEYS)
    architecture, program = node.at("architecture"), node.at("program")
    vendor_class = node.at("vendor_class")
    return Behaviour(
        architecture=_architecture(architecture) if architecture.text() else None,
        program=_program(program) if program.text() else None,
        vendor_class=None if vendor_class.value is None else vendor_class.text(),
        discovery_control=_flag(node.at("discovery_control")),
        vendor_options=_vendor(node.at("vendor_options")),
        options=extra.options(node.at("options")),
        omit=tuple(_omitted(each) for each in _list(node.at("omit"))),
        server_name=_flag(node.at("server_name")),
        whole_path=_flag(node.at("whole_path")),
        broadcast=_flag(node.at("broadcast")),
        chain_load=_flag(node.at("chain_load")),
        boot_file=node.at("boot_file").text(),
        largest_block=node.at("largest_block").number(0, 8, 65_464),
    )


def _known(node: Node, keys: set[str]) -> None:
    if node.value is not None and not isinstance(node.value, dict):
        raise node.wrong("a mapping is wanted here", f"write any of {', '.join(sorted(keys))}")
    node.refuse_unknown(keys)


def _list(node: Node) -> list[Node]:
    single = node.value is not None and not isinstance(node.value, list)
    return [node] if single else list(node.items())


def _numbers(node: Node, most: int) -> tuple[int, ...]:
    return tuple(each.number(0, 0, most) for each in _list(node))


def _flag(node: Node) -> bool | None:
    return node.flag(False) if node.text() else None


def _architecture(node: Node) -> Architecture:
    return _ARCHITECTURES[node.choice(tuple(_ARCHITECTURES), "")]


def _program(node: Node) -> str:
    return PROGRAMS[node.choice(tuple(PROGRAMS), "")].name


def _oui(node: Node) -> str:
    word = node.text().lower().replace("-", ":")
    pairs = word.removesuffix(":").split(":")
    if len(pairs) > 6 or macs.parse(":".join((pairs + ["00"] * 6)[:6])) is None:
        problem = f'"{word}" is not the beginning of a MAC'
        raise node.wrong(problem, "write pairs of hex digits, like 52:54:00")
    return ":".join(pairs)


def _omitted(node: Node) -> int:
    word = node.text()
    if word in extra.NAMES:
        return extra.NAMES[word][0]
    code = node.number(0, 1, 254)
    if code in extra.REFUSED:
        problem = f"option {code} cannot be left out: {extra.REFUSED[code]}"
        raise node.wrong(problem, "leave it as it is")
    return code


def _vendor(node: Node) -> dict[int, bytes]:
    """Sub-options of 43, which have numbers only."""
    if node.value is None:
        return {}
    if not isinstance(node.value, dict):
        raise node.wrong("sub-options are a mapping", "write NUMBER: VALUE below it")
    found = {}
    for key, value in node.value.items():
        at = Node(value, (*node.path, key))
        if not str(key).isdigit() or not 1 <= int(key) <= 254:
            raise at.wrong(f'"{key}" is no sub-option', "write a number from 1 to 254")
        prefix = str(value).partition(":")[0]
        advice = "write text:…, number:… or hex:… before it"
        if prefix not in {"text", "number", "hex", "address"}:
            raise at.wrong(f'"{value}" does not say of what kind it is', advice)
        raw = extra.value(at, None)
        if len(raw) > _LONGEST:
            raise at.wrong(f"it has {len(raw)} bytes", "write at most 255")
        found[int(key)] = raw
    return found
