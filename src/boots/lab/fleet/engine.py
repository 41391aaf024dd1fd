"""Carries out the boots of a fleet: one epoll set, a socket for each machine, one heap of timers.

No task and no stream for each request: that would cost several times as much, and the simulator
would measure itself.
"""

import contextlib
import heapq
import random
import select
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from math import inf

from boots.lab.fleet.booting import Boot, Orders, Step, Steps, Story
from boots.lab.fleet.cost import Meter
from boots.lab.fleet.dhcp import Exchange
from boots.lab.fleet.http import Download
from boots.lab.fleet.place import Place
from boots.lab.fleet.plan import Machine
from boots.lab.fleet.ports import Port
from boots.lab.fleet.tftp import Reader
from boots.wire import dhcp, tftp
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed

_EVENTS = 512
_TIMERS = 64  # fired in a row, before what arrived is looked at
_LONGEST_SLEEP = 0.1
_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT
_PIECE = 1 << 20


@dataclass(slots=True, eq=False)
class Slot:
    """One machine under way."""

    story: Story
    steps: Steps
    power_on: float
    step: Step | None = None
    sock: socket.socket | None = None
    connected: bool = False
    alarm: float = inf
    over: bool = False


@dataclass(slots=True)
class Conditions:
    """What a fleet meets: the share of packets that are lost each way, and when it is ended."""

    loss: float = 0.0
    timeout: float = 120.0


