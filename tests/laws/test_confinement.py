"""Law 11: whatever name is asked for, at either door, nothing leaves but what is published.

Against a real tree: folders of boot files, of OSIE, of images and of a profile, with links in and
out of them, beside files that nobody may have.
"""

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.app.pools import ONE, Bench
from tests.serve.bench import LOOPBACK, Peer, opened, udp

from boots.app import catalogue
from boots.app.withheld import Withheld
from boots.model.mac import dashed
from boots.model.site import Mode, Profile
from boots.serve.doors import Given
from boots.serve.http import HttpDoor
from boots.serve.tftp import TftpDoor
from boots.wire import tftp

laws = settings(database=None, max_examples=25)
HIDDEN = b"nobody may have this"
PUBLIC = b"everybody may have this: "
_TREE = {
    "secret": HIDDEN,
    "outside/secret": HIDDEN,
    "outside/folder/secret": HIDDEN,
    "state/key": HIDDEN,
    "files/undionly.kpxe": PUBLIC,
    "files/sub/x.efi": PUBLIC,
    "files/.hidden": HIDDEN,
    "files/.git/config": HIDDEN,
    "files/A.efi": PUBLIC,
    "files/\u00e9.efi": PUBLIC,
    "osie/vmlinuz-x86_64": PUBLIC,
    "osie/sub/secret": HIDDEN,
    "images/debian.index": PUBLIC,
    "profiles/k": PUBLIC,
    "profiles/own.yaml": HIDDEN,
    "profiles/secret.j2": HIDDEN,
}
_LINKS = {
    "files/out": "../outside",
    "files/up": "..",
    "files/deep": "../outside/folder",
    "files/gone": "/nowhere",
    "files/loop": "loop",
    "osie/out": "../outside",
}

# What names are made of: the tree's own, and all that leads elsewhere to somebody.
_PIECES = st.sampled_from(
    (
        *("..", ".", "", "...", "....", "..;", "%2e%2e", "%2E%2E", "%252e%252e", "..%00", "..\0"),
        *("\u2025", "\uff0e\uff0e", "\u2024\u2024", "%c0%ae%c0%ae", "%u002e", "..%c0%af", "..%5c"),
        *("files", "sub", "out", "up", "deep", "outside", "folder", "state", "osie", "images"),
        *("profiles", "own", "secret", "secret.j2", "own.yaml", "key", ".hidden", ".git", "config"),
        *("undionly.kpxe", "x.efi", "A.efi", "a.efi", "X.EFI", "\u00e9.efi", "e\u0301.efi", "k"),
        *(ONE, dashed(ONE), "ipxe", "tftp", "nocloud", "latest", "proc", "self", "root", "etc"),
        *("passwd", "C:", "file:", "http:", "~", "~root", "*", "?", "{cpu}", "{{ url }}", "\\\\h"),
    )
)
_JOINTS = st.sampled_from(("/", "/", "/", "//", "\\", "/./", "%2f", "%5c", "%252f", "/../", ";/"))


@st.composite
def names(draw: st.DrawFn) -> str:
    """A name, which may lead anywhere."""
    made = draw(st.sampled_from(("", "/", "//", "\\", "/../", "../" * 9, "..\\" * 9, "/files/")))
    for piece in draw(st.lists(_PIECES, min_size=1, max_size=5)):
        made += piece + draw(_JOINTS)
    made = made if draw(st.booleans()) else made.rstrip("/\\")
    return made + draw(st.sampled_from(("", "", "\0", "\0.efi", " ", ".", "?x", "#x", "\xff")))


