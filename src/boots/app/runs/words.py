"""What is kept of a run: what it was made of, how it stands, and who may speak for its machines."""

from collections.abc import Mapping
from typing import Any

import msgspec

from boots.client.workflows import Arming
from boots.model.word import Word
from boots.store.runs import Row
from boots.workflow.arming import Resolved
from boots.workflow.run import OPEN, Part, Run


class Own(Word, frozen=True):
    """One machine of a run.  Its worker is its first MAC, whatever the template calls it.

    `storage` is what its record says of its disks.
    """

    worker: str
    name: str
    storage: Any = None


class Given(Word, frozen=True):
    """What a person gave it: as in the API's ``NewRun``.

    `source` is the template as it was given, `until` when the arming is over.  Where `among` is not
    empty, machines whose names fit none of these patterns are as if not there.
    """

    by: str
    machine: str
    source: str
    name: str = ""
    map: Mapping[str, str] = {}
    disk: str = ""
    arm: Arming | None = None
    until: float = 0.0
    among: tuple[str, ...] = ()


class Agent(Word, frozen=True):
    """Who speaks for a machine: the digest of its key.

    `before` is that of the session before, which may say hello again until this one was heard.
    """

    digest: str
    before: str = ""


class Kept(Word, frozen=True):
    """A run as it is kept.

    `template` is the rendered text.  `disks` are those that it may write, once they were found;
    while it `waits` for an inventory all of that is made again with it.  `used` are the nonces of
    tickets that were good once, `taken` the serial numbers of disks that the run had: their ends
    are kept.  `note` says what a person should know.
    """

    run: Run
    given: Given
    template: str
    machines: tuple[Own, ...]
    disks: tuple[Resolved, ...] = ()
    agents: Mapping[str, Agent] = {}
    used: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    note: str = ""
    waits: bool = False
    revision: int = 1

    @property
    def writing(self) -> bool:
        """Whether an action that writes disks is with an agent."""
        return any(
            each.writes and each.state in OPEN and each.part is Part.ACTION
            for each in self.run.steps
        )

    def of(self, worker: str) -> Own:
        """The machine of a worker."""
        return next(each for each in self.machines if each.worker == worker)

    def worker(self, machine: str) -> str:
        """The worker that a machine is; empty if it has no part in this run."""
        return next((each.worker for each in self.machines if each.name == machine), "")


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


def row(kept: Kept) -> Row:
    """A run as the store has it."""
    run, first = kept.run, kept.machines[0]
    return Row(
        id=run.id,
        machine=first.name,
        mac=first.worker,
        name=run.name,
        state=run.state.value,
        live=not run.is_final,
        writing=kept.writing,
        created=run.created_at,
        ended=run.ended_at,
        revision=kept.revision,
        body=_encode(kept).decode(),
    )


def read(found: Row) -> Kept:
    """What a row of the store says."""
    return msgspec.structs.replace(_decode(found.body), revision=found.revision)
