"""``grow``: the rest of the disk for a partition and its file system."""

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.growing import grow
from boots_agent.actions.places import place_of


def enlarge(context: Context) -> None:
    """Enlarge it.

    Raises:
        ActionFailed: It is no partition, or cannot grow.
    """
    device = context.required("DEST_DISK")
    armed = context.arm(device)
    place = place_of(device, context.root / "sys")
    if place.number is None:
        raise ActionFailed(f"{device} is a whole disk; write the partition that is to grow")
    grow(context, place.disk, armed, place.number)
