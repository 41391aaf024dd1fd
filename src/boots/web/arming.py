"""What a form says of disks that may be written."""

from collections.abc import Mapping

from boots.api.desk import Refused
from boots.client.workflows import Arming
from boots.model.arming import Policy

POLICIES: Mapping[str, str] = {
    Policy.EMPTY_ONLY.value: "only disks that hold nothing",
    Policy.WIPE_KNOWN.value: "also disks that a run of ours wrote",
    Policy.FORCE.value: "these disks, whatever they hold",
}
_MOST_HOURS = 168.0


def read(form: Mapping[str, str]) -> Arming:
    """The arming that a form asks for.

    Raises:
        Refused: it makes no sense.
    """
    policy = form.get("policy", Policy.EMPTY_ONLY.value)
    if policy not in POLICIES:
        raise Refused(400, "There is no such policy", f"one of {', '.join(POLICIES)}")
    disks = tuple(form.get("disks", "").replace(",", " ").split())
    if policy == Policy.FORCE.value and not disks:
        raise Refused(400, "No disk is named", "force wants the serial number or WWN of each")
    return Arming(policy=Policy(policy), disks=disks, hours=_hours(form.get("hours", "2")))


def check(form: Mapping[str, str], machine: str, arm: Arming) -> None:
    """See whether the machine's name was typed, where anything may be lost.

    Raises:
        Refused: it was not.
    """
    if arm.policy is Policy.FORCE and form.get("typed", "").strip() != machine:
        told = f"under force the name of the machine is typed: {machine}"
        raise Refused(400, "Nothing was begun", told)


def number(name: str, text: str) -> int:
    """The number of an action.

    Raises:
        Refused: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Refused(400, "There is no such action", f"{name} is its number")
    return int(text)


def _hours(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= _MOST_HOURS:
        raise Refused(400, "For how long?", f"hours: more than 0, at most {_MOST_HOURS:.0f}")
    return found
