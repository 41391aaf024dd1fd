"""What a template cannot do: reach Python's own, take long, or grow beyond bounds."""

import time

import pytest

from boots.policy import templates

LARGE = "{% set x = ('a' * 65536) | list | join('aaaaaaaaa') %}"
COSTLY = {
    "squares": "{% set x = 10 %}" + "{% set x = x * x %}" * 99,
    "loops of loops": "{% for i in range(9999) %}" * 2 + "{% endfor %}" * 2,
    "macros of macros": (
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}"
    ),
    "doubling by ~": "{% set x = 'aa' %}" + "{% set x = x ~ x %}" * 40,
    "doubling by +": "{% set x = 'aa' %}" + "{% set x = x + x %}" * 40,
    "doubling lists": "{% set x = [1] %}" + "{% set x = x + x %}" * 40,
    "doubling blocks": "{% set x %}aa{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "a wide format": "{{ '%999999999d' | format(1) }}",
    "a wide format of text": "{{ '{:>999999999}'.format(1) }}",
    "a width that is a value": "{{ '{:{}}'.format(1, 999999999) }}",
    "a star of a width": "{{ '%*d' | format(999999999, 1) }}",
    "ljust": "{{ 'x'.ljust(999999999) }}",
    "center": "{{ 'x' | center(999999999) }}",
    "expandtabs": "{{ ('\\t' * 60000).expandtabs(60000) }}",
    "to_bytes": "{{ (5).to_bytes(999999999, 'big') }}",
    "slice": "{{ [1] | slice(999999999) | list }}",
    "batch": "{{ [1] | batch(999999999, 0) | list }}",
    "indent": "{{ 'a\nb' | indent(999999999) }}",
    "an indent of JSON": "{{ [1] | tojson(indent=999999999) }}",
    "round": "{{ 1 | round(-999999999) }}",
    "replace": "{{ ('a' * 60000) | replace('a', 'b' * 60000) }}",
    "replace()": "{{ ('a' * 60000).replace('a', 'b' * 60000) }}",
    "join": "{{ ('a' * 60000) | list | join('b' * 60000) }}",
    "join()": "{{ ('b' * 60000).join(('a' * 60000) | list) }}",
    "punycode": "{{ ('é' * 60000).encode('punycode') }}",
    "brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "blocks in blocks": "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
    "filters on large texts": (
        f"{LARGE}{{% for i in range(9999) %}}{{% set y = x | upper | tojson %}}{{% endfor %}}"
    ),
    "methods of large texts": (
        f"{LARGE}{{% for i in range(9999) %}}{{% set y = x.split('b') %}}{{% endfor %}}"
    ),
    "parts of large texts": (
        f"{LARGE}{{% for i in range(9999) %}}{{% set y = x[1:] %}}{{% endfor %}}"
    ),
    "large texts compared": (
        f"{LARGE}{{% for i in range(9999) %}}{{% set y = x ~ i == x ~ 'a' %}}{{% endfor %}}"
    ),
    "tests of large texts": (
        f"{LARGE}{{% for i in range(9999) %}}{{% set y = 'b' is in x %}}{{% endfor %}}"
    ),
    "lists in lists": "{% set x = [1] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}",
    "tuples in tuples": "{% set x = (1,) %}" + "{% set x = (x, x) %}" * 40 + "{{ x | string }}",
    "mappings in mappings": "{% set x = {} %}" + "{% set x = {1: x, 2: x} %}" * 40 + "{{ x }}",
    "dict() in dict()": "{% set x = 1 %}" + "{% set x = dict(a=x, b=x) %}" * 40 + "{{ x }}",
    "lists in lists compared": (
        "{% set x, y = [1], [1] %}" + "{% set x, y = [x, x], [y, y] %}" * 40 + "{{ x == y }}"
    ),
    "a long template": "{{ x }}" * 60_000,
    "a long list": "{{ [" + "1," * 200_000 + "] }}",
    "a loop that calls itself": "{% for x in [1, 1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
}


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_what_would_take_long_or_grow_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(templates.Broken):
        templates.render(text, {})
    assert time.process_time() - began < 1.5


def test_what_names_hold_is_not_written_with_them() -> None:
    nested = "{% set n = namespace() %}" + "{% set m = namespace(a=n, b=n) %}{% set n = m %}" * 40
    assert "<namespace>" == templates.render(f"{nested}{{{{ n }}}}", {})


def test_a_megabyte_of_user_data_can_be_encoded() -> None:
    text = "a" * 700_000
    made = templates.render("{{ text | b64 }}", {"text": text})
    assert 933_336 == len(made)


ESCAPES = (
    "{{ ''.__class__ }}",
    "{{ '' | attr('__class__') }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ ('{0.__class__}' | attr('format'))(1) }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{{ dict.__subclasses__() }}",
    "{{ range.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ namespace.__init__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends '/etc/passwd' %}",
    "{{ lipsum() }}",
    "{{ [1, 2] | random }}",
)


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_of_pythons_own_is_reached(text: str) -> None:
    with pytest.raises(templates.Broken):
        templates.render(text, {})


def test_no_attribute_of_pythons_own_comes_by_a_filter() -> None:
    assert "[Undefined]" == templates.render("{{ [1] | map(attribute='__class__') | list }}", {})


@pytest.mark.parametrize("name", ["brackets", "blocks in blocks"])
def test_a_template_too_deep_to_be_read_is_told_when_it_is_checked(name: str) -> None:
    with pytest.raises(templates.Broken):
        templates.check(COSTLY[name])


WORKS = {
    "{% for a in 'xyz' %}{{ loop.index }}/{{ loop.length }}{{ a }}{% endfor %}": "1/3x2/3y3/3z",
    "{% for a in 'xyz' %}{{ a }}{{ ',' if not loop.last }}{% endfor %}": "x,y,z",
    "{% for a in [] %}{{ a }}{% else %}none{% endfor %}": "none",
    "{% for a in range(9) if a % 2 %}{{ a }}{% endfor %}": "1357",
    "{{ 'a' ~ 1 ~ [2] }}": "a1[2]",
    "{{ '%s-%02d' | format('x', 7) }} {{ '{:>3}'.format('y') }}": "x-07   y",
    "{{ 'a.b' | replace('.', '-') }} {{ 'a.b'.replace('.', '_') }}": "a-b a_b",
    "{{ [1, 2] | join(' ') }} {{ ','.join(['a', 'b']) }}": "1 2 a,b",
    "{{ 'a\nb' | indent(2) }} {{ 2.567 | round(1) }}": "a\n  b 2.6",
    "{% macro twice(a) %}{{ a }}{{ a }}{% endmacro %}{{ twice('x') }}": "xx",
    "{{ 'a-b'.split('-')[1] | upper }}": "B",
}


@pytest.mark.parametrize(("text", "expected"), WORKS.items())
def test_what_is_bounded_still_works(text: str, expected: str) -> None:
    assert expected == templates.render(text, {})
