"""What an agent is given to do: one action, its machine, and the disks that it may write."""

import json
from typing import Any

from msgspec.structs import asdict

from boots.app.runs.words import Kept, Own
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import metadata, token
from boots.serve.agent_words import Hand
from boots.workflow.actions import kind_of
from boots.workflow.armed import NotArmed, Terms, records
from boots.workflow.arming import Resolved
from boots.workflow.handing import HandOut
from boots.workflow.hardware import protected
from boots.workflow.plan import CONTAINER
from boots.workflow.run import Part


def hand(kept: Kept, out: HandOut, known: Known, site: Site, *, key: bytes, now: float) -> Hand:
    """The answer that hands out an action; `key` is the session's."""
    step = kept.run.steps[out.step]
    kind = kind_of(out.action)
    own = kept.of(step.worker)
    armed = [] if step.part is not Part.ACTION else armed_for(kept, out, own, key)
    return Hand(
        now=now,
        step=out.step,
        attempt=out.attempt,
        part=step.part.value,
        name=out.action.name,
        kind=kind.name if kind else CONTAINER,
        image=out.action.image,
        command=out.command,
        volumes=out.action.volumes if kind is None else (),
        environment=dict(out.action.environment),
        timeout=out.action.timeout,
        terminal=step.terminal,
        machine=about(known, own, site),
        armed=armed,
    )


def armed_for(kept: Kept, out: HandOut, own: Own, key: bytes) -> list[dict[str, Any]]:
    """The records of the disks that it may write: none where one of them may not be."""
    arm = kept.given.arm
    if arm is None:
        return []
    terms = Terms(
        machine=own.name,
        run=kept.run.id,
        step=out.step,
        attempt=out.attempt,
        policy=arm.policy,
        expires=kept.given.until,
        taken=kept.taken,
    )
    mine: list[Resolved] = [each for each in kept.disks if each.worker == own.worker]
    try:
        found = records(terms, out.action, own.worker, mine, own.storage)
    except NotArmed:
        return []  # the agent asks for it, and says that there is none
    return [each.signed(key) for each in found]


def about(known: Known, own: Own, site: Site) -> dict[str, Any]:
    """What an action may want to know of its machine."""
    machine = known.machine
    base = token.url(known, site)
    seed = metadata.seed(machine)
    reservation = known.interface.reservation
    return {
        "name": machine.name,
        "mac": str(known.mac),
        "host_name": metadata.host_name(machine),
        "storage": json.loads(json.dumps(own.storage)) if own.storage is not None else None,
        "protected": [
            {"hint": str(each), "conditions": [asdict(one) for one in each.conditions]}
            for each in protected(machine)
        ],
        "server": site.http_url,
        "metadata_url": base,
        "phone_home": f"{base}/{metadata.PHONE_HOME}" if base else "",
        "user_data": seed["user-data"],
        "vendor_data": seed["vendor-data"],
        "meta_data": seed["meta-data"],
        "network_config": seed["network-config"],
        "name_servers": [str(each) for each in reservation.name_servers] if reservation else [],
    }
