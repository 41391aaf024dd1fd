"""What events say besides the steps of a boot: refusals, failures, last words."""

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from boots.journal import events
from boots.journal.events import AnyEvent

MOST = 16
LONGEST = 240


class Kind(enum.Enum):
    """The kinds of sign."""

    REFUSED = "a file was refused"
    BROKE = "a transfer broke off"
    IGNORED = "a DHCP message got no answer"
    NAK = "an address was denied"
    DECLINED = "an address is in use elsewhere"
    NO_BOOT_FILE = "there is no boot file"
    UNWRITABLE = "no script could be made"
    UNPATCHED = "an ISO could not be patched"
    DOUBTFUL = "the boot file is for another kind of machine"
    TLS = "no TLS session"
    FOREIGN = "another DHCP server"
    LOOP = "held for going round"
    AGAIN = "the same once more"
    CONSOLE = "last words"
    AGENT = "the agent failed"


@dataclass(frozen=True, slots=True)
class Sign:
    """Something of note: `about` is the file, server or address, `text` the reason or the line.

    `first` and `last` are when it was heard, `count` how often, `sent` the bytes that had left.
    """

    kind: Kind
    first: float
    last: float
    about: str = ""
    text: str = ""
    count: int = 1
    sent: int = 0
    door: str = ""


Signs = tuple[Sign, ...]

# What is in the lines that the knowledge base is about; all else is passed over, as a console may
# say a thousand lines a second.
_TELLING = (
    *("ipxe.org/", "no configuration methods", "no more network devices", "usable certificates"),
    *("could not boot", "could not select", "could not start", "could not be started", "gave up"),
    *("kernel panic", "not syncing", "unable to mount root", "initramfs unpacking failed"),
    *("security violation", "bad shim signature", "prohibited by secure boot"),
    *("command not found", "out of memory", "refused the inventory", "osie: "),
    *("dracut-initqueue", "emergency mode", "emergency shell", "does not exist"),
)
# edk2 ends a transfer when it knows the size, and some firmware does so after the first block.
_ABORTS = re.compile(r"the client ended it: user aborted", re.IGNORECASE)


def of(event: AnyEvent, at: float) -> Sign | None:
    """The sign that an event is, if it is one."""
    make = _MAKERS.get(type(event))
    return make(event, at) if make else None


def is_normal_abort(event: events.TransferFailed) -> bool:
    """Whether a client ended a transfer as it only wanted to know about the file."""
    return bool(_ABORTS.match(event.why)) and event.sent <= 65_536


def is_telling(line: str) -> bool:
    """Whether a line of a console may be one that the knowledge base is about."""
    lower = line.lower()
    return any(words in lower for words in _TELLING)


def added(signs: Signs, new: Sign) -> Signs:
    """The signs with one more; the same once more is counted, and of too many the first stay."""
    for place, old in enumerate(signs):
        if (old.kind, old.about, old.text, old.door) == (new.kind, new.about, new.text, new.door):
            again = Sign(
                old.kind,
                min(old.first, new.first),
                max(old.last, new.last),
                old.about,
                old.text,
                old.count + 1,
                max(old.sent, new.sent),
                old.door,
            )
            return (*signs[:place], again, *signs[place + 1 :])
    if len(signs) < MOST:
        return (*signs, new)
    return (*signs[: MOST // 2], *signs[MOST // 2 + 1 :], new)


@lru_cache(maxsize=8192)
def short(text: str, most: int = LONGEST) -> str:
    """What a machine said or was told, in one line.

    Most are told the same: what is kept of it is one text for all.
    """
    return one_line(text, most)


def one_line(text: str, most: int) -> str:
    """A text as it can be kept and shown: so many letters, nothing in it that moves a cursor."""
    if len(text) > most:
        text = f"{text[: most - 1]}…"
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _refused(event: events.FetchRefused, at: float) -> Sign:
    return Sign(Kind.REFUSED, at, at, short(event.name), short(event.why), door=event.door)


def _broke(event: events.TransferFailed, at: float) -> Sign | None:
    if is_normal_abort(event):
        return None
    name, why = short(event.name), short(event.why)
    return Sign(Kind.BROKE, at, at, name, why, sent=event.sent, door=event.door)


def _ignored(event: events.DhcpIgnored, at: float) -> Sign | None:
    if event.why.endswith("gets no answer"):
        return None
    return Sign(Kind.IGNORED, at, at, short(event.message, 20), short(event.why))


def _nak(event: events.NakSent, at: float) -> Sign:
    return Sign(Kind.NAK, at, at, text=short(event.why))


def _declined(event: events.AddressDeclined, at: float) -> Sign:
    return Sign(Kind.DECLINED, at, at, short(event.address))


def _script(event: events.ScriptServed, at: float) -> Sign | None:
    if not event.problem:
        return None
    return Sign(Kind.UNWRITABLE, at, at, short(event.profile), short(event.problem))


def _unpatched(event: events.IsoUnpatched, at: float) -> Sign:
    return Sign(Kind.UNPATCHED, at, at, short(event.source))


def _doubtful(event: events.BootFileDoubtful, at: float) -> Sign:
    return Sign(Kind.DOUBTFUL, at, at, short(event.name), short(event.why))


def _tls(event: events.TlsRefused, at: float) -> Sign:
    return Sign(Kind.TLS, at, at, text=short(event.why))


def _foreign(event: events.ForeignServerSeen, at: float) -> Sign | None:
    if event.expected:
        return None
    return Sign(Kind.FOREIGN, at, at, short(event.server), event.reply)


def _loop(event: events.LoopBroken, at: float) -> Sign:
    return Sign(Kind.LOOP, at, at, str(event.count), short(event.why))


def _line(event: events.ConsoleLine, at: float) -> Sign | None:
    if not is_telling(event.text):
        return None
    return Sign(Kind.CONSOLE, at, at, short(event.source, 40), short(event.text.strip()))


def _agent(event: events.AgentProgressed, at: float) -> Sign | None:
    if event.stage not in {"failed", "error"}:
        return None
    return Sign(Kind.AGENT, at, at, event.stage, short(event.message))


_MAKERS: Mapping[type[AnyEvent], Callable[[Any, float], Sign | None]] = {
    events.FetchRefused: _refused,
    events.TransferFailed: _broke,
    events.DhcpIgnored: _ignored,
    events.NakSent: _nak,
    events.AddressDeclined: _declined,
    events.ScriptServed: _script,
    events.IsoUnpatched: _unpatched,
    events.BootFileDoubtful: _doubtful,
    events.TlsRefused: _tls,
    events.ForeignServerSeen: _foreign,
    events.LoopBroken: _loop,
    events.ConsoleLine: _line,
    events.AgentProgressed: _agent,
}
