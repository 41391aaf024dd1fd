"""Where BMCs are: which URLs lead to one, and that none of them shows a password."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.model.bmc import IPMI, REDFISH, Address, Bmc, NoAddress, address
from boots.model.machine import Interface, Machine, Place

quick = settings(database=None, max_examples=300)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("ipmi://10.0.0.5", Address(protocol=IPMI, host="10.0.0.5", port=623)),
        ("ipmi://10.0.0.5:6230/", Address(protocol=IPMI, host="10.0.0.5", port=6230)),
        ("ipmi://[fe80::1]:1", Address(protocol=IPMI, host="fe80::1", port=1)),
        ("redfish://bmc.example", Address(protocol=REDFISH, host="bmc.example", port=443)),
        ("https://bmc/redfish/v1/", Address(protocol=REDFISH, host="bmc", port=443)),
        (
            "https://bmc:8443/redfish/v1/Systems/System.Embedded.1/",
            Address(
                protocol=REDFISH,
                host="bmc",
                port=8443,
                system="/redfish/v1/Systems/System.Embedded.1",
            ),
        ),
    ],
)
def test_a_url_leads_to_a_bmc(url: str, found: Address) -> None:
    assert found == address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bmc",
        "//bmc",
        "file:///etc/passwd",
        "http://bmc",
        "ftp://bmc",
        "https://",
        "https://bmc..example",
        "https://-bmc",
        "https://[::g]",
        "https://bmc:",
        "https://bmc:0",
        "https://bmc:65536",
        "https://bmc?x",
        "https://bmc#x",
        "https://bmc//evil.example/redfish/v1",
        "https://bmc/redfish/v1/Systems/..",
        "https://bmc/redfish/v1/Systems/1/../2",
        "https://bmc/redfish/v1/Systems/1\n",
        "https://bmc/redfish/v1/Managers/1",
        "https://user@bmc",
        "https://user:word@bmc/redfish/v1",
        "ipmi://bmc/1",
        " ipmi://bmc",
    ],
)
def test_others_lead_nowhere(url: str) -> None:
    with pytest.raises(NoAddress):
        address(url)


@quick
@given(st.text() | st.text("htps:/ipm[]@.a1%#?").map("https://".__add__))
def test_any_text_is_an_address_or_nowhere(url: str) -> None:
    try:
        found = address(url)
    except NoAddress:
        return
    assert found.protocol in {REDFISH, IPMI}
    assert 0 < found.port < 65_536
    assert found.host
    assert found.system == "" or found.system.startswith("/redfish/v1/Systems/")


def test_a_password_shows_nowhere_that_a_machine_is_printed() -> None:
    bmc = Bmc(url="ipmi://10.0.0.5", username="boots", password="let me in")
    place = Place(file="a", line=1)
    machine = Machine(name="a", interfaces=(Interface(mac="x"),), place=place, bmc=bmc)  # type: ignore[arg-type]
    for text in (repr(bmc), str(bmc), f"{bmc}", repr(machine), f"{[machine]}"):
        assert "let me in" not in text
        assert "ipmi://10.0.0.5" in text
