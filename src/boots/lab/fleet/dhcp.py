"""One DORA of a client, as a state machine: messages and the clock go in, messages come out."""

import math
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.lab.fleet.kinds import Program, boot_file
from boots.wire import options, pxe
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, BROADCAST, Message
from boots.wire.options import MessageType

_NOWHERE = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a machine says of itself: its MAC, and option 97 as it stands on the wire."""

    mac: bytes
    uuid: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """What a client learned: its address, the routers, and what to load from where."""

    address: IPv4Address
    prefix: int
    router: IPv4Address | None
    next_server: IPv4Address
    boot_file: str


class Exchange:
    """Asks for an address, with the timers of `program`.

    After each call `deadline` is when `tick` is due.  When `over`, there is a `lease`, or a
    `failure` in words.  `offered` is when the first offer came that could be taken, `waited`
    the seconds that the client then waited for others, as it always does.
    """

    def __init__(
        self, who: Identity, program: Program, xid: int, *, only_offer: bool = False
    ) -> None:
        self._who = who
        self._program = program
        self._xid = xid
        self._only_offer = only_offer
        self._began = 0.0
        self._tries = 0
        self._offer: Message | None = None
        self._chosen: dict[int, bytes] = {}
        self._requesting = False
        self._passed_over = ""
        self.deadline = math.inf
        self.offered: float | None = None
        self.ended = 0.0
        self.waited = 0.0
        self.retries = 0
        self.lease: Lease | None = None
        self.failure = ""
        self.over = False

    def start(self, now: float) -> Message:
        """The first DISCOVER."""
        self._began = now
        return self._discover(now)

    def receive(self, message: Message, now: float) -> Message | None:
        """Take a message from a server; returns what it calls for."""
        if self.over or message.op != BOOTREPLY or message.xid != self._xid:
            return None
        if message.chaddr != self._who.mac:
            return None
        kind = message.kind
        if kind is MessageType.OFFER and not self._requesting:
            return self._take_offer(message, now)
        if kind is MessageType.ACK and self._requesting:
            self._acknowledged(message, now)
        elif kind is MessageType.NAK and self._requesting:
            said: str = message.get(options.MESSAGE) or "it does not say why"
            self._fail(f"the server sent a NAK: {said}", now)
        return None

    def tick(self, now: float) -> Message | None:
        """The clock went on: repeat, go on with what was offered, or give up."""
        if self.over or now < self.deadline:
            return None
        if self._offer is not None and not self._requesting and self._heard_enough(now):
            return self._take(self._offer, now)
        times = self._program.request if self._requesting else self._program.discover
        if self._tries >= len(times):
            self._fail(self._why_not(), now)
            return None
        self.retries += 1
        return self._request(now) if self._requesting else self._discover(now)

    def _heard_enough(self, now: float) -> bool:
        """Whether the timer ends the waiting: edk2's always does, iPXE's after two seconds."""
        return math.isinf(self._program.listens) or now - self._began > self._program.listens

    def _take_offer(self, offer: Message, now: float) -> Message | None:
        why = "it has no address" if offer.yiaddr == _NOWHERE else self._program.passes_over(offer)
        if why or offer.get(options.SERVER_ID) is None:
            self._passed_over = why or "it does not name its server (option 54)"
            return None
        if self.offered is None:
            self.offered = now
        if self._only_offer:
            self.over, self.ended = True, now
            return None
        self._offer = self._offer or offer
        if now - self._began >= self._program.listens or self._is_told_to_go_on(offer):
            return self._take(self._offer, now)
        return None

    def _is_told_to_go_on(self, offer: Message) -> bool:
        """Whether iPXE learns that no proxyDHCP server will answer."""
        if pxe.IPXE.code not in self._program.options:
            return False
        return any((offer.get(pxe.IPXE) or {}).get(pxe.NO_PXEDHCP, b""))

    def _take(self, offer: Message, now: float) -> Message:
        self._requesting, self._tries = True, 0
        self._chosen = {
            options.SERVER_ID.code: offer.options[options.SERVER_ID.code],
            options.REQUESTED_ADDRESS.code: offer.yiaddr.packed,
        }
        if math.isinf(self._program.listens) and self.offered is not None:
            self.waited = now - self.offered
        return self._request(now)

    def _acknowledged(self, ack: Message, now: float) -> None:
        server = ack.get(options.SERVER_ID) or _NOWHERE
        mask = ack.get(options.SUBNET_MASK)
        routers = ack.get(options.ROUTER)
        self.lease = Lease(
            address=ack.yiaddr,
            prefix=32 if mask is None else int(mask).bit_count(),
            router=routers[0] if routers else None,
            next_server=ack.siaddr if ack.siaddr != _NOWHERE else _named_server(ack) or server,
            boot_file=boot_file(ack),
        )
        self.over, self.ended = True, now

    def _fail(self, why: str, now: float) -> None:
        self.failure, self.over, self.ended = why, True, now

    def _why_not(self) -> str:
        if self._requesting:
            return f"no ACK to {self._tries} REQUESTs"
        why = f"no OFFER to {self._tries} DISCOVERs"
        return f"{why}; one was passed over: {self._passed_over}" if self._passed_over else why

    # --- what it sends

    def _discover(self, now: float) -> Message:
        self.deadline = now + self._program.discover[self._tries]
        self._tries += 1
        return self._message(MessageType.DISCOVER, {}, now)

    def _request(self, now: float) -> Message:
        self.deadline = now + self._program.request[self._tries]
        self._tries += 1
        return self._message(MessageType.REQUEST, self._chosen, now)

    def _message(self, kind: MessageType, more: dict[int, bytes], now: float) -> Message:
        said = {options.MESSAGE_TYPE.code: bytes([kind]), **more, **self._program.options}
        said[pxe.UUID.code] = self._who.uuid
        if self._program.client_id:
            said[options.CLIENT_ID.code] = b"\1" + self._who.mac
        if kind is MessageType.REQUEST:
            for code in self._program.omitted:
                said.pop(code, None)
            if self._program.largest:
                said[options.MAX_SIZE.code] = options.MAX_SIZE.write(self._program.largest)
        return Message(
            op=BOOTREQUEST,
            xid=self._xid,
            chaddr=self._who.mac,
            secs=min(int(now - self._began), 0xFFFF),
            flags=BROADCAST if self._program.broadcast else 0,
            options=said,
        )


def _named_server(message: Message) -> IPv4Address | None:
    """The TFTP server of option 66, where it is an address."""
    name: str = message.get(options.TFTP_SERVER_NAME) or ""
    try:
        return IPv4Address(name)
    except ValueError:
        return None
