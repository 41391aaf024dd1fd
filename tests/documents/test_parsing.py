"""YAML without its traps: what was written is what is read, and no file can hurt us."""

import time
import tracemalloc
from typing import Any

import pytest
from tests.machines.reading import fault, machine, machines

from boots.documents.fault import Wrong
from boots.documents.parsing import parse


def value(text: str) -> Any:
    """What the only document of a text holds."""
    (document,) = parse(text)
    return document


def wrong(text: str) -> tuple[int, str]:
    """The line and the problem of a text that is refused."""
    with pytest.raises(Wrong) as caught:
        parse(text)
    return caught.value.line, caught.value.problem


# --- what YAML 1.1 would make something else of


@pytest.mark.parametrize(
    "text",
    ["52:54:00:12:34:56", "0644", "0x1F", "1_000", "1e3", "yes", "No", "off", "true", "=", "1.10"],
)
def test_a_value_is_the_text_that_was_written(text: str) -> None:
    assert {"a": text} == value(f"a: {text}")
    assert {text: "a"} == value(f"{text}: a")


def test_an_unquoted_mac_of_digits_is_no_number() -> None:
    assert "52:54:00:12:34:56" == machine("mac: 52:54:00:12:34:56").interfaces[0].mac


@pytest.mark.parametrize("null", ["", "~", "null", "Null", "NULL"])
def test_null_is_absent_and_when_quoted_it_is_text(null: str) -> None:
    assert {"a": None} == value(f"a: {null}")
    assert {"a": null} == value(f'a: "{null}"')
    assert {"a": null} == value(f"a: '{null}'")
    found = machine(f"{{mac: 02:00:00:00:00:01, address: {null}, interfaces: {null}}}")
    assert found.interfaces[0].reservation is None


@pytest.mark.parametrize(
    ("written", "allowed"),
    [("yes", True), ("On", True), ("TRUE", True), ("y", True), ("no", False), ("'off'", False)],
)
def test_yes_and_no_are_read_where_they_are_meant(written: str, allowed: bool) -> None:
    found = machine(f"{{mac: 02:00:00:00:00:01, netboot: {written}}}")
    assert allowed == found.interfaces[0].netboot.allowed


def test_json_numbers_booleans_and_null_are_read() -> None:
    found = machine(
        '{"mac": "52:54:00:12:34:56", "address": "10.0.0.5/8", "lease_time": 3600,'
        ' "netboot": false, "gateway": null, "kernel_args": ["a\\/b", "\\u00e9"]}'
    )
    (interface,) = found.interfaces
    assert interface.reservation is not None
    assert (3600, None) == (interface.reservation.lease_time, interface.reservation.gateway)
    assert (False, ("a/b", "é")) == (interface.netboot.allowed, interface.netboot.kernel_args)


def test_json_may_be_indented_with_tabs() -> None:
    assert {"a": ["b"]} == value('{\n\t"a":\n\t[\n\t\t"b"\n\t]\n}\n')


def test_json_may_write_a_character_as_two_escapes() -> None:
    assert {"a": "😀", "b": r"\ud83d\ude00"} == value(
        r'{"a": "\ud83d\ude00", "b": "\\ud83d\\ude00"}'
    )


# --- anchors, aliases, merge keys


def test_aliases_and_merge_keys_stand_for_what_they_name() -> None:
    first, second = machines("""
        machines:
          - &first
            mac: 02:00:00:00:00:01
            gateway: 10.0.0.1
            name_servers: &servers [10.0.0.2]
          - <<: *first
            mac: 02:00:00:00:00:02
            ntp_servers: *servers
        """)
    assert ("02:00:00:00:00:01", "02:00:00:00:00:02") == (first.name, second.name)
    assert b'"gateway":"10.0.0.1"' in second.record
    assert b'"ntp_servers":["10.0.0.2"]' in second.record


def test_of_several_merged_mappings_the_first_wins() -> None:
    assert {"x": "1", "y": "2", "z": "3"} == (
        value("[&a {x: 1}, &b {x: 2, y: 2}, {<<: [*a, *b], z: 3}]")[2]
    )


