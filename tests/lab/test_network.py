import subprocess
import sys

import pytest

from boots.lab import isolation, network, topology

pytestmark = pytest.mark.peers

NETWORK = """
import json, subprocess, sys
from ipaddress import IPv4Interface, IPv4Network, IPv4Address
from pathlib import Path
from boots.lab import isolation, network, topology
isolation.settle()

def seen(*prefix):
    text = subprocess.run([*prefix, "ip", "-json", "address"], capture_output=True).stdout
    return {
        link["ifname"]: [a["local"] for a in link["addr_info"] if a["family"] == "inet"]
        for link in json.loads(text)
    }
"""


def inside(script: str) -> list[str]:
    """The lines that a script prints in namespaces of its own."""
    done = subprocess.run(
        isolation.command([sys.executable, "-W", "error", "-c", NETWORK + script]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_direct_network_is_made_and_unmade() -> None:
    assert inside(
        "with topology.direct() as place:\n"
        "    print(sorted(seen().items()), place.server_prefix, place.server_address)\n"
        "print(sorted(seen().items()))\n"
    ) == [
        "[('br-lab', ['192.168.77.1']), ('lo', ['127.0.0.1']), ('tap-lab', [])] () 192.168.77.1",
        "[('lo', ['127.0.0.1'])]",
    ]


def test_the_relayed_network_has_a_server_far_away() -> None:
    lines = inside(
        "import socket\n"
        "with topology.relayed(Path('/run/relay.log')) as place:\n"
        "    print(sorted(seen()))\n"
        "    print(sorted(seen(*place.server_prefix).items()))\n"
        "    words = [*place.server_prefix, 'ls', '/sys/class/net']\n"
        "    print(subprocess.run(words, capture_output=True).stdout)\n"
        "    with network.within(place.namespace):\n"
        "        far = socket.create_server(('192.168.78.1', 8080))\n"
        "    near = socket.create_connection(('192.168.78.1', 8080), 5)\n"
        "    door, peer = far.accept()\n"
        "    print(peer[0])\n"
        "    door.close(); near.close(); far.close()\n"
        "    print(Path('/proc/sys/net/ipv4/ip_forward').read_text().strip())\n"
        "    print('to-server' in Path('/run/relay.log').read_text())\n"
        "print(sorted(seen()), list(isolation.NAMED.iterdir()))\n"
    )

    assert lines == [
        "['br-lab', 'lo', 'tap-lab', 'to-server']",
        "[('lo', ['127.0.0.1']), ('to-relay', ['192.168.78.1'])]",
        "b'lo\\nto-relay\\n'",
        "192.168.78.2",
        "1",
        "True",
        "['lo'] []",
    ]


def test_what_fails_within_is_unmade_too() -> None:
    assert inside(
        "try:\n"
        "    with topology.direct():\n"
        "        raise KeyError\n"
        "except KeyError:\n"
        "    print(sorted(seen()))\n"
    ) == ["['lo']"]


def test_the_relay_says_so_in_option_82() -> None:
    assert "-a" in topology.relay_command()


def test_no_network_is_made_outside() -> None:
    with pytest.raises(isolation.NotPermittedError, match=r"isolation\.enter"), topology.direct():
        pytest.fail("it was made")


def test_the_words_before_a_command_name_the_namespace() -> None:
    assert network.in_namespace(None) == ()
    assert network.in_namespace("server")[:2] == ("nsenter", "--net=/run/netns/server")
