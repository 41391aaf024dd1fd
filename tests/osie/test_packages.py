"""Reading what apt says, and unpacking into a merged tree."""

import io
import tarfile
from pathlib import Path
from typing import Self

import pytest

from boots.osie import packages
from boots.osie.apt import Apt
from boots.osie.errors import BuildError
from boots.osie.packages import Archive, Package, closure, merged, parse_addresses, parse_closure

SIMULATED = """\
NOTE: This is only a simulation!
Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64]) []
Inst e2fsprogs [1.46] (1.47.0-2+b2 Debian:12.15/oldstable, Debian-Security:12 [amd64])
Inst libacl1 (1:2.3.1-3 Debian:12.15/oldstable [amd64])
Conf gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64])
"""

PRINTED = (
    "'http://deb.example/pool/k/kmod_30%2b2-1_amd64.deb' kmod_30+2-1_amd64.deb 95180"
    f" SHA256:{'ab' * 32}\nWarning: something\n"
)


def test_a_closure_is_read_from_a_simulated_install() -> None:
    expected = (
        Package("e2fsprogs", "1.47.0-2+b2"),
        Package("gcc-12-base", "12.2.0-14+deb12u1"),
        Package("libacl1", "1:2.3.1-3"),
        Package("libc6", "2.36-9+deb12u14"),
    )
    assert expected == parse_closure(SIMULATED)


def test_package_files_are_read_from_printed_addresses() -> None:
    expected = (Archive("kmod_30+2-1_amd64.deb", 95180, "ab" * 32),)
    assert expected == parse_addresses(PRINTED)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("./bin/busybox", "usr/bin/busybox"),
        ("/lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
        ("./usr/bin/kmod", "usr/bin/kmod"),
        ("./", ""),
        ("../../etc/passwd", "etc/passwd"),
        ("usr/../../lib/x", "usr/lib/x"),
    ],
)
def test_a_packaged_path_lives_in_a_merged_tree(name: str, expected: str) -> None:
    assert expected == merged(name)


def package(*members: tuple[str, bytes | str]) -> bytes:
    """A tar file of regular files (bytes) and symbolic links (text)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


class Pipe:
    """What is left of a started program: its output and its code."""

    returncode = 0

    def __init__(self, output: bytes) -> None:
        self.stdout = io.BytesIO(output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_links_of_a_package_stay_within_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = package(
        ("./bin/kmod", b"program"),
        ("./sbin/depmod", "/bin/kmod"),
        ("./usr/lib/x86_64-linux-gnu/libx.so", "../../../lib/x86_64-linux-gnu/libx.so.1"),
        ("./lib/x86_64-linux-gnu/libx.so.1", b"library"),
        ("./usr/bin/escape", "../../../../etc/passwd"),
    )
    monkeypatch.setattr(packages, "host_pipe", lambda *_: Pipe(content))
    root = tmp_path / "root"
    packages.unpack(tmp_path / "kmod.deb", root)
    assert b"program" == (root / "usr/sbin/depmod").read_bytes()
    assert b"library" == (root / "usr/lib/x86_64-linux-gnu/libx.so").read_bytes()
    assert root / "etc/passwd" == (root / "usr/bin/escape").resolve()


class Refusing(Apt):
    """apt that knows nothing."""

    def get(self, *words: str, cwd: Path | None = None) -> str:  # noqa: ARG002
        raise BuildError(f"apt-get failed: E: Unable to locate package {words[-1]}")


def test_a_package_that_a_person_named_and_apt_does_not_know_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"^apt knows no package tcpdumb$"):
        closure(["kmod", "tcpdumb"], tmp_path, Refusing(()), ["tcpdumb"])
    with pytest.raises(BuildError, match=r"have its lists \(apt-get update\)$"):
        closure(["tcpdump", "kmod"], tmp_path, Refusing(()), ["tcpdump"])
