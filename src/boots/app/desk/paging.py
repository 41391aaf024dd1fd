"""Where a page of a list ends and the next begins: at a moment, and an id among those of one."""

from boots.api.desk import Refused


def following(moment: float, identity: str) -> str:
    """The place behind a row, as `next` tells it."""
    return f"{moment!r} {identity}"


def behind(after: str) -> tuple[float, str] | None:
    """That place as it came back; None for the first page.

    Raises:
        Refused: it is no such place.
    """
    if not after:
        return None
    moment, _, identity = after.partition(" ")
    try:
        return float(moment), identity
    except ValueError:
        raise Refused(400, "no such page", "take after from next of the page before") from None
