"""Tinkerbell's template, version 0.1, from its rendered text.

Go reads the values of ``environment`` as the text that was written (``MODE: 0644`` is 0644), and
so does the house's reader of YAML; only what is a number here is made one.  The rules are those
of Tinkerbell since 2020; what is told besides are doubts, which do not keep it from running.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from boots.documents.fault import Fault, Wrong, field_name, nearest
from boots.documents.node import Node
from boots.documents.parsing import Lines, parse
from boots.workflow.actions import judge
from boots.workflow.doubts import PLAIN, Rules, doubts
from boots.workflow.gotemplate import Rendered
from boots.workflow.references import is_reference
from boots.workflow.words import HOUR, Action, Task, Template

_MOST_NAME = 199
_MOST_SECONDS = 10 * 365 * 86_400
_MOST_RETRIES = 100
_MOST_LEAVES = 100_000
_NO_VALUE = ("<no value>", "<nil>")

TEMPLATE_KEYS = {"version", "name", "id", "global_timeout", "tasks"}
TASK_KEYS = {"name", "worker", "volumes", "environment", "actions"}
ACTION_KEYS = {
    "name",
    "image",
    "timeout",
    "command",
    "on-timeout",
    "on-failure",
    "pid",
    "namespaces",
    "volumes",
    "environment",
    "retries",
    "idempotent",
}


class Reading(msgspec.Struct, frozen=True):
    """A template, unless there are faults; and what is doubtful about it."""

    template: Template | None
    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text came from: a file, the line of its first one, and how far it is indented."""

    file: str
    first: int = 1
    indent: int = 0


def read(
    rendered: Rendered, origin: Origin, rules: Rules = PLAIN, written: str | None = None
) -> Reading:
    """Read the text that a template was rendered to.  Never raises on what it says.

    `written` is what it was before; with it the template is looked at as a whole, too.
    """
    reader = _Reader(rendered, origin, rules, written)
    try:
        documents = parse(rendered.text)
    except Wrong as wrong:
        return Reading(None, (reader.told(wrong),))
    if len(documents) != 1:
        problem = "there is nothing in it" if not documents else "there are several documents in it"
        return Reading(None, (reader.told(Wrong((), problem, "write one template", 1)),))
    return reader.read(Node(documents[0]))


