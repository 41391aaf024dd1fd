"""Finding the route of a path: a tree of its parts, literal ones before named ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from boots.api.desk import Refused


class Routed(Protocol):
    """What has a method and a path."""

    @property
    def method(self) -> str:
        """Of HTTP: GET, POST and others."""

    @property
    def path(self) -> str:
        """``/v1/machines/{key}``; a last part ``{name...}`` has all that is left."""


R = TypeVar("R", bound=Routed)


@dataclass(slots=True)
class _Node(Generic[R]):
    """One part of paths, and what may come after it."""

    literal: dict[str, "_Node[R]"] = field(default_factory=dict)
    named: "_Node[R] | None" = None
    rest: "_Node[R] | None" = None
    routes: dict[str, R] = field(default_factory=dict)


class Matching(Generic[R]):
    """Finds routes; two of one method and path are a mistake."""

    def __init__(self, routes: Iterable[R]) -> None:
        self._root: _Node[R] = _Node()
        for route in routes:
            node = self._root
            for part in route.path.split("/")[1:]:
                node = self._below(node, part)
            if route.method in node.routes:
                raise ValueError(f"two routes: {route.method} {route.path}")
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> tuple[R, Mapping[str, str]]:
        """The route of a request, and the named parts of its path; HEAD is as GET.

        Raises:
            Refused: there is none, or not for this method, or the path is no text.
        """
        parts = [_decoded(part) for part in path.split("/")[1:]]
        found = self._walk(self._root, parts)
        if found is None:
            raise Refused(404, "Not Found", "nothing has this path; /v1/openapi.json lists all")
        route = found.routes.get("GET" if method == "HEAD" else method)
        if route is None:
            raise NotAllowed(method, self.allowed(found.routes))
        keys = {}
        for place, name in enumerate(route.path.split("/")[1:]):
            if name.endswith("...}"):
                keys[name[1:-4]] = "/".join(parts[place:])
            elif name.startswith("{"):
                keys[name[1:-1]] = parts[place]
        return route, keys

    @staticmethod
    def allowed(methods: Iterable[str]) -> list[str]:
        """Methods as ``Allow`` names them."""
        found = set(methods)
        return sorted(found | {"HEAD"} if "GET" in found else found)

    def _below(self, node: _Node[R], part: str) -> _Node[R]:
        if part.endswith("...}"):
            node.rest = node.rest or _Node()
            return node.rest
        if part.startswith("{"):
            node.named = node.named or _Node()
            return node.named
        return node.literal.setdefault(part, _Node())

    def _walk(self, node: _Node[R], parts: list[str]) -> _Node[R] | None:
        """The node of these parts that has routes; a table's paths are a few parts deep."""
        if not parts:
            return node if node.routes else None
        first, left = parts[0], parts[1:]
        if first in node.literal:
            found = self._walk(node.literal[first], left)
            if found is not None:
                return found
        if node.named is not None and first:
            found = self._walk(node.named, left)
            if found is not None:
                return found
        return node.rest if any(parts) else None


class NotAllowed(Refused):
    """A path that is there, but not for this method; `allowed` are those it has."""

    def __init__(self, method: str, allowed: list[str]) -> None:
        detail = f"{method} is not; allowed: {', '.join(allowed)}"
        super().__init__(405, "Method Not Allowed", detail)
        self.allowed = allowed


def _decoded(part: str) -> str:
    """A part of a path as text, without what no name has."""
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeError:  # also what was no ASCII on the wire
        raise Refused(400, "Bad Request", "the path is not UTF-8 in per cent codes") from None
    if any(ord(each) < 0x20 or ord(each) == 0x7F for each in text):
        raise Refused(400, "Bad Request", "the path has control characters")
    return text
