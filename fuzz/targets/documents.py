"""What people and the API write: records, settings, profiles, quirks, rules, hints, inventories."""

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from boots.app import profiles, quirks, rules
from boots.documents import hints
from boots.documents.fault import Wrong
from boots.documents.parsing import Document, Lines, parse
from boots.machines import kept, records
from boots.model.mac import Mac
from boots.policy import attributes
from boots.settings import SettingsError
from boots.settings.reading import load
from boots.workflow import hints as disks_by_hint
from boots.workflow import inventory
from fuzz.places import ROOT
from fuzz.seeds import VECTORS
from fuzz.target import Target

_WORDS = (
    *(b"&a ", b"*a", b"<<: *a", b"- ", b"---\n", b"? ", b"!!str ", b"{", b"}", b"[", b"]", b": "),
    *(b"null", b"~", b"0x", b"1:30", b"\\ud83d\\ude00", b"\\u0000", b"\\ud800", b"|\n", b'"'),
    *(b"machines:", b"mac", b"address", b"interfaces", b"netboot", b"metadata", b"bmc", b"options"),
    *(b"52:54:00:00:00:01", b"10.0.0.1/8", b"apiVersion", b"kind", b"Hardware", b"spec", b"items"),
)
_SETTINGS = (
    (
        b'interfaces = ["eth0"]\nstate = "/s"\n[dhcp]\nmode = "pool"\nlease_time = 60\n'
        b'[[subnets]]\nnetwork = "10.0.0.0/8"\npool = ["10.0.0.1-10.0.0.9"]\noptions = {9 = "x"}\n'
    ),
    b'boot.files = "a"\ntftp.address = "10.0.0.1"\nhttp.url = "http://h:80"\n[log]\nlevel="debug"\n',
)
_QUIRKS = (
    (
        b"quirks:\n  - name: all\n    match: {codes: [0, 7], ouis: [00-11-22], programs: os}\n"
        b'    behaviour: {vendor_options: {9: "text:menu", 10: "hex:00ff"}, omit: [host-name]}\n'
        b"    needed_by: a test\n"
    ),
)
_RULES = (
    (
        b'rules:\n  - name: r\n    match: {mac: [52-54-00-*], memory: [">= 64 GiB"], disks: ">= 2",'
        b' network: 10.1.0.0/24, firmware: uefi}\n    record: {name: "{{ serial }}",'
        b' address: "{{ address }}"}\n    enrol: auto\n  - name: others\n'
    ),
)
_HINTS = (
    b"size>=100G rotational=false prefer=smallest",
    b"serial=S1 'model=A B'",
    b"wwn==naa.5",
    b"size<1.5TiB prefer=largest transport=nvme",
)
_PROFILES = (
    b"kernel: http://h/k\ninitrds: [i]\nargs: [quiet, 'x={{ url }}']\ntemplates: [t]\n",
    b"name: a\nscript: t\n---\nname: b\ndisk: true\nboot_files: {x64-uefi: own.efi}\n",
    b"script_url: http://h/{{ interface.mac }}\ntemplates: {preseed.cfg: t}\n",
)
_SHORT = 1000  # letters: YAML knows no key in quotes that is longer than 1024
_FIRST = 50  # documents whose lines are looked for: each is looked for from the beginning
_MAC = Mac("52:54:00:12:34:56")


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _document(data: bytes) -> None:
    """What was read is read again from JSON, and lines lie within the text."""
    text = _text(data)
    try:
        found = parse(text)
    except Wrong:
        return
    lines = Lines(text)
    for number, each in enumerate(found[:_FIRST]):
        line, _ = lines.place(number, tuple(_way(each)))
        if not 1 <= line <= text.count("\n") + text.count("\r") + len(text.splitlines()) + 1:
            raise AssertionError(f"line {line} of {text!r}")
        written = json.dumps([each])
        if len(written) < _SHORT and parse(written) != [[each]]:
            raise AssertionError(f"{each!r} is written {written}, which reads otherwise")


def _way(document: Document) -> Iterator[str | int]:
    """The way to what stands first and deepest."""
    node: Any = document
    while isinstance(node, dict | list) and node:
        step = next(iter(node)) if isinstance(node, dict) else 0
        yield step
        node = node[step]


