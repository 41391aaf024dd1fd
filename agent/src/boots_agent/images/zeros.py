"""Finding zeros: the parts of an image that need not be sent to the disk."""

import ctypes
from collections.abc import Iterator
from typing import NamedTuple

from boots_agent.images.zstd import address

GRAIN = 1 << 16
# Below this a run is written with what is around it: one request costs more than its bytes.
_WORTH = 4 * GRAIN

# Holding the GIL on purpose: 64 KiB are compared sooner than the GIL is given away and had again.
_compare = ctypes.PyDLL(None).memcmp
_compare.restype = ctypes.c_int
_compare.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class Run(NamedTuple):
    """Bytes from `start` to `end` that are all zero, or that are to be written."""

    start: int
    end: int
    zero: bool


def is_zero(view: memoryview) -> bool:
    """Whether a writable buffer holds nothing but zeros."""
    if not view:
        return True
    where = address(view)
    # Each byte is as the one before it, and the first is zero.
    return view[0] == 0 and not _compare(where, where + 1, len(view) - 1)


def runs(view: memoryview) -> Iterator[Run]:
    """A writable buffer from end to end: long runs of zeros, and what lies between them."""
    start, zeros = 0, 0
    for at in range(0, len(view), GRAIN):
        end = min(at + GRAIN, len(view))
        if is_zero(view[at:end]):
            continue
        if at - zeros >= _WORTH:
            if zeros > start:
                yield Run(start, zeros, zero=False)
            yield Run(zeros, at, zero=True)
            start = at
        zeros = end
    if len(view) - zeros >= min(_WORTH, len(view)):
        if zeros > start:
            yield Run(start, zeros, zero=False)
        yield Run(zeros, len(view), zero=True)
    elif len(view) > start:
        yield Run(start, len(view), zero=False)
