"""What is wrong with the offers that came, or that did not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from boots.doctor.asking import Heard
from boots.doctor.place import Place
from boots.doctor.words import Finding, Severity
from boots.model.site import Mode
from boots.policy.answer import Answer
from boots.policy.compare import differences, server_of, told

# What a reply must have in common with the one that the settings call for.  Of a pool's addresses
# nobody can say which.
_COMPARED = ("boot file: ", "next-server: ")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else is known where no offer of ours came.

    `listens` says that the server's port is open on this host, `answers` what else of it answers
    (``TFTP``, ``HTTP``), `drops` are lines of the firewall that may be why.
    """

    listens: bool = False
    answers: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()


def judge(
    place: Place,
    heard: Sequence[Heard],
    expected: Mapping[str, Answer],
    otherwise: Circumstances,
) -> Iterator[Finding]:
    """All that offers tell; `expected` is our answer to each firmware that was asked for.

    Where our server could not hear the question it is empty: then only others are judged.
    """
    ours = [each for each in heard if _is_ours(each, place)]
    others = [each for each in heard if not _is_ours(each, place)]
    if place.site.shadow:
        return
    yield from _others(place, ours, others)
    should = [answer for answer in expected.values() if answer.reply is not None]
    if expected and not should:
        yield _silent_on_purpose(place, expected)
    elif should and not ours:
        yield _no_offer(place, others, otherwise)
    yield from _sources(place, ours)
    yield from _stale(place, ours, expected)
    if place.site.mode.proxies and not any(int(each.offer.yiaddr) for each in others):
        yield Finding(
            code="no-address",
            severity=Severity.ERROR,
            title=f"nobody gives addresses on {place.interface}",
            advice='start the DHCP server that dhcp.mode = "proxy" needs beside it,'
            ' or set dhcp.mode = "reservation"',
            interface=place.interface,
        )


def _is_ours(heard: Heard, place: Place) -> bool:
    return str(place.site.server) in {server_of(heard.offer), str(heard.source)}


def _others(place: Place, ours: Sequence[Heard], others: Sequence[Heard]) -> Iterator[Finding]:
    """Servers that should not be there, each once."""
    site = place.site
    by_server: dict[str, list[Heard]] = {}
    for each in others:
        by_server.setdefault(server_of(each.offer) or str(each.source), []).append(each)
    for server, offers in by_server.items():
        boots = any("boot file" in told(each.offer) for each in offers)
        if site.mode.proxies and not boots:
            continue  # it gives the addresses, as it should
        what = "names a boot file, too" if site.mode.proxies else "gives addresses, too"
        if site.mode.proxies:
            advice = "take the boot file out of its configuration: clients may take it for ours"
        else:
            advice = (
                'switch it off for these machines, or set dhcp.mode = "proxy" to leave the'
                " addresses to it"
            )
        alone = site.authoritative or site.mode.proxies
        yield Finding(
            code="second-server",
            severity=Severity.ERROR if alone else Severity.WARNING,
            title=f"another DHCP server, {server}, {what}",
            advice=advice,
            seen=(*_offered(offers), _first(ours, offers)),
            interface=place.interface,
        )


def _offered(offers: Sequence[Heard]) -> Iterator[str]:
    for each in offers:
        said = told(each.offer)
        parts = [f"{what} {said[what]}" for what in ("address", "boot file") if what in said]
        yield f"to {each.firmware}: {', '.join(parts) or 'nothing'}, from {each.source}"


def _first(ours: Sequence[Heard], others: Sequence[Heard]) -> str:
    theirs = min(each.after for each in others)
    if not ours:
        return f"it answered after {theirs * 1000:.0f} ms, and we not at all"
    own = min(each.after for each in ours)
    who = "it is" if theirs < own else "we are"
    return (
        f"it answered after {theirs * 1000:.0f} ms, we after {own * 1000:.0f} ms;"
        f" most clients take the first offer: {who} first"
    )


def _silent_on_purpose(place: Place, expected: Mapping[str, Answer]) -> Finding:
    reasons = dict.fromkeys(answer.why for answer in expected.values())
    return Finding(
        code="no-answer-meant",
        severity=Severity.WARNING,
        title="by its records the server answers this MAC nothing",
        advice="ask for a machine that it knows: --mac",
        seen=tuple(reasons),
        interface=place.interface,
    )


def _no_offer(place: Place, others: Sequence[Heard], known: Circumstances) -> Finding:
    seen = [f"{len(others)} offers of others came"] if others else ["no offer at all came"]
    if place.here and known.listens:
        code, title = (
            "firewall",
            f"the DHCP port is open, and what arrives on it by {place.interface} is lost",
        )
        advice = "look for what drops UDP 67: nft list ruleset, iptables-save"
        seen += known.drops or ["which rule does that can only be guessed"]
    elif place.here:
        code, title = "not-running", f"nobody answers DHCP on {place.interface}"
        advice = "start boots serve with this interface in its settings"
    elif known.answers:
        code, title = "nobody-answers", "the server runs, and its DHCP does not answer here"
        advice = (
            "see whether it serves this network's interface, whether a relay forwards to it,"
            " and whether a firewall drops UDP 67"
        )
        seen.append(f"of {place.site.server} {' and '.join(known.answers)} answer")
    else:
        code, title = "nobody-answers", f"nothing of the server {place.site.server} answers"
        advice = "see whether it runs, and whether this host can reach it"
    return Finding(
        code=code,
        severity=Severity.ERROR,
        title=title,
        advice=advice,
        seen=tuple(seen),
        interface=place.interface,
    )


def _sources(place: Place, ours: Sequence[Heard]) -> Iterator[Finding]:
    """Replies that leave from another address than the one that clients are told."""
    wrong = {
        (str(each.source), server_of(each.offer))
        for each in ours
        if server_of(each.offer) != str(each.source)
    }
    for source, named in sorted(wrong):
        yield Finding(
            code="wrong-source",
            severity=Severity.ERROR,
            title=f"DHCP answers leave from {source}, and say that they are from {named}",
            advice="set address to one that this interface has, or mend what translates addresses:"
            " firmware and relays drop answers from elsewhere",
            interface=place.interface,
        )


def _stale(
    place: Place, ours: Sequence[Heard], expected: Mapping[str, Answer]
) -> Iterator[Finding]:
    """Whether the server answers what these records and settings say."""
    lines = []
    pooled = place.site.mode is Mode.POOL
    compared = _COMPARED if pooled else ("address: ", *_COMPARED)
    for each in ours:
        wanted = expected.get(each.firmware)
        if wanted is None:
            continue
        found = differences(wanted.reply, each.offer, wanted.why)
        lines += [f"to {each.firmware}: {one}" for one in found if one.startswith(compared)]
        if wanted.reply is None:
            lines.append(f"to {each.firmware}: an answer, where these records give none")
    if lines:
        yield Finding(
            code="other-configuration",
            severity=Severity.WARNING,
            title="the server answers otherwise than these records and settings say",
            advice="give --config and --machines as it has them; or have it read them again"
            " (SIGHUP), and look in its log whether it refused them",
            seen=tuple(lines[:6]),
            interface=place.interface,
        )
