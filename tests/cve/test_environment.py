"""The environment of Smee and Tinkerbell with nonsense in it: read, or refused in words."""

import random

import pytest

from boots.app.smee.parts import Here
from boots.app.smee.release2021 import BOOTS
from boots.app.smee.release2025 import SMEE
from boots.app.smee.release2026 import TINKERBELL
from boots.app.smee.translate import translate
from boots.app.smee.words import Release
from boots.settings import SettingsError

NONSENSE = (
    *(
        "\x00",
        "\x1b[31m",
        "9" * 5000,
        "-1",
        "1e9",
        "::1",
        "[::1]:80",
        "1.2.3.4:99999",
        "1.2.3.4/33",
    ),
    *("http://", "http://[", "https://a:b", "file:///etc/passwd", "http://h:" + "9" * 99, "TRUE"),
    *("a=b\nc", "${x}", "\udcff", "{{", "%s", "/", "99999999h", "-1h", "ns", "²", "٣", " ", ","),
    "a" * 100_000,
)
HERE = Here(("eth0",), lambda: "eth0", lambda _: "192.0.2.1")


@pytest.mark.parametrize("release", [BOOTS, SMEE, TINKERBELL], ids=lambda each: each.name)
def test_nonsense_is_read_or_refused_in_words(release: Release) -> None:
    rng = random.Random(release.name)
    names = list(release.variables)
    refused = 0
    for _ in range(400):
        chosen = rng.sample(names, rng.randrange(1, 4))
        try:
            translate({name: rng.choice(NONSENSE) for name in chosen}, HERE)
        except SettingsError:
            refused += 1
    assert refused > 10


def test_secrets_of_boots_2021_are_in_no_row() -> None:
    moved = translate({"REGISTRY_PASSWORD": "hunter2", "API_AUTH_TOKEN": "hunter3"}, HERE)
    assert "hunter" not in repr(moved)