@dataclass(slots=True)
class Engine:
    """Boots machines; `watch` is called about ten times a second."""

    place: Place
    port: Port
    conditions: Conditions
    chance: random.Random
    clock: Callable[[], float]
    watch: Callable[["Engine", float], None]
    meter: Meter
    routed: bool = False
    slots: list[Slot] = field(default_factory=list)
    live: int = 0
    _heap: list[tuple[float, int, Slot]] = field(default_factory=list)
    _pushed: int = 0
    _by_mac: dict[bytes, Slot] = field(default_factory=dict)
    _by_fd: dict[int, Slot] = field(default_factory=dict)
    _owners: dict[IPv4Address, Slot] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _epoll: select.epoll = field(default_factory=select.epoll)
    _buffer: bytearray = field(default_factory=lambda: bytearray(_PIECE))

    def run(self, machines: Sequence[Machine], orders: Orders, arrivals: Sequence[float]) -> None:
        """Switch all machines on, and go on until each has come to its end.

        Ctrl-C ends it early; what is under way then has failed.
        """
        began = self.clock()
        for machine, after in zip(machines, arrivals, strict=True):
            story = Story(machine)
            boot = Boot(story, orders, random.Random(self.chance.random()))  # noqa: S311
            slot = Slot(story, boot.steps(), began + after)
            self.slots.append(slot)
            self._by_mac[machine.mac] = slot
            self._set_alarm(slot, slot.power_on)
        self.live = len(self.slots)
        self._epoll.register(self.port.fileno(), _READ)
        end = began + max(arrivals, default=0) + self.conditions.timeout
        try:
            while self.live and self.clock() < end:
                self._turn()
            self._end_all(f"not there after {self.conditions.timeout:.0f} s")
        except KeyboardInterrupt:
            self._end_all("interrupted")
        finally:
            self._close_all()

    def _turn(self) -> None:
        sleep = self._heap[0][0] - self.clock() if self._heap else _LONGEST_SLEEP
        events = self._epoll.poll(min(max(sleep, 0), _LONGEST_SLEEP), _EVENTS)
        now = self.clock()
        for fd, mask in events:
            slot = self._by_fd.get(fd)
            if slot is None:
                if fd == self.port.fileno():
                    self._messages(now)
            elif isinstance(slot.step, Reader):
                self._packets(slot, slot.step, now)
            elif isinstance(slot.step, Download):
                self._stream(slot, slot.step, mask, now)
        self._fire(self.clock())
        self.meter.look(now)
        self.watch(self, now)

    # --- timers

    def _set_alarm(self, slot: Slot, when: float) -> None:
        """Wake the slot then, or sooner where that is set already: an alarm is never put off."""
        if when < slot.alarm:
            slot.alarm = when
            self._pushed += 1
            heapq.heappush(self._heap, (when, self._pushed, slot))

    def _fire(self, now: float) -> None:
        for _ in range(_TIMERS):
            if not self._heap or self._heap[0][0] > now:
                return
            when, _, slot = heapq.heappop(self._heap)
            if slot.over or when != slot.alarm:
                continue
            slot.alarm = inf
            if slot.step is None:
                self._advance(slot, now)
            else:
                self._tick(slot, slot.step, now)

    def _tick(self, slot: Slot, step: Step, now: float) -> None:
        match step:
            case Exchange():
                self._send_message(step.tick(now))
            case Reader():
                self._send_packet(slot, step, step.tick(now))
            case _:
                step.tick(now)
        self._after(slot, step, now)

    def _after(self, slot: Slot, step: Step, now: float) -> None:
        """Go on with the boot where a step is over, or see to its deadline."""
        if step.over:
            self._advance(slot, now)
        else:
            self._set_alarm(slot, step.deadline)

    # --- steps

    def _advance(self, slot: Slot, now: float) -> None:
        """End the step of a slot, and begin the next, or come to the end."""
        if slot.sock is not None:
            self._close(slot)
        if isinstance(slot.step, Exchange) and slot.step.lease is not None:
            slot.step.failure = self._own(slot, slot.step.lease.address)
        slot.step = next(slot.steps, None)
        if slot.step is None:
            slot.over = True
            self.live -= 1
            return
        self._begin(slot, slot.step, now)

    def _own(self, slot: Slot, address: IPv4Address) -> str:
        """Take the address; returns why that cannot be."""
        owner = self._owners.setdefault(address, slot)
        if owner is not slot:
            return f"the server gave {address} to {owner.story.machine.mac.hex(':')}, too"
        why = self.place.claim(address)
        if not why:
            self.port.announce(address)
        return why

    def _begin(self, slot: Slot, step: Step, now: float) -> None:
        match step:
            case Exchange():
                self._send_message(step.start(now))
            case Reader():
                self._open_udp(slot, step.server)
                self._send_packet(slot, step, step.start(now))
            case Download():
                step.start(now)
                self._open_tcp(slot, step, now)
            case _:
                step.start(now)
        # What cannot even begin goes on from the heap: scripts may try it again for ever.
        self._set_alarm(slot, now if step.over else step.deadline)

    # --- DHCP

    def _send_message(self, message: Message | None) -> None:
        if message is not None and not self._is_lost():
            with contextlib.suppress(OSError):  # a full queue loses packets, and clients repeat
                self.port.send(message)

    def _messages(self, now: float) -> None:
        for mac, data in self.port.receive():
            slot = self._by_mac.get(mac)
            if slot is None or not isinstance(slot.step, Exchange) or self._is_lost():
                continue
            try:
                message = dhcp.decode(data)
            except Malformed:
                continue
            self._send_message(slot.step.receive(message, now))
            self._after(slot, slot.step, now)

    def _is_lost(self) -> bool:
        return self.conditions.loss > 0 and self.chance.random() < self.conditions.loss

    # --- TFTP

    def _open_udp(self, slot: Slot, server: IPv4Address) -> None:
        self._see_to_route(slot, server)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._watch_socket(slot, sock, _READ)

    def _send_packet(self, slot: Slot, reader: Reader, data: bytes | None) -> None:
        if data is None or slot.sock is None or self._is_lost():
            return
        with contextlib.suppress(OSError):
            if slot.connected:
                slot.sock.send(data)
            else:
                slot.sock.sendto(data, (str(reader.server), tftp.PORT))

    def _packets(self, slot: Slot, reader: Reader, now: float) -> None:
        """A packet, or as many as a window has: this runs for each packet of a fleet."""
        sock, buffer = slot.sock, self._buffer
        if sock is None:
            return
        for _ in range(reader.window):
            try:
                if slot.connected:
                    size = sock.recv_into(buffer)
                else:
                    size, peer = sock.recvfrom_into(buffer)
            except OSError:  # nothing more, or an ICMP error, that a timer mends
                break
            if self._is_lost():
                continue  # of a lost first packet the machine does not know the port either
            if not slot.connected:
                # The server answers from a port of the transfer's own (RFC 1350 §4).
                with contextlib.suppress(OSError):
                    sock.connect(peer)
                    slot.connected = True
            answer = reader.take(buffer, size, now)
            if answer is not None:
                self._send_packet(slot, reader, answer)
                break
        if reader.over:
            self._advance(slot, now)
        elif reader.deadline < slot.alarm:
            self._set_alarm(slot, reader.deadline)

    # --- HTTP

    def _open_tcp(self, slot: Slot, step: Download, now: float) -> None:
        try:
            server = self._resolve(step.host)
            self._see_to_route(slot, IPv4Address(server))
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._watch_socket(slot, sock, _WRITE)
            with contextlib.suppress(BlockingIOError):
                sock.connect((server, step.port))
        except OSError as error:
            step.fail(error.strerror or str(error), now)

    def _resolve(self, host: str) -> str:
        if host not in self._names:
            self._names[host] = socket.gethostbyname(host)
        return self._names[host]

    def _stream(self, slot: Slot, step: Download, mask: int, now: float) -> None:
        sock = slot.sock
        if sock is None:
            return
        try:
            if mask & _WRITE:
                sock.send(step.request)
                self._epoll.modify(sock.fileno(), _READ)
            elif step.counting:
                # With MSG_TRUNC the kernel throws the bytes away and only counts them (tcp(7)).
                step.count(sock.recv_into(self._buffer, _PIECE, socket.MSG_TRUNC), now)
            else:
                step.feed(sock.recv(1 << 16), now)
        except BlockingIOError:
            return
        except OSError as error:
            step.fail(error.strerror or str(error), now)
        if step.over:
            self._advance(slot, now)

    # --- sockets

    def _see_to_route(self, slot: Slot, server: IPv4Address) -> None:
        if not self.routed and slot.story.lease is not None:
            self.place.reach(server, slot.story.lease)

    def _watch_socket(self, slot: Slot, sock: socket.socket, events: int) -> None:
        """A socket of the slot's own, at the machine's own address."""
        sock.setblocking(False)
        slot.sock, slot.connected = sock, False
        if slot.story.lease is not None:
            sock.bind((str(slot.story.lease.address), 0))
        self._by_fd[sock.fileno()] = slot
        self._epoll.register(sock.fileno(), events)

    def _close(self, slot: Slot) -> None:
        if slot.sock is not None:
            del self._by_fd[slot.sock.fileno()]
            slot.sock.close()
            slot.sock = None

    def _end_all(self, why: str) -> None:
        """What is under way has failed."""
        for slot in self.slots:
            if not slot.over:
                last = list(slot.story.marks)[-1:]
                had = f"had {last[0].value}" if last else "had no offer"
                slot.story.failure = f"{why}; it {had}"

    def _close_all(self) -> None:
        for slot in self.slots:
            self._close(slot)
        self._epoll.close()
