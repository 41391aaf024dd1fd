"""Records whose text is that of another one, but for the few values that are each machine's own.

Most of a large file's are.  A mould is the text of a record that was read, with holes where its
name, MAC, address and the like stood.  A text fits if it is the same around the holes, and what
stands in them is written as most do; then it need not be parsed.  What does not fit is read in
the usual way.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from socket import inet_aton
from typing import Any, NamedTuple

from boots.machines import slots
from boots.machines.packed import Opened, Port
from boots.machines.packing import Own
from boots.machines.slots import Form, Path, Role, Roles
from boots.model.mac import Mac

_MOST = 8  # moulds that each text is tried in
_IN_VAIN = 16  # moulds that are made before one of them is of use
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NUMBER = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
# JSON needs no escape for any of these.  A name can be a host name, too.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63}){0,2}")
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,59}[a-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL}){{0,3}}(?::[1-9][0-9]{{0,3}})?"
_TEXT = re.compile(r"[ !#-\[\]-~]*")
_PATTERNS = {
    "name": _NAME,
    "host": _NAME,
    "mac": re.compile(r"[0-9A-Fa-f][02468aceACE](?::[0-9A-Fa-f]{2}){5}"),
    "address": re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{3}}"),
    # As most do; none of these is refused, nor says of another key that it must not be there.
    "bmc url": re.compile(
        rf"(?:redfish|https)://{_HOST}(?:/redfish/v1/Systems/[A-Za-z0-9_-]+)?|ipmi://{_HOST}"
    ),
    "bmc password": re.compile(r"[ !#-\[\]-~]+"),
    "bmc file": re.compile(r"/[ !#-\[\]-~]*"),
}


class _Hole(NamedTuple):
    """Where a value stands in a text, what may stand there, and what becomes of it."""

    path: Path
    begin: int
    end: int
    pattern: re.Pattern[str]
    roles: Roles


class Mould:
    """Made of a record's text, its holes, and the machine that it was read as.

    `kept` are the places of the same values in the record as it is kept.
    """

    def __init__(self, text: str, holes: list[_Hole], kept: Mapping[Path, int], own: Own) -> None:
        *before, self._behind = _around(text, [(hole.begin, hole.end) for hole in holes])
        self._holes = [
            (lead, len(lead), hole.pattern.match) for lead, hole in zip(before, holes, strict=True)
        ]
        sizes = [hole.end - hole.begin for hole in holes]
        self._order = sorted(range(len(holes)), key=lambda at: kept[holes[at].path])
        spots = [(kept[holes[at].path], sizes[at]) for at in self._order]
        written = _around(own.record.decode(), [(at, at + size) for at, size in spots])
        self._record = "%s".join(part.replace("%", "%%") for part in written)
        self._kind = own.kind
        # Where each part of a machine is found: among what stood in the holes and these.
        self._always: list[str] = []
        places = {role: at for at, hole in enumerate(holes) for role in hole.roles}
        self._name = places[slots.NAME]
        at = holes[self._name]
        self._before_name = own.name.removesuffix(text[at.begin : at.end])
        self._agent = self._place(places, slots.AGENT, own.agent_id)
        self._instance = self._place(places, slots.INSTANCE, own.instance_id)
        self._macs = [self._place(places, slots.mac(at), mac) for at, mac in enumerate(own.macs)]
        self._ports = [self._port(places, at, port, own.name) for at, port in enumerate(own.ports)]
        bmc = zip(slots.BMC, own.bmc or (), strict=False)
        self._bmc = [self._place(places, role, each) for role, each in bmc]

    def _place(self, places: Mapping[Role, int], role: Role, constant: str) -> int:
        if role in places:
            return places[role]
        self._always.append(constant)
        return len(self._holes) + len(self._always) - 1

    def _port(
        self, places: Mapping[Role, int], at: int, port: Port | None, name: str
    ) -> tuple[int, int] | None:
        if port is None:
            return None
        address, host = port
        written = ".".join(map(str, address.to_bytes(4)))
        return (
            self._place(places, slots.address(at), written),
            self._place(places, slots.host(at), name if host is None else host),
        )

    def fit(self, text: str, at: int, line: int) -> tuple[Own, int] | None:
        """The machine whose record begins here, and where it ends; None where it does not fit."""
        words: list[str] = []
        for before, size, match in self._holes:
            found = text.startswith(before, at) and match(text, at + size)
            if not found:
                return None
            words.append(found[0])
            at = found.end()
        if not text.startswith(self._behind, at):
            return None
        return self._own(words, line), at + len(self._behind)

    def _own(self, words: list[str], line: int) -> Own:
        record = self._record % tuple([words[at] for at in self._order])
        words += self._always
        name = self._before_name + words[self._name]
        ports: list[Port | None] = []
        for port in self._ports:
            if port is None:
                ports.append(None)
                continue
            host = words[port[1]]
            address = int.from_bytes(inet_aton(words[port[0]]))
            ports.append((address, None if host == name else host))
        return Own(
            kind=self._kind,
            line=line,
            name=name,
            agent_id=words[self._agent],
            instance_id=words[self._instance],
            macs=tuple([Mac(words[at].lower()) for at in self._macs]),
            ports=tuple(ports),
            record=record.encode(),
            bmc=self._opened(words),
        )

    def _opened(self, words: list[str]) -> Opened | None:
        if not self._bmc:
            return None
        url, user, password, file = self._bmc
        return words[url], words[user], words[password], words[file]


class Moulds:
    """Those of one file."""

    def __init__(self) -> None:
        self.text = ""
        """The text of the record that was read last, as it fitted none of them."""
        self._moulds: list[Mould] = []
        self._made = self._fitted = 0

    def fit(self, text: str, at: int, line: int) -> tuple[Own, int] | None:
        """As a mould that fits does; the one that fitted last is tried first."""
        for number, mould in enumerate(self._moulds):
            found = mould.fit(text, at, line)
            if found is not None:
                if number:
                    self._moulds.insert(0, self._moulds.pop(number))
                self._fitted += 1
                return found
        return None

    def learn(self, record: Mapping[str, Any], own: Own, form: Form) -> None:
        """Make a mould of the record that was read last, unless they prove to be of no use."""
        if self._made > self._fitted + _IN_VAIN:
            return
        self._made += 1
        made = mould(self.text, record, own, form)
        if made is not None:
            self._moulds.insert(0, made)
            del self._moulds[_MOST:]


def mould(text: str, record: Mapping[str, Any], own: Own, form: Form) -> Mould | None:
    """One that is made of this text; None where not even this text fits it."""
    holes = list(_holes(text, record, own, form))
    if not any(slots.NAME in hole.roles for hole in holes):
        return None
    kept = {path: begin for path, begin, _ in _texts(own.record.decode())}
    made = Mould(text, holes, kept, own)
    return made if made.fit(text, 0, own.line) == (own, len(text)) else None


def _holes(text: str, record: Mapping[str, Any], own: Own, form: Form) -> Iterator[_Hole]:
    for path, begin, end in _texts(text):
        roles = form(path, record)
        if roles is None or any(at >= len(own.macs) for _, at in roles):
            continue
        pattern = _PATTERNS.get(roles[0][0], _TEXT) if roles else _TEXT
        found = pattern.match(text, begin, end)
        # A prefix may follow an address; it is no part of what is each machine's own.
        if found and (found.end() == end or pattern is _PATTERNS["address"]):
            yield _Hole(path, begin, found.end(), pattern, roles)


def _texts(text: str) -> Iterator[tuple[Path, int, int]]:
    """The texts among the values of a JSON object: the path of each, and where it stands."""
    spans = [found.span(1) for found in _LITERAL.finditer(text)]
    count = itertools.count()
    numbered = json.loads(_LITERAL.sub(lambda _: f'"{next(count)}"', text))
    for path, number in _numbers(json.loads(text), numbered, ()):
        yield path, *spans[number]


def _numbers(value: Any, numbered: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """The number that stands at each path that has a text."""
    if isinstance(value, dict):
        for (key, each), other in zip(value.items(), numbered.values(), strict=True):
            yield from _numbers(each, other, (*path, key))
    elif isinstance(value, list):
        for at, (each, other) in enumerate(zip(value, numbered, strict=True)):
            yield from _numbers(each, other, (*path, at))
    elif isinstance(value, str):
        yield path, int(numbered)


def _around(text: str, holes: list[tuple[int, int]]) -> list[str]:
    """The text before, between and behind the holes."""
    begins = [begin for begin, _ in holes]
    ends = [end for _, end in holes]
    return [text[end:begin] for end, begin in zip([0, *ends], [*begins, len(text)], strict=True)]
