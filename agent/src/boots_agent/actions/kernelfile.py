"""Kernels and initrds of a system, as Linux takes them for kexec."""

import gzip
import lzma
import os
import struct
import zlib
from collections.abc import Sequence
from contextlib import ExitStack

from boots_agent.actions.confined import Tree

_AT_ONCE = 1 << 20
# An EFI program that unpacks itself: where and how long what it unpacks is, and how it is packed.
_ZBOOT = struct.Struct("<2s2x4sII8x32s")
_UNPACK = {b"gzip": gzip.decompress, b"xz": lzma.decompress, b"lzma": lzma.decompress}


def opened_kernel(tree: Tree, path: str, undone: ExitStack) -> int:
    """A kernel, open for reading; packed ones, as arm64 has them, are unpacked.

    Raises:
        OSError: It cannot be read, or is packed in a way that is not known.
    """
    descriptor = undone.enter_context(tree.opened(path))
    start = os.pread(descriptor, _ZBOOT.size, 0)
    if start.startswith(b"\x1f\x8b"):
        return _in_memory([_unpacked(tree.read(path), b"gzip")], undone)
    if start.startswith(b"MZ") and len(start) == _ZBOOT.size and start[4:8] == b"zimg":
        _, _, offset, size, kind = _ZBOOT.unpack(start)
        packed = tree.read(path)[offset : offset + size]
        return _in_memory([_unpacked(packed, kind.rstrip(b"\0"))], undone)
    return descriptor


def opened_initrd(tree: Tree, paths: Sequence[str], undone: ExitStack) -> int | None:
    """All initrds, one behind the other as GRUB loads them; None where there are none.

    Raises:
        OSError: One cannot be read.
    """
    if len(paths) < 2:
        return undone.enter_context(tree.opened(paths[0])) if paths else None
    contents = []
    for path in paths:
        content = tree.read(path)
        contents.append(content + bytes(-len(content) % 4))
    return _in_memory(contents, undone)


def _unpacked(packed: bytes, kind: bytes) -> bytes:
    unpack = _UNPACK.get(kind)
    if unpack is None:
        raise OSError(0, f"the kernel is packed with {kind.decode(errors='replace')}")
    try:
        return unpack(packed)
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise OSError(0, f"the kernel is damaged: {error}") from error


def _in_memory(contents: Sequence[bytes], undone: ExitStack) -> int:
    descriptor = os.memfd_create("boots", os.MFD_CLOEXEC)
    undone.callback(os.close, descriptor)
    for content in contents:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view[:_AT_ONCE]) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
