"""Profiles in files: what machines may run besides OSIE, those that we ship among them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from boots.documents.fault import Fault, Faulty, Wrong, named, told, unreadable
from boots.documents.node import Node
from boots.documents.parsing import Lines, parse
from boots.machines.architectures import boot_files
from boots.machines.contents import contents, text_of
from boots.model.site import Profile
from boots.policy import leaks, templates
from boots.policy import path as paths

KEYS = {
    *("name", "kernel", "initrds", "args", "agent", "files"),
    *("script", "script_url", "disk", "templates", "boot_files"),
}
FOLDER_FILE = "profile.yaml"
"""The profile of a folder of its own; what it names stands beside it."""
_WAYS = ("kernel", "script", "script_url", "disk")
_LARGEST = 1 << 20


SHIPPED = Path(__file__).parent.parent / "profiles"
"""Where those are that come with Boots."""


def load(folder: Path, allowed: Sequence[str] = ()) -> tuple[list[Profile], list[Fault]]:
    """The profiles of a folder, one for each document of its YAML files.

    `allowed` are kernel arguments that may look like secrets.

    A folder within it that has a `FOLDER_FILE` holds the profiles of that file, and gives its name
    to those that have none.  What they name is then below it.
    """
    found: dict[str, Profile] = {}
    faults: list[Fault] = []
    if not folder.is_dir():
        return [], [unreadable(str(folder), "no such folder", "make it, or mend boot.profiles")]
    for path in _files(folder):
        try:
            text = text_of(path)
            documents = parse(text)
        except Faulty as faulty:
            faults += faulty.faults
        except Wrong as wrong:
            faults.append(told(wrong, named(path), wrong.line))
        else:
            faults += _read(path, Lines(text), documents, found, folder, allowed=allowed)
    return list(found.values()), faults


def _read(
    path: Path,
    lines: Lines,
    documents: Iterable[Any],
    found: dict[str, Profile],
    folder: Path,
    *,
    allowed: Sequence[str],
) -> Iterator[Fault]:
    """Add the profiles of a file to those found; what is wrong with others of its."""
    of_folder = path.parent != folder
    for number, document in enumerate(documents):
        node = Node(document)
        try:
            profile = _profile(node, path.parent.name if of_folder else path.stem, path.parent)
            for text in profile.args:
                why = leaks.secret_in(text, allowed)
                if why:
                    raise node.at("args").wrong(why, leaks.ADVICE)
            if profile.name in found:
                problem = f'there is a profile "{profile.name}" already'
                raise node.at("name").wrong(problem, "give each profile a name of its own")
        except Wrong as wrong:
            yield told(wrong, named(path), lines.of(number, wrong.path))
        except _InFile as mistake:
            yield mistake.fault
        else:
            found[profile.name] = _below(profile, path.parent) if of_folder else profile


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
    yield from sorted(folder.glob(f"*/{FOLDER_FILE}"))


def _below(profile: Profile, folder: Path) -> Profile:
    """A profile whose files stand in a folder within that of all profiles."""

    def placed(name: str) -> str:
        elsewhere = "://" in name or templates.is_template(name)
        if not name or elsewhere or name.startswith(("osie/", "/")):
            return name
        return f"{folder.name}/{name}"

    return msgspec.structs.replace(
        profile,
        kernel=placed(profile.kernel),
        initrds=tuple(map(placed, profile.initrds)),
        files=tuple(map(placed, profile.files)),
        boot_files={
            key: placed(name) if (folder / name).is_file() else name
            for key, name in profile.boot_files.items()
        },
    )


class _InFile(Exception):
    """A mistake that is in a file which a profile names."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _profile(node: Node, default_name: str, folder: Path) -> Profile:
    if not isinstance(node.value, dict):
        raise node.wrong("a profile is a mapping", "write kernel: … and initrds: … in it")
    node.refuse_unknown(KEYS)
    _refuse_two_ways(node)
    kernel = node.at("kernel").text()
    initrds = node.at("initrds").texts()
    # iPXE knows what it loaded by its last name alone, and so do the names we publish.
    names = [PurePosixPath(name).name for name in (kernel, *initrds)]
    for name in names:
        if names.count(name) > 1:
            problem = f'two files are called "{name}"'
            raise node.at("initrds").wrong(problem, "give each a name of its own")
    script = node.at("script").text()
    return Profile(
        name=node.at("name").text(default_name),
        kernel=kernel,
        initrds=initrds,
        args=node.at("args").texts(),
        agent=node.at("agent").flag(False),
        files=node.at("files").texts(),
        script=_template(node.at("script"), folder) if script else "",
        script_url=_url(node.at("script_url")),
        disk=node.at("disk").flag(False),
        templates=dict(_templates(node.at("templates"), folder)),
        boot_files=boot_files(node.at("boot_files")),
    )


def _refuse_two_ways(node: Node) -> None:
    """A profile runs one thing."""
    ways = [key for key in _WAYS if node.at(key).text()]
    if not ways:
        raise node.at("kernel").wrong(
            "a profile needs a kernel",
            "write its file name or URL; or script:, script_url: or disk: true in its place",
        )
    if len(ways) > 1:
        raise node.at(ways[1]).wrong(
            f"there is a {ways[0]} already", "keep one of them: a machine runs one thing"
        )


def _url(node: Node) -> str:
    text = node.text()
    return text if templates.is_template(text) else node.url("http", "https", "tftp")


def _templates(node: Node, folder: Path) -> Iterator[tuple[str, str]]:
    """Names and texts; of a list each entry is a name and a file."""
    if isinstance(node.value, dict):
        pairs = [(name, node.at(name)) for name in node.value]
    else:
        listed = [node] if isinstance(node.value, str) else list(node.items())
        pairs = [(each.text(), each) for each in listed]
    for name, each in pairs:
        asked = paths.read(name)
        if asked.mac or asked.name != name or name in paths.SCRIPT_NAMES:
            raise each.wrong(
                f'"{name}" cannot be asked for', "write a name like preseed.cfg, without a MAC"
            )
        yield name, _template(each, folder)


def _template(node: Node, folder: Path) -> str:
    """The text of the file that is named here, which must be a template.

    Raises:
        Wrong: it cannot be read.
        _InFile: it is no template.
    """
    path = folder / node.text()
    try:
        if path.stat().st_size > _LARGEST:
            raise node.wrong(f"{path} is larger than 1 MiB", "publish it under files: instead")
        text = contents(path).decode()
        if SHIPPED not in path.parents:  # a test looks at ours, and each start would take longer
            templates.check(text)
    except OSError as error:
        raise node.wrong(
            f"{path} cannot be read: {error.strerror}", "write a file's name, beside the profile"
        ) from None
    except UnicodeDecodeError:
        raise node.wrong(f"{path} is not UTF-8 text", "publish it under files: instead") from None
    except templates.Broken as error:
        raise _InFile(
            Fault(
                file=named(path),
                line=error.line,
                field="",
                problem=f"not a template: {error}",
                advice="mend it; the reference page of profiles shows how templates are written",
            )
        ) from None
    return text
