"""One TFTP read as a state machine: packets and the clock go in, packets come out.

RFC 1350 with options (2347), block size (2348), time-out and size (2349) and windows (7440).
There is no socket here and no waiting: whoever owns the socket sends what the methods return,
and calls `tick` when `deadline` has passed.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

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


class Transfer:
    """Sends `content` to one client.

    After each call `deadline` is the time at which `tick` is due, and `outcome` says how the
    transfer ended, None while it goes on.  Times are seconds of any one clock.
    """

    def __init__(self, content: bytes | memoryview, terms: Terms) -> None:
        self._content = memoryview(content)
        self._terms = terms
        self._blocks = len(self._content) // terms.blksize + 1  # the last one is short or empty
        self._acked = 0  # blocks up to this one have arrived, counted without wrapping
        self._sent = 0  # blocks up to this one were sent
        self._negotiating = bool(terms.accepted)
        self._tries = 0
        self._timeout = min(_FIRST_TIMEOUT, terms.timeout)
        self._measured = self._timeout  # what the last clean round trip would have it be
        self._sent_at = 0.0
        self._again = False  # what is in flight was sent before: it says nothing of the path
        self._repeated = 0  # blocks up to this one were in flight when some were sent again
        self._fastest: float | None = None  # the shortest round trip measured
        self.deadline = 0.0
        self.outcome: Outcome | None = None

    @property
    def acknowledged(self) -> int:
        """How many bytes of the content the client has."""
        return min(self._acked * self._terms.blksize, len(self._content))

    @property
    def size(self) -> int:
        """The size of the content in bytes."""
        return len(self._content)

    def start(self, now: float) -> list[bytes]:
        """The first packets: the OACK, or the first block where nothing was negotiated."""
        return self._transmit(now)

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
                self.outcome = Outcome(Ending.ABORTED, "the client broke the protocol")
                return [_error(tftp.ErrorCode.ILLEGAL_OPERATION, "only ACK and ERROR go here")]

    def tick(self, now: float) -> list[bytes]:
        """The clock went on: send again what was not acknowledged in time, or give up."""
        if self.outcome is not None or now < self.deadline:
            return []
        self._tries += 1
        if self._tries >= _TRIES:
            self.outcome = Outcome(Ending.LOST, f"no answer to {_TRIES} tries")
            return [_error(tftp.ErrorCode.UNDEFINED, "no acknowledgement came")]
        self._timeout = min(self._timeout * 2, self._terms.timeout)
        return self._resend(now)

    def _abort(self, code: int, message: str) -> None:
        why = f"the client ended it: {message or 'no reason given'} (error {code})"
        # edk2 asks for the size, ends the transfer after the OACK, and comes back for the file.
        ending = Ending.PROBED if self._negotiating else Ending.ABORTED
        self.outcome = Outcome(ending, why)

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
            self.outcome = Outcome(Ending.COMPLETE, "every block was acknowledged")
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
        if self._terms.window == 1 or self._again or self._fastest is None:
            return False
        return now - self._sent_at >= self._fastest / 2

    def _progress(self, now: float, *, measured: bool) -> list[bytes]:
        if measured:
            # Four round trips leave room for their variation; only clean ones are measured
            # (Karn's rule), so a path slower than the timer is not measured by its repeats.
            round_trip = now - self._sent_at
            fastest = round_trip if self._fastest is None else self._fastest
            self._fastest = min(fastest, round_trip)
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
        if self._fastest is not None:
            self._timeout = max(self._timeout / 2, self._measured)

    def _resend(self, now: float) -> list[bytes]:
        self._sent = self._acked
        packets = self._transmit(now)
        self._again, self._repeated = True, self._sent
        return packets

    def _transmit(self, now: float) -> list[bytes]:
        self._sent_at = now
        self.deadline = now + self._timeout
        if self._negotiating:
            return [tftp.encode(tftp.OptionAck(self._terms.accepted))]
        last = min(self._acked + self._terms.window, self._blocks)
        packets = [self._block(number) for number in range(self._sent + 1, last + 1)]
        self._sent = last
        return packets

    def _block(self, number: int) -> bytes:
        at = (number - 1) * self._terms.blksize
        # Numbers wrap to 0 (what RFC 1350 leaves open, every large-file client expects).
        head = b"\0\3" + (number & 0xFFFF).to_bytes(2)
        return head + self._content[at : at + self._terms.blksize]


def _error(code: tftp.ErrorCode, message: str) -> bytes:
    return tftp.encode(tftp.Error(code, message))