def test_an_anchor_may_be_used_again() -> None:
    assert ["1", "1", "2", "2"] == value("[&a 1, *a, &a 2, *a]")
    assert "a.yaml:3: [1].mac: " in fault("- &a {mac: 02:00:00:00:00:01}\n- &a\n  mac: x")


def test_a_mistake_in_an_alias_is_told_where_it_was_written() -> None:
    told = fault("""
        defaults: {notes: &route {to: 10.0.0.1/8, via: 10.0.0.9}}
        machines:
          - mac: 02:00:00:00:00:01
            routes:
              - *route
        """)
    assert (
        'a.yaml:2: machines[0].routes[0].to: "10.0.0.1/8" is an address within a network;'
        " write 10.0.0.0/8"
    ) == told


def test_an_alias_of_nothing_and_of_itself_are_refused() -> None:
    assert (2, "an alias is not defined") == wrong("a: &a 1\nb: *b")
    assert (1, "an alias is not defined") == wrong("&a [*a]")
    assert (2, "an alias is not defined") == wrong("--- &a 1\n--- *a")


# --- files that would hurt


LAUGHS = "a0: &a0 [ha]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)
)
MERGES = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(4000)) + "}\n"
BOMBS = {
    "laughs": LAUGHS,
    "laughing machines": LAUGHS + "machines: *a59",
    "depth": "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300)),
    "long text": f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 50_000)}]",
    "merges": MERGES + "".join(f"b{n}: {{<<: *a}}\n" for n in range(4000)),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_aliases_that_multiply_are_refused_soon_and_in_little_memory(text: str) -> None:
    began = time.process_time()
    assert "its aliases multiply without end" == wrong(text)[1]
    assert time.process_time() - began < 3


def test_a_billion_laughs_take_little_memory() -> None:
    tracemalloc.start()
    try:
        assert "its aliases multiply without end" == wrong(LAUGHS)[1]
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["[" * 50_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000])
def test_deep_nesting_is_refused_soon(text: str) -> None:
    began = time.process_time()
    assert "nested deeper than 100 levels" == wrong(text)[1]
    assert time.process_time() - began < 1


def test_nesting_that_people_need_is_read() -> None:
    assert 1 == len(parse("[" * 90 + "]" * 90))
    assert "this is no record" in fault("[" * 90 + "x" + "]" * 90)


# --- mistakes


def test_a_tab_is_named() -> None:
    assert (
        "a.yaml:3: not YAML: found a tab character that violates indentation (column 1);"
        " write blanks instead of the tab"
    ) == fault("machines:\n  - name: a\n\tmac: 02:00:00:00:00:01\n")


def test_a_key_given_twice_is_told_where_it_stands_again() -> None:
    assert (
        'a.yaml:5: "mac" is given twice in one mapping;'
        ' keep one of them, or begin a new entry with "- "'
    ) == fault("""\
        machines:
          - mac: 02:00:00:00:00:01
            notes: {mac: 1, again: [mac, mac]}
            netboot: true
            mac: 02:00:00:00:00:02
          - {
        """)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a: 'x\n", 2, "not YAML: found unexpected end of stream (column 1)"),
        ("a: 1\nb: [1\nc: 2", 3, "not YAML: did not find expected ',' or ']' (column 2)"),
        ("a: 1\n b: 2", 2, "not YAML: mapping values are not allowed in this context (column 3)"),
        ("a: 1\n\nb: \x01", 3, "not YAML: it holds the control character U+0001"),
        ("x: 1\n? [a]\n: b", 1, "a key of this mapping is a list or a mapping"),
        ("x:\n  ~: b", 2, "a key of this mapping is empty"),
        ("%YAML 3.0\n---\na: b", 1, "not YAML: found incompatible YAML document (column 1)"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(text: str, line: int, problem: str) -> None:
    assert (line, problem) == wrong(text)
