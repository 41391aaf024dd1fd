"""Ironic's faults with images of disks, asked of the agent that writes them."""

import contextlib
import gzip
import hashlib
import json
import struct
from pathlib import Path

import pytest
from tests.agent.actions.test_untar import archive, member, put
from tests.agent.images.made import MIB, disk, of_image, of_sent, pattern, qcow2, write

from boots_agent.images.index import read_index
from boots_agent.images.words import Damaged, ImageError, Unsuitable
from boots_agent.oci.layers import find_layer
from boots_agent.oci.names import read_name

IMAGE = pattern(24)
SECRET = b"what only this machine knows".ljust(4096, b".") * 16
_EXTERNAL = 4


def naming(other: Path, *, external: bool) -> bytes:
    """A qcow2 image that takes its content from another file of the machine that reads it."""
    made = bytearray(qcow2(IMAGE))
    name = str(other).encode()
    made[512 : 512 + len(name)] = name
    if external:
        struct.pack_into(">Q", made, 72, _EXTERNAL)
        struct.pack_into(">II", made, 112, 0x44415441, len(name))
        made[120 : 120 + len(name)] = name
    else:
        struct.pack_into(">QI", made, 8, 512, len(name))
    return bytes(made)


@pytest.mark.parametrize("external", [False, True], ids=["backing file", "external data file"])
@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "in gzip"])
def test_cve_2024_44082_no_image_has_another_file_opened(
    tmp_path: Path, *, external: bool, packed: bool
) -> None:
    """Ironic: qemu-img was given images that named files of the server as their content."""
    other, goal = tmp_path / "secret", disk(tmp_path / "disk", MIB)
    other.write_bytes(SECRET)
    source = tmp_path / "image"
    made = naming(other, external=external)
    source.write_bytes(gzip.compress(made) if packed else made)
    with pytest.raises(Unsuitable):
        write(source, goal)
    assert SECRET[:64] not in goal.read_bytes()
    assert bytes(MIB) == goal.read_bytes()


@pytest.mark.parametrize("name", ["image.raw", "image.gz", "image.img"])
def test_cve_2024_44082_an_image_is_what_its_bytes_say_and_not_its_name(
    tmp_path: Path, name: str
) -> None:
    goal = disk(tmp_path / "disk", MIB)
    source = tmp_path / name
    source.write_bytes(qcow2(IMAGE))
    write(source, goal, of_image(IMAGE))
    assert IMAGE == goal.read_bytes()[: len(IMAGE)]


def test_cve_2024_44082_what_unpacks_to_another_form_is_not_unpacked_again(tmp_path: Path) -> None:
    goal, source = disk(tmp_path / "disk", MIB), tmp_path / "image"
    source.write_bytes(gzip.compress(qcow2(IMAGE)))
    with pytest.raises(Unsuitable, match="holds qcow2"):
        write(source, goal)
    assert bytes(MIB) == goal.read_bytes()


def test_cve_2024_47211_another_image_than_the_digest_says_never_boots(tmp_path: Path) -> None:
    """Ironic: the checksum of an image was not looked at on some ways."""
    goal, source = disk(tmp_path / "disk", MIB), tmp_path / "image"
    for content in (IMAGE, gzip.compress(IMAGE), qcow2(IMAGE)):
        source.write_bytes(content)
        for digest in (of_image(IMAGE + b"x"), of_sent(content + b"x")):
            with pytest.raises(ImageError):
                write(source, goal, digest)
            assert IMAGE[:512] != goal.read_bytes()[:512]


def test_cve_2024_47211_a_framed_image_has_a_digest_of_each_frame_or_is_none() -> None:
    index = {"boots-image": 1, "size": 4096, "frame": 4096, "bytes": 9, "file": "f", "sha256": ""}
    for content in ([[9, ""]], [[9, None]], [[9]], [9, ""]):
        with pytest.raises(Damaged):
            read_index(_json({**index, "content": content, "sha256": "0" * 64}))
    with pytest.raises(Damaged):
        read_index(_json({**index, "content": [[9, "0" * 64]]}))
    read_index(_json({**index, "content": [[9, "0" * 64]], "sha256": "0" * 64}))


@pytest.mark.parametrize("digest", ["", "md5:" + "0" * 32, "sha256:", "sha256:../../etc/passwd"])
def test_cve_2024_47211_a_layer_without_a_digest_is_none(digest: str) -> None:
    body = _json({"layers": [{"digest": digest, "size": 1}]})
    with pytest.raises(Damaged):
        find_layer(read_name("registry.example.com/a/b:1"), lambda _: body, "x86_64")


def test_cve_2024_47211_a_manifest_is_what_its_digest_says() -> None:
    body = _json({"layers": [{"digest": "sha256:" + "0" * 64, "size": 1}]})
    own, other = (hashlib.sha256(each).hexdigest() for each in (body, b"another"))
    find_layer(read_name(f"registry.example.com/a@sha256:{own}"), lambda _: body, "x86_64")
    with pytest.raises(Damaged):
        find_layer(read_name(f"registry.example.com/a@sha256:{other}"), lambda _: body, "x86_64")


@pytest.mark.parametrize("name", ["../secret", "/secret", "a/../../secret", "link/secret"])
def test_cve_2026_48681_no_archive_leads_out_of_its_tree(tmp_path: Path, name: str) -> None:
    """Ironic: paths within an ISO led out of it."""
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_text("as it was")
    link = member("link", b"2", linkname="..")  # a symbolic link to what is above
    made = archive((link, b""), (member(name), b"changed"))
    with contextlib.suppress(Damaged, OSError):
        put(made, folder)
    assert "as it was" == (tmp_path / "secret").read_text()
    assert {"in", "secret"} == {each.name for each in tmp_path.iterdir()}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
