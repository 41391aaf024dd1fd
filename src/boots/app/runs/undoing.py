"""The run that puts the ends of a disk back."""

import json
import shlex

from boots.app.runs.words import Given
from boots.client.workflows import Arming
from boots.model.arming import Policy
from boots.store.edges import Line

NAME = "undo-partition-table"
_HOURS = 2.0


def undone(line: Line, by: str, most_hours: float) -> Given:
    """A run of one action, for the disk with that serial number or WWN and no other."""
    action = {
        "name": "undo",
        "image": "undo",
        "timeout": 600,
        "environment": {"EDGES": str(line.id), "DEST_DISK": "{{ index .Hardware.Disks 0 }}"},
    }
    task = {"name": "undo", "worker": "{{ .device_1 }}", "actions": [action]}
    return Given(
        by=by,
        machine=line.machine,
        source=json.dumps({"version": "0.1", "name": NAME, "tasks": [task]}),
        disk=shlex.quote(f"serial={line.serial}"),
        arm=Arming(policy=Policy.FORCE, disks=(line.serial,), hours=min(_HOURS, most_hours)),
    )
