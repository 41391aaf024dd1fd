"""What is told of bytes that are no HTTP."""

import pytest

from boots.http.complaints import without_bytes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Invalid method encountered:\n\n  b'GE T'\n    ^", "Invalid method encountered"),
        (
            "Got more than 8190 bytes when reading: b'secret'.",
            "Got more than 8190 bytes when reading",
        ),
        (
            "Got more than 8190 bytes when reading: bytearray(b'secret').",
            "Got more than 8190 bytes when reading",
        ),
        ("Bad status line 'GET /secret'", "Bad status line"),
        ('Invalid HTTP header: "it\'s secret"', "Invalid HTTP header"),
        (
            "Content-Length can't be present with Transfer-Encoding:",
            "Content-Length can't be present with Transfer-Encoding",
        ),
        ("http://[/secret", "it cannot be read"),
        ("", "it cannot be read"),
    ],
)
def test_a_complaint_is_told_without_what_it_quotes(text: str, told: str) -> None:
    assert told == without_bytes(text)
