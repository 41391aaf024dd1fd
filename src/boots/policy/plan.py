"""Plan: how the answers to one machine differ between two worlds.

Both are asked by the very calls that the doors make, for every kind of firmware, and what they
say is compared; reasons are not, as no client sees them.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import metadata, profile, token
from boots.policy.boot import fetch
from boots.policy.compare import told
from boots.policy.explain import FIRMWARE, Chain, chain
from boots.policy.got import File, Got, Refusal, Rendered, Script
from boots.policy.served import as_served
from boots.wire import dhcp
from boots.wire.dhcp import Message

View = tuple[Known | None, Site]
"""What is known of a MAC, and the site that it asks."""

NOTHING = "no answer"
_SCRIPT = "script"
_METADATA = ("nocloud/meta-data", "nocloud/user-data", "nocloud/vendor-data")


class Change(NamedTuple):
    """One answer that is another one: empty `now` or `then` where there is none."""

    what: str
    now: str
    then: str


class _Asked(NamedTuple):
    """What was asked for: a reply, the script, a file; and by which kind of client."""

    what: str
    who: str


_Said = Message | Got | None
"""What came of it; None for no reply."""

_REPLY = "reply"


def differences(mac: Mac, before: View, after: View) -> tuple[Change, ...]:
    """What is answered otherwise to this MAC.

    A machine that has no answers on one side is told of in one line: `NOTHING`, and what it gets.
    """
    alike = _is_same(before[0], after[0])
    if alike and before[1] is after[1]:
        return ()
    now, then = _all_of(mac, *before), _all_of(mac, *after)
    if not alike:
        now |= _metadata(*before) if now else {}
        then |= _metadata(*after) if then else {}
    if now == then:
        return ()
    if not now or not then:
        return (Change("answers", _gist(now), _gist(then)),)
    return tuple(_merged(now, then))


def changed(now: Mapping[str, str], then: Mapping[str, str]) -> Iterator[Change]:
    """What differs between two replies, or two of anything that is told by its parts."""
    for what in dict.fromkeys((*now, *then)):
        if now.get(what, "") != then.get(what, ""):
            yield Change(what, *_cut(now.get(what, ""), then.get(what, "")))


def _all_of(mac: Mac, known: Known | None, site: Site) -> dict[_Asked, _Said]:
    """All that this MAC is told and can fetch; nothing for one that gets no answer at all."""
    served = as_served(mac, known, site)
    if served is None:
        return {}
    found: dict[_Asked, _Said] = {}
    for firmware in FIRMWARE:
        found |= _of_chain(chain(firmware, mac, served, site))
    if not any(isinstance(said, Message) for said in found.values()):
        return {}
    return found | dict(_of_files(served, site))


def _is_same(one: Known | None, other: Known | None) -> bool:
    """Whether two records say the same; where they stand says nothing to a machine."""
    if one is None or other is None or one is other:
        return one is other
    place = other.machine.place
    return replace(one, machine=replace(one.machine, place=place)) == other


def _of_chain(whole: Chain) -> Iterator[tuple[_Asked, _Said]]:
    for step in whole.steps:
        who = whole.firmware.name
        who += "" if step.who == who else f", its {step.who}"
        who += "" if step.port == dhcp.SERVER_PORT else f", at port {step.port}"
        yield _Asked(_REPLY, who), step.answer.reply
    for url, got in whole.fetched:
        what = _SCRIPT if isinstance(got, Script) else f"file {url}"
        yield _Asked(what, whole.firmware.name), got


def content(got: Got) -> str:
    """What somebody gets who fetches it; of rendered files, and of tokens, a digest."""
    match got:
        case Script(text):
            tokens = "".join(f"\n# token: {_digest(each.encode())}" for each in token.told(text))
            return token.hidden(text) + tokens
        case File(name, _):
            return f"the file {name}"
        case Rendered(_, made, _):
            return f"{len(made)} bytes, sha256 {_digest(made)}"
        case Refusal(_, why):
            return f"refused: {why}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _of_files(known: Known, site: Site) -> Iterator[tuple[_Asked, _Said]]:
    """The files that are made for this machine alone, besides its script."""
    for name in profile.names(known, site):
        yield _Asked(f"file {name}", ""), fetch(name, known, site)
    own = macs.dashed(known.mac)
    for name in (f"grub.cfg-01-{own}", f"pxelinux.cfg/01-{own}"):
        got = fetch(name, known, site)
        if isinstance(got, Rendered):
            yield _Asked(f"file {name}", ""), got


def _metadata(known: Known | None, site: Site) -> dict[_Asked, _Said]:
    """What its metadata says, which is of its record alone."""
    return {
        _Asked(f"metadata {name.partition('/')[2]}", ""): got
        for name in _METADATA
        if isinstance(got := metadata.give(name, known, site), Rendered)
    }


def _merged(now: Mapping[_Asked, _Said], then: Mapping[_Asked, _Said]) -> Iterator[Change]:
    """The changes, each once; with whom it is about where not everybody is."""
    together: dict[Change, list[str]] = {}
    everybody: dict[str, set[str]] = {}
    for asked in dict.fromkeys((*now, *then)):
        everybody.setdefault(asked.what, set()).add(asked.who)
        one, other = now.get(asked), then.get(asked)
        if one != other:
            for change in changed(_parts(asked, one), _parts(asked, other)):
                together.setdefault(change, []).append(asked.who)
    for change, who in together.items():
        of = change.what if change.what in everybody else _REPLY
        whom = "" if set(who) == everybody[of] else f" ({'; '.join(filter(None, who))})"
        yield change._replace(what=f"{change.what}{whom}")


def _parts(asked: _Asked, said: _Said) -> Mapping[str, str]:
    """What was said, by its parts."""
    if isinstance(said, Message):
        return told(said)
    if said is None:
        return {_REPLY: "none"} if asked.what == _REPLY else {}
    return {asked.what: content(said)}


def _cut(now: str, then: str) -> tuple[str, str]:
    """Of two long texts the lines that only one of them has, if that tells them apart."""
    if "\n" not in now or "\n" not in then:
        return now, then
    old, new = now.splitlines(), then.splitlines()
    gone = "\n".join(line for line in old if line not in new)
    come = "\n".join(line for line in new if line not in old)
    return (gone, come) if gone or come else (now, then)


def _gist(said: Mapping[_Asked, _Said]) -> str:
    """What a machine gets, in a line."""
    if not said:
        return NOTHING
    replies = [told(each) for each in said.values() if isinstance(each, Message)]
    parts = []
    for what in ("address", "boot file"):
        values = dict.fromkeys(reply[what] for reply in replies if what in reply)
        parts += [f"{what} {', '.join(values)}"] if values else []
    return "; ".join(parts) or "answers without an address and without anything to boot"
