"""Which images of ours a template writes, and to which disks."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from boots.workflow.native import Use
from boots.workflow.plan import Plan
from boots.workflow.words import Action

INDEX = "/index.json"
_BELOW = "images/"


def image_at(url: str) -> str:
    """The name of an image of ours below ``images/``; empty of any other URL.

    Without a host it is this server's: ``images/debian/index.json``.
    """
    try:
        path = urlsplit(url).path.removeprefix("/")
    except ValueError:
        return ""
    if not path.startswith(_BELOW):
        return ""
    return path.removeprefix(_BELOW).removesuffix(INDEX).strip("/")


def image_of(action: Action) -> str:
    """The image of ours that an action writes."""
    return image_at(action.environment.get("IMG_URL", ""))


def least(plan: Plan, sizes: Mapping[str, int]) -> dict[str, int]:
    """The bytes that each disk must have for what is written to it; `sizes` are of our images."""
    found: dict[str, int] = {}
    for step in plan.steps:
        size = sizes.get(image_of(step.action), 0)
        for touch in step.touches:
            if size and touch.use is Use.WRITES_DISK:
                found[touch.disk] = max(size, found.get(touch.disk, 0))
    return found
