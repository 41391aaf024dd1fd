"""Files in which people wrote a list of rows: quirks, and rules of enrolment."""

from collections.abc import Callable

from boots.documents.fault import Fault, Wrong, told
from boots.documents.node import Node
from boots.documents.parsing import Lines, parse


def read(text: str, file: str, word: str, take: Callable[[Node], None]) -> list[Fault]:
    """Hand each row to `take`, of the list below `word` or of a list alone; what is wrong.

    What `take` finds wrong it raises; a mistake in one row does not hide those in the next.
    """
    try:
        documents = parse(text)
    except Wrong as wrong:
        return [told(wrong, file, wrong.line)]
    faults: list[Fault] = []
    lines = Lines(text)
    for number, document in enumerate(documents):
        try:
            rows = _rows(Node(document), word)
        except Wrong as wrong:
            faults.append(told(wrong, file, lines.of(number, wrong.path)))
            continue
        for row in rows:
            try:
                take(row)
            except Wrong as wrong:
                faults.append(told(wrong, file, lines.of(number, wrong.path)))
    return faults


def _rows(node: Node, word: str) -> list[Node]:
    if isinstance(node.value, dict):
        node.refuse_unknown({word})
        node = node.at(word)
    if not isinstance(node.value, list):
        raise node.wrong(f"these are no {word}", f"write {word}: with a list below it")
    return list(node.items())