class _Reader:
    """Reads on after a mistake, so that all of them are told at once."""

    def __init__(
        self, rendered: Rendered, origin: Origin, rules: Rules, written: str | None
    ) -> None:
        self._rendered = rendered
        self._rules = rules
        self._written = written
        self._origin = origin
        self._lines = Lines(rendered.text)
        self._faults: list[Fault] = []
        self._doubts: list[Fault] = []

    def told(self, wrong: Wrong) -> Fault:
        """A mistake with its place in the file that a person edits."""
        line, column = wrong.line, 0
        if not line:
            line, column = self._lines.place(0, wrong.path)
            column += self._origin.indent
        source = self._rendered.line(line) + self._origin.first - 1
        return Fault(
            file=self._origin.file,
            line=source,
            column=column,
            field=field_name(wrong.path),
            problem=wrong.problem,
            advice=wrong.advice,
        )

    def _wrong(self, node: Node, problem: str, advice: str) -> None:
        self._faults.append(self.told(node.wrong(problem, advice)))

    def _doubt(self, node: Node, problem: str, advice: str) -> None:
        self._doubts.append(self.told(node.wrong(problem, advice)))

    def read(self, top: Node) -> Reading:
        """The whole of it."""
        template: Template | None = None
        if isinstance(top.value, dict) and self._nothing_left_open(top):
            template = self._template(top)
        elif not self._faults:
            self._wrong(top, "this is no template", "write version:, name: and tasks:")
        if template is not None and self._written is not None and not self._faults:
            for doubt in doubts(template, self._rules, self._written):
                self._doubt(Node(None, doubt.path), doubt.problem, doubt.advice)
        faults = tuple(self._faults)
        return Reading(None if faults else template, faults, tuple(self._doubts))

    def _nothing_left_open(self, top: Node) -> bool:
        """What had no value where it was rendered is written so by Go's templates.

        False where aliases make so many values of few that looking at them would take too long.
        """
        for number, node in enumerate(_leaves(top)):
            if number > _MOST_LEAVES:
                self._wrong(top, "its aliases multiply without end", "write the actions out")
                return False
            if any(word in node.value for word in _NO_VALUE):
                advice = "ask with {{ if }} whether it is there, or give it a {{ default }}"
                self._wrong(node, f'"{node.value[:60]}" had no value when it was rendered', advice)
        return True

    def _unknown(self, node: Node, known: set[str]) -> None:
        for key in node.value:
            if key not in known:
                advice = nearest(str(key), known) or f"known are {', '.join(sorted(known))}"
                self._doubt(Node(None, (*node.path, key)), f'"{key}" means nothing here', advice)

    # --- values, whose mistakes are told and passed over

    def _text(self, node: Node) -> str:
        try:
            return node.text()
        except Wrong as wrong:
            self._faults.append(self.told(wrong))
            return ""

    def _seconds(self, node: Node, default: int) -> int:
        return self._number(node, default, _MOST_SECONDS, "a number of seconds, like 600")

    def _number(self, node: Node, default: int, most: int, wanted: str) -> int:
        word = self._text(node)
        if not word:
            return default
        if not re.fullmatch(r"[0-9]{1,12}", word) or int(word) > most:
            self._wrong(node, f'"{word[:40]}" is not {wanted.partition(",")[0]}', f"write {wanted}")
            return default
        return int(word)

    def _texts(self, node: Node) -> tuple[str, ...]:
        try:
            return tuple(self._text(each) for each in node.items())
        except Wrong as wrong:
            self._faults.append(self.told(wrong))
            return ()

    def _mapping(self, node: Node) -> dict[str, str]:
        if node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self._wrong(node, "a mapping is wanted here", "write NAME: value below it")
            return {}
        return {str(key): self._text(node.at(key)) for key in node.value}

    def _name(self, node: Node, what: str) -> str:
        name = self._text(node)
        if not name:
            self._wrong(node, f"{what} has no name", "write name: and one")
        elif len(name) > _MOST_NAME:
            problem = f"the name has {len(name)} letters"
            self._wrong(node, problem, f"write at most {_MOST_NAME}")
        return name

    def _unique(self, names: Iterable[tuple[Node, str]], what: str) -> None:
        seen: set[str] = set()
        for node, name in names:
            if name and name in seen:
                self._wrong(node, f'another {what} is called "{name}" too', "rename one of them")
            seen.add(name)

    def _children(self, node: Node, what: str, keys: set[str]) -> list[Node]:
        """The mappings of a list that must not be empty."""
        try:
            children = list(node.items())
        except Wrong as wrong:
            self._faults.append(self.told(wrong))
            return []
        if not children:
            self._wrong(node, f"there is no {what}", f"write - name: … and what else a {what} has")
        found = []
        for child in children:
            if isinstance(child.value, dict):
                self._unknown(child, keys)
                found.append(child)
            else:
                self._wrong(child, f"{_a(what)} is a mapping", "write name: … and what else it has")
        return found

    # --- the parts

    def _template(self, top: Node) -> Template:
        self._unknown(top, TEMPLATE_KEYS)
        version = self._text(top.at("version"))
        if version != "0.1":
            problem = f'version "{version}" is not known' if version else "the version is missing"
            self._wrong(top.at("version"), problem, 'write version: "0.1"')
        tasks = self._children(top.at("tasks"), "task", TASK_KEYS)
        self._unique(((each.at("name"), self._text(each.at("name"))) for each in tasks), "task")
        return Template(
            name=self._name(top.at("name"), "the template"),
            id=self._text(top.at("id")),
            version=version,
            global_timeout=self._seconds(top.at("global_timeout"), 0),
            tasks=tuple(map(self._task, tasks)),
        )

    def _task(self, node: Node) -> Task:
        worker = self._text(node.at("worker")).strip()
        if not worker:
            problem = "no worker: nobody would run this task"
            self._wrong(node.at("worker"), problem, 'write worker: "{{.device_1}}"')
        actions = self._children(node.at("actions"), "action", ACTION_KEYS)
        named = ((each.at("name"), self._text(each.at("name"))) for each in actions)
        self._unique(named, "action of this task")
        environment = self._mapping(node.at("environment"))
        volumes = self._texts(node.at("volumes"))
        return Task(
            name=self._name(node.at("name"), "the task"),
            worker=worker,
            actions=tuple(self._action(each, environment, volumes) for each in actions),
        )

    def _action(
        self, node: Node, environment: Mapping[str, str], volumes: tuple[str, ...]
    ) -> Action:
        own = self._mapping(node.at("environment"))
        action = Action(
            name=self._name(node.at("name"), "the action"),
            image=self._image(node.at("image")),
            timeout=self._timeout(node),
            command=self._texts(node.at("command")),
            on_timeout=self._texts(node.at("on-timeout")),
            on_failure=self._texts(node.at("on-failure")),
            pid=self._text(node.at("pid")),
            namespaces=self._mapping(node.at("namespaces")),
            volumes=volumes + self._texts(node.at("volumes")),
            environment={**environment, **own},
            retries=self._number(
                node.at("retries"), 0, _MOST_RETRIES, "a number up to 100, like 3"
            ),
            idempotent=self._flag(node.at("idempotent")),
        )
        if is_reference(action.image):
            for remark in judge(action, own, containers=self._rules.containers):
                place = Node(None, (*node.path, *remark.path))
                tell = self._wrong if remark.is_fault else self._doubt
                tell(place, remark.problem, remark.advice)
        return action

    def _flag(self, node: Node) -> bool:
        try:
            return node.flag(False)
        except Wrong as wrong:
            self._faults.append(self.told(wrong))
            return False

    def _timeout(self, node: Node) -> int:
        """Seconds; none or 0 is an hour, as in 2020 (in 2026 it ends the action at once)."""
        given = self._seconds(node.at("timeout"), 0)
        if given == 0:
            problem = (
                "no timeout: it may take an hour here, and no time at all with Tinkerbell 2026"
            )
            self._doubt(node.at("timeout"), problem, "write timeout: and seconds")
        return given or HOUR

    def _image(self, node: Node) -> str:
        image = self._text(node)
        if not image:
            self._wrong(node, "the action has no image", "write image: and its name")
        elif not is_reference(image):
            problem = f'"{image[:80]}" is not the name of an image'
            advice = "write it like quay.io/tinkerbell/actions/image2disk:latest"
            if image != image.lower():
                advice += ", in small letters"
            self._wrong(node, problem, advice)
        return image


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _leaves(top: Node) -> Iterator[Node]:
    stack = [top]
    while stack:
        node = stack.pop()
        if isinstance(node.value, dict):
            stack += [Node(node.value[key], (*node.path, key)) for key in reversed(node.value)]
        elif isinstance(node.value, list):
            entries = list(enumerate(node.value))
            stack += [Node(value, (*node.path, at)) for at, value in reversed(entries)]
        else:
            yield Node(node.value or "", node.path)
