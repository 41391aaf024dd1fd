"""Template files: a template as it is, or as Kubernetes keeps it, in an object's ``spec.data``."""

from dataclasses import dataclass

from boots.documents.fault import Fault, Wrong, told
from boots.documents.node import Node
from boots.documents.parsing import Lines, parse
from boots.workflow.template import Origin


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a template before it is rendered, its name, and where it stands."""

    name: str
    text: str
    origin: Origin


class NoTemplate(Exception):
    """A file holds no template that could be found; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def unwrapped(text: str, file: str) -> list[Text]:
    """The templates of a file: each ``kind: Template``, or the whole file as one.

    A bare template is often no YAML before it is rendered, so nothing is asked of it.

    Raises:
        NoTemplate: objects of Kubernetes, and none is a Template with text in it.
    """
    try:
        documents = [Node(document) for document in parse(text)]
    except Wrong:
        return [Text(file, text, Origin(file))]
    objects = [
        (at, node)
        for at, node in enumerate(documents)
        if isinstance(node.value, dict) and "apiVersion" in node.value and "kind" in node.value
    ]
    if not objects:
        return [Text(file, text, Origin(file))]
    lines = Lines(text)
    found = []
    for at, node in objects:
        if node.at("kind").value != "Template":
            continue
        try:
            found.append(_data(text, file, node, lines.of(at, ("spec", "data"))))
        except Wrong as wrong:
            raise NoTemplate(told(wrong, file, lines.of(at, wrong.path))) from None
    if not found:
        none = Wrong((), "there is no kind: Template in it", "write one, or a bare template")
        raise NoTemplate(told(none, file, 1))
    return found


def _data(text: str, file: str, node: Node, line: int) -> Text:
    data = node.at("spec").at("data")
    if not isinstance(data.value, str) or not data.value.strip():
        raise data.wrong("the template is a text here", "write data: | and the template below it")
    name = node.at("metadata").at("name").text() or file
    rows = text.split("\n")
    if not rows[line - 1].rstrip().endswith(("|", "|-", "|+", ">", ">-")):
        return Text(name, data.value, Origin(file, line))
    # Behind "data: |" the text begins on the next line, as far in as its first row.
    first = next((row for row in rows[line:] if row.strip()), "")
    return Text(name, data.value, Origin(file, line + 1, len(first) - len(first.lstrip())))
