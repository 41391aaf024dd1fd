"""The language of Go's text/template: what it makes, what it refuses, and that it always ends."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from boots.workflow.gotemplate import Broken, parse, render
from boots.workflow.gotemplate.functions import NAMES, REFUSED

# What Go 1.26 with Sprig 3.3 (hermetic) and sigs.k8s.io/yaml 1.6 make of each template, with
# missingkey=error.  "refused_here": Go takes it, we do not; the reference says why.
VECTORS = json.loads((Path(__file__).parent.parent / "vectors/gotemplate/go.json").read_text())


def made(template: str, **data: Any) -> str:
    """What a template makes of this data."""
    return render(parse(template), data).text


def broken(template: str, **data: Any) -> str:
    """Why a template is refused."""
    with pytest.raises(Broken) as caught:
        render(parse(template, "a.yaml"), data)
    return str(caught.value)


@pytest.mark.parametrize(
    "vector",
    [each for each in VECTORS["vectors"] if "refused_here" not in each and "refused" not in each],
    ids=lambda vector: vector["template"],
)
def test_what_go_makes_of_it_is_made_of_it(vector: dict[str, str]) -> None:
    data = json.loads(json.dumps(VECTORS["data"]))

    assert vector["out"] == render(parse(vector["template"]), data).text


@pytest.mark.parametrize(
    "vector",
    [each for each in VECTORS["vectors"] if "refused_here" in each or "refused" in each],
    ids=lambda vector: vector["template"],
)
def test_what_go_refuses_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(Broken):
        render(parse(vector["template"]), VECTORS["data"])


def refused(template: str, **data: Any) -> Broken | None:
    """What is wrong with a template; None where it can be rendered."""
    try:
        made(template, **data)
    except Broken as error:
        return error
    return None


# --- what is said of mistakes


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("x\n{{ .devce }}", '2:4: .devce is not there; did you mean "device"?'),
        ("{{ .m.b }}", "1:4: .m.b is not there; there are a"),
        ("{{ lowr .device }}", '1:4: there is no function "lowr"; did you mean "lower"?'),
        ("{{ $disc }}{{ $disk := 1 }}", '1:4: there is no variable "$disc" here; set it before'),
        ("{{ if .device }}x", "1:4: {{if}} without its {{end}}; write {{end}} where it ends"),
        ("a\nb {{ .device", "2:3: braces that are not closed; write }} behind the last word"),
        ("{{ end }}", "1:4: {{end}} that nothing opened; take it out"),
        ('{{ "x }}', '1:4: a text without an end; close it with "'),
        ("{{ now }}", "1:4: now cannot be used: a template must say the same tomorrow"),
        ('{{ env "X" }}', "1:4: env cannot be used: a template sees the machine's record only"),
        ("{{ index .l 1 }}", "1:4: index: there is no entry 1: 1 entry; they count from 0"),
        ("{{ formatPartition .device }}", "formatPartition: 1 argument is given, and it takes"),
        ('{{ formatPartition .device "1" }}', "argument 2 is string, and int is wanted"),
        ("{{ .device.x }}", "1:4: .x cannot be had: .device is string, which has no fields"),
        ('{{ fail "no disk" }}', "1:4: fail: the template says: no disk"),
        ("{{ eq .device 1 }}", "eq: string /dev/sda and int 1 cannot be compared"),
        ('{{ printf "%d" .device }}', "printf: %d cannot write string /dev/sda; use %v"),
        ('{{ template "x" }}', '1:4: there is no template "x"'),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(template: str, said: str) -> None:
    assert said in broken(template, device="/dev/sda", m={"a": 1}, l=["x"])


def test_a_mistake_in_a_template_that_is_included_has_its_own_place() -> None:
    text = '{{define "t"}}\n{{ .x.y }}{{end}}\n{{template "t" .}}'

    assert broken(text, x=None).startswith("a.yaml:2:4: .y cannot be had: .x is nil")


def test_the_lines_of_the_text_are_known_in_the_template() -> None:
    text = "a: 1\n{{- range .l }}\nb: {{ . }}\n{{- end }}\nc: 2\n"
    rendered = render(parse(text), {"l": ["x", "y"]})

    assert "a: 1\nb: x\nb: y\nc: 2\n" == rendered.text
    assert [1, 3, 3, 5] == [rendered.line(line) for line in range(1, 5)]


# --- what cannot happen


def test_the_data_is_left_as_it_is_by_who_only_reads() -> None:
    data = {"m": {"a": [1, 2]}}
    made('{{ .m.a | first }}{{ merge (dict) .m }}{{ append .m.a 3 }}{{ omit .m "a" }}', **data)

    assert {"m": {"a": [1, 2]}} == data


@pytest.mark.parametrize(
    "template",
    [
        "{{ range 1000000000 }}{{ end }}",
        "{{ range 1000000 }}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{ end }}",
        "{{ range 10000 }}{{ range 10000 }}{{ range 10000 }}{{ end }}{{ end }}{{ end }}",
        '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}',
        '{{ define "x" }}{{ template "x" }}{{ template "x" }}{{ end }}{{ template "x" }}',
        '{{ $x := "aaaaaaaa" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}',
        "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 2 }}{{ range 60 }}{{ $x = concat $x $x }}{{ end }}",
        '{{ $d := dict "a" 1 }}{{ range 3 }}{{ $_ := set $d "a" $d }}{{ end }}{{ $d }}',
        "{{ until 1000000000 }}",
        "{{ untilStep 0 1000000000 1 }}",
        '{{ repeat 1000000000 "a" }}',
        '{{ printf "%999999999d" 1 }}',
        '{{ printf "%9999999d" 1 }}',
        '{{ indent 1000000000 "a" }}',
        '{{ replace "a" (repeat 100000 "b") (repeat 100000 "a") }}',
        '{{ regexReplaceAll "a" (repeat 100000 "a") (repeat 100000 "b") }}',
        '{{ regexMatch "(a+)+b" (repeat 100000 "a") }}{{ range 100 }}{{ end }}',
        '{{ regexMatch "((a{100}){100}){100}" "a" }}',
        '{{ regexMatch "(x+x+)+y" (repeat 900000 "x") }}',
        '{{ regexReplaceAll "(x*x*)*y|x" (repeat 100000 "x") "" }}',
        '{{ regexReplaceAll "(x*x*)*y|x" (repeat 1900 "x") "" }}',
        '{{ regexFindAll "(a?){500}b|a" (repeat 1000 "a") -1 }}',
        '{{ range 1000 }}{{ regexMatch "(x{500}|y){3}" "x" }}{{ end }}',
        '{{ $x := repeat 500000 "aB" }}{{ range 100 }}{{ snakecase $x | len }}{{ end }}',
        '{{ $x := repeat 500000 "a\\"" }}{{ range 100 }}{{ quote $x | len }}{{ end }}',
        '{{ $x := repeat 100000 "a: " }}{{ range 100 }}{{ fromYaml (quote $x) | len }}{{ end }}',
        '{{ $x := repeat 500000 "a " }}{{ range 100 }}{{ toYaml $x | len }}{{ end }}',
        "{{ range 1000 }}{{ toYaml (until 5000) | len }}{{ end }}",
        "".join(f"{{{{ $x{number} := 1 }}}}" for number in range(20_000)) + "{{ $x0 }}" * 20_000,
        "{{ $x }}" * 60_000,
        "{{ 1 }}" * 60_000 + "{{ end }}",
        "{{- /* x */ -}}" * 30_000 + "{{ end }}",
        "{{ uniq (until 100000) }}",
        "{{ range 10000 }}{{ uniq (until 1000) }}{{ end }}",
        (
            '{{ fromYaml "a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]'
            "\\nc: &c [*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c]"
            '\\ne: &e [*d,*d,*d,*d,*d,*d,*d]\\nf: [*e,*e,*e,*e,*e,*e,*e,*e]" }}'
        ),
        '{{ fromYaml (repeat 100000 "[") }}',
        '{{ fromJson (repeat 100000 "[") }}',
        "{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}",
        "{{ if 1 }}" * 10_000,
        "{{ if 1 }}x" + "{{ else if 1 }}x" * 10_000 + "{{ end }}",
        "{{ 1" + "0" * 100_000 + " }}",
    ],
    ids=lambda template: template[:60],
)
def test_a_template_that_would_not_end_is_refused_soon(template: str) -> None:
    began = time.process_time()
    error = refused(template)

    assert error is not None or "regexMatch" in template  # a pattern that ends is no mistake
    assert time.process_time() - began < 10


_WORDS = st.sampled_from(
    [
        *"(){}|.,$\"'`=:- \n",
        "{{",
        "}}",
        "{{-",
        "-}}",
        "{{ ",
        " }}",
        "if",
        "else",
        "end",
        "range",
        "with",
        "define",
        "template",
        "block",
        "break",
        "nil",
        "true",
        ".a",
        ".l",
        "$x",
        " := ",
        '"t"',
        "1",
        "1.5",
        "0x",
        "'a'",
        "/*",
        "*/",
        *sorted(NAMES),
        *sorted(REFUSED),
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.lists(_WORDS, max_size=30).map("".join), _VALUES)
def test_words_in_any_order_are_a_template_or_broken(text: str, value: Any) -> None:
    error = refused(text, a=value, l=[value])

    assert error is None or 1 <= error.line <= text.count("\n") + 1


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_is_a_template_or_broken(text: str) -> None:
    error = refused(text)

    assert error is None or error.problem


@settings(max_examples=200)
@given(st.sampled_from(sorted(NAMES)), st.lists(_VALUES, max_size=4))
def test_functions_take_or_refuse_any_values(name: str, values: list[Any]) -> None:
    words = " ".join(f"(index .l {at})" for at in range(len(values)))
    error = refused(f"{{{{ {name} {words} }}}}", l=values)

    assert error is None or error.line == 1


@settings(max_examples=200)
@given(_VALUES)
@example({"\x85": "\u2028 \r\n", "Y": "n", "1": "0x1", "null": "~", "on": "1:30", "=": "<<"})
@example(["a\n b\n", " a\n", "\n", "a\n\n", "- a: b\n"])
def test_what_is_written_as_yaml_or_json_reads_the_same(value: Any) -> None:
    text = "{{ deepEqual (toJson .v) (toJson (fromYaml (toYaml .v))) }}"
    error = refused(text, v=value)
    if error is None:
        assert "true" == made(text, v=value)
    else:  # NaN, control characters, and numbers that JSON has not
        assert "JSON" in error.problem or "YAML" in error.problem
