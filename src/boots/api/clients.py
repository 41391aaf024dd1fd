"""Operators who come with a certificate in place of a token: who each is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from boots.client.words import Me

_ALTERNATIVE = {"DNS", "email", "URI"}


def bearer_of(shown: Mapping[str, Any] | None, clients: Sequence[Me]) -> Me | None:
    """The first of these whose name a certificate has that was verified; None for nobody.

    `shown` is as ``ssl`` gives it.  Where it has alternative names (RFC 5280, 4.2.1.6), its common
    name does not count: it may be anything.
    """
    if not shown:
        return None
    names = set(_alternatives(shown) if shown.get("subjectAltName") else _common(shown))
    return next((each for each in clients if each.name in names), None)


def _alternatives(shown: Mapping[str, Any]) -> Iterator[str]:
    for kind, value in shown.get("subjectAltName", ()):
        if kind in _ALTERNATIVE:
            yield value


def _common(shown: Mapping[str, Any]) -> Iterator[str]:
    for parts in shown.get("subject", ()):
        for kind, value in parts:
            if kind == "commonName":
                yield value
