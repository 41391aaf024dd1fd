"""The place in Tinkerbell's builds of iPXE for words of the operator's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.policy.patch import PLACEHOLDER, patched, unfit

LINES = (
    b"#a8b7e61f1075c37a793f2f92cee89f7bba00c4a8d7842ce3d40b5889032d8881",
    b"#ddd16a4fc4926ecefdfb6941e33c44ed3647133638f5e84021ea44d3152e7f97",
)
HEAD, TAIL = b"MZ\0\1#!ipxe\n", b"\ndhcp\n\0\xff"
BINARY = HEAD + b"\n".join(LINES) + TAIL


def test_the_place_has_131_bytes() -> None:
    assert 131 == len(PLACEHOLDER)


def test_the_text_stands_there_filled_up_with_blanks() -> None:
    text = "set syslog 192.168.1.1"
    assert HEAD + text.encode() + b" " * (131 - len(text)) + TAIL == patched(BINARY, text)


def test_only_the_first_place_is_written_to() -> None:
    assert patched(BINARY, "a") + BINARY == patched(BINARY + BINARY, "a")


def test_no_text_changes_nothing() -> None:
    assert BINARY == patched(BINARY, "")


@pytest.mark.parametrize(
    "content",
    [b"", b"stock iPXE", HEAD + LINES[0] + b"\r\n" + LINES[1], HEAD + LINES[1] + b"\n" + LINES[0]],
)
def test_a_binary_without_the_place_is_as_it_was(content: bytes) -> None:
    assert content == patched(content, "set syslog 192.168.1.1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 131, ""),
        ("x" * 132, "it has 132 bytes, and there is room for 131"),
        ("ä" * 66, "it has 132 bytes, and there is room for 131"),
        ("a\0b", "it holds a zero byte, which would end the script"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(text: str, why: str) -> None:
    assert why == unfit(text)
    if why:
        with pytest.raises(ValueError, match=why):
            patched(BINARY, text)


@given(st.binary(), st.binary(), st.text(max_size=40))
def test_a_patched_binary_has_the_length_it_had(before: bytes, after: bytes, text: str) -> None:
    content = before + PLACEHOLDER + after
    if not unfit(text):
        assert len(content) == len(patched(content, text))
