"""Packing with the system's libzstd, a frame at a time."""

import ctypes
import functools

from boots_agent.images.words import ImageError
from boots_agent.images.zstd import address, library

_LEVEL = 100  # ZSTD_c_compressionLevel


@functools.cache
def _library() -> ctypes.CDLL:
    found = library()
    size, pointer, number = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int
    for name, result, arguments in (
        ("ZSTD_createCCtx", pointer, ()),
        ("ZSTD_freeCCtx", size, (pointer,)),
        ("ZSTD_CCtx_setParameter", size, (pointer, number, number)),
        ("ZSTD_compressBound", size, (size,)),
        ("ZSTD_compress2", size, (pointer, pointer, size, pointer, size)),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


class Packer:
    """One context of libzstd, for one thread at a time."""

    def __init__(self, level: int) -> None:
        self._library = _library()
        self._context = self._library.ZSTD_createCCtx()
        self._library.ZSTD_CCtx_setParameter(self._context, _LEVEL, level)
        self._room = memoryview(bytearray())

    def __del__(self) -> None:
        self._library.ZSTD_freeCCtx(self._context)

    def frame(self, content: memoryview) -> bytes:
        """One zstd frame that holds `content`, a writable buffer.

        Raises:
            ImageError: libzstd could not, as without memory.
        """
        most = self._library.ZSTD_compressBound(len(content))
        if len(self._room) < most:
            self._room = memoryview(bytearray(most))
        length = self._library.ZSTD_compress2(
            self._context, address(self._room), most, address(content), len(content)
        )
        if self._library.ZSTD_isError(length):
            raise ImageError(f"zstd: {self._library.ZSTD_getErrorName(length).decode()}")
        return bytes(self._room[:length])
