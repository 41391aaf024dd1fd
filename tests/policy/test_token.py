"""Tokens, wherever they stand in a text that somebody may read."""

from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.made import MAC

from boots.model.mac import Mac
from boots.policy import token

KEY = b"the key of this site"
GOOD = token.of(MAC, KEY)
URL = f"http://10.0.0.1:8080/{GOOD}/nocloud/"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"x={GOOD}",
        f"ds=nocloud;s={URL}",
        quote(URL, safe=""),
        quote(quote(URL, safe=""), safe=""),
        quote(f"a={GOOD}&b", safe="").lower().replace(GOOD.lower(), GOOD),
        f"{{'seed': '{GOOD}'}}",
        f"{GOOD} {GOOD}",
    ],
)
def test_a_token_is_found_and_hidden_wherever_it_stands(text: str) -> None:
    assert token.stands_in(text, KEY)
    assert not token.stands_in(text, b"another key")
    assert text.replace(GOOD, "(a-token)") == token.hidden(text)


@given(st.integers(0, 2**48 - 1), st.sampled_from(["", "/", "=", "%2F", "%252f", " ", "'"]))
def test_so_is_that_of_any_machine(number: int, before: str) -> None:
    text = ":".join(f"{octet:02x}" for octet in number.to_bytes(6, "big"))
    sealed = token.of(Mac(text), KEY)
    assert token.stands_in(f"a{before}{sealed}"[not before :], KEY)
    assert sealed not in token.hidden(f"a{before}{sealed}"[not before :])


@pytest.mark.parametrize(
    "text",
    [
        "256 SHA256:kPAlYIG8mEjyoLBAvhWHtXMgyFwC0sPiZbBVrkCGEyk root@node-1 (ED25519)",
        "BOOT_IMAGE=/vmlinuz root=UUID=5a7c1f3e-0d4b-4f3e-9a51-7c2f1c7b6a11 ro",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        b64encode(bytes(range(96))).decode(),
        f"a{GOOD}",
    ],
)
def test_what_has_another_form_is_told(text: str) -> None:
    assert text == token.hidden(text)
