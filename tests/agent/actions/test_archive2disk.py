"""`archive2disk`: what stock tar packed, on a partition, and compared by stock tar."""

import gzip
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.agent.actions.stage import MIB, Stage, attached, file_disk, gone
from tests.agent.images.hostile import Site, serving
from tests.agent.images.made import PACKED
from tests.peers.conftest import lacking, need

from boots_agent.actions import archive2disk
from boots_agent.actions.context import ActionFailed
from boots_agent.images.armed import Policy

SIZE = 128 * MIB


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    yield Stage(tmp_path)
    gone(tmp_path)


def arguments(url: str, device: str, **more: str) -> dict[str, str]:
    return {
        "ARCHIVE_URL": url,
        "DEST_DISK": device,
        "FS_TYPE": "ext4",
        "DEST_PATH": "/",
        **more,
    }


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "needs TARFILE_CHECKSUM: sha256:"),
        ({"TARFILE_CHECKSUM": "md5:1234"}, "TARFILE_CHECKSUM: .* is no digest"),
        ({"ARCHIVE_URL": ""}, "archive2disk needs ARCHIVE_URL"),
        (
            {"TARFILE_CHECKSUM": "0" * 64, "HTTP_CLIENT_TIMEOUT_MINUTES": "long"},
            "'long' is no number",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_armed(
    more: dict[str, str], why: str, stage: Stage
) -> None:
    with pytest.raises(ActionFailed, match=why):
        archive2disk.write(
            stage.context("archive2disk", **arguments("http://x/y", "/dev/x", **more))
        )
    assert [] == stage.armed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small system with all that makes tar hard."""
    if os.geteuid() != 0:
        lacking("owners and devices need root")
    made = tmp_path / "root"
    for name in ("etc", "usr/bin", "dev", "home/me", "var/lib"):
        (made / name).mkdir(parents=True)
    (made / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:\n")
    (made / "usr/bin/tool").write_bytes(os.urandom(300_000))
    (made / "usr/bin/tool").chmod(0o4755)
    os.link(made / "usr/bin/tool", made / "usr/bin/tool-2")
    (made / "bin").symlink_to("usr/bin")
    (made / "etc/absolute").symlink_to("/etc/passwd")
    os.mknod(made / "dev/null", 0o020666, os.makedev(1, 3))
    os.mkfifo(made / "dev/pipe")
    os.chown(made / "home/me", 1000, 1001)
    with (made / "var/lib/sparse").open("wb") as file:
        for place in (0, 3 * MIB, 7 * MIB):
            file.seek(place)
            file.write(b"data")
        file.truncate(40 * MIB)
    (made / "var/lib/read-only").mkdir()
    (made / "var/lib/read-only/file").write_text("x")
    (made / "var/lib/read-only").chmod(0o555)
    with_attributes(made)
    for path in made.rglob("*"):
        os.utime(path, ns=(10**18, 10**18 + 123_456_789), follow_symlinks=False)
    return made


def with_attributes(made: Path) -> None:
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    try:
        os.setxattr(made / "usr/bin/tool", "security.capability", capability)
        os.setxattr(made / "etc/passwd", "user.note", b"binary \xff\0 value")
    except OSError:
        lacking("this file system has no attributes")
    if shutil.which("setfacl"):
        subprocess.run(
            ["setfacl", "-m", "u:54321:r,u:daemon:rw,m::rw", made / "etc/passwd"], check=True
        )
        subprocess.run(["setfacl", "-d", "-m", "g:54322:rx", made / "home/me"], check=True)


def packed(root: Path, *more: str) -> bytes:
    posix = [] if "--format=gnu" in more else ["--xattrs", "--xattrs-include=*", "--acls"]
    words = [need("tar"), *posix, "--sparse", *more]
    done = subprocess.run(
        [*words, "-C", str(root), "-cf", "-", "."], capture_output=True, check=True
    )
    return done.stdout


@pytest.fixture
def device(stage: Stage, tmp_path: Path) -> Iterator[str]:
    backing = file_disk(tmp_path / "backing", SIZE)
    with attached(backing) as name:
        subprocess.run([need("mkfs.ext4"), "-q", "-F", name], check=True, capture_output=True)
        stage.allow(name, backing)
        yield name


def differences(device: str, archive: bytes, tmp_path: Path) -> str:
    """As stock tar finds them; then attributes and ACLs as stock programs print them."""
    place = tmp_path / "mounts/look"
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-o", "ro", device, str(place)], check=True)
    try:
        words = ["tar", "--xattrs", "--acls", "-C", str(place), "--compare", "-f", "-"]
        done = subprocess.run(
            words, input=archive, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        found = done.stdout.decode()
        for words in (["getfattr", "-Rhd", "-m", "-", "."], ["getfacl", "-Rnp", "."]):
            if shutil.which(words[0]):
                one, other = (printed(words, each) for each in (place, tmp_path / "root"))
                found += "" if one == other else f"{words[0]}: {one} {other}"
        return found
    finally:
        subprocess.run(["umount", str(place)], check=True)


def printed(words: list[str], where: Path) -> list[str]:
    done = subprocess.run(words, cwd=where, capture_output=True, text=True, check=True)
    return sorted(
        block for block in done.stdout.split("\n\n") if "lost+found" not in block and block
    )


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    **{name: PACKED[name] for name in ("gzip", "bzip2", "xz", "zstd")},
}


@pytest.mark.peers
@pytest.mark.parametrize("pack", PACKS)
def test_what_stock_tar_packs_is_what_stock_tar_finds(
    pack: str, stage: Stage, device: str, root: Path, tmp_path: Path
) -> None:
    whole = packed(root, "--format=posix")
    sent = PACKS[pack](whole)
    digest = f"sha256:{hashlib.sha256(sent).hexdigest()}"
    with serving(Site({"/root.tar": sent}, cut_after=150_000)) as site:
        archive2disk.write(
            stage.context(
                "archive2disk",
                **arguments(f"{site.url}/root.tar", device, TARFILE_CHECKSUM=digest),
            )
        )
    assert "" == differences(device, whole, tmp_path)
    subprocess.run([need("e2fsck"), "-fn", device], check=True, capture_output=True)


@pytest.mark.peers
@pytest.mark.parametrize("form", ["gnu", "posix"])
def test_holes_stay_holes(form: str, stage: Stage, device: str, root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "root.tar"
    archive.write_bytes(packed(root, f"--format={form}"))
    archive2disk.write(
        stage.context(
            "archive2disk",
            **arguments(str(archive), device, INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION="true"),
        )
    )
    place = tmp_path / "mounts/look"
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-o", "ro", device, str(place)], check=True)
    try:
        facts = (place / "var/lib/sparse").stat()
        assert 40 * MIB == facts.st_size
        assert facts.st_blocks * 512 < MIB
        assert b"data" == (place / "var/lib/sparse").read_bytes()[7 * MIB :][:4]
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.peers
def test_another_digest_is_a_failure(stage: Stage, device: str, root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "root.tar"
    archive.write_bytes(packed(root))
    with pytest.raises(ActionFailed, match="what was unpacked is of no use"):
        archive2disk.write(
            stage.context(
                "archive2disk", **arguments(str(archive), device, TARFILE_CHECKSUM="0" * 64)
            )
        )


@pytest.mark.peers
@pytest.mark.parametrize("pack", ["plain", "gzip"])
def test_a_short_download_is_a_failure(pack: str, stage: Stage, device: str, root: Path) -> None:
    sent = PACKS[pack](packed(root))
    with (
        serving(Site({"/root.tar": sent[: len(sent) * 2 // 3]})) as site,
        pytest.raises(ActionFailed, match="ends"),
    ):
        archive2disk.write(
            stage.context(
                "archive2disk",
                **arguments(
                    f"{site.url}/root.tar",
                    device,
                    INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION="true",
                ),
            )
        )


@pytest.mark.peers
def test_a_cut_behind_the_last_file_is_found_by_what_it_was_packed_with(
    stage: Stage, device: str, root: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "root.tar"
    archive.write_bytes(gzip.compress(packed(root) + os.urandom(100_000))[:-50_000])
    with pytest.raises(ActionFailed, match="the gzip stream ends early"):
        archive2disk.write(
            stage.context(
                "archive2disk",
                **arguments(str(archive), device, INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION="true"),
            )
        )


@pytest.mark.peers
def test_a_full_file_system_is_a_failure(
    stage: Stage, device: str, root: Path, tmp_path: Path
) -> None:
    (root / "big").write_bytes(os.urandom(SIZE))
    archive = tmp_path / "root.tar"
    archive.write_bytes(packed(root))
    with pytest.raises(ActionFailed, match="No space left on device"):
        archive2disk.write(
            stage.context(
                "archive2disk",
                **arguments(str(archive), device, INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION="true"),
            )
        )


@pytest.mark.peers
def test_a_disk_that_holds_somebodys_gets_nothing(
    stage: Stage, device: str, root: Path, tmp_path: Path
) -> None:
    stage.allow(device, tmp_path / "backing", Policy.EMPTY_ONLY)
    with pytest.raises(ActionFailed, match="the policy is empty-only"):
        archive2disk.write(
            stage.context(
                "archive2disk",
                **arguments("http://127.0.0.1:1/", device, TARFILE_CHECKSUM="0" * 64),
            )
        )
