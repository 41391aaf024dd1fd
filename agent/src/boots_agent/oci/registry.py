"""Asking a registry: who may, and what it has.

A registry says by 401 where tokens are had (``WWW-Authenticate: Bearer``), or takes name and
password itself (``Basic``).  Neither is told to anybody else: blobs often lie elsewhere.
"""

import base64
import http.client
import json
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from boots_agent import __version__
from boots_agent.images.http import Net, connection_to, in_words
from boots_agent.images.words import MIB, Damaged, Unreachable, Unsuitable
from boots_agent.oci.names import Name
from boots_agent.server import pauses

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.artifact.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MOST = 4 * MIB  # of a manifest, as registries have it (distribution-spec, pushing manifests)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})
_FIELD = re.compile(r'\b(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_LIFE = 60.0  # seconds of a token that does not say how long it is good
_MARGIN = 10.0


class Login(NamedTuple):
    """Who asks."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """For ``Authorization``."""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return f"Basic {pair}"


def login_of(environment: Mapping[str, str]) -> Login | None:
    """Who asks, by the variables of an action; None for nobody."""
    user = environment.get("REGISTRY_USERNAME", "")
    return Login(user, environment.get("REGISTRY_PASSWORD", "")) if user else None


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Registry:
    """One repository of one registry."""

    def __init__(self, name: Name, login: Login | None, net: Net) -> None:
        self.name = name
        self._login = login
        self._net = net
        self._challenge = ""
        self._token = ""
        self._until = 0.0

    def manifest(self, reference: str = "") -> bytes:
        """A manifest's bytes.

        Raises:
            Unreachable: The registry cannot be asked, or refuses.
        """
        url = self.name.manifest(reference)
        accepted = {"Accept": ", ".join(MANIFESTS)}
        answer = self._asked(url, {**accepted, **self.headers(url)})
        if answer.status == 401:
            self._challenge, self._token = answer.headers.get("www-authenticate", ""), ""
            answer = self._asked(url, {**accepted, **self.headers(url)})
        if answer.status != 200:
            raise Unreachable(
                f"{url}: the registry answers {answer.status} {_why(answer)}".rstrip()
            )
        return answer.body

    def headers(self, url: str) -> Mapping[str, str]:
        """What lets us in at a URL: nothing, if it is not the registry's.

        Raises:
            Unreachable: No token can be had.
        """
        if _peer(url) != _peer(self.name.base) or not self._challenge:
            return {}
        scheme = self._challenge.split(" ", 1)[0].lower()
        if scheme == "basic" and self._login:
            return {"Authorization": self._login.header}
        if scheme != "bearer":
            why = "wants a name and a password" if scheme == "basic" else f"wants {scheme!r}"
            raise Unreachable(f"{self.name.base} {why}: REGISTRY_USERNAME, REGISTRY_PASSWORD")
        if time.monotonic() > self._until or not self._token:
            self._fetch_token()
        return {"Authorization": f"Bearer {self._token}"}

    def feeds(self) -> Net:
        """How a blob is read."""
        return self._net._replace(headers=self.headers)

    def _fetch_token(self) -> None:
        fields = {key: one or other for key, one, other in _FIELD.findall(self._challenge)}
        realm = urlsplit(fields.get("realm", ""))
        if realm.scheme != "https" and self.name.base.startswith("https:"):
            raise Unsuitable(f"{self.name.base} has its tokens at {realm.geturl()}, without TLS")
        asked = {"service": fields.get("service", ""), "scope": fields.get("scope", "")}
        asked["scope"] = asked["scope"] or f"repository:{self.name.repository}:pull"
        query = urlencode({key: value for key, value in asked.items() if value})
        url = realm._replace(query=f"{realm.query}&{query}".lstrip("&")).geturl()
        answer = self._asked(url, {"Authorization": self._login.header} if self._login else {})
        if answer.status != 200:
            who = f"for {self._login.user}" if self._login else "without REGISTRY_USERNAME"
            raise Unreachable(
                f"no token {who}: {realm.netloc} answers {answer.status} {_why(answer)}"
            )
        said = _json(answer.body, realm.netloc)
        self._token = str(said.get("token") or said.get("access_token") or "")
        life = said.get("expires_in")
        lasting = float(life) if isinstance(life, int | float) else _LIFE
        self._until = time.monotonic() + max(0.0, lasting - _MARGIN)
        if not self._token:
            raise Unreachable(f"{realm.netloc} answers without a token")

    def _asked(self, url: str, headers: Mapping[str, str]) -> Answer:
        """One question, again and again while the server is in trouble."""
        waited = 0.0
        for pause in pauses():
            try:
                answer = self._once(url, headers)
                if answer.status < 500 and answer.status not in _LATER:
                    return answer
                why = f"it answers {answer.status}"
            except (OSError, http.client.HTTPException) as error:
                why = in_words(error)
                if getattr(error, "verify_message", ""):
                    raise Unreachable(f"{url}: {why} (SKIP_VERIFY: true takes any)") from error
            waited += pause
            if waited > self._net.patience:
                raise Unreachable(f"{url}: {why}; tried for {waited:.0f} s")
            self._net.sleep(pause)
        raise AssertionError("pauses never end")

    def _once(self, url: str, headers: Mapping[str, str]) -> Answer:
        asked = {"User-Agent": f"boots-agent/{__version__}", **headers}
        for _ in range(6):
            parts = urlsplit(url)
            connection = connection_to(parts, self._net)
            try:
                path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
                connection.request("GET", path, headers=asked)
                answer = _read(connection.getresponse())
            finally:
                connection.close()
            if answer.status not in _REDIRECTS:
                return answer
            goal = urljoin(url, answer.headers.get("location", ""))
            if _peer(goal) != _peer(url):
                asked.pop("Authorization", None)
            url = goal
        raise Unreachable(f"{url} redirects without end")


def _read(response: http.client.HTTPResponse) -> Answer:
    body = response.read(_MOST + 1)
    if len(body) > _MOST:
        raise Damaged(f"the registry's answer is longer than {_MOST} bytes")
    headers = {key.lower(): value for key, value in response.getheaders()}
    return Answer(response.status, headers, body)


def _peer(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _json(body: bytes, where: str) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Damaged(f"{where} answers with something that is no JSON") from error
    if not isinstance(said, dict):
        raise Damaged(f"{where} answers with something that is no JSON object")
    return said


def _why(answer: Answer) -> str:
    """What a registry says of an error (distribution-spec, error codes)."""
    try:
        errors = json.loads(answer.body)["errors"]
        return "; ".join(str(each.get("message") or each.get("code")) for each in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
