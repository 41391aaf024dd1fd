"""Law 9 for GRUB: no value from a record or the settings changes what grub.cfg does."""

from hypothesis import example, given, settings
from tests.laws import grub, strategies
from tests.policy.made import SITE, known

from boots.model.machine import Known, Netboot
from boots.model.site import Site
from boots.policy.boot import fetch
from boots.policy.got import Rendered
from boots.policy.grub import apology, quoted
from boots.policy.ipxe_words import Unwritable

laws = settings(database=None, max_examples=60)

_LOAD = [("if", "linux"), ("then",), ("boot",), ("fi",), ("echo",), ("sleep", "10"), ("exit",)]
_WITH_INITRD = [*_LOAD[:2], ("if", "initrd"), ("then",), ("boot",), ("fi",), *_LOAD[3:]]
_SORRY = [("echo",), ("sleep", "10"), ("exit",)]


def outline(script: str) -> list[tuple[str, ...]]:
    """What a script does, without the words that a record may choose."""
    found = []
    for words in grub.read(script):
        kept = {"if": 2, "echo": 1}.get(words[0], len(words))
        found.append(words[:kept])
    return found


@laws
@given(strategies.bootable, strategies.sites())
@example(known(Netboot(kernel_args=("'; reboot; echo '",))), SITE)
@example(known(Netboot(kernel_args=("a'\nreboot\n'",))), SITE)
@example(known(Netboot(osie_url="http://h/$(reboot)")), SITE)
@example(known(Netboot(profile="'\nreboot\n'")), SITE)
def test_no_value_bends_a_grub_cfg(machine: Known, site: Site) -> None:
    made = fetch("grub/grub.cfg", machine, site, tftp=True)
    assert isinstance(made, Rendered)
    does = outline(made.content.decode())
    if made.source == "apology" and does == _SORRY:
        return
    assert does in ([("echo",), *_LOAD], [("echo",), *_WITH_INITRD])


@laws
@given(strategies.hostile)
def test_a_quoted_word_is_one_word_to_grub_too(text: str) -> None:
    try:
        written = quoted(text, "the value")
    except Unwritable:
        return
    assert [("linux", "k", text)] == grub.read(f"linux k {written}\n")


@laws
@given(strategies.hostile)
def test_an_apology_only_shows_waits_and_goes_on(why: str) -> None:
    assert _SORRY == outline(apology(why))