def _records(data: bytes) -> None:
    """Read from files, and as the API has them; mistakes are told, never raised."""
    text = _text(data)
    for found in (records.read(text, "f"), records.read(text, "f", is_json=True)):
        for fault in found.faults:
            str(fault)
    records.packed(text, "f")
    kept.of(text)


def _packed(data: bytes) -> None:
    """A large file of JSON is read by a shorter way, to the same machines."""
    text = f'{{"machines": [{_text(data)}]}}'
    whole = records.read(text, "f")
    short, faults = records.packed(text, "f")
    if (len(whole.machines), whole.faults) != (sum(map(len, short)), faults):
        raise AssertionError(f"{text!r} is read otherwise by the short way")


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="boots-fuzz-"))
    (folder / "t").write_text("{{ url }}\n")
    return folder


def _settings(data: bytes) -> None:
    path = _folder() / "boots.toml"
    path.write_bytes(data)
    try:
        load(path, {}, {})
    except SettingsError as error:
        str(error)


def _profiles(data: bytes) -> None:
    (_folder() / "own.yaml").write_bytes(data)
    _, faults = profiles.load(_folder())
    for fault in faults:
        str(fault)


def _quirks(data: bytes) -> None:
    _, faults = quirks.read(_text(data), "f")
    for fault in faults:
        str(fault)


def _rules(data: bytes) -> None:
    _, faults = rules.read(_text(data), "f")
    for fault in faults:
        str(fault)


def _hint(data: bytes) -> None:
    """A hint that is read is written so that it says the same."""
    try:
        hint = hints.parse(_text(data))
    except hints.NoHint as error:
        str(error)
        return
    if hints.parse(str(hint)) != hint:
        raise AssertionError(f"{hint!r} is written {hint}")


def _inventory(data: bytes) -> None:
    """What OSIE says of a machine, or who plays it: whatever is odd makes less known."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return
    known = attributes.attributes(said, _MAC, IPv4Address("10.0.0.9"), 8)
    attributes.variables(known, known.plugged[0] if known.plugged else None)
    disks = inventory.disks(said)
    for disk in disks:
        inventory.identity(disk, disks)
        disks_by_hint.path_of(disk, disks)
        str(disk.told)
    for text in ("size>=1G", "serial=a prefer=largest"):
        try:
            disks_by_hint.choose(hints.parse(text), disks)
        except disks_by_hint.NoDisk:
            continue


def _vectors(*patterns: str) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        for pattern in patterns:
            for path in sorted(VECTORS.glob(pattern)):
                yield path.read_bytes()

    return read


def _rows_of_json() -> Iterator[bytes]:
    yield b'{"name": "a", "mac": "52:54:00:00:00:01", "address": "10.0.0.1/8"}'
    yield b'{"name": "a", "mac": "52-54-00-00-00-02", "netboot": 0}, 7, "\\ud83d\\ude00"'


def _inventories() -> Iterator[bytes]:
    for path in sorted((VECTORS / "agent").glob("inventory-*.json")):
        yield json.dumps(json.loads(path.read_text())["request"]["content"]).encode()


def _examples() -> Iterator[bytes]:
    yield from _PROFILES
    for path in sorted((ROOT / "src/boots/profiles").glob("*/profile.yaml")):
        yield path.read_bytes()


TARGETS = (
    Target("documents.yaml", _document, _vectors("records/*"), False, _WORDS),
    Target("documents.records", _records, _vectors("records/*"), False, _WORDS, 16_384),
    Target("documents.packed", _packed, _rows_of_json, False, _WORDS),
    Target("documents.settings", _settings, lambda: _SETTINGS, False, (b"[[", b"]]", b'"""', b"=")),
    Target("documents.profiles", _profiles, _examples, False, (b"{{", b"}}", b"://", *_WORDS[:20])),
    Target("documents.quirks", _quirks, lambda: _QUIRKS, False, _WORDS[:20]),
    Target("documents.rules", _rules, lambda: _RULES, False, (b"{{", b"}}", *_WORDS[:20])),
    Target("documents.hints", _hint, lambda: _HINTS, False, (b"size", b">=", b"prefer", b"TiB")),
    Target("documents.inventory", _inventory, _inventories, True),
)
