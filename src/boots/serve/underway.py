"""TFTP transfers under way: hearing their clients, keeping their time, ending them.

A task or an endpoint for each transfer would cost five times as much.  An epoll set is itself
something that can be waited for, so the sockets of all transfers stand in one, and asyncio
watches that.
"""

import asyncio
import select
from collections.abc import Callable

import structlog

from boots.journal.events import AnyEvent
from boots.serve.doors import Record
from boots.serve.sending import Sending, Sendings
from boots.transfer import Ending
from boots.wire import tftp

_AT_MOST = 0.0015  # seconds for which the other doors wait, and then for one more round
_TOGETHER = 16  # packets in a round
_WORD = 470  # bytes read of what a client says: an ACK has 4, a reason for the end a few more
PROGRESS = 1.0  # seconds between what is told of a transfer
_ASIDE = 20.0  # seconds for which one may be taken up again: as long as one goes on unheard
_TICK = 0.05  # how exactly retransmit times are kept, in seconds

_log = structlog.get_logger()


class Underway:
    """All transfers of a door, `most` at once.  `clock` is monotonic, in seconds."""

    def __init__(self, record: Record, clock: Callable[[], float], most: int) -> None:
        self._record = record
        self._clock = clock
        self._epoll = select.epoll()
        self._sendings = Sendings(most)
        self._ticker: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to hear clients."""
        self._loop = loop
        loop.add_reader(self._epoll, self._packets)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop; transfers under way are told so, and end."""
        loop.remove_reader(self._epoll)
        if self._ticker is not None:
            self._ticker.cancel()
        for sending in self._sendings:
            self._give_up(sending, "the server is stopping")
        for sending in tuple(self._sendings.aside.values()):
            self._let_go(sending)
        self._epoll.close()

    @property
    def transfers(self) -> int:
        """How many transfers are under way."""
        return len(self._sendings)

    def _enter(self, sending: Sending) -> None:
        """Begin to hear the client of one more, and send it the first packets."""
        self._sendings.add(sending)
        if sending.own_socket:
            self._epoll.register(sending.sock, select.EPOLLIN)
        sending.send(sending.transfer.start(sending.started))
        self._keep_time()

    def _packets(self) -> None:
        """Hear all who have said something, as long as the other doors can wait.

        Few at a time: the kernel gives those that were not heard before the others.
        """
        poll, of_socket, clock = self._epoll.poll, self._sendings.of_socket, self._clock
        now = clock()
        until = now + _AT_MOST
        while now < until and (ready := poll(0, _TOGETHER)):
            for file, _ in ready:
                sending = of_socket(file)
                if sending is not None:
                    self._receive(sending, now)
            now = clock()

    def _receive(self, sending: Sending, now: float) -> None:
        # Each call from here costs 1 % of a whole transfer, so what nearly always comes has few.
        # So does a call that looks like a method's: Python 3.11 looks that up in the class first.
        try:
            receive = sending.receive
            data = receive(_WORD)
        except OSError as error:
            self._unheard(sending, error)
            return
        sending.heard = now
        try:
            follow = sending.follow
            packets = follow(data, now)
        except Exception as error:
            self._fail(sending, error)
            return
        if packets is None:
            self._take(sending, data, now)
            return
        try:
            put = sending.put
            put(packets)
        except OSError:
            sending.mend(packets)
        if now >= sending.tell_at:
            self._after(sending, now)

    def _unheard(self, sending: Sending, error: OSError) -> None:
        # Other errors are nothing there, or an ICMP error that the timer mends: where the path's
        # MTU is smaller than ours, the kernel has learnt it by now and sends in fragments.
        if not isinstance(error, ConnectionRefusedError):
            return
        # The client's port is closed: it has gone without a word, as edk2 does after a probe.
        if sending.aside:
            self._let_go(sending)
        elif sending.transfer.is_repeating_its_end:
            self._drop(sending, sending.finished(self._clock()))
        else:
            self._drop(sending, sending.failed("the client closed its port"))

    def _take(self, sending: Sending, data: bytes, now: float) -> None:
        """Take a packet of a client; what goes wrong with its transfer is not another's trouble."""
        sending.heard = now
        try:
            packets = sending.transfer.receive(data, now)
            if sending.aside and not self._is_taken_up(sending, packets, now):
                return
            sending.send(packets)
            self._after(sending, now)
        except Exception as error:
            self._fail(sending, error)

    def _fail(self, sending: Sending, error: Exception) -> None:
        if isinstance(error, OSError):
            why = f"the file cannot be read: {error.strerror or error}"
        else:
            _log.exception("tftp transfer failed", peer=sending.peer, name=sending.name)
            why = "a fault of the server"
        self._give_up(sending, why)

    def _after(self, sending: Sending, now: float) -> None:
        """Tell of progress, and end what has ended."""
        transfer = sending.transfer
        if transfer.outcome is not None:
            self._drop(sending, sending.ended(now))
        elif now >= sending.tell_at:
            sending.tell_at = now + PROGRESS
            self._record(sending.progressed())

    # --- requests that come twice

    def _put_aside(self, sending: Sending) -> None:
        """Be silent, as its client asks anew for the same; it may still go on.

        Either the machine was reset, or the request is a late copy of the one that began this
        transfer, and the client waits for what comes next of it.  What it says next, tells.
        """
        for each in self._sendings.put_aside(sending):
            each.sock.close()
        sending.put_aside()
        self._record(sending.failed("the client asked anew"))

    def _is_taken_up(self, sending: Sending, packets: list[bytes], now: float) -> bool:
        """Whether what its client said goes on with what was put aside.

        An ERROR does not: a machine that was reset says so ("unknown transfer ID") to a block
        that was late on its way, and waits for the other one.
        """
        outcome = sending.transfer.outcome
        if outcome is not None and outcome.ending in {Ending.ABORTED, Ending.PROBED}:
            self._let_go(sending)
            return False
        if not packets and outcome is None:
            return False
        self._take_up(sending, now)
        return True

    def _take_up(self, sending: Sending, now: float) -> None:
        """The client goes on with what was put aside: the other one was never asked for."""
        other = self._sendings.of_peer(sending.source)
        if other is not None:
            self._drop(other, other.failed("a late copy of the request: its client goes on"))
        self._sendings.take_up(sending)
        sending.take_up(now)
        self._record(sending.begun())

    def _let_go(self, sending: Sending) -> None:
        self._sendings.forget(sending)
        sending.sock.close()

    def _keep_time(self) -> None:
        waits = self._sendings or self._sendings.aside
        if self._ticker is None and waits and self._loop is not None:
            self._ticker = self._loop.call_later(_TICK, self._tick)

    def _tick(self) -> None:
        self._ticker = None
        now = self._clock()
        for sending in self._sendings:
            if now >= sending.transfer.deadline:
                self._overdue(sending, now)
        for sending in tuple(self._sendings.aside.values()):
            if now - sending.heard > _ASIDE:
                self._let_go(sending)
        self._keep_time()

    def _overdue(self, sending: Sending, now: float) -> None:
        try:
            sending.send(sending.transfer.tick(now))
            self._after(sending, now)
        except Exception as error:
            self._fail(sending, error)

    def _give_up(self, sending: Sending, why: str) -> None:
        """End a transfer from our side, and tell the client."""
        sending.send([tftp.encode(tftp.Error(tftp.ErrorCode.UNDEFINED, why))])
        if sending.aside:  # its end was told when it was put there
            self._let_go(sending)
        else:
            self._drop(sending, sending.failed(why))

    def _drop(self, sending: Sending, event: AnyEvent) -> None:
        self._sendings.remove(sending)
        if sending.own_socket:
            sending.sock.close()  # which takes it out of the epoll set, too
        self._record(event)
