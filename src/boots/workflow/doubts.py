"""What is doubtful about a template as a whole: it will run, and may not do what was meant."""

import re
from collections.abc import Callable, Iterator

from boots.model.word import Word
from boots.workflow.actions import is_terminal, kind_of, touches
from boots.workflow.images import INDEX, image_at
from boots.workflow.native import Use
from boots.workflow.words import Action, Template


class Rules(Word, frozen=True):
    """What a template is judged by, besides what it says.

    `containers`: images that are no native action are run.  `images` are the names of the files
    below ``images/``; None where nobody looked.
    """

    containers: bool = False
    images: frozenset[str] | None = None


PLAIN = Rules()


class Doubt(Word, frozen=True):
    """What is doubtful, and the way to it from the top of the template."""

    path: tuple[str | int, ...]
    problem: str
    advice: str


# What an action fetches, and what proves that it is what was meant.
_PROOFS = {
    "image2disk": ("IMG_URL", "SHA256"),
    "qemuimg2disk": ("IMG_URL", "SHA256"),
    "archive2disk": ("ARCHIVE_URL", "TARFILE_CHECKSUM"),
}
_SECRET = re.compile(r"(?:^|_)(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)$")
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")

_Place = tuple[str | int, ...]


def doubts(template: Template, rules: Rules, written: str) -> Iterator[Doubt]:
    """All that is doubtful; `written` is the template's text before it was rendered."""
    for place, action in _actions(template):
        for about in _EACH:
            yield from about(place, action, rules, written)
    yield from _not_partitioned(template)
    yield from _stays(template)


def _actions(template: Template) -> Iterator[tuple[_Place, Action]]:
    for number, task in enumerate(template.tasks):
        for at, action in enumerate(task.actions):
            yield ("tasks", number, "actions", at), action


def _unproved(place: _Place, action: Action, rules: Rules, written: str) -> Iterator[Doubt]:  # noqa: ARG001
    kind = kind_of(action)
    source, proof = _PROOFS.get(kind.name if kind else "", ("", ""))
    url = action.environment.get(source, "")
    if not url.startswith("http://") or action.environment.get(proof):
        return
    if url.endswith(INDEX):
        return  # an index proves its frames
    yield Doubt(
        path=(*place, "environment", source),
        problem="nothing proves that what comes over http is what you meant",
        advice=f"write {proof}: and its digest",
    )


def _not_there(place: _Place, action: Action, rules: Rules, written: str) -> Iterator[Doubt]:  # noqa: ARG001
    if rules.images is None:
        return
    for name, value in action.environment.items():
        image = image_at(value) if name.endswith("_URL") else ""
        if image and not {image, f"{image}{INDEX}"} & rules.images:
            yield Doubt(
                path=(*place, "environment", name),
                problem=f'there is no image "{image}" in boots.images',
                advice="add it (boots image add), unless another server has it"
                if "://" in value
                else "add it: boots image add FILE NAME",
            )


def _secret(place: _Place, action: Action, rules: Rules, written: str) -> Iterator[Doubt]:  # noqa: ARG001
    for name, value in action.environment.items():
        named = bool(_SECRET.search(name.upper()))
        if value and value in written and (named or _KEY.search(value)):
            yield Doubt(
                path=(*place, "environment", name),
                problem="a secret in a template is read by all who may read templates",
                advice="write it into the machine's record (values:), and {{ }} its name here",
            )


_EACH: tuple[Callable[[_Place, Action, Rules, str], Iterator[Doubt]], ...] = (
    _unproved,
    _not_there,
    _secret,
)


def _not_partitioned(template: Template) -> Iterator[Doubt]:
    """What is written to partitions of a disk that nothing before has laid out."""
    known: set[tuple[str, str]] = set()
    for number, task in enumerate(template.tasks):
        for at, action in enumerate(task.actions):
            kind = kind_of(action)
            if kind is None or kind.commands or kind.free:
                return  # it lays out what the record says, or nobody knows what
            found = touches(action)
            known |= {(task.worker, each.disk) for each in found if each.use is Use.WRITES_DISK}
            for each in found:
                if each.use is Use.WRITES_PARTITION and (task.worker, each.disk) not in known:
                    known.add((task.worker, each.disk))
                    yield Doubt(
                        path=("tasks", number, "actions", at),
                        problem=f"nothing before it partitions {each.disk}",
                        advice="it must have its partitions already, or write an image first",
                    )


def _stays(template: Template) -> Iterator[Doubt]:
    """Machines that are left in OSIE."""
    last: dict[str, tuple[_Place, Action]] = {}
    for (_, number, *rest), action in _actions(template):
        last[template.tasks[int(number)].worker] = ("tasks", number, *rest), action
    for place, action in last.values():
        if kind_of(action) is not None and not is_terminal(action):
            yield Doubt(
                path=place,
                problem="nothing comes after it, and the machine stays in OSIE",
                advice="end with an action of image: reboot",
            )
