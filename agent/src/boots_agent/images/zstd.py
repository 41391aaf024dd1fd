"""Unpacking zstd with libzstd, which Python has no module for before 3.14.

Called through ctypes it costs half the CPU of the ``zstd`` program behind pipes, and unpacks into
the very buffer that goes to the disk.
"""

import ctypes
import functools
from collections.abc import Callable

from boots_agent.images.words import Damaged, Unsuitable

_NAME = "libzstd.so.1"
_TOO_WIDE = 16  # ZSTD_error_frameParameter_windowTooLarge: more memory than libzstd will take


class _Buffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer, which are alike."""

    _fields_ = (("at", ctypes.c_void_p), ("size", ctypes.c_size_t), ("position", ctypes.c_size_t))


@functools.cache
def library() -> ctypes.CDLL:
    """Debian's libzstd1.

    Raises:
        Unsuitable: It is not there.
    """
    try:
        found = ctypes.CDLL(_NAME)
    except OSError:
        raise Unsuitable(f"zstd needs {_NAME}, which is not here (Debian's libzstd1)") from None
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    for name, result, arguments in (
        ("ZSTD_createDCtx", pointer, ()),
        ("ZSTD_freeDCtx", size, (pointer,)),
        ("ZSTD_decompressDCtx", size, (pointer, pointer, size, pointer, size)),
        ("ZSTD_decompressStream", size, (pointer, pointer, pointer)),
        ("ZSTD_getFrameContentSize", ctypes.c_ulonglong, (pointer, size)),
        ("ZSTD_isError", ctypes.c_uint, (size,)),
        ("ZSTD_getErrorCode", ctypes.c_int, (size,)),
        ("ZSTD_getErrorName", ctypes.c_char_p, (size,)),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


def address(view: memoryview) -> int:
    """Where a writable buffer lies in memory."""
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


def content_size(head: bytes) -> int | None:
    """What the first frame will hold, if its header says so."""
    said: int = library().ZSTD_getFrameContentSize(head, len(head))
    return said if said < 1 << 62 else None


class Unpacker:
    """One decompression context of libzstd, for one thread."""

    def __init__(self) -> None:
        self._library = library()
        self._context = self._library.ZSTD_createDCtx()

    def __del__(self) -> None:
        self._library.ZSTD_freeDCtx(self._context)

    def frame(self, packed: bytes, into: memoryview) -> int:
        """Unpack one whole frame; the number of bytes that it held.

        Raises:
            Damaged: It is none, or holds more than there is room for.
        """
        result: int = self._library.ZSTD_decompressDCtx(
            self._context, address(into), len(into), packed, len(packed)
        )
        return self._checked(result)

    def first(self, packed: bytes, into: memoryview) -> int:
        """Unpack one frame that other bytes may follow; the number of bytes that it held.

        Raises:
            Damaged: It is none, or not whole, or holds more than there is room for.
        """
        where = ctypes.cast(ctypes.c_char_p(packed), ctypes.c_void_p)
        source, goal = _Buffer(where, len(packed), 0), _Buffer(address(into), len(into), 0)
        while not self.stream(source, goal):
            if source.position == source.size or goal.position == goal.size:
                raise Damaged("broken zstd: a frame is not whole")
        return int(goal.position)

    def stream(self, source: _Buffer, goal: _Buffer) -> bool:
        """Unpack what fits; whether a frame is complete.

        Raises:
            Damaged: The stream is broken.
        """
        result: int = self._library.ZSTD_decompressStream(
            self._context, ctypes.byref(goal), ctypes.byref(source)
        )
        return self._checked(result) == 0

    def _checked(self, result: int) -> int:
        if not self._library.ZSTD_isError(result):
            return result
        if self._library.ZSTD_getErrorCode(result) == _TOO_WIDE:
            raise Unsuitable("the zstd stream needs more than 128 MiB of memory (zstd --long)")
        raise Damaged(f"broken zstd: {self._library.ZSTD_getErrorName(result).decode()}")


class ZstdStream:
    """Any number of frames one after another, skippable ones passed over."""

    def __init__(self, pull: Callable[[], bytes]) -> None:
        self._pull = pull
        self._unpacker = Unpacker()
        self._data = b""
        self._source = _Buffer(None, 0, 0)
        self._complete = False
        self._ended = False

    def readinto(self, block: memoryview) -> int:
        """Fill the block; fewer bytes only at the end.

        Raises:
            Damaged: The stream is broken, or ends within a frame.
        """
        goal = _Buffer(address(block), len(block), 0)
        while goal.position < goal.size:
            before = goal.position
            if self._source.position == self._source.size and not self._refill():
                if self._complete:
                    break
                # What libzstd has unpacked but not handed out comes without further input.
                self._complete = self._unpacker.stream(self._source, goal)
                if goal.position == before and not self._complete:
                    raise Damaged("the zstd stream ends early")
                continue
            self._complete = self._unpacker.stream(self._source, goal)
        return int(goal.position)

    def _refill(self) -> bool:
        if self._ended:
            return False
        self._data = self._pull()
        self._ended = not self._data
        where = ctypes.cast(ctypes.c_char_p(self._data), ctypes.c_void_p)
        self._source = _Buffer(where, len(self._data), 0)
        return bool(self._data)
