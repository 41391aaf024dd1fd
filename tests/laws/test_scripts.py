"""Law 9: no value from a record, the settings or a packet changes what a script does."""

import re

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.laws import ipxe, strategies
from tests.policy.made import SITE, known

from boots.model.machine import Known, Metadata, Netboot
from boots.model.site import Profile, Site
from boots.policy.boot import fetch
from boots.policy.got import Script
from boots.policy.ipxe_words import Unwritable, word, words
from boots.policy.script import apology

laws = settings(database=None, max_examples=40)

# What each line of a loading script may be: its commands, and what stands between them.
_STEP = r"(kernel|initrd\d+)"
_LINES = (
    r"echo Boots: .*",
    r"set (retries|retry_delay|idx):int32 \d+",
    rf":{_STEP}(_done)?|:give_up|:failed",
    rf"(kernel|initrd) [a-zA-Z].* && goto {_STEP}_done \|\|",
    r"iseq \$\{idx\} \$\{retries\} && goto give_up \|\|",
    r"inc idx",
    r"sleep (\$\{retry_delay\}|10)",
    rf"goto {_STEP}|goto failed",
    r"boot \|\|",
    r"imgfree",
    r"exit 1",
    r"chain --autofree [a-zA-Z].*",
    r"set arch \$\{buildarch\}|iseq \$\{arch\} \w+ && set arch \w+ \|\|",
    r"iseq \$\{platform\} efi && goto efi \|\||:efi",
    r"sanboot --no-describe --drive 0x80( --filename [A-Z0-9\\.]+)? \|\|",
)
_SETTINGS = {"idx", "retries", "retry_delay", "arch", "buildarch", "platform"}
_LINE = re.compile("|".join(f"(?:{line})" for line in _LINES))


def shape(line: ipxe.Line) -> str:
    """A line as iPXE understood it, written out."""
    parts = [f":{line.label}"] if line.label else []
    for command, end in zip(line.commands, (*line.between, ""), strict=True):
        parts += [*command, end]
    return " ".join(part for part in parts if part)


def outline(script: str) -> list[tuple[str, ...]]:
    """What a script does, without the words that a record may choose."""
    found = []
    for line in ipxe.read(script):
        heads = tuple(command[0] if command else "" for command in line.commands)
        found.append((line.label, *heads, *line.between))
    return found


def assert_straight(script: Script) -> None:
    lines = ipxe.read(script.text)
    for line in lines:
        assert _LINE.fullmatch(shape(line)), shape(line)
        for command in line.commands:
            options = ipxe.plain(command)
            assert (("--autofree",) if command[:1] == ("chain",) else ()) == options
    assert ipxe.settings(script.text) <= {
        "idx",
        "retries",
        "retry_delay",
        "arch",
        "buildarch",
        "platform",
    }


@laws
@given(strategies.bootable, strategies.sites(), st.booleans())
@example(known(Netboot(script_url="http://h/\\")), SITE, False)
@example(known(Netboot(kernel_args=("; reboot",))), SITE, False)
@example(known(Netboot(osie_url="--name=a://b")), SITE, False)
@example(known(Netboot(profile="\\")), SITE, False)
def test_no_value_bends_a_script(machine: Known, site: Site, tftp: bool) -> None:
    script = fetch("auto.ipxe", machine, site, tftp=tftp)
    assert isinstance(script, Script)
    if machine.interface.netboot.script:
        return  # a person wrote it as a script
    assert_straight(script)
    kinds = {line.commands[0][:1] for line in ipxe.read(script.text)}
    assert (("exit",) in kinds) == (script.profile != "script_url")


# Machines whose values can be written, save for one that is hostile.
@laws
@given(
    st.sampled_from(("agent_id", "facility", "cpu", "vlan", "console", "kernel_args", "initrd")),
    strategies.hostile,
)
def test_a_hostile_value_gives_the_same_script_or_an_apology(field: str, value: str) -> None:
    netboot = {"osie_url": "http://h/osie"}
    other = {}
    if field in {"console", "initrd"}:
        netboot[field] = value
    elif field == "kernel_args":
        netboot[field] = (value,)  # type: ignore[assignment]
    else:
        other[field] = value
    plain = fetch("auto.ipxe", known(Netboot(osie_url="http://h/osie")), SITE)
    script = fetch("auto.ipxe", known(Netboot(**netboot), **other), SITE)
    assert isinstance(plain, Script)
    assert isinstance(script, Script)
    assert_straight(script)
    if script.problem:
        assert [("", "echo"), ("", "sleep"), ("", "exit")] == outline(script.text)
    else:
        assert outline(plain.text) == outline(script.text)


