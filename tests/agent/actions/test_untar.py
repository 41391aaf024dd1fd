"""Unpacking archives: what stock tar packs is there, and nothing is where it must not be."""

import contextlib
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots_agent.actions import acl
from boots_agent.actions.confined import Tree
from boots_agent.actions.forward import Stream
from boots_agent.actions.untar import Unpacked, unpack
from boots_agent.images.reading import Raw
from boots_agent.images.words import Damaged

MIB = 1 << 20
laws = settings(database=None)


def put(archive: bytes, folder: Path, piece: int = 7000) -> Unpacked:
    source = io.BytesIO(archive)
    stream = Stream(Raw(lambda: source.read(piece)), lambda: None)
    return unpack(stream, Tree(folder), lambda _: None)


def member(name: str, kind: bytes = tarfile.REGTYPE, **facts: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    made.uid, made.gid = os.getuid(), os.getgid()
    made.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    for key, value in facts.items():
        setattr(made, key, value)
    return made


def archive(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as made:
        for each, content in members:
            each.size = len(content)
            made.addfile(each, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


@pytest.mark.parametrize("form", FORMATS)
def test_files_folders_and_links_are_there(form: int, folder: Path) -> None:
    content = bytes(range(256)) * 5000
    made = archive(
        (member("./", tarfile.DIRTYPE, mode=0o750), b""),
        (member("./etc", tarfile.DIRTYPE, mtime=1_000_000), b""),
        (member("./etc/motd", mode=0o4640, mtime=1_234_567), content),
        (member("./etc/link", tarfile.SYMTYPE, linkname="/etc/motd"), b""),
        (member("./etc/same", tarfile.LNKTYPE, linkname="./etc/motd"), b""),
        (member("./pipe", tarfile.FIFOTYPE), b""),
        (member("./etc/empty"), b""),
        form=form,
    )
    done = put(made, folder)
    assert (7, len(content), 0) == done
    motd = (folder / "etc/motd").stat()
    assert content == (folder / "etc/motd").read_bytes()
    assert (0o4640, 1_234_567, 2) == (stat.S_IMODE(motd.st_mode), motd.st_mtime, motd.st_nlink)
    assert "/etc/motd" == str((folder / "etc/link").readlink())
    assert (folder / "pipe").is_fifo()
    assert b"" == (folder / "etc/empty").read_bytes()
    assert 1_000_000 == (folder / "etc").stat().st_mtime
    assert 0o750 == stat.S_IMODE(folder.stat().st_mode)


def test_names_of_every_length_and_letter(folder: Path) -> None:
    names = ["a" * 200, "ö" * 90, "x/" * 60 + "y", os.fsdecode(b"latin\xe9")]
    put(
        archive(*((member(name), name.encode("utf-8", "surrogateescape")) for name in names)),
        folder,
    )
    for name in names:
        assert name.encode("utf-8", "surrogateescape") == (folder / name).read_bytes()


def test_headers_that_belong_to_headers_without_end_are_damage(folder: Path) -> None:
    long_name = member("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    with pytest.raises(Damaged):
        put(long_name.tobuf(tarfile.GNU_FORMAT) * 2000, folder)


@pytest.mark.parametrize("who", ["99999999999", "9" * 5000])
def test_an_acl_names_nobody_whom_linux_cannot_know(folder: Path, who: str) -> None:
    pax = {"SCHILY.acl.access": f"user:{who}:rwx"}
    with pytest.raises(Damaged):
        put(archive((member("file", pax_headers=pax), b"x")), folder)


def test_what_was_there_is_replaced(folder: Path) -> None:
    (folder / "file").write_text("old and longer")
    (folder / "link").symlink_to("file")
    (folder / "folder").mkdir()
    (folder / "folder/kept").write_text("kept")
    made = archive(
        (member("file"), b"new"),
        (member("link"), b"no link"),
        (member("folder", tarfile.DIRTYPE), b""),
    )
    put(made, folder)
    assert ["new", "no link", "kept"] == [
        (folder / name).read_text() for name in ("file", "link", "folder/kept")
    ]


def test_a_link_to_a_folder_stays_one(folder: Path) -> None:
    made = archive(
        (member("usr/lib", tarfile.DIRTYPE), b""),
        (member("lib", tarfile.SYMTYPE, linkname="/usr/lib"), b""),
        (member("lib", tarfile.DIRTYPE), b""),
        (member("lib/modules/x"), b"a module"),
    )
    put(made, folder)
    assert (folder / "lib").is_symlink()
    assert b"a module" == (folder / "usr/lib/modules/x").read_bytes()


def test_a_hard_link_to_itself_stays(folder: Path) -> None:
    made = archive(
        (member("a"), b"one"),
        (member("b", tarfile.LNKTYPE, linkname="a"), b""),
        (member("b", tarfile.LNKTYPE, linkname="a"), b""),
    )
    put(made, folder)
    assert 2 == (folder / "a").stat().st_nlink


@pytest.mark.parametrize(
    "hostile",
    [
        member("../out"),
        member("a/../../out"),
        member("/out"),
        member("x", tarfile.LNKTYPE, linkname="../canary"),
        member("x", tarfile.LNKTYPE, linkname="/canary"),
        member("x", tarfile.LNKTYPE, linkname="nowhere"),
    ],
    ids=lambda each: f"{each.name} {each.linkname}",
)
def test_what_leads_out_is_refused(hostile: tarfile.TarInfo, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "canary").write_text("outside")
    with pytest.raises(Damaged):
        put(archive((hostile, b"" if hostile.islnk() else b"x")), folder)
    assert ["canary", "in"] == sorted(each.name for each in tmp_path.iterdir())
    assert 1 == (tmp_path / "canary").stat().st_nlink


def test_a_link_out_is_kept_and_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    made = archive(
        (member("a", tarfile.SYMTYPE, linkname=str(outside)), b""),
        (member("a/b"), b"where am I"),
        (member("c", tarfile.SYMTYPE, linkname="../outside"), b""),
        (member("c/d"), b"where am I"),
    )
    put(made, folder)
    assert [] == list(outside.iterdir())
    # They mean what they would mean if the tree were /.
    assert b"where am I" == (folder / str(outside).lstrip("/") / "b").read_bytes()
    assert b"where am I" == (folder / "outside/d").read_bytes()


parts = st.lists(st.sampled_from(["a", "b", "c", ".", "x" * 110]), min_size=1, max_size=3)
paths = parts.map("/".join)
targets = st.one_of(
    paths,
    st.sampled_from(["..", "../..", "/", "../outside", "../../../../../../etc", "a/../..", "."]),
    st.builds(lambda up, path: "../" * up + path, st.integers(0, 4), paths),
    st.just("OUTSIDE"),
)
entries = st.tuples(
    paths,
    st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
    targets,
    st.binary(max_size=20),
)


@laws
@given(st.lists(entries, max_size=12))
def test_no_archive_writes_outside(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, bytes, str, bytes]]
) -> None:
    top = tmp_path_factory.mktemp("top")
    inside, outside = top / "in", top / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "canary").write_text("alive")
    members = [
        (
            member(name, kind, linkname=target.replace("OUTSIDE", str(outside))),
            content if kind == tarfile.REGTYPE else b"",
        )
        for name, kind, target, content in found
    ]
    with contextlib.suppress(Damaged, OSError):
        put(archive(*members), inside)
    assert ["in", "outside"] == sorted(each.name for each in top.iterdir())
    assert ["canary"] == [each.name for each in outside.iterdir()]
    canary = outside / "canary"
    assert ("alive", 1) == (canary.read_text(), canary.stat().st_nlink)


# --- what is broken


WHOLE = archive((member("a"), b"x" * 3000), (member("b"), b"y" * 512), (member("c"), b"z"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_cut_anywhere_is_found(form: int, folder: Path) -> None:
    whole = archive((member("a"), b"x" * 3000), (member("b"), b"y" * 512), form=form)
    end = len(whole.rstrip(b"\0"))
    for cut in range(0, end, 100):
        with pytest.raises(Damaged):
            put(whole[:cut], folder)
    with pytest.raises(Damaged, match="ends early"):
        put(whole[: end + (-end) % 512], folder)


def test_a_broken_header_is_not_the_end(folder: Path) -> None:
    broken = bytearray(WHOLE)
    place = bytes(broken).index(b"b\0", 512)
    broken[place] ^= 0xFF
    with pytest.raises(Damaged, match="or is broken"):
        put(bytes(broken), folder)


def test_what_is_no_archive_is_told(folder: Path) -> None:
    with pytest.raises(Damaged, match="broken tar"):
        put(b"hello" * 1000, folder)


def test_a_header_that_asks_for_memory_is_refused(folder: Path) -> None:
    greedy = member("x", tarfile.XHDTYPE)
    greedy.size = (1 << 33) - 1
    block = greedy.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(Damaged, match="a header of 8589934592 bytes"):
        put(block + bytes(2 * MIB), folder)


def test_an_acl_of_somebody_who_is_not_there_is_told(folder: Path) -> None:
    named = {"SCHILY.acl.access": "user::rw-,user:nemo:r--,group::r--,mask::r--,other::---"}
    with pytest.raises(Damaged, match="f: the user 'nemo' of an ACL has no number"):
        put(archive((member("f", pax_headers=named), b"")), folder)


def test_memory_does_not_grow_with_the_archive(folder: Path) -> None:
    """Entries are forgotten: tarfile by itself keeps every one."""
    import tracemalloc

    def many() -> bytes:
        made = member("f")
        made.size = 0
        return made.tobuf(tarfile.USTAR_FORMAT)

    whole = many() * 8_000 + bytes(1024)
    tracemalloc.start()
    try:
        put(whole, folder, MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB


# --- ACLs


def test_an_acl_is_packed_as_linux_has_it() -> None:
    text = "user::rwx\nuser:1000:r--\ngroup::r-x\ngroup:staff:rw-\nmask::rwx\nother::---\n"

    def numbers(kind: str, name: str) -> int | None:
        return {("group", "staff"): 50}.get((kind, name))

    expected = (
        "02000000 0100 0700 ffffffff 0200 0400 e8030000 0400 0500 ffffffff"
        " 0800 0600 32000000 1000 0700 ffffffff 2000 0000 ffffffff"
    )
    assert bytes.fromhex(expected) == acl.packed(text, numbers)
    short = "u::rwx,u:1000:r,g::rx,g:staff:rw:50,m:rwx,o:-  # effective"
    nobody: Callable[[str, str], int | None] = lambda *_: None  # noqa: E731
    assert bytes.fromhex(expected) == acl.packed(short, nobody)
    for wrong, why in (
        ("user::rwz", "no entry"),
        ("nobody::r", "no entry"),
        ("user:me:r", "no number"),
        ("mask:x:r", "no entry"),
    ):
        with pytest.raises(ValueError, match=why):
            acl.packed(wrong, nobody)
