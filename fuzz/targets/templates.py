"""Templates of workflows and of profiles, which people write who did not write Boots."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from boots.machines.records import read
from boots.policy import sandbox, templates
from boots.policy.sandbox import LARGEST
from boots.workflow import template
from boots.workflow.gotemplate import Broken, parse, render
from boots.workflow.gotemplate.budget import MOST_OUTPUT, MOST_STEPS, Budget
from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions import TABLE
from boots.workflow.gotemplate.regex import compiled, search
from boots.workflow.rendering import data, fault_of
from boots.workflow.settling import functions
from boots.workflow.wrapped import NoTemplate, unwrapped
from fuzz.choices import Choices
from fuzz.places import ROOT
from fuzz.seeds import VECTORS
from fuzz.target import Target

_SLOW = 10.0
"""Seconds of the processor, watched by the fuzzer, that no template may take."""
_SEEN: dict[str, Any] = {
    "a": "x",
    "n": 3,
    "device_1": "52:54:00:12:34:01",
    "hardware": {"list": [1, 2, 3], "map": {"b": "c", "d": None}, "text": "a,b,c"},
}
_VALUES = {
    "machine": {"name": "n", "cpu": "x86_64"},
    "values": {"a": "b", "l": [1, 2, 3]},
    "url": "http://192.0.2.1:8080/52:54:00:12:34:01",
    "address": "192.0.2.9",
}
_GO = (
    *(b"{{", b"}}", b"{{- ", b" -}}", b"{{range ", b"{{end}}", b"{{else}}", b"{{if ", b"{{with "),
    *(b"{{define ", b"{{template ", b"{{block ", b"$x := ", b"$x = ", b" | ", b"`", b'"%999d"'),
    *(f"{name} ".encode() for name in TABLE),
)
_JINJA = (
    *(b"{{", b"}}", b"{%", b"%}", b"for ", b" in ", b"endfor", b"macro ", b"endmacro", b"set "),
    *(b"range(", b"|join", b"|tojson", b"|replace", b"namespace(", b"call ", b"__class__", b"**"),
    *(b"|format", b".format(", b"|map", b"|sort", b"recursive", b"loop(", b"import ", b"include "),
)
_BOMBS = (
    b'{{ regexMatch "\\\\p{Lx" "a" }}',
    b'{{ regexReplaceAll "(a*)*b" (repeat 999 "a") "$1" }}',
    b"{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}",
    b"{{ until -9223372036854775808 }}",
    b'{{ fromJson "1e999" }}{{ fromYaml "1:59:59" }}',
    b'{{ $d := dict "a" 1 }}{{ $_ := set $d "b" $d }}{{ $d | toYaml }}',
    b'{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
    b'{{ printf "%999999d %-9s %q %x %T %v" 1 "a" "b" "c" 1.5 .hardware }}',
)
_JINJA_BOMBS = (
    b"{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    b"{{ 'a' * 10**10 }}",
    b"{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    b"{{ '%999999d' % 1 }}{{ '{:>999999}'.format(1) }}",
    b"{% set x = ('a' * 65536)|upper %}{% for i in range(99) %}{% set y = x|lower %}{% endfor %}",
    b"{{ values.l|map('string')|join(',')|replace(',', x ~ x)|indent(99)|tojson }}",
    b"{{ ''.__class__.__mro__ }}",
    b"{% set n = namespace(x='a') %}{% for i in range(64) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
)


def _in_time(run: Callable[[str], None]) -> Callable[[bytes], None]:
    def timed(data: bytes) -> None:
        begin = time.thread_time()
        run(data.decode(errors="replace"))
        took = time.thread_time() - begin
        if took > _SLOW:
            raise AssertionError(f"it took {took:.1f} s")

    return timed


def _go(text: str) -> None:
    """A text within bounds, or why there is none."""
    try:
        made = render(parse(text, "t"), json.loads(json.dumps(_SEEN)), _budget())
    except Broken as broken:
        str(broken)
        return
    if len(made.text) > MOST_OUTPUT:
        raise AssertionError("it wrote too much")
    made.text.encode()
    for line in range(1, made.text.count("\n") + 2):
        if not 0 <= made.line(line) <= text.count("\n") + 1:
            raise AssertionError(f"line {line} came of {made.line(line)}")


def _budget() -> Budget:
    """What takes a twentieth of the time: to be watched takes many times as long."""
    return Budget(MOST_STEPS // 20)


def _regex(data: bytes) -> None:
    """Patterns end, and find what lies within the text."""
    choices = Choices(data)
    pattern, text = (each.decode(errors="replace") for each in (choices.piece(), choices.rest()))
    spent = [0]

    def spend(steps: int) -> None:
        spent[0] += steps
        if spent[0] > 300_000:
            raise Refused("it is enough")

    try:
        found = search(compiled(pattern), text, 0, spend)
    except Refused:
        return
    if found is not None and not 0 <= found.start <= found.end <= len(text):
        raise AssertionError(f"{pattern!r} is found from {found.start} to {found.end}")


def _workflow(text: str) -> None:
    """Templates in their wrapping, for a machine with a record."""
    try:
        sources = unwrapped(text, "f")
    except NoTemplate as error:
        str(error)
        return
    machine = read((VECTORS / "records/short.yaml").read_text(), "m").machines[0]
    for source in sources[:3]:
        try:
            tree = parse(source.text, source.name)
            made = render(tree, data(machine), _budget(), functions(None, ()))
        except Broken as broken:
            str(fault_of(broken, source))
            continue
        reading = template.read(made, source.origin, written=source.text)
        for fault in (*reading.faults, *reading.doubts):
            str(fault)


def _jinja(text: str) -> None:
    for ipxe in (False, True):
        try:
            # As above: what takes a tenth of the time.
            with patch.object(sandbox, "_MOST_STEPS", 10_000):
                made = templates.render(text, _VALUES, ipxe=ipxe)
        except templates.Broken as broken:
            str(broken)
            continue
        if len(made) > LARGEST:
            raise AssertionError("it wrote too much")
        made.encode()


def _go_seeds() -> Iterator[bytes]:
    yield from _BOMBS
    for path in sorted((VECTORS / "workflows").glob("*.yaml")):
        yield path.read_bytes()
    for each in json.loads((VECTORS / "gotemplate/go.json").read_text()):
        yield str(each.get("template", "") if isinstance(each, dict) else each).encode()


def _regexes() -> Iterator[bytes]:
    for pattern in (r"(a+)+b", r"^\p{Lu}[[:alpha:]]*?$", r"(?i)(?P<x>\Qa.b\E|c{2,3})\b", r"\x{41}"):
        yield bytes((len(pattern),)) + pattern.encode() + b"aaaa Abc"


def _jinja_seeds() -> Iterator[bytes]:
    yield from _JINJA_BOMBS
    for path in sorted((ROOT / "src/boots/profiles").glob("*/*")):
        if path.name != "profile.yaml" and path.stat().st_size < 8192:
            yield path.read_bytes()


TARGETS = (
    Target("templates.go", _in_time(_go), _go_seeds, False, _GO),
    Target("templates.regex", _regex, _regexes, False, (b"\\p{", b"\\x{", b"(?", b"[[:", b"{1,")),
    Target("templates.workflow", _in_time(_workflow), _go_seeds, False, _GO, 8192),
    Target("templates.jinja", _in_time(_jinja), _jinja_seeds, False, _JINJA),
)