class House:
    """A tree on the disk, and what is answered out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, content in _TREE.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content + name.encode() if content is PUBLIC else content)
        for name, target in _LINKS.items():
            (folder / name).symlink_to(target)
        profile = Profile(name="own", kernel="k", initrds=("../secret",), files=("*",))
        own, files = catalogue.profile_files(profile, folder / "nothing")
        files |= {"profiles/own/k": str(folder / "profiles/k")}
        self.files = {
            **catalogue.boot_files([folder / "files"], system=(), signed={}, withheld=Withheld()),
            **catalogue.osie_files(folder / "osie", Withheld()),
            **catalogue.image_files(folder / "images", Withheld()),
            **files,
        }
        bench = Bench(folder, mode=Mode.POOL, profiles={"own": own}, default_profile="own")
        bench.records(**{f"m{ONE.replace(':', '')}": IPv4Address("192.168.1.50")})
        bench.site(files=self.files)
        self.bench = bench

    def fetch(self, asked: str, _: IPv4Address, *, over_tftp: bool) -> Given:
        """For the machine that has a record, wherever a test asks from."""
        ask = self.bench.answers.fetch("lan0", tftp=over_tftp)
        return ask(asked, IPv4Address("192.168.1.50"))


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory() as folder:
        made = House(Path(folder))
        yield made
        made.bench.close()


def test_the_tree_publishes_what_it_should(house: House) -> None:
    assert {"undionly.kpxe", "sub/x.efi", "A.efi", "\u00e9.efi"} <= set(house.files)
    for place in house.files.values():
        assert PUBLIC in Path(place).read_bytes()


async def by_http(house: House, asked: list[bytes]) -> list[bytes]:
    """What comes back for these targets, each as it is."""
    sock = socket.create_server((LOOPBACK, 0))
    sock.setblocking(False)
    at = sock.getsockname()
    loop = asyncio.get_running_loop()

    def fetch(name: str, peer: IPv4Address) -> Given:
        return house.fetch(name, peer, over_tftp=False)

    door = HttpDoor(sock, fetch, lambda _: None, loop.time, dict)
    await door.open()
    found = []
    try:
        for target in asked:
            reader, writer = await asyncio.open_connection(*at)
            writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n")
            found.append(await reader.read())
            writer.close()
    finally:
        await door.close()
    return found


async def by_tftp(house: House, asked: list[bytes]) -> list[bytes]:
    """The first packet that comes back for these names."""

    def fetch(name: str, peer: IPv4Address) -> Given:
        return house.fetch(name, peer, over_tftp=True)

    loop = asyncio.get_running_loop()
    sock = udp()
    at = sock.getsockname()
    found = []
    with opened(TftpDoor(sock, fetch, lambda _: None, loop.time, 1500)):
        for name in asked:
            with Peer() as peer:
                peer.send(b"\0\1" + name + b"\0octet\0", at)
                data, other = await asyncio.wait_for(peer.receive(), 5)
                peer.send(tftp.encode(tftp.Error(tftp.ErrorCode.UNDEFINED, "enough")), other)
                found.append(data)
    return found


@laws
@given(st.lists(names(), min_size=4, max_size=8))
@example(["/files/../../secret", "/out/secret", "/up/secret", "/deep/secret"])
@example(["/%2e%2e/secret", "/..%2f..%2fsecret", "/osie/out/secret", "/.hidden"])
def test_nothing_leaves_by_http_but_what_is_published(house: House, asked: list[str]) -> None:
    raw = [b"/" + each.encode("utf-8", "surrogateescape").lstrip(b"/") for each in asked]
    safe = [quote(each, safe="/%;:@&=+$,~?#\\").encode() for each in map(os.fsdecode, raw)]
    for answer in asyncio.run(by_http(house, safe)):
        assert HIDDEN not in answer
        assert b"root:" not in answer
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200") and PUBLIC in body:
            name = body.removeprefix(PUBLIC).decode()
            assert str(house.folder / name) in house.files.values()


@laws
@given(st.lists(names(), min_size=4, max_size=8))
@example(["..\\..\\secret", "/../secret", "up/secret", "files/../secret"])
def test_nothing_leaves_by_tftp_but_what_is_published(house: House, asked: list[str]) -> None:
    raw = [each.encode("utf-8").partition(b"\0")[0] or b"a" for each in asked]
    for packet in asyncio.run(by_tftp(house, raw)):
        assert HIDDEN not in packet
        assert b"root:" not in packet
        if packet[:2] == b"\0\3" and PUBLIC in packet:
            name = packet[4:].removeprefix(PUBLIC).decode()
            assert str(house.folder / name) in house.files.values()


@laws
@given(st.sampled_from(("undionly.kpxe", "sub/x.efi", "A.efi", "\u00e9.efi")), st.data())
def test_what_is_published_comes_however_its_slashes_are_written(
    house: House, name: str, data: st.DataObject
) -> None:
    joint = data.draw(st.sampled_from(("/", "//", "/./", "\\")))
    head = data.draw(st.sampled_from(("", "/", "//", f"{ONE}/", f"/{dashed(ONE)}/", "./")))
    asked = head + name.replace("/", joint)
    given = house.fetch(asked, IPv4Address(LOOPBACK), over_tftp=data.draw(st.booleans()))
    assert house.files[name] == getattr(given.what, "path", given.what)


@laws
@given(st.sampled_from(("undionly.kpxe", "A.efi", "\u00e9.efi")), st.data())
def test_a_name_in_another_form_is_another_name(
    house: House, name: str, data: st.DataObject
) -> None:
    other = data.draw(
        st.sampled_from((str.upper, str.lower, lambda text: text.replace("\u00e9", "e\u0301")))
    )
    asked = other(name)
    given = house.fetch(asked, IPv4Address(LOOPBACK), over_tftp=False)
    assert house.files.get(asked) == getattr(given.what, "path", None)
