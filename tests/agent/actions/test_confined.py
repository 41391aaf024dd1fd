"""Paths in a tree, held against the kernel's own answer (openat2 with RESOLVE_IN_ROOT)."""

import ctypes
import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots_agent.actions.confined import TEXT, Owner, Tree

MINE = Owner(os.getuid(), os.getgid())
NAMES = ("a", "b", "c")
parts = st.sampled_from([*NAMES, "..", ".", ""])


def test_what_is_said_to_be_longer_than_any_text_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "passwd").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="too large"):
        Tree(tmp_path).read("passwd", TEXT)


paths = st.builds(
    lambda slash, each: slash + "/".join(each),
    st.sampled_from(["", "/"]),
    st.lists(parts, min_size=1, max_size=6),
)
# Each thing: where it is, and what: a folder, a file, or a link to somewhere.
things = st.lists(
    st.tuples(
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
        st.one_of(st.sampled_from(["folder", "file"]), paths.map(lambda path: f"-> {path}")),
    ),
    max_size=10,
)


class How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def by_the_kernel(root: Path, path: str, *, follow: bool = True) -> tuple[int, int] | int:
    """The file that openat2 finds, by device and inode; or its error's number."""
    flags = os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    how = How(flags, 0, 0x10)
    libc = ctypes.CDLL(None, use_errno=True)
    folder = os.open(root, os.O_PATH)
    try:
        got = libc.syscall(437, folder, path.encode(), ctypes.byref(how), ctypes.sizeof(how))
        if got < 0:
            return ctypes.get_errno()
        facts = os.fstat(got)
        os.close(got)
        return facts.st_dev, facts.st_ino
    finally:
        os.close(folder)


def by_us(root: Path, path: str, *, follow: bool = True) -> tuple[int, int] | int:
    try:
        facts = Tree(root).facts(path, follow=follow)
    except OSError as error:
        return error.errno or 0
    return errno.ENOENT if facts is None else (facts.st_dev, facts.st_ino)


def make(root: Path, what: list[tuple[list[str], str]]) -> None:
    for where, kind in what:
        place = root.joinpath(*where)
        if not place.parent.is_dir() or not place.parent.resolve().is_relative_to(root):
            continue
        if os.path.lexists(place):
            continue
        if kind == "folder":
            place.mkdir()
        elif kind == "file":
            place.write_text("here")
        else:
            place.symlink_to(kind.removeprefix("-> ") or ".")


@settings(max_examples=200)
@given(things, paths, st.booleans())
def test_a_path_is_what_the_kernel_says_it_is_below_that_root(
    what: list[tuple[list[str], str]], path: str, follow: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "root"
        root.mkdir()
        make(root, what)
        theirs = by_the_kernel(root, path, follow=follow)
        if theirs == errno.ENOSYS:
            pytest.skip("this kernel has no openat2")
        ends = [path, *(kind for _, kind in what if kind.startswith("-> "))]
        if not path or any(each.endswith(("/", "/.")) for each in ends) or path == ".":
            return  # the kernel asks for a folder then; nobody here needs that
        ours = by_us(root, path, follow=follow)
        if theirs == errno.ENOTDIR:
            assert ours in {errno.ENOENT, errno.ENOTDIR}
        else:
            assert theirs == ours


def is_new(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == b"new"


@settings(max_examples=150)
@given(things, paths)
def test_whatever_is_written_stays_in_the_tree(
    what: list[tuple[list[str], str]], path: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder).resolve()
        root = outside / "root"
        root.mkdir()
        (outside / "a").mkdir()
        (outside / "b").write_text("not to be touched")
        make(root, what)
        before = {each: each.lstat().st_mtime_ns for each in outside.iterdir() if each != root}
        try:
            Tree(root).write(path, b"new", MINE)
        except OSError as error:
            refused = error.errno
        else:
            refused = None
            assert [b"new"] == [p.read_bytes() for p in root.rglob("*") if is_new(p)]
        after = {each: each.lstat().st_mtime_ns for each in outside.iterdir() if each != root}
        assert before == after
        assert [] == list((outside / "a").iterdir())
        assert [] == list(root.rglob(".*boots*"))
        assert refused in {None, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENOENT}


def test_a_link_to_the_root_of_the_world_is_a_link_to_the_root_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/netplan").symlink_to("/srv/../../../netplans")
    Tree(tmp_path).write("/etc/netplan/one.yaml", b"network: {}\n", MINE)
    assert b"network: {}\n" == (tmp_path / "netplans/one.yaml").read_bytes()


def test_a_link_is_replaced_by_the_file_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "zone").write_text("UTC")
    (tmp_path / "localtime").symlink_to("zone")
    Tree(tmp_path).write("localtime", b"mine", MINE)
    assert "UTC" == (tmp_path / "zone").read_text()
    assert "mine" == (tmp_path / "localtime").read_text()
    assert not (tmp_path / "localtime").is_symlink()


def test_folders_are_made_with_the_modes_that_were_asked_for(tmp_path: Path) -> None:
    owner = Owner(os.getuid(), os.getgid(), 0o600, 0o2750)
    Tree(tmp_path).write("/a/b/secret", b"", owner)
    assert 0o2750 == stat.S_IMODE((tmp_path / "a/b").stat().st_mode)
    assert 0o2750 == stat.S_IMODE((tmp_path / "a").stat().st_mode)
    assert 0o600 == stat.S_IMODE((tmp_path / "a/b/secret").stat().st_mode)


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir(mode=0o700)
    Tree(tmp_path).write("/etc/a", b"", Owner(os.getuid(), os.getgid(), 0o644, 0o777))
    assert 0o700 == stat.S_IMODE((tmp_path / "etc").stat().st_mode)


def test_links_that_go_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="Too many levels"):
        Tree(tmp_path).read("one/file")


def test_a_fifo_in_the_way_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotADirectoryError):
        Tree(tmp_path).write("/pipe/file", b"", MINE)
    Tree(tmp_path).write("/pipe", b"a file now", MINE)
    assert b"a file now" == (tmp_path / "pipe").read_bytes()
