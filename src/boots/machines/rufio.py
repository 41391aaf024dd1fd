"""Rufio's records: the BMC that a Hardware object names, if what says more stands in its file.

A ``Machine`` of bmc.tinkerbell.org says where the BMC is, and the ``Secret`` that it names what
opens it.  Of Rufio's providers two are spoken here; a BMC that wants another is passed over.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from boots.documents.fault import Wrong, field_name
from boots.documents.node import Node
from boots.model import bmc
from boots.model.bmc import IPMI, REDFISH, Bmc

GROUP = "bmc.tinkerbell.org/"

# By the names of bmclib, which Rufio uses, in the order in which that tries them.
_PROVIDERS = {
    "ipmitool": IPMI,
    "gofish": REDFISH,
    "dell": REDFISH,
    "supermicro": REDFISH,
    "openbmc": REDFISH,
}
_Name = tuple[str, str]  # the namespace and the name


class Bmcs:
    """The Machines and Secrets of one file."""

    def __init__(self, documents: Iterable[Any]) -> None:
        self._machines: dict[_Name, Node] = {}
        self._secrets: dict[_Name, Node] = {}
        for found in _objects(documents):
            node, version = Node(found), found.get("apiVersion")
            if isinstance(version, str) and version.startswith(GROUP):
                self._machines[_name(node)] = node
            elif found.get("kind") == "Secret":
                self._secrets[_name(node)] = node

    def of(self, hardware: Node) -> Bmc | None:
        """The BMC of a Hardware object; None where it names none that is here.

        Raises:
            Wrong: what it names says nothing that can be used.
        """
        if not self._machines:
            return None
        ref = hardware.at("spec").at("bmcRef")
        namespace, _ = _name(hardware)
        name = ref.at("name").text()
        machine = self._machines.get((namespace, name))
        try:
            return None if machine is None else self._made(machine, namespace)
        except Wrong as wrong:
            where = field_name(wrong.path)
            problem = f'the Machine "{name}" cannot be used: {where}: {wrong.problem}'
            raise ref.wrong(problem, wrong.advice) from None

    def _made(self, machine: Node, namespace: str) -> Bmc | None:
        connection = machine.at("spec").at("connection")
        url = _url(connection)
        if not url:
            return None
        try:
            bmc.address(url)
        except bmc.NoAddress:
            raise connection.wrong("this leads to no BMC", "write host and port") from None
        secret = connection.at("authSecretRef")
        named = secret.at("namespace").text() or namespace, secret.at("name").text()
        opened = self._secrets.get(named, Node(None))
        return Bmc(
            url=url,
            username=_value(opened, "username"),
            password=_value(opened, "password"),
            verify=not connection.at("insecureTLS").flag(False),
        )


def _objects(documents: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """All objects, those within lists, too; without recursion, as any document may come."""
    left = list(documents)
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            version, kind, items = value.get("apiVersion"), value.get("kind"), value.get("items")
            if kind == "List" and isinstance(items, list):
                left += items
            elif kind == "MachineList" and isinstance(items, list):
                own = [each for each in items if isinstance(each, dict)]
                left += [{"apiVersion": version, "kind": "Machine", **each} for each in own]
            elif kind in ("Machine", "Secret"):  # of any type
                yield value


def _name(node: Node) -> _Name:
    meta = node.value.get("metadata") if isinstance(node.value, dict) else None
    if not isinstance(meta, dict):
        return "default", ""
    name, namespace = meta.get("name"), meta.get("namespace")
    return str(namespace or "default"), str(name or "")


def _url(connection: Node) -> str:
    """Where it is, as a URL; nothing if no provider that is spoken here may be used."""
    options = connection.at("providerOptions")
    order = options.at("preferredOrder").texts()
    ways = [_PROVIDERS[each] for each in order if each in _PROVIDERS]
    if order and not ways:
        return ""
    redfish, ipmi = options.at("redfish"), options.at("ipmitool")
    told = REDFISH if redfish.value is not None and ipmi.value is None else IPMI
    host = connection.at("host").text()
    host = f"[{host}]" if ":" in host else host
    if (ways or [told])[0] == REDFISH:
        port = redfish.at("port").text()
        return f"redfish://{host}:{port}" if port not in {"", "0"} else f"redfish://{host}"
    ports = (ipmi.at("port").text(), connection.at("port").text())
    port = next((each for each in ports if each not in {"", "0"}), "")
    return f"ipmi://{host}:{port}" if port else f"ipmi://{host}"


def _value(secret: Node, key: str) -> str:
    """A value of a Secret; nothing where there is none, or it is no text."""
    plain = secret.at("stringData").at(key)
    if plain.value is not None:
        return plain.text()
    try:
        return base64.b64decode(secret.at("data").at(key).text(), validate=True).decode()
    except ValueError:
        return ""
