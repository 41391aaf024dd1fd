"""A plan in a process of its own: the answers of ten thousand machines take half a minute.

Meanwhile the doors go on answering; in a thread they would share the interpreter with it.
"""

import pickle
import subprocess
import sys
from pathlib import Path

import msgspec

from boots.app.planning import plan
from boots.app.world import World
from boots.client.words import NewPlan, Plan
from boots.machines import lookup, records
from boots.machines.index import Index
from boots.machines.lookup import Machines
from boots.machines.packed import Packed
from boots.machines.packing import pack

LONGEST = 120.0
"""Seconds that a plan may take."""


class Failed(Exception):
    """There is no plan; the text says why."""


def in_a_process(world: World, wanted: NewPlan, longest: float = LONGEST) -> Plan:
    """What answers would change with these records.  Blocks, so call it in a thread.

    Raises:
        Failed: it took too long, or the process did not end well.
    """
    try:
        done = subprocess.run(  # noqa: S603  # this very module
            [sys.executable, "-P", "-m", __name__],
            input=pickle.dumps((world, wanted), pickle.HIGHEST_PROTOCOL),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=longest,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=Plan)
    except subprocess.TimeoutExpired:
        raise Failed(
            f"it was not done within {longest:.0f} s; plan the records in parts,"
            " or run boots plan beside the server"
        ) from None
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        raise Failed(f"the process that plans ended: {error}") from None


def planned(world: World, wanted: NewPlan) -> Plan:
    """What answers would change with these records, or what is wrong with them."""
    file = wanted.replaces or "the plan"
    found = records.read(wanted.text, file)
    if found.faults:
        return Plan(faults=tuple(map(str, found.faults)))
    stay = _without(world.index, wanted.replaces)
    index, clashes = lookup.build([*stay, *pack(found.machines, file)])
    if clashes:
        return Plan(faults=tuple(map(str, clashes)))
    return plan(world, World(index, world.sites))


def _without(index: Index, file: str) -> list[Packed]:
    """The packs of all records but those of one file, by its path or its name alone."""
    if not isinstance(index.machines, Machines):
        left = [each for each in index.machines if not file or each.place.file != file]
        return [part for each in left for part in pack([each], each.place.file)]
    parts = index.machines.parts
    return [part for part in parts if not file or file not in {part.name, Path(part.name).name}]


def _main() -> None:
    world, wanted = pickle.load(sys.stdin.buffer)  # noqa: S301  # from our parent, over a pipe
    sys.stdout.buffer.write(msgspec.json.encode(planned(world, wanted)))


if __name__ == "__main__":
    _main()
