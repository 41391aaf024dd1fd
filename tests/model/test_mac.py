"""A MAC has one form inside and every usual form outside."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.model import mac as macs
from boots.model.mac import Mac

quick = settings(database=None, max_examples=50)


@pytest.mark.parametrize(
    "text",
    ["52:54:00:AB:cd:ef", "52-54-00-ab-CD-EF", "5254.00ab.cdef", "525400ABCDEF"],
)
def test_every_usual_form_is_read(text: str) -> None:
    assert Mac("52:54:00:ab:cd:ef") == macs.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "52:54:00:ab:cd",
        "52:54:00:ab:cd:ef:01",
        "52:54:00:ab:cd-ef",
        "52:54:00:ab:cd:eg",
        " 52:54:00:ab:cd:ef",
        "52:54:00:ab:cd:ef\n",
        "5:54:0:ab:cd:ef",
        "٥٢٥٤٠٠١٢٣٤٥٦",
    ],
)
def test_nothing_else_is_a_mac(text: str) -> None:
    assert macs.parse(text) is None


@quick
@given(st.text())
def test_any_text_is_a_mac_or_none(text: str) -> None:
    mac = macs.parse(text)
    assert mac is None or mac == macs.parse(mac)


@quick
@given(strategies.macs)
def test_octets_survive(octets: bytes) -> None:
    mac = macs.from_bytes(octets)
    assert octets == macs.to_bytes(mac)
    assert mac == macs.parse(macs.dashed(mac)) == macs.parse(octets.hex())
