"""Streams that Python's own library unpacks: gzip, bzip2 and xz, each of any number of members."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from boots_agent.images.words import MIB, Damaged, Form, Unsuitable

Pull = Callable[[], bytes]  # the next bytes as they travelled; none at the end

# `xz -9` unpacks within 65 MiB; a machine of 512 MiB has no room for much more.
_XZ_MEMORY = 128 * MIB


class _Member(Protocol):
    """One member, in the manner of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's object for a gzip member, which also checks its CRC and length."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        piece = self._object.decompress(self._object.unconsumed_tail + data, max_length)
        # A full piece may leave more inside zlib even when all input is taken.
        self.needs_input = not self._object.unconsumed_tail and len(piece) < max_length
        return piece


MEMBERS: dict[Form, Callable[[], _Member]] = {
    Form.GZIP: _Gzip,
    Form.BZIP2: bz2.BZ2Decompressor,
    Form.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY),
}
_PADDED = frozenset({Form.GZIP, Form.XZ})  # zeros may follow a member
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)


class Members:
    """All members of a stream, one after another."""

    def __init__(self, form: Form, pull: Pull) -> None:
        self._form = form
        self._pull = pull
        self._member: _Member | None = None
        self._count = 0
        self._rest = b""

    def readinto(self, block: memoryview) -> int:
        """Fill the block; fewer bytes only at the end.

        Raises:
            Damaged: The stream is broken, or ends within a member.
        """
        filled = 0
        while filled < len(block):
            member = self._member or self._next()
            if member is None:
                break
            piece = self._piece(member, min(len(block) - filled, MIB))
            block[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _next(self) -> _Member | None:
        data = self._rest
        while True:
            if self._count and self._form in _PADDED:
                data = data.lstrip(b"\0")
            if data:
                break
            data = self._pull()
            if not data:
                return None
        self._rest = data
        self._count += 1
        self._member = MEMBERS[self._form]()
        return self._member

    def _piece(self, member: _Member, most: int) -> bytes:
        data = b""
        if member.needs_input:
            data, self._rest = self._rest or self._pull(), b""
            if not data:
                raise Damaged(f"the {self._form.value} stream ends early")
        try:
            piece = member.decompress(data, most)
        except lzma.LZMAError as error:
            if "limit" in str(error):
                raise Unsuitable("the xz stream needs more than 128 MiB of memory") from error
            raise Damaged(f"broken xz: {error}") from error
        except _BROKEN as error:
            raise Damaged(f"broken {self._form.value}: {error}") from error
        if member.eof:
            self._rest, self._member = member.unused_data, None
        return piece
