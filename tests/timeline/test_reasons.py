"""The reasons that the timelines read are those that the server gives.

They are told for people, and found again by a few words: who changes those changes both.
"""

from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "boots"
ROOMS = ("policy", "app", "serve", "leases")


def said() -> str:
    """All that the rooms say from which reasons come."""
    files = [file for room in ROOMS for file in (SOURCE / room).rglob("*.py")]
    return "\n".join(file.read_text() for file in [*files, SOURCE / "transfer.py"])


SAID = said()


@pytest.mark.parametrize(
    "words",
    [
        "no record has this MAC",
        "not a request of an Ethernet client",
        "an operating system asks",
        "its address comes from",
        "no boot file is installed",
        "which is not among the boot files",
        "does not say its architecture",
        "it loaded its script",
        "netboot is off for this machine",
        "names a boot server of its own",
        "netboot-not-allowed",
        "gets no answer",
        "took the offer of",
        "cannot be written",
        "used up",
        "has no pool",
        "no subnet is known",
        "record has no address",
        "DHCP is off",
        "it asks from",
        "could not be sent",
        "relay's address",
        "there is no file",
        "no machine of ours asks",
        "too many transfers",
        "cannot be sent",
        "the server is stopping",
        "the client closed the connection",
        "the client ended it: ",
        "no answer to ",
    ],
)
def test_the_server_still_says_it_so(words: str) -> None:
    assert words in SAID


def test_the_agent_and_its_system_still_say_it_so() -> None:
    agent = SOURCE.parents[1] / "agent" / "src" / "boots_agent" / "agent.py"
    init = (SOURCE / "osie" / "init.sh").read_text() + (SOURCE / "osie" / "lease.sh").read_text()

    assert "the server refused the inventory" in agent.read_text()
    assert [] == [
        words
        for words in (
            "no boot interface yet",
            "no DHCP answer on",
            "waiting for link on",
            "the DHCP server refused the address",
            "the image did not fit into this machine's memory",
        )
        if words not in init
    ]
