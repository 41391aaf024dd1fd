"""One TFTP read as a client does it: packets and the clock go in, packets come out.

It takes what is sent in order, and acknowledges the end of each window (RFC 7440); what comes out
of order it answers with the last block that it has, as iPXE and edk2 do.
"""

import math
from collections.abc import Mapping
from ipaddress import IPv4Address

from boots.lab.fleet.kinds import Tftp
from boots.wire import tftp
from boots.wire.malformed import Malformed

_ABORTED = tftp.encode(tftp.Error(tftp.ErrorCode.OPTION_REFUSED, "User aborted the transfer"))


class Reader:
    """Reads the file `name` of `server`; with `keep` what was read is in `content`.

    After each call `deadline` is when `tick` is due.  When `over`, the file is there, or a
    `failure` in words says why not; `missing` that the server has no such file.  `received`
    counts bytes, `window` says how many packets come in a row.
    """

    def __init__(
        self,
        name: str,
        server: IPv4Address,
        terms: Tftp,
        *,
        keep: bool = False,
        probe: bool = False,
    ) -> None:
        self.name = name
        self.server = server
        self._terms = terms
        self._probe = probe
        self._blksize = tftp.DEFAULT_BLKSIZE
        self._next = 1  # the block that comes next, counted without wrapping
        self._expected = b"\0\3\0\1"
        self._in_window = 0
        self._last = self._request()
        self._tries = 0
        self._kept = bytearray() if keep else None
        self.window = 1
        self.received = 0
        self.retries = 0
        self.deadline = math.inf
        self.ended = 0.0
        self.missing = False
        self.failure = ""
        self.over = False

    @property
    def content(self) -> bytes:
        """What was read, where it is kept."""
        return bytes(self._kept or b"")

    def start(self, now: float) -> bytes:
        """The request."""
        self.deadline = now + self._terms.again[0]
        return self._last

    def take(self, data: bytearray, size: int, now: float) -> bytes | None:
        """Take the packet in the first `size` bytes of `data`; returns the one it calls for."""
        if data[:4] == self._expected and not self._probe:
            return self._block(data, size, now)
        return None if self.over else self._other(bytes(data[:size]), now)

    def tick(self, now: float) -> bytes | None:
        """The clock went on: repeat what was said last, or give up."""
        if self.over or now < self.deadline:
            return None
        self._tries += 1
        if self._tries >= len(self._terms.again):
            waiting = f"block {self._next}" if self.received else "an answer"
            self._fail(f"TFTP: no packet for {self._tries} tries, waiting for {waiting}", now)
            return None
        self.retries += 1
        self.deadline = now + self._terms.again[self._tries]
        return self._last

    def _request(self) -> bytes:
        asked: dict[str, str] = {}
        if self._probe or self._terms.size:
            asked[tftp.TSIZE] = "0"
        asked[tftp.BLKSIZE] = str(self._terms.blksize)
        if self._terms.window > 1:
            asked[tftp.WINDOWSIZE] = str(self._terms.window)
        return tftp.encode(tftp.Request(self.name, "octet", asked))

    def _block(self, data: bytearray, size: int, now: float) -> bytes | None:
        """The block that was expected; this runs for each packet of a fleet."""
        number = self._next
        self._next = number + 1
        self._expected = b"\0\3" + (self._next & 0xFFFF).to_bytes(2)
        self.received += size - 4
        self.deadline = now + self._terms.again[0]
        self._tries = 0
        if self._kept is not None:
            self._kept += data[4:size]
        self._in_window += 1
        last = size - 4 < self._blksize
        if not last and self._in_window < self.window:
            return None
        if last:
            self.over, self.ended = True, now
        self._in_window = 0
        self._last = b"\0\4" + (number & 0xFFFF).to_bytes(2)
        return self._last

    def _other(self, data: bytes, now: float) -> bytes | None:
        try:
            packet = tftp.decode(data)
        except Malformed:
            return None
        match packet:
            case tftp.OptionAck(accepted) if self._next == 1:
                return self._begin(accepted, now)
            case tftp.Data() if self._probe:
                return self._end_probe(now)
            case tftp.Data():
                # Behind a gap, or one more time: the window begins anew behind what is here.
                self._in_window = 0
                return b"\0\4" + ((self._next - 1) & 0xFFFF).to_bytes(2)
            case tftp.Error(code, message):
                self.missing = code == tftp.ErrorCode.NOT_FOUND
                self._fail(f"TFTP: {self.name}: {message or 'no reason given'} (error {code})", now)
        return None

    def _begin(self, accepted: Mapping[str, str], now: float) -> bytes:
        if self._probe:
            return self._end_probe(now)
        self._blksize = _number(accepted.get(tftp.BLKSIZE), self._blksize)
        self.window = _number(accepted.get(tftp.WINDOWSIZE), 1)
        self.deadline = now + self._terms.again[0]
        self._tries = 0
        self._last = b"\0\4\0\0"
        return self._last

    def _end_probe(self, now: float) -> bytes:
        self.over, self.ended = True, now
        return _ABORTED

    def _fail(self, why: str, now: float) -> None:
        self.failure, self.over, self.ended = why, True, now


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else otherwise
