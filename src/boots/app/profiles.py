"""Profiles in files: what machines may run besides OSIE."""

from pathlib import Path, PurePosixPath

from boots.machines.documents import Lines, parse
from boots.machines.fault import Fault, Wrong, told
from boots.machines.node import Node
from boots.model.site import Profile

KEYS = {"name", "kernel", "initrds", "args", "agent"}


def load(folder: Path) -> tuple[list[Profile], list[Fault]]:
    """The profiles of a folder, one for each document of its YAML files."""
    profiles: dict[str, Profile] = {}
    faults: list[Fault] = []
    if not folder.is_dir():
        return [], [_unreadable(folder, "no such folder", "make it, or mend boot.profiles")]
    for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
        try:
            text = path.read_bytes().decode()
        except OSError as error:
            faults.append(_unreadable(path, str(error.strerror), "check that it may be read"))
            continue
        except UnicodeDecodeError:
            faults.append(_unreadable(path, "not UTF-8 text", "save it as UTF-8"))
            continue
        try:
            documents = parse(text)
        except Wrong as wrong:
            faults.append(told(wrong, str(path), wrong.line))
            continue
        lines = Lines(text)
        for number, document in enumerate(documents):
            node = Node(document)
            try:
                profile = _profile(node, path.stem)
                if profile.name in profiles:
                    problem = f'there is a profile "{profile.name}" already'
                    raise node.at("name").wrong(problem, "give each profile a name of its own")
            except Wrong as wrong:
                faults.append(told(wrong, str(path), lines.of(number, wrong.path)))
            else:
                profiles[profile.name] = profile
    return list(profiles.values()), faults


def _unreadable(path: Path, why: str, advice: str) -> Fault:
    problem = f"cannot be read: {why}"
    return Fault(file=str(path), line=0, field="", problem=problem, advice=advice)


def _profile(node: Node, default_name: str) -> Profile:
    if not isinstance(node.value, dict):
        raise node.wrong("a profile is a mapping", "write kernel: … and initrds: … in it")
    node.refuse_unknown(KEYS)
    kernel = node.at("kernel").text()
    if not kernel:
        raise node.at("kernel").wrong("a profile needs a kernel", "write its file name or URL")
    initrds = node.at("initrds").texts()
    # iPXE knows what it loaded by its last name alone, and so do the names we publish.
    names = [PurePosixPath(name).name for name in (kernel, *initrds)]
    for name in names:
        if names.count(name) > 1:
            problem = f'two files are called "{name}"'
            raise node.at("initrds").wrong(problem, "give each a name of its own")
    return Profile(
        name=node.at("name").text(default_name),
        kernel=kernel,
        initrds=initrds,
        args=node.at("args").texts(),
        agent=node.at("agent").flag(False),
    )
