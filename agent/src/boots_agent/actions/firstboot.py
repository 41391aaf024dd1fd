"""What a system reads at its first boot, as texts; and how it tells the server that it runs.  Pure.

cloud-init tells by ``phone_home`` of its vendor data, which needs nothing in the system but itself.
For systems without it there is a unit of systemd, and a script that takes what is there: curl,
wget, or bash by itself.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping
from email import message_from_string
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any
from urllib.parse import urlencode, urlsplit

from boots_agent.actions.context import ActionFailed
from boots_agent.actions.yaml import dumped

UNIT = "boots-phone-home.service"
SCRIPT = "/etc/boots-phone-home"
DONE = "/var/lib/boots-phone-home"
_TRIES, _PAUSE = 60, 10


def nocloud(machine: Mapping[str, Any]) -> dict[str, str]:
    """The four files of cloud-init's NoCloud, by their names."""
    return {
        "meta-data": _text(machine, "meta_data"),
        "user-data": _text(machine, "user_data"),
        "vendor-data": vendor_data(_text(machine, "vendor_data"), _text(machine, "phone_home")),
        "network-config": _text(machine, "network_config"),
    }


def vendor_data(own: str, url: str) -> str:
    """Vendor data with the report to `url` added to what the record says by itself."""
    if not url:
        return own
    report = {"phone_home": {"url": url, "post": ["instance_id", "hostname"], "tries": 10}}
    ours = f"#cloud-config\n{dumped(report)}"
    if not own.strip():
        return ours
    # The same text has the same boundary; one in parts already has another.
    boundary = f"=={hashlib.sha256(own.encode()).hexdigest()[:32]}=="
    both = MIMEMultipart("mixed", boundary=boundary)
    both.attach(_part(own))
    both.attach(_as_config(ours))
    return both.as_string()


def unit() -> str:
    """A unit that reports once.  Not `oneshot`: the start of the system would wait for it."""
    return f"""\
[Unit]
Description=Tell the boot server that this system runs
Wants=network-online.target
After=network-online.target
ConditionPathExists=!{DONE}

[Service]
ExecStart=/bin/sh {SCRIPT}

[Install]
WantedBy=multi-user.target
"""


def script(machine: Mapping[str, Any]) -> str:
    """What the unit runs: tries for ten minutes, and never again once it was heard.

    Raises:
        ActionFailed: The server has no URL for it.
    """
    url = _text(machine, "phone_home")
    if not url:
        raise ActionFailed("the server takes no report of systems: its metadata is off")
    body = urlencode({"instance_id": _instance(machine), "hostname": _text(machine, "host_name")})
    return f"""\
#!/bin/sh
# Tells the boot server once that this system runs.
url={shlex.quote(url)}
body={shlex.quote(body)}
tell() {{
    if command -v curl >/dev/null; then
        curl -fsS -m 20 -o /dev/null -d "$body" "$url"
    elif command -v wget >/dev/null; then
        wget -q -T 20 -O /dev/null --post-data="$body" "$url"
    else
        {_by_bash(url, body)}
    fi
}}
tries=0
until tell; do
    tries=$((tries + 1))
    [ "$tries" -lt {_TRIES} ] || exit 1
    sleep {_PAUSE}
done
: >{DONE}
"""


def _by_bash(url: str, body: str) -> str:
    """A POST by bash alone, which can open a connection but speaks no TLS."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        return "echo 'neither curl nor wget is here' >&2; exit 1"
    lines = (
        f"POST {parts.path or '/'} HTTP/1.0",
        f"Host: {parts.netloc}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "",
        body,
    )
    said = shlex.quote("\r\n".join(lines).replace("\r", "\\r").replace("\n", "\\n"))
    place = f"/dev/tcp/{parts.hostname}/{parts.port or 80}"
    steps = (
        f"exec 3<>{place}",
        'printf "%b" "$1" >&3',
        "read -r _ code _ <&3",
        '[ "${code%??}" = 2 ]',
    )
    return f"bash -c {shlex.quote(' && '.join(steps))} bash {said}"


def _part(own: str) -> Any:
    """The record's vendor data as a part; cloud-init tells by its first line what it is."""
    if own.lstrip().lower().startswith(("content-type:", "mime-version:")):
        return message_from_string(own.lstrip())
    return _plain(own, "plain")


def _as_config(text: str) -> MIMEBase:
    return _plain(text, "cloud-config")


def _plain(text: str, kind: str) -> MIMEBase:
    ascii_only = text.isascii()
    return MIMEText(text, kind, "us-ascii" if ascii_only else "utf-8")


def _instance(machine: Mapping[str, Any]) -> str:
    try:
        return str(json.loads(_text(machine, "meta_data")).get("instance-id", ""))
    except (ValueError, AttributeError):
        return ""


def _text(machine: Mapping[str, Any], name: str) -> str:
    return str(machine.get(name) or "")
