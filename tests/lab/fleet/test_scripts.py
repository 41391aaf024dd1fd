from pathlib import Path

import pytest

from boots.lab.fleet.scripts import Ended, Ending, Fetch, Pause, is_script, run

VECTORS = Path(__file__).parents[2] / "vectors" / "scripts"
SETTINGS = {"mac": "02:00:00:00:00:01", "ip": "198.51.100.9", "next-server": "198.51.100.1"}


def told(text: str, failing: int = 0) -> tuple[list[Fetch | Pause], Ended]:
    """What a script asks for, and what it comes to; the first `failing` fetches go wrong."""
    script, asked = run(text, SETTINGS), []
    well = True
    try:
        step = next(script)
        while True:
            asked.append(step)
            fetched = isinstance(step, Fetch)
            well = not fetched or failing <= 0
            failing -= fetched
            step = script.send(well)
    except StopIteration as end:
        return asked, end.value


def test_the_script_of_osie_loads_kernel_and_initrd_and_boots() -> None:
    asked, ended = told((VECTORS / "osie.ipxe").read_text())
    base = "http://192.168.1.1:8080/52:54:00:12:34:56/osie"

    assert asked == [Fetch(f"{base}/vmlinuz-x86_64"), Fetch(f"{base}/initramfs-x86_64")]
    assert ended.ending is Ending.BOOT


def test_a_file_that_fails_is_tried_again_after_a_pause() -> None:
    asked, ended = told((VECTORS / "osie.ipxe").read_text(), failing=2)

    assert asked[:5] == [asked[0], Pause(2), asked[0], Pause(2), asked[0]]
    assert ended.ending is Ending.BOOT


def test_a_file_that_always_fails_is_given_up_with_the_words_of_the_script() -> None:
    asked, ended = told((VECTORS / "osie.ipxe").read_text(), failing=100)

    assert sum(isinstance(each, Fetch) for each in asked) == 6
    assert ended.ending is Ending.GAVE_UP
    assert ended.said.startswith("Boots: gave up after 5 retries")


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("hook", Ending.BOOT),
        ("hook-stranger", Ending.BOOT),
        ("osie-arm64", Ending.BOOT),
        ("profile", Ending.BOOT),
        ("disk", Ending.DISK),
        ("apology", Ending.GAVE_UP),
        ("script-url", Ending.CHAIN),
    ],
)
def test_every_script_of_ours_comes_to_its_end(name: str, ending: Ending) -> None:
    assert told((VECTORS / f"{name}.ipxe").read_text())[1].ending is ending


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("kernel http://a/${net0/mac}/k a=b", "http://a/02:00:00:00:00:01/k"),
        ("kernel --name x http://a/${mac:hexhyp}", "http://a/02-00-00-00-00-01"),
        ("initrd tftp://${next-server}/${mac:hexraw}", "tftp://198.51.100.1/020000000001"),
        ("set base http://b\nimgfetch ${base}/i", "http://b/i"),
        ("isset ${nothing} || kernel k", "k"),
        ("iseq ${ip} 198.51.100.9 && kernel k ||", "k"),
        ("goto here\nkernel wrong\n:here\nkernel k", "k"),
    ],
)
def test_settings_are_filled_in_and_conditions_followed(line: str, url: str) -> None:
    asked, ended = told(f"#!ipxe\n{line}\nboot\n")

    assert asked == [Fetch(url)]
    assert ended.ending is Ending.BOOT


def test_a_chain_goes_on_with_its_url() -> None:
    assert told("#!ipxe\nchain --autofree next.ipxe")[1] == Ended(Ending.CHAIN, "next.ipxe")


def test_a_line_that_fails_ends_the_script() -> None:
    asked, ended = told("#!ipxe\nkernel k\ninitrd i\nboot", failing=1)

    assert asked == [Fetch("k")]
    assert ended == Ended(Ending.GAVE_UP, said="failed: kernel k")


@pytest.mark.parametrize("text", [":a\ngoto a", ":a\necho x\ngoto a", "set a ${a}${a}\n" * 9])
def test_no_script_goes_on_for_ever(text: str) -> None:
    assert told(text)[1].ending is Ending.GAVE_UP


def test_a_script_is_known_by_its_first_word() -> None:
    assert is_script(b"#!ipxe\nboot")
    assert not is_script(b"MZ\x90")
