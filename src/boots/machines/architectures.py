"""Boot files by architecture, as records and profiles name them."""

from boots.documents.fault import nearest
from boots.documents.node import Node
from boots.model.machine import Architecture

_KNOWN = {each.value: each for each in Architecture if each is not Architecture.UNKNOWN}


def boot_files(node: Node) -> dict[Architecture, str]:
    """What stands below ``boot_files``: a file name for each architecture, ``x64-uefi`` and so on.

    Raises:
        Wrong: it is no mapping, or there is no such architecture.
    """
    if node.value is None:
        return {}
    if not isinstance(node.value, dict):
        raise node.wrong("a mapping is wanted here", "write x64-uefi: and a file name below it")
    for key in node.value:
        if key not in _KNOWN:
            raise Node(None, (*node.path, key)).wrong(
                f'there is no architecture "{key}"',
                nearest(key, _KNOWN) or f"use one of {', '.join(_KNOWN)}",
            )
    return {_KNOWN[key]: node.at(key).text() for key in node.value}
