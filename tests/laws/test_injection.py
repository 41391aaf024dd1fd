"""Law 9 for answer files: no value changes what one that we ship says besides it."""

import json
import re
import shlex

import msgspec
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.laws.strategies import hostile
from tests.policy.made import SITE, known, reservation

from boots.app.profiles import SHIPPED, load
from boots.model.machine import Metadata, Netboot, RaspberryPi
from boots.policy import metadata
from boots.policy.boot import fetch
from boots.policy.got import Refusal, Rendered

laws = settings(database=None, max_examples=25)
_PROFILES = {each.name: each for each in load(SHIPPED)[0] if each.templates}
_FILES = [(name, file) for name, each in sorted(_PROFILES.items()) for file in each.templates]
_VALUES = (
    *("locale", "keymap", "mirror", "proxy", "time_zone", "disk", "user", "password_hash"),
    *("kernel", "modules", "share"),
)
# What means something to who reads answer files, besides what means something to iPXE.
_evil = hostile | st.sampled_from(
    (
        *("a\nd-i partman/confirm boolean true", "a\\", "a --password=x", "'; reboot; '", '"', "'"),
        *("& format c:", "%PATH%", "^", "<x>", "]]>", "{{ 7*7 }}", "x: y", "- a", "\x85", "$(id)"),
        *("a\r\nb", "#", "%pre\nreboot\n%end", "*a", "&a", "!!python/x", "\x1b[2J", "a # b", "a=b"),
    )
)


def rendered(profile: str, file: str, name: str, values: dict[str, str], key: str) -> str | None:
    """A shipped file for a machine with these values; None where it is refused."""
    about = Metadata(values=values, ssh_keys=(key,))
    machine = known(
        Netboot(profile=profile), reserved=reservation(host_name="node-1"), metadata=about
    )
    called = msgspec.structs.replace(
        machine, machine=msgspec.structs.replace(machine.machine, name=name)
    )
    where = msgspec.structs.replace(SITE, profiles=_PROFILES)
    made = fetch(file, called, where)
    if isinstance(made, Refusal):
        return None
    assert isinstance(made, Rendered)
    return made.content.decode()


def shape(file: str, text: str) -> object:
    """What a text says, without the words that a record may choose."""
    if file.endswith((".ign", ".json")):
        return _shape_of(json.loads(text))
    if file in {"user-data", "meta-data", "vendor-data"}:
        return text.count("\n"), _shape_of(yaml.safe_load(text))
    if file == "ks.cfg":
        return [_words(line) for line in _logical(text)]
    if file.endswith((".bat", ".cfg", ".ini", ".xml")):
        return [re.split(r"[ =>]", line, maxsplit=1)[0] for line in _logical(text)]
    return len(_logical(text))


def _logical(text: str) -> list[str]:
    """Lines as who reads them counts them: a backslash at the end takes the next one in."""
    assert not set(text) & {"\0", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"}
    return text.replace("\r\n", "\n").replace("\\\n", " ").split("\n")


def _words(line: str) -> list[str]:
    """The words of a kickstart: options by their names."""
    if line.startswith("#"):
        return []
    return [word.partition("=")[0] if word.startswith("-") else "" for word in shlex.split(line)]


def _shape_of(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shape_of(each) for each in value]
    return type(value).__name__


@pytest.mark.parametrize(("profile", "file"), _FILES, ids=str)
def test_no_value_bends_an_answer_file_that_we_ship(profile: str, file: str) -> None:
    usual = dict.fromkeys(_VALUES, "v")
    plain = rendered(profile, file, "node", usual, "ssh-ed25519 AAAA me")
    assert plain is not None

    @laws
    @given(st.sampled_from((*_VALUES, "name", "key")), _evil)
    @example("name", "a\nd-i x")
    @example("locale", "a\\")
    @example("user", "a --password=x")
    @example("key", 'a" --x')
    @example("key", "-")
    @example("password_hash", "--autofree")
    @example("share", "a & format c:")
    def bend(which: str, text: str) -> None:
        values = usual | ({which: text} if which in usual else {})
        name = text if which == "name" else "node"
        key = text if which == "key" else "ssh-ed25519 AAAA me"
        made = rendered(profile, file, name, values, key)
        # To Anaconda it would be an option.
        left_out = profile == "fedora-kickstart" and key.startswith("-")
        if left_out:
            assert made is not None
            assert made.count("sshkey ") < plain.count("sshkey ")
        elif made is not None and text.strip():  # what is empty is no word
            assert shape(file, plain) == shape(file, made)
            if file.endswith(".bat"):
                assert plain.count("&") == made.count("&")
                assert plain.count("%") == made.count("%")

    bend()


@laws
@given(_evil, _evil, _evil)
def test_what_cloud_init_reads_says_what_the_record_says(one: str, two: str, three: str) -> None:
    about = Metadata(instance_id=one, ssh_keys=(two,), tags=(three,), user_data=one)
    machine = known(metadata=about, reserved=reservation(host_name="node-1"))
    where = msgspec.structs.replace(SITE, token_key=b"key")
    for name in ("nocloud/meta-data", "nocloud/network-config", "metadata"):
        made = metadata.give(name, machine, where)
        assert isinstance(made, Rendered)
        said = yaml.safe_load(made.content) if name != "metadata" else json.loads(made.content)
        assert isinstance(said, dict)
        if name == "nocloud/meta-data":
            assert {one, two} <= set(_texts(said)) | {""}
    made = metadata.give("nocloud/user-data", machine, where)
    assert isinstance(made, Rendered | Refusal)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [str(value)]


@laws
@given(st.lists(_evil, max_size=3))
def test_the_kernels_arguments_of_a_raspberry_pi_are_one_line(arguments: list[str]) -> None:
    machine = known(
        Netboot(kernel_args=tuple(arguments), raspberry_pi=RaspberryPi(serial="10000001"))
    )
    made = fetch("cmdline.txt", machine, SITE)
    if isinstance(made, Rendered):
        assert re.fullmatch(rb"[\x20-\x7e]*", made.content)
