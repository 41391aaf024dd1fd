"""One TFTP read as a state machine: packets and the clock go in, packets come out.

RFC 1350 with options (2347), block size (2348), time-out and size (2349) and windows (7440).
There is no socket here and no waiting: whoever owns the socket sends what the methods return,
and calls `tick` when `deadline` has passed.
"""

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from boots.wire import tftp
from boots.wire.malformed import Malformed

# RFC 2348 §2 and RFC 7440 §3 allow for more; a block that does not fit the path's MTU is lost
# with its first fragment, and a long window fills the buffers of small firmware.
LARGEST_BLOCK = 65_464
LARGEST_WINDOW = 64

# A lost packet costs one of these.  200 ms is far above the round trip of a datacenter, and
# far below the seconds that make 2 % of loss unbearable; it grows to fit slower paths.
_FIRST_TIMEOUT = 0.2
_LONGEST_TIMEOUT = 5.0
_TRIES = 8
# Of who has said no word since it asked: that may be a forged address, whose owner is not to be
# sent much (amplification).  Whoever did ask does so again by itself within 4 s.
_TRIES_UNHEARD = 4

# Round trips up to this leave the timer at its first value.
_SHORT = _FIRST_TIMEOUT / 4

# The packets of a window, end to end, and the ACK of its last block; None at the end of the file.
Window = tuple[bytes | memoryview, bytes | None]


class Ending(enum.Enum):
    """How a transfer ended."""

    COMPLETE = "complete"
    PROBED = "probed"
    ABORTED = "aborted"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transfer ended, and why in words."""

    ending: Ending
    why: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What was negotiated: block size in bytes, blocks in a window, seconds, and the OACK."""

    blksize: int
    window: int
    timeout: float
    accepted: Mapping[str, str]


def negotiate(asked: Mapping[str, str], size: int, largest_block: int) -> Terms:
    """What a server takes of the options a client asks for; what it cannot read it leaves out.

    `size` is the file's, `largest_block` what fits the path (MTU less 32 bytes of headers).
    """
    accepted: dict[str, str] = {}
    blksize, window, timeout = tftp.DEFAULT_BLKSIZE, 1, _LONGEST_TIMEOUT
    wanted = _number(asked.get(tftp.BLKSIZE))
    if wanted is not None and wanted >= 8:
        blksize = min(wanted, largest_block, LARGEST_BLOCK)
        accepted[tftp.BLKSIZE] = str(blksize)
    if _number(asked.get(tftp.TSIZE)) is not None:
        accepted[tftp.TSIZE] = str(size)
    wanted = _number(asked.get(tftp.TIMEOUT))
    if wanted is not None and 1 <= wanted <= 255:
        timeout = min(float(wanted), _LONGEST_TIMEOUT)
        accepted[tftp.TIMEOUT] = str(wanted)
    wanted = _number(asked.get(tftp.WINDOWSIZE))
    if wanted is not None and 1 <= wanted <= 65_535:
        window = min(wanted, LARGEST_WINDOW)
        accepted[tftp.WINDOWSIZE] = str(window)
    return Terms(blksize, window, timeout, accepted)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def to_netascii(content: bytes) -> bytes:
    """Text as netascii wants it (RFC 764): LF becomes CR LF, CR becomes CR NUL."""
    return content.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


class Blocks(Protocol):
    """What is sent, cut into the DATA packets of one block size."""

    @property
    def size(self) -> int:
        """The size of the content in bytes."""

    @property
    def ready(self) -> Sequence[Window]:
        """Windows that are made, one after another from the first block on; more may follow."""

    def packets(self, first: int, last: int) -> bytes | memoryview:
        """Those of the blocks from `first` to before `last`, counted from 0, end to end.

        Raises:
            OSError: the content cannot be read.
        """


class Unprepared:
    """Blocks that are cut anew each time they are asked for.

    `read` gives the content from one place to before another.
    """

    ready: Sequence[Window] = ()

    def __init__(
        self, size: int, read: Callable[[int, int], bytes | memoryview], blksize: int
    ) -> None:
        self.size = size
        self._read = read
        self._blksize = blksize

    def packets(self, first: int, last: int) -> bytes:
        """Those of some blocks, end to end; OSError is for `read` to raise."""
        start, end = first * self._blksize, min(last * self._blksize, self.size)
        return tftp.data_packets(first + 1, self._read(start, end), self._blksize, last - first)