# What a profile's own script may look like, with values in every place where one can stand.
_TEMPLATES = (
    "echo {{ machine.facility }}\n",
    "kernel {{ url }}/k a={{ machine.facility }}{{ values.a }} || goto failed\nboot\n",
    "set x ${net0/{{ machine.facility }}}\n",
    "set x ${{ machine.facility }} && echo $ {{ values.a }}\n",
    "imgargs k {{ values.a | words }} quiet\n",
    "{% for key, each in values.items() %}echo {{ key }}={{ each }}\n{% endfor %}",
    "echo a{{ machine.facility }}\\\\{{ values.a }}x\necho b\n",
    "echo |{{ machine.facility }}| &{{ values.a }}\n",
    "{{ machine.facility }}{{ values.a }} x\n",
)


@laws
@given(st.sampled_from(_TEMPLATES), strategies.hostile, strategies.hostile)
@example("echo {{ machine.facility }}{{ values.a }}\n", "$", "{x}")
@example("echo {{ machine.facility }}{{ values.a }}\n", "|", "|")
@example("echo ${{ machine.facility }}\n", "{net0/mac}", "")
@example("chain {{ machine.facility }} x\n", "--autofree", "")
def test_no_value_bends_a_profile_s_own_script(template: str, name: str, value: str) -> None:
    where = msgspec.structs.replace(SITE, profiles={"osie": Profile(name="osie", script=template)})

    def of(first: str, second: str) -> Script:
        machine = known(facility=first, metadata=Metadata(values={"a": second}))
        script = fetch("auto.ipxe", machine, where)
        assert isinstance(script, Script)
        return script

    plain, script = of("n", "v"), of(name, value)
    assert not plain.problem
    if script.problem:
        assert [("", "echo"), ("", "sleep"), ("", "exit")] == outline(script.text)
        return
    of_value = [tuple(map(len, line.between)) for line in ipxe.read(script.text)]
    assert of_value == [tuple(map(len, line.between)) for line in ipxe.read(plain.text)]
    if not template.startswith("{{"):  # there the value is the command: its author's will
        assert outline(plain.text) == outline(script.text)
    if "net0/" not in template:
        assert ipxe.settings(plain.text) == ipxe.settings(script.text)


@pytest.mark.parametrize("field", ["kernel", "initrd", "osie_url", "kernel_args", "console"])
@pytest.mark.parametrize(
    "own", [{}, {"hook": Profile(name="hook", kernel="k", args=("{{ url }}",))}]
)
def test_no_value_of_a_record_is_read_as_a_template(field: str, own: dict[str, Profile]) -> None:
    value = "http://h/{{7*7}}"
    netboot = Netboot(**{"kernel": "k", field: (value,) if field == "kernel_args" else value})
    script = fetch("auto.ipxe", known(netboot), msgspec.structs.replace(SITE, profiles=own))
    assert isinstance(script, Script)
    assert "49" not in script.text


@laws
@given(strategies.hostile)
def test_a_word_is_one_word_to_ipxe_too(text: str) -> None:
    try:
        written = word(text, "the value")
    except Unwritable:
        return
    [line] = ipxe.read(f"#!ipxe\necho a {written}\n")
    assert (("echo", "a", text),) == line.commands
    assert set() == ipxe.settings(written)


@laws
@given(strategies.hostile)
def test_words_are_arguments_and_nothing_else(text: str) -> None:
    try:
        written = words(text, "the value")
    except Unwritable:
        return
    script = " ".join(("#!ipxe\nkernel k", *written))
    [line] = ipxe.read(f"{script}\n")
    assert (("kernel", "k", *written),) == line.commands


@laws
@given(strategies.hostile)
@example("at the end \\")
def test_an_apology_only_shows_waits_and_goes_on(why: str) -> None:
    assert [("", "echo"), ("", "sleep"), ("", "exit")] == outline(apology(why))
    assert set() == ipxe.settings(apology(why))
