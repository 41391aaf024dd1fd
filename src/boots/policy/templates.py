"""Templates: files that a profile has rendered for each machine, and values in its arguments.

Jinja2 in its sandbox, with nothing undefined let through and bounds on what a template may make.
There are two kinds.  In plain text, values stand as they are, and filters quote them: ``tojson``
(JSON, and so YAML), ``shell``, ``line``.  In iPXE scripts and kernel arguments every value is one
word that iPXE reads as nothing else, or the template cannot be rendered; ``words`` allows several.
"""

import base64
import functools
import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined
from jinja2.exceptions import SecurityError

from boots.model.mac import dashed
from boots.model.machine import Known, Reservation
from boots.model.site import Profile, Site
from boots.policy import token
from boots.policy.sandbox import LARGEST, Sandbox, with_budget
from boots.policy.words import Unwritable, within

_MOST_BLANKS = 16  # that JSON is indented by
_SOURCE_NAME = "<template>"  # Jinja's own name for a text that is in no file
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class Broken(ValueError):
    """A template cannot be rendered; the text says why, `line` where (from 1; 0: unknown)."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line

    def within(self, name: str) -> str:
        """The whole story, of the template called so."""
        return f"{name}, line {self.line}: {self}" if self.line else f"{name}: {self}"


class _Fit(str):
    """Text that may stand in an iPXE script as it is: each of its words was tried."""

    __slots__ = ()


def _environment(finalize: Callable[[Any], Any]) -> Sandbox:
    made = Sandbox(finalize)
    made.filters.update(
        {"tojson": _json, "yaml": _json, "shell": _shell, "line": _line, "b64": _b64}
    )
    made.filters["words"] = _words
    return made


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises, and says which name it is
    return value


def _json(value: Any, indent: int | None = None) -> str:
    if indent is not None and not 0 <= int(indent) <= _MOST_BLANKS:
        raise SecurityError(f"write an indent of at most {_MOST_BLANKS}")
    text = json.dumps(_defined(value), ensure_ascii=False, indent=indent, default=dict)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shell(value: Any) -> str:
    return shlex.quote(str(value))


def _line(value: Any) -> str:
    text = str(value)
    if len(text.splitlines()) > 1 or text != text.strip("\r\n") or "\0" in text:
        raise Unwritable(f"{text!r} is not one line")
    return text


def _b64(value: Any) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode()


def _words(value: Any) -> _Fit:
    listed = value if isinstance(value, list | tuple) else [value]
    parts = [part for each in listed for part in str(each).split(" ") if part]
    return _Fit(" ".join(within(part, "the value") for part in parts))


def _one_word(value: Any) -> Any:
    if isinstance(value, _Fit | Undefined):  # what is undefined says so itself
        return value
    return within(str(value), "the value")


_PLAIN = _environment(_defined)
_IPXE = _environment(_one_word)


@functools.lru_cache(maxsize=512)
def _compiled(source: str, *, ipxe: bool) -> Template:
    return (_IPXE if ipxe else _PLAIN).from_string(source)


def check(source: str) -> None:
    """See whether a text is a template at all.

    Raises:
        Broken: it is none.
    """
    try:
        _compiled(source, ipxe=False)
    except Exception as error:  # noqa: BLE001  # Jinja makes Python of it, which may fail, too
        raise _broken(error) from None


def is_template(text: str) -> bool:
    """Whether there is anything to render in a text."""
    return "{{" in text or "{%" in text


def render(source: str, variables: Mapping[str, Any], *, ipxe: bool = False) -> str:
    """The text that a template makes of these variables; with `ipxe` no value can bend it.

    Raises:
        Broken: it is no template, or cannot be rendered with these.
    """
    parts: list[str] = []
    size = 0
    try:
        for part in _compiled(source, ipxe=ipxe).generate(with_budget(dict(variables))):
            size += len(part)
            parts.append(part)
            if size > LARGEST:
                break
    except Exception as error:  # noqa: BLE001  # a template is a program: it may raise anything
        raise _broken(error) from None
    if size > LARGEST:
        raise Broken(f"it makes more than {LARGEST} characters")
    return "".join(parts)


def _broken(error: Exception) -> Broken:
    match error:
        case TemplateSyntaxError():
            return Broken(error.message or "not a template", error.lineno)
        case TemplateError() | Unwritable():
            return Broken(str(error), _line_of(error))
        case RecursionError():
            return Broken("it calls itself without end")
        case SyntaxError():  # Python's, of what Jinja made: blocks within blocks
            return Broken("it is nested too deeply")
    return Broken(f"{type(error).__name__}: {error}", _line_of(error))


def _line_of(error: BaseException) -> int:
    """The line of the template that an error came from: Jinja puts it into the traceback."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _SOURCE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def variables(profile: Profile, known: Known, site: Site) -> dict[str, Any]:
    """What templates may name; ``docs/reference/profiles.md`` explains each.

    What is not known of the machine is empty, and not undefined.
    """
    machine, interface, about = known.machine, known.interface, known.machine.metadata
    url = f"{site.http_url}/{known.mac}"
    token_url = token.url(known, site)
    return {
        "machine": {
            "name": machine.name,
            "cpu": machine.cpu,
            "facility": machine.facility,
            "agent_id": machine.agent_id,
        },
        "interface": {"mac": known.mac, "dashed": dashed(known.mac), "vlan": interface.vlan},
        **_network(interface.reservation),
        "values": dict(about.values),
        "metadata": {
            "instance_id": about.instance_id,
            "user_data": about.user_data,
            "vendor_data": about.vendor_data,
            "ssh_keys": list(about.ssh_keys),
            "tags": list(about.tags),
            "plan": about.plan,
        },
        "record": msgspec.json.decode(machine.record or b"{}"),
        "url": url,
        "files": f"{url}/profiles/{profile.name}",
        "token_url": token_url,
        "nocloud": f"{token_url}/nocloud/" if token_url else "",
        "site": {
            "server": str(site.server),
            "url": site.http_url,
            "syslog": str(site.syslog or ""),
        },
    }


def _network(own: Reservation | None) -> dict[str, Any]:
    return {
        "address": str(own.address) if own else "",
        "prefix": own.prefix if own else 0,
        "netmask": str(own.netmask) if own else "",
        "gateway": str(own.gateway or "") if own else "",
        "name_servers": [str(each) for each in own.name_servers] if own else [],
        "ntp_servers": [str(each) for each in own.ntp_servers] if own else [],
        "host_name": own.host_name if own else "",
        "domain": own.domain if own else "",
        "search": list(own.search) if own else [],
        "routes": [
            {"to": str(route.network), "via": str(route.router)}
            for route in (own.routes if own else ())
        ],
    }