class Transfer:
    """Sends `content` to one client.

    `deadline` is the time at which `tick` is due, and `outcome` says how the transfer ended, None
    while it goes on.  Times are seconds of any one clock.  An OSError of
    the content goes through, and the transfer is at its end.
    """

    def __init__(self, content: bytes | memoryview | Blocks, terms: Terms) -> None:
        if isinstance(content, bytes | memoryview):
            kept = content
            content = Unprepared(len(kept), lambda start, end: kept[start:end], terms.blksize)
        self._content = content
        self._ready: Sequence[Window] = ()  # those of the content, where `follow` may take them
        self._terms = terms
        self._window = terms.window
        self._blocks = content.size // terms.blksize + 1  # the last one is short or empty
        self._acked = 0  # blocks up to this one have arrived, counted without wrapping
        self._sent = 0  # blocks up to this one were sent
        self._negotiating = bool(terms.accepted)
        self._tries = 0
        self._first_timeout = self._timeout = min(_FIRST_TIMEOUT, terms.timeout)
        self._measured = self._timeout  # what the last clean round trip would have it be
        self._sent_at = 0.0
        self._again = False  # what is in flight was sent before: it says nothing of the path
        self._repeated = 0  # blocks up to this one were in flight when some were sent again
        self._shortest = math.inf  # the shortest round trip measured
        self._awaited: bytes | None = None  # the ACK that `follow` takes
        self.outcome: Outcome | None = None

    @property
    def deadline(self) -> float:
        """When `tick` is due."""
        return self._sent_at + self._timeout

    @property
    def acknowledged(self) -> int:
        """How many bytes of the content the client has."""
        return min(self._acked * self._terms.blksize, self.size)

    @property
    def size(self) -> int:
        """The size of the content in bytes."""
        return self._content.size

    @property
    def is_repeating_its_end(self) -> bool:
        """Whether all was sent, and the last of it once more: who goes away now has it all.

        Its last ACK was lost.  RFC 1350 §6 would have it wait for that, and many do not.
        """
        return not self._negotiating and self._again and self._sent == self._blocks

    @property
    def _is_heard(self) -> bool:
        """Whether the client has acknowledged anything, were it only the OACK."""
        return self._acked > 0 or (bool(self._terms.accepted) and not self._negotiating)

    def start(self, now: float) -> list[bytes]:
        """The first packets: the OACK, or the first block where nothing was negotiated."""
        return self._transmit(now)

    def follow(self, data: bytes, now: float) -> bytes | memoryview | None:
        """The short way for the packet that nearly always comes: the ACK of all that is in flight.

        Returns the packets that it calls for, end to end; or None, and nothing has changed: the
        packet is one for `receive`.  Which way a packet goes makes no difference to the transfer.
        """
        if data != self._awaited:
            return None
        round_trip = now - self._sent_at
        if round_trip > _SHORT:
            return None
        # A call more, to `min` or to what cuts a window, is 1 % of the cost of a whole transfer.
        if round_trip < self._shortest:  # noqa: PLR1730
            self._shortest = round_trip
        self._acked = first = self._sent
        self._sent_at = now
        last = first + self._window
        if last > self._blocks:  # noqa: PLR1730
            last = self._blocks
        self._sent = last
        number, ready = first // self._window, self._ready
        if number < len(ready):
            packets, self._awaited = ready[number]
            return packets
        self._awaited = tftp.ack(last) if last < self._blocks else None
        return self._content.packets(first, last)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take a packet of the client; returns the packets it calls for."""
        if self.outcome is not None:
            return []
        try:
            packet = tftp.decode(data)
        except Malformed:
            return []
        match packet:
            case tftp.Ack(block):
                return self._acknowledge(block, now)
            case tftp.Error(code, message):
                self._abort(code, message)
                return []
            case _:
                # RFC 1350 §7: anything else on this port ends the transfer.
                self._end(Ending.ABORTED, "the client broke the protocol")
                return [_error(tftp.ErrorCode.ILLEGAL_OPERATION, "only ACK and ERROR go here")]

    def tick(self, now: float) -> list[bytes]:
        """The clock went on: send again what was not acknowledged in time, or give up."""
        if self.outcome is not None or now < self.deadline:
            return []
        self._tries += 1
        if not self._is_heard and self._tries >= _TRIES_UNHEARD:
            self._end(Ending.LOST, f"no word of the client after {_TRIES_UNHEARD} tries")
            return []
        if self._tries >= _TRIES:
            self._end(Ending.LOST, f"no answer to {_TRIES} tries")
            return [_error(tftp.ErrorCode.UNDEFINED, "no acknowledgement came")]
        self._timeout = min(self._timeout * 2, self._terms.timeout)
        return self._resend(now)

    def _abort(self, code: int, message: str) -> None:
        why = f"the client ended it: {message or 'no reason given'} (error {code})"
        # edk2 asks for the size, ends the transfer after the OACK, and comes back for the file.
        self._end(Ending.PROBED if self._negotiating else Ending.ABORTED, why)

    def _end(self, ending: Ending, why: str) -> None:
        self.outcome = Outcome(ending, why)
        self._awaited = None

    def _acknowledge(self, block: int, now: float) -> list[bytes]:
        if self._negotiating:
            if block != 0:
                return []
            self._negotiating = False
            return self._progress(now, measured=not self._again)
        # Block numbers wrap at 65,536; the one meant is within the window just sent.
        ahead = (block - self._acked) & 0xFFFF
        in_flight = self._sent - self._acked
        if ahead > in_flight:
            return []  # an old one, doubled or late on its way
        if ahead == 0:
            return self._resend(now) if self._first_lost(now) else []
        self._acked += ahead
        if self._acked == self._blocks:
            self._end(Ending.COMPLETE, "every block was acknowledged")
            return []
        settled = self._acked >= self._repeated
        if ahead == in_flight:
            return self._progress(now, measured=settled and not self._again)
        if settled:
            self._tries = 0
            self._recover()
            return self._resend(now)  # behind a gap the rest of the window is lost to the client
        # Blocks under way twice are answered twice, by edk2 at least: this may be such an echo,
        # and to send a window for it would go on for ever.  The window only slides.
        return self._progress(now, measured=False)

    def _first_lost(self, now: float) -> bool:
        """Whether a repeated ACK says that the first block of a window got lost (RFC 7440 §4).

        With single blocks it is a doubled ACK, and to answer it would double every packet from
        here on.  With windows edk2 repeats its ACK for each block that it cannot use: only the
        first counts, and none that comes sooner than an answer could.
        """
        if self._window == 1 or self._again:
            return False
        return now - self._sent_at >= self._shortest / 2

    def _progress(self, now: float, *, measured: bool) -> list[bytes]:
        if measured:
            # Four round trips leave room for their variation; only clean ones are measured
            # (Karn's rule), so a path slower than the timer is not measured by its repeats.
            round_trip = now - self._sent_at
            self._shortest = min(self._shortest, round_trip)
            self._measured = min(max(_FIRST_TIMEOUT, 4 * round_trip), self._terms.timeout)
            self._timeout = self._measured
        else:
            self._recover()
        self._tries = 0
        self._again = False
        return self._transmit(now)

    def _recover(self) -> None:
        """The client was heard: what the timer grew by was loss, where the path is known.

        Half of it goes at a time, in case the path has become slower: then nothing is clean.
        """
        if self._shortest < math.inf:
            self._timeout = max(self._timeout / 2, self._measured)

    def _resend(self, now: float) -> list[bytes]:
        self._sent = self._acked
        packets = self._transmit(now)
        self._again, self._repeated, self._awaited = True, self._sent, None
        return packets

    def _transmit(self, now: float) -> list[bytes]:
        self._sent_at = now
        if self._negotiating:
            return [tftp.encode(tftp.OptionAck(self._terms.accepted))]
        first, last = self._sent, min(self._acked + self._window, self._blocks)
        self._sent = last
        self._awaited = self._awaits()
        self._ready = () if last % self._window else self._content.ready
        packets, size = self._content.packets(first, last), self._terms.blksize + 4
        return [bytes(packets[at : at + size]) for at in range(0, len(packets), size)]

    def _awaits(self) -> bytes | None:
        """What `follow` may take: it leaves the timer as it is, and ends no transfer."""
        usual = self._timeout == self._measured == self._first_timeout
        if self._sent < self._blocks and usual and self._shortest < math.inf:
            return tftp.ack(self._sent)
        return None


def _error(code: tftp.ErrorCode, message: str) -> bytes:
    return tftp.encode(tftp.Error(code, message))
