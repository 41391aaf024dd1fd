"""What is wrong with a template before any machine is taken through it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from boots.documents.fault import Fault
from boots.model.mac import Mac
from boots.model.machine import Machine, Place
from boots.workflow.doubts import PLAIN, Rules
from boots.workflow.gotemplate import Broken, parse, render
from boots.workflow.gotemplate.nodes import Field, Tree, Variable
from boots.workflow.rendering import Outcome, data, fault_of
from boots.workflow.template import Reading, read
from boots.workflow.wrapped import Text

_MAC = Mac("52:54:00:00:00:01")
_RECORD = {
    "apiVersion": "tinkerbell.org/v1alpha1",
    "kind": "Hardware",
    "metadata": {"name": "any"},
    "spec": {
        "disks": [{"device": "/dev/sda"}, {"device": "/dev/sdb"}],
        "interfaces": [
            {
                "dhcp": {
                    "mac": _MAC,
                    "arch": "x86_64",
                    "hostname": "any",
                    "lease_time": 86400,
                    "name_servers": ["192.0.2.1"],
                    "time_servers": ["192.0.2.1"],
                    "uefi": True,
                    "ip": {
                        "address": "192.0.2.10",
                        "netmask": "255.255.255.0",
                        "gateway": "192.0.2.1",
                        "family": 4,
                    },
                },
                "netboot": {"allowPXE": True, "allowWorkflow": True},
            }
        ],
        "metadata": {
            "instance": {
                "id": "any",
                "hostname": "any",
                "operating_system": {"slug": "any", "distro": "any", "version": "1"},
                "ssh_keys": ["ssh-ed25519 AAAA any"],
                "storage": {"disks": [{"device": "/dev/sda"}]},
            },
            "facility": {"plan_slug": "any", "facility_code": "any"},
        },
        "userData": "#cloud-config",
        "vendorData": "#cloud-config",
    },
}


def lint(source: Text, rules: Rules = PLAIN) -> Outcome:
    """Look at a template with a machine that is made up: one with all that is common.

    What only a real record can say is a doubt: a template that asks for more than that machine
    has may be right for others.
    """
    try:
        tree = parse(source.text, source.name)
    except Broken as broken:
        return Outcome("", Reading(None, (fault_of(broken, source),)))
    anybody = Machine(
        name="any", interfaces=(), place=Place(file="", line=0), record=msgspec.json.encode(_RECORD)
    )
    seen = {**dict.fromkeys(_asked(tree), _MAC), **data(anybody, {})}
    seen.pop("references", None)
    try:
        made = render(tree, seen)
    except Broken as broken:
        fault = fault_of(broken, source)
        if fault.problem != broken.problem:  # no record can help
            return Outcome("", Reading(None, (fault,)))
        return Outcome("", Reading(None, (), (_untried(fault),)))
    return Outcome(made.text, read(made, source.origin, rules, source.text))


def _untried(fault: Fault) -> Fault:
    problem = f"what follows was not looked at, as with a made-up machine {fault.problem}"
    return msgspec.structs.replace(fault, problem=problem, advice="try it with --machine NAME")


def _asked(tree: Tree) -> Iterator[str]:
    """The names at the top that a template asks for: a hardware map may have any."""
    stack: list[Any] = [tree.parts, list(tree.defined.values())]
    while stack:
        node = stack.pop()
        if isinstance(node, list | tuple):
            stack += node
        elif isinstance(node, Field) or _is_of_top(node):
            yield node.names[0]
        elif is_dataclass(node):
            stack += [getattr(node, each.name) for each in fields(node)]


def _is_of_top(node: Any) -> bool:
    return isinstance(node, Variable) and node.name == "$" and bool(node.names)
