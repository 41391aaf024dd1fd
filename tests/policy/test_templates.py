"""Templates: what they may name, how values are quoted, and what is refused."""

import json
import shlex
from ipaddress import IPv4Network
from typing import Any

import msgspec
import pytest
import yaml
from tests.policy.made import MAC, SERVER, known, reservation, site

from boots.model.machine import Known, Metadata, Route
from boots.model.site import Profile, Site
from boots.policy import profile as profiles
from boots.policy import templates, token
from boots.policy.boot import fetch
from boots.policy.got import Ground, Refusal, Rendered

PROFILE = Profile(name="own", kernel="http://h/k")
WHERE = site(token_key=b"a key")


def machine(**more: Any) -> Known:
    own = reservation(
        name_servers=(SERVER,),
        host_name="node-1",
        domain="example",
        routes=(Route(network=IPv4Network("10.0.0.0/8"), router=SERVER),),
    )
    record = {"spec": {"disks": [{"device": "/dev/sda"}]}}
    metadata = Metadata(user_data="#!/bin/sh\n", ssh_keys=("ssh-rsa A",), values={"disk": "/dev/x"})
    about = {"metadata": metadata, "record": msgspec.json.encode(record), "reserved": own, **more}
    return known(vlan="12", facility="lab", **about)


def test_what_opens_its_bmc_is_no_business_of_what_it_boots() -> None:
    record = {"bmc": {"url": "ipmi://10.0.0.5", "password": "let me in"}, "plan": "c2"}
    found = made("{{ record }}", record=msgspec.json.encode(record))
    assert "{'plan': 'c2'}" == found


def made(text: str, where: Site = WHERE, **more: Any) -> str:
    return templates.render(text, templates.variables(PROFILE, machine(**more), where))


NAMED = {
    "{{ machine.name }} {{ machine.cpu }} {{ machine.facility }}": "node-1 x86_64 lab",
    "{{ interface.mac }} {{ interface.dashed }} {{ interface.vlan }}": (
        f"{MAC} 52-54-00-12-34-56 12"
    ),
    "{{ address }}/{{ prefix }} {{ netmask }} {{ gateway }}": (
        "192.168.1.10/24 255.255.255.0 192.168.1.1"
    ),
    "{{ name_servers | join(' ') }} {{ host_name }}.{{ domain }}": "192.168.1.1 node-1.example",
    "{% for each in routes %}{{ each.to }}>{{ each.via }}{% endfor %}": "10.0.0.0/8>192.168.1.1",
    "{{ values.disk }}": "/dev/x",
    "{{ metadata.ssh_keys[0] }}": "ssh-rsa A",
    "{{ record.spec.disks[0].device }}": "/dev/sda",
    "{{ url }}": f"http://192.168.1.1:8080/{MAC}",
    "{{ files }}": f"http://192.168.1.1:8080/{MAC}/profiles/own",
    "{{ site.server }} {{ site.url }}": "192.168.1.1 http://192.168.1.1:8080",
    "{{ token_url }} {{ nocloud }}": " ".join(
        f"http://192.168.1.1:8080/{token.of(MAC, b'a key')}{rest}" for rest in ("", "/nocloud/")
    ),
}


@pytest.mark.parametrize(("text", "expected"), NAMED.items(), ids=NAMED)
def test_a_template_may_name_what_is_known_of_its_machine(text: str, expected: str) -> None:
    assert expected == made(text)


def test_what_is_not_known_is_empty_and_what_does_not_exist_is_an_error() -> None:
    assert "- -" == made("{{ gateway }}-{% if address %}x{% endif %} -", reserved=None)
    with pytest.raises(templates.Broken, match="'gatewy' is undefined"):
        made("{{ gatewy }}")


HOSTILE = "a 'b' \"c\"\n#{x}: $(d) \\ é \x85 \u2028 😀"


def test_filters_quote_for_who_reads_the_file() -> None:
    more = {"metadata": Metadata(values={"a": HOSTILE})}
    assert HOSTILE == json.loads(made("{{ values.a | tojson }}", **more))
    assert {"x": HOSTILE} == yaml.safe_load(made("x: {{ values.a | yaml }}\n", **more))
    assert [HOSTILE] == shlex.split(made("{{ values.a | shell }}", **more))
    with pytest.raises(templates.Broken, match="is not one line"):
        made("{{ values.a | line }}", **more)


def test_values_are_not_templates_themselves() -> None:
    assert "{{ gateway }}" == made(
        "{{ values.a }}", metadata=Metadata(values={"a": "{{ gateway }}"})
    )


