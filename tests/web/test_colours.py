"""Whatever is written can be read: contrast as WCAG 2.2 counts it, from the style sheet itself."""

import re
from importlib.resources import files

import pytest

STYLE = (files("boots.web") / "static" / "app.css").read_text()
READ = 4.5  # AA, text
SEEN = 3.0  # AA, what is no text but tells something
STATES = ("running", "done", "stuck", "failed", "held", "unseen")
TEXTS = ("text", "dim", "link", *STATES)
GROUNDS = ("page", "panel")
BANNERS = ("good-panel", "warn-panel", "bad-panel")


def colours(dark: bool) -> dict[str, str]:
    light, night = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", night)) if dark else found


def light_of(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((light_of(one), light_of(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_the_most_there_is() -> None:
    assert 21 == round(contrast("#000000", "#ffffff"), 3)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_can_be_read_on_every_ground(dark: bool) -> None:
    known = colours(dark)
    pairs = [(text, ground) for text in TEXTS for ground in GROUNDS]
    pairs += [(text, ground) for text in ("text", "dim", "link") for ground in BANNERS]
    pairs += [("on-fill", "link"), ("on-fill", "failed")]

    low = {pair: contrast(known[pair[0]], known[pair[1]]) for pair in pairs}

    assert {} == {pair: round(found, 2) for pair, found in low.items() if found < READ}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_edges_of_fields_can_be_seen(dark: bool) -> None:
    known = colours(dark)

    assert [] == [ground for ground in GROUNDS if contrast(known["edge"], known[ground]) < SEEN]


def test_both_looks_have_the_same_colours() -> None:
    light, night = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    names = [set(re.findall(r"--([a-z-]+): #", each)) for each in (light, night)]

    assert names[0] == names[1]


def test_no_colour_stands_outside_the_palette() -> None:
    rest = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)

    assert [] == re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", rest)
