"""What is wrong with what could not be fetched."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from boots.doctor.fetching import Fetched, Outcome
from boots.doctor.place import Place
from boots.doctor.words import Finding, Severity


class _Row(NamedTuple):
    code: str
    title: str
    advice: str


_ROWS: Mapping[Outcome, _Row] = {
    Outcome.EMPTY: _Row("empty-file", "a file is empty", "install it anew"),
    Outcome.SILENT: _Row(
        "no-transfer",
        "{door} does not answer",
        "see whether the server runs, and what drops {door} on the way: a firewall, a wrong route",
    ),
    Outcome.CLOSED: _Row(
        "closed-port",
        "{door} is closed",
        "see whether the server runs and listens at this address and port",
    ),
    Outcome.REFUSED: _Row(
        "refused-file",
        "{door} refuses what clients are told to fetch",
        "boots explain says why; the server's log has FetchRefused",
    ),
    Outcome.MOVED: _Row(
        "redirected",
        "{door} redirects what clients are told to fetch",
        "give the URL it leads to: much firmware follows no redirection",
    ),
    Outcome.ELSEWHERE: _Row(
        "wrong-source",
        "{door} answers from another address",
        "set tftp.address, or mend what translates addresses: firmware drops such answers",
    ),
    Outcome.LARGE_LOST: _Row(
        "mtu",
        "large packets are lost on the way",
        "the MTU is smaller somewhere between: set tftp.largest_block below it less 32,"
        " or mend the MTU",
    ),
    Outcome.BROKEN: _Row("broken-transfer", "{door} breaks off", "look in the server's log"),
}


def judge(place: Place, fetched: Iterable[Fetched]) -> Iterator[Finding]:
    """What is wrong, the same of several files once."""
    together: dict[tuple[Outcome, str], list[Fetched]] = {}
    for each in fetched:
        if each.outcome in _ROWS:
            together.setdefault((each.outcome, _door(each.url)), []).append(each)
    for (outcome, door), those in together.items():
        row = _ROWS[outcome]
        yield Finding(
            code=row.code,
            severity=Severity.ERROR,
            title=row.title.format(door=door),
            advice=row.advice.format(door=door),
            seen=tuple(f"{each.url}: {each.detail or each.outcome.value}" for each in those),
            interface=place.interface,
        )


def _door(url: str) -> str:
    return urlsplit(url).scheme.upper()


def answering(fetched: Iterable[Fetched]) -> tuple[str, ...]:
    """The doors that answered anything at all."""
    silent = {Outcome.SILENT, Outcome.CLOSED}
    return tuple(dict.fromkeys(_door(each.url) for each in fetched if each.outcome not in silent))