BROKEN = {
    "an unknown name": ("a\nb {{ c }}", 2, "'c' is undefined"),
    "no template": ("a\n{% if %}", 2, "Expected an expression"),
    "a fault": ("a\n\n{{ 1 // 0 }}", 3, "ZeroDivisionError"),
    "what lies behind Python's names": ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
    "a power": ("{{ 9 ** 99 }}", 1, "there is no \\*\\*"),
    "too many rounds": ("{% for i in range(99999) %}{% endfor %}", 1, "a range of more"),
    "a text repeated": ("{{ 'a' * 999999999 }}", 1, "repeated too often"),
    "too long a file": (
        "{% for i in range(9999) %}{{ 'a' * 9999 }}{% endfor %}",
        0,
        "makes more than",
    ),
    "a file of the server's": ("{% include '/etc/passwd' %}", 1, "no loader"),
}


@pytest.mark.parametrize(("text", "line", "why"), BROKEN.values(), ids=BROKEN)
def test_a_template_that_cannot_be_rendered_says_why_and_where(
    text: str, line: int, why: str
) -> None:
    with pytest.raises(templates.Broken, match=why) as caught:
        made(text)
    assert line == caught.value.line


# --- as files of a profile


def serving(**texts: str) -> Site:
    own = Profile(name="own", kernel="http://h/k", templates=texts)
    return msgspec.structs.replace(WHERE, profiles={"own": own}, default_profile="own")


def test_a_template_is_a_file_of_its_machine() -> None:
    where = serving(ks="of {{ machine.name }}\n")
    assert Rendered("ks", b"of node-1\n", "own", private=True) == fetch("ks", machine(), where)
    below = "profiles/own/ks"
    assert Rendered(below, b"of node-1\n", "own", private=True) == fetch(below, machine(), where)
    assert ["ks"] == profiles.names(machine(), where)


def test_a_broken_template_is_refused_with_its_name_and_line() -> None:
    where = serving(ks="a\n{{ b }}\n")
    assert Refusal(
        Ground.BROKEN, "the template ks of profile \"own\", line 2: 'b' is undefined"
    ) == fetch("ks", machine(), where)


@pytest.mark.parametrize("filtered", ["line", "path", "hash"])
def test_what_is_wrong_with_a_value_is_told_without_it(filtered: str) -> None:
    where = serving(ks="first\n{{ values.a | " + filtered + " }}\n")
    about = Metadata(values={"a": "hunter2\nhunter3 \\"})
    got = fetch("ks", machine(metadata=about), where)
    assert isinstance(got, Refusal)
    assert got.why.startswith('the template ks of profile "own", line 2: a value ')
    assert "hunter" not in got.why


def test_a_machine_of_another_profile_does_not_have_the_file() -> None:
    where = serving(ks="a")
    where = msgspec.structs.replace(
        where, profiles={**where.profiles, "b": PROFILE}, default_profile="b"
    )
    assert isinstance(fetch("ks", machine(), where), Refusal)


def test_the_names_that_a_template_wants_are_told() -> None:
    source = (
        "{% set a = b %}{{ a }}{{ c.d | default(e) }}{% for f in range(2) %}{{ f }}{% endfor %}"
    )
    assert {"b", "c", "e"} == templates.names(source)
    with pytest.raises(templates.Broken):
        templates.names("{{ a")


@pytest.mark.parametrize(
    "bent", ["hunter2 x", "hunter2${x}", "-hunter2", "hunter2|", "hunter2\x07"]
)
@pytest.mark.parametrize("template", ["set p {{ values.p }}", "set p {{ values.p | words }}"])
def test_a_value_that_cannot_stand_in_a_script_is_not_told(template: str, bent: str) -> None:
    """The journal and every viewer would have it: it may be a password."""
    values = {"values": {"p": bent}}
    if "words" in template and bent == "hunter2 x":
        assert "set p hunter2 x" == templates.render(template, values, ipxe=True)
        return
    with pytest.raises(templates.Broken) as told:
        templates.render(template, values, ipxe=True)
    assert "hunter2" not in str(told.value)
    assert "value" in str(told.value)


def test_nor_is_one_that_python_stumbles_over() -> None:
    with pytest.raises(templates.Broken) as told:
        templates.render("{{ [1].index(values.p) }}", {"values": {"p": "hunter2"}})
    assert "hunter2" not in str(told.value)


def test_nor_is_one_that_another_loader_cannot_take() -> None:
    asks = known(metadata=Metadata(values={"p": "hunter2'x"}))
    own = Profile(name="own", kernel="own.efi", args=("k={{ values.p }}",))
    got = fetch("grub/grub.cfg", asks, site(profiles={"own": own}, default_profile="own"))
    assert isinstance(got, Rendered)
    assert b"the kernel argument" in got.content
    assert b"hunter2" not in got.content
