"""Records the boots of a network to a capture file, bounded in time and in bytes."""

import select
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO

from boots.doctor import ear
from boots.doctor.picking import Picker
from boots.wire import filters, pcap

_LARGEST = 2048
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Bounds:
    """When to stop: after `seconds` (0: never), and before there are more than `size` bytes."""

    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many packets were kept, of how many bytes in the file; `full` if more did not fit."""

    packets: int
    size: int
    full: bool


def record(
    interfaces: Sequence[str],
    file: BinaryIO,
    picker: Picker,
    bounds: Bounds,
    clock: Callable[[], float],
) -> Recorded:
    """Record until a bound is reached, or Ctrl-C; `clock` tells seconds since 1970.

    Raises:
        DoctorError: as `ear.listen`.
    """
    with ExitStack() as opened:
        socks = [opened.enter_context(ear.listen(each, filters.BOOTING)) for each in interfaces]
        file.write(pcap.head())
        file.flush()
        return _record(socks, file, picker, bounds, clock)


def _record(
    socks: Sequence[socket.socket],
    file: BinaryIO,
    picker: Picker,
    bounds: Bounds,
    clock: Callable[[], float],
) -> Recorded:
    packets, size = 0, len(pcap.head())
    end = clock() + bounds.seconds
    try:
        while not bounds.seconds or clock() < end:
            left = end - clock() if bounds.seconds else 1.0
            ready, _, _ = select.select(socks, [], [], max(0.0, min(1.0, left)))
            for frame in _frames(ready):
                if not picker.wants(frame):
                    continue
                written = pcap.record(clock(), frame)
                if size + len(written) > bounds.size:
                    return Recorded(packets, size, full=True)
                file.write(written)
                file.flush()  # whoever ends us has what was seen
                packets, size = packets + 1, size + len(written)
    except KeyboardInterrupt:
        pass
    return Recorded(packets, size, full=False)


def _frames(ready: Sequence[socket.socket]) -> list[bytes]:
    found = []
    for sock in ready:
        for _ in range(_BATCH):
            try:
                found.append(sock.recv(_LARGEST))
            except OSError:  # no more, or the interface went down
                break
    return found
