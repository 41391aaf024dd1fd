"""How a process that serves is set up: files and memory."""

import contextlib
import ctypes
import gc
import resource
import sys
from asyncio.sslproto import SSLProtocol

_TURN = 0.0005  # seconds; Python's own 5 ms are longer than most answers take
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h
# Files leave in portions of 256 KiB: to map each costs twelve times as much (docs/explain/load.md).
_LARGE, _SPARE = 512 << 10, 1 << 20  # bytes
_TLS_RECORD = 16 << 10  # bytes (RFC 8446 §5.1)
# Objects more than before: a batch of packets makes some that go again, and to take apart what
# hostile requests left behind took 26 ms for 20,000 of them.
_LOOKED_AFTER = 3_000


def allow_many_files() -> None:
    """Take as many file descriptors as we may: each TFTP transfer has a socket to itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # forbidden: then with as many as there are
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def files_allowed() -> int:
    """How many files may be open."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if allowed == resource.RLIM_INFINITY else allowed


def keep_one_heap() -> None:
    """Have all threads take memory of one heap, as glibc's are told.

    Else each thread has one of its own and keeps what it once needed: 30 MiB of 116 after half an
    hour.  They hold the interpreter while they take some, so they do not wait for each other.

    What is large is given back as it ends.  Left to itself, glibc puts it into the heap once it has
    seen some of it go, where what is small and stays comes to lie between.
    """
    with contextlib.suppress(AttributeError, OSError):  # another library than glibc
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, _SPARE)


def keep_tls_small() -> None:
    """Have asyncio read as much of a TLS connection at once as a record has, not 256 KiB.

    It keeps that for each, from the first byte of its handshake on: who began handshakes and went
    away took 300 MB.
    """
    SSLProtocol.max_size = _TLS_RECORD


def share_the_interpreter() -> None:
    """Have threads that make pages give way soon: packets are answered between two of their turns.

    Where no thread works this costs nothing.
    """
    sys.setswitchinterval(_TURN)


def spare_the_collector() -> None:
    """Have it leave alone what is there now, which lives as long as we do, and look more rarely."""
    gc.collect()
    leave_what_is_there()
    gc.set_threshold(_LOOKED_AFTER)


def leave_what_is_there() -> None:
    """Have the collector leave alone what is there now: it takes a moment, unlike looking."""
    gc.freeze()
