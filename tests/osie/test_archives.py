"""Which of apt's archives an image is built from."""

import pytest

from boots.osie.archives import Source, mirror, of_release, parse, release
from boots.osie.errors import BuildError

HOST = """\
http://mirror/debian/|bookworm|main|Debian|Debian
http://mirror/debian/|bookworm|contrib|Debian|Debian
http://mirror/debian/|bookworm-updates|main|Debian|Debian
http://mirror/debian-security/|bookworm-security|main|Debian|Debian-Security
https://example.com/tools/|stable|main|Example|Tools
"""
UNKNOWN = """\
http://mirror/debian/|bookworm|main|$(ORIGIN)|$(LABEL)
https://example.com/tools/|stable|main|$(ORIGIN)|$(LABEL)
"""
FOUND = (
    Source("http://mirror/debian", "bookworm", ("main", "contrib")),
    Source("http://mirror/debian", "bookworm-updates", ("main",)),
    Source("http://mirror/debian-security", "bookworm-security", ("main",)),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HOST, FOUND),
        (UNKNOWN, (Source("http://mirror/debian", "bookworm", ("main",)),)),
        ("http://mirror/ubuntu/|noble|main|Ubuntu|Ubuntu\n", ()),
        ("http://mirror/debian/|stable|main|Else|Else\n", ()),
        ("", ()),
        ("nonsense\n", ()),
    ],
)
def test_only_debians_own_archives_are_taken(text: str, found: tuple[Source, ...]) -> None:
    assert found == parse(text)


def test_the_mirror_is_the_archive_that_has_every_release() -> None:
    assert "http://mirror/debian" == mirror(FOUND) == mirror(FOUND[::-1])
    with pytest.raises(BuildError, match="knows no Debian archive"):
        mirror(FOUND[2:])


def test_the_release_is_the_suite_that_stands_beside_no_other() -> None:
    assert "bookworm" == release(FOUND)
    assert "bookworm" == release(FOUND[::-1])


def test_another_release_comes_from_the_same_archives() -> None:
    assert ["trixie", "trixie-updates", "trixie-security"] == [
        each.suite for each in of_release(FOUND, "trixie")
    ]


def test_a_source_names_the_keys_that_prove_it() -> None:
    assert "deb [signed-by=/keys] http://mirror/debian bookworm main contrib" == FOUND[0].line(
        "/keys"
    )
