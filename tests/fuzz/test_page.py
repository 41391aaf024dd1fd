"""The page tells of every target, and of none that there is not."""

import re

from fuzz.places import ROOT
from fuzz.targets import every

PAGE = ROOT / "docs/explain/fuzzing.md"


def test_the_page_tells_of_every_target() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}

    assert set(every()) == named


def test_it_says_which_are_on_the_loop() -> None:
    on_loop = {name: target.on_loop for name, target in every().items()}
    for line in PAGE.read_text().splitlines():
        if not line.startswith("| `"):
            continue
        _, names, *_, said, _ = line.split("|")
        for at, name in enumerate(re.findall(r"`([^`]+)`", names)):
            words = said.split(",")
            word = words[at if len(words) > 1 else 0].strip()
            assert word == ("yes" if on_loop[name] else "no"), name
