"""A token that a client puts where it does not belong is refused, and is in no event."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.app.pools import ONE, Bench

from boots.policy import token
from boots.policy.got import Refusal

KEY = b"the key of this server"
TOKEN = token.of(ONE, KEY)


@pytest.mark.parametrize("tftp", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        f"{ONE}/{TOKEN}/nocloud/user-data",
        f"ipxe/script/{TOKEN}/user-data",
        f"osie/../{TOKEN}",
        f"nocloud/{TOKEN}",
    ],
)
def test_a_misplaced_token_is_told_to_nobody(tmp_path: Path, path: str, *, tftp: bool) -> None:
    bench = Bench(tmp_path, token_key=KEY)
    given = bench.answers.fetch("lan0", tftp=tftp)(path, IPv4Address("192.168.1.77"))
    bench.close()
    assert isinstance(given.what, Refusal)
    assert TOKEN not in f"{given.name} {given.what.why} {given.mac}"


def test_a_token_by_tftp_opens_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, token_key=KEY)
    bench.records(**{f"m{ONE.replace(':', '')}": IPv4Address("192.168.1.50")})
    fetch = bench.answers.fetch("lan0", tftp=True)
    given = fetch(f"{TOKEN}/nocloud/user-data", IPv4Address("192.168.1.50"))
    bench.close()
    assert isinstance(given.what, Refusal)
    assert TOKEN not in f"{given.name} {given.what.why}"


def test_a_mac_in_the_path_opens_no_other_machines_metadata(tmp_path: Path) -> None:
    bench = Bench(tmp_path, token_key=KEY, metadata_by_address=True)
    bench.records(**{f"m{ONE.replace(':', '')}": IPv4Address("192.168.1.50")})
    fetch = bench.answers.fetch("lan0", tftp=False)
    for path in ("nocloud/user-data", "2009-04-04/user-data", "metadata"):
        given = fetch(f"{ONE}/{path}", IPv4Address("192.168.1.77"))
        assert isinstance(given.what, Refusal)
        assert not isinstance(fetch(path, IPv4Address("192.168.1.50")).what, Refusal)
    bench.close()


SCRIPT = (
    f"#!ipxe\nkernel http://192.168.1.1/{TOKEN}/vmlinuz ds=nocloud;s=http://h/{TOKEN}/nocloud/\n"
)


def test_a_script_is_told_without_the_token_that_stands_in_it() -> None:
    told = token.hidden(SCRIPT)
    assert TOKEN not in told
    assert "ds=nocloud;s=http://h/(a-token)/nocloud/" in told
    plain = "#!ipxe\nkernel http://h/" + "a" * 42 + "/x\ninitrd http://h/" + "b" * 64 + "\n"
    assert plain == token.hidden(plain)
