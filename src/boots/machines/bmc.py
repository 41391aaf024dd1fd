"""The BMC of a record in the short form.

::

    bmc:
      url: redfish://10.0.0.5/redfish/v1/Systems/1
      username: boots
      password_file: /etc/boots/bmc.password
"""

from typing import Any

from boots.documents.node import Node
from boots.model import bmc
from boots.model.bmc import HIDDEN, Bmc, NetworkBoot

KEYS = {"url", "username", "password", "password_file", "verify", "boot"}
_ANY = {"url": "ipmi://192.0.2.1"}  # stands in for a machine's own


def read(node: Node) -> Bmc | None:
    """What stands below ``bmc``; None where nothing does.

    Raises:
        Wrong: a URL that leads to no BMC, two passwords, a key nobody knows.
    """
    if node.value is None:
        return None
    if not isinstance(node.value, dict):
        raise node.wrong("a mapping is wanted here", "write url: … below it")
    node.refuse_unknown(KEYS)
    verify, authority = _trust(node.at("verify"))
    return Bmc(
        url=_url(node.at("url")),
        username=node.at("username").text(),
        password=_password(node),
        password_file=_file(node.at("password_file")),
        verify=verify,
        authority=authority,
        boot=NetworkBoot(
            node.at("boot").choice(tuple(boot.value for boot in NetworkBoot), NetworkBoot.PXE.value)
        ),
    )


def of_all(defaults: Any) -> Any:
    """What all machines of a file share, made whole, so that it can be read by itself."""
    return {**_ANY, **defaults} if isinstance(defaults, dict) else defaults


def joined(shared: Any, record: dict[str, Any]) -> Any:
    """A record's own BMC with what all share; a record that has none gets none."""
    own = record.get("bmc")
    if isinstance(shared, dict) and isinstance(own, dict):
        return {**shared, **own}
    if isinstance(shared, dict) and "url" not in shared and "bmc" not in record:
        return None
    return own if "bmc" in record else shared


def _url(node: Node) -> str:
    url = node.text()
    if not url:
        raise node.wrong("the URL is missing", "write redfish:// or ipmi:// and the address")
    try:
        bmc.address(url)
    except bmc.NoAddress as wrong:
        raise node.wrong(wrong.problem, wrong.advice) from None
    return url


def _password(node: Node) -> str:
    password = node.at("password").text()
    if password and node.at("password_file").text():
        raise node.at("password").wrong("there are two passwords", "keep password_file alone")
    if password == HIDDEN:
        problem = f"{HIDDEN} stands for a password that was not shown"
        raise node.at("password").wrong(problem, "write the password, or better a password_file")
    return password


def _file(node: Node) -> str:
    path = node.text()
    if path and not path.startswith("/"):  # it may be the password itself, so it is not said
        raise node.wrong("this is not the whole path of a file", "begin at the root, with /")
    return path


def _trust(node: Node) -> tuple[bool, str]:
    """Whether its certificate must be trusted, and by which file."""
    if node.text().startswith("/"):
        return True, node.text()
    if node.text() and node.text().lower() not in {"true", "false", "yes", "no", "on", "off"}:
        problem = f'"{node.text()}" is neither true nor false nor the whole path of a file'
        raise node.wrong(problem, "write true, false, or the path of the certificate to trust")
    return node.flag(True), ""
