"""Profiles in files: what machines may run besides OSIE."""

from pathlib import Path

from boots.machines.documents import line_of, parse
from boots.machines.fault import Fault, Wrong, field_name
from boots.machines.node import Node
from boots.model.site import Profile

KEYS = {"name", "kernel", "initrds", "args", "agent"}


def load(folder: Path) -> tuple[list[Profile], list[Fault]]:
    """The profiles of a folder, one for each document of its YAML files."""
    profiles: list[Profile] = []
    faults: list[Fault] = []
    for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        text, number = path.read_text(), 0
        try:
            documents = parse(text)
            while number < len(documents):
                profiles.append(_profile(Node(documents[number]), path.stem))
                number += 1
        except Wrong as wrong:
            faults.append(
                Fault(
                    file=str(path),
                    line=line_of(text, number, wrong.path) if wrong.path else 0,
                    field=field_name(wrong.path),
                    problem=wrong.problem,
                    advice=wrong.advice,
                )
            )
    return profiles, faults


def _profile(node: Node, default_name: str) -> Profile:
    if not isinstance(node.value, dict):
        raise node.wrong("a profile is a mapping", "write kernel: … and initrds: … in it")
    node.refuse_unknown(KEYS)
    kernel = node.at("kernel").text()
    if not kernel:
        raise node.at("kernel").wrong("a profile needs a kernel", "write its file name or URL")
    return Profile(
        name=node.at("name").text(default_name),
        kernel=kernel,
        initrds=node.at("initrds").texts(),
        args=node.at("args").texts(),
        agent=node.at("agent").flag(False),
    )
