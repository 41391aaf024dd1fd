"""The desk: records that are made here, and what is wrong with one."""

import asyncio
from typing import Any

import msgspec

from boots.api.desk import Refused
from boots.app.desk.house import House, asks_store
from boots.app.desk.machines import MachinesDesk
from boots.client.words import FieldError, Machine
from boots.documents.fault import Fault
from boots.journal import events
from boots.machines import kept as records
from boots.machines.secrets import files_named, restored
from boots.model import mac as macs
from boots.model.machine import STORE
from boots.model.machine import Machine as Known
from boots.policy import leaks
from boots.store import witness
from boots.store.records import Conflict

_LONGEST_NAME = 253  # characters: those of a host name
_NO_NAMES = {"", ".", "..", "stream"}  # browsers and the API take them otherwise in a path


class RecordsDesk:
    """Answers what `boots.api.desk.Desk` asks of records; they are shown as machines are."""

    def __init__(self, house: House, machines: MachinesDesk) -> None:
        self._house = house
        self._machines = machines

    @asks_store
    async def create(self, record: Any, by: str) -> Machine:
        """Keep a new record."""
        keeping = self._house.kept()
        made, text = await self._checked(record, "")
        witness.about(made.name)
        try:
            await keeping.create(made.name, text, by)
        except Conflict:
            raise Refused(
                409, "there is such a machine", f'a record is named "{made.name}" already'
            ) from None
        self._tell(made.name, "made", by)
        for each in made.interfaces:  # whoever had none is a stranger no more
            self._house.history.timelines.adopted(each.mac)
        return await self._machines.machine(made.name)

    @asks_store
    async def replace(self, name: str, record: Any, revision: int | None, by: str) -> Machine:
        """Change a record that was made here."""
        keeping = self._house.kept()
        here = self._made_here(name)
        witness.about(here)
        known = keeping.kept.record(here)
        whole = restored(record, msgspec.json.decode(known)) if known else record
        made, text = await self._checked(whole, here)
        if made.name != here:
            raise Refused(
                422,
                "a record keeps its name",
                f'it is "{here}"; remove it and make one named "{made.name}"',
                [FieldError(field="name", problem=f'not "{here}"', advice=f'write "{here}"')],
            )
        try:
            await keeping.replace(here, text, revision, by)
        except Conflict as conflict:
            raise _conflict(here, conflict) from None
        self._tell(here, "changed", by)
        return await self._machines.machine(here)

    @asks_store
    async def remove(self, name: str, revision: int | None, by: str) -> None:
        """Forget a record that was made here."""
        keeping = self._house.kept()
        here = self._made_here(name)
        witness.about(here)
        try:
            await keeping.remove(here, revision)
        except Conflict as conflict:
            raise _conflict(here, conflict) from None
        self._tell(here, "removed", by)

    def _made_here(self, key: str) -> str:
        """The name of a record of the store.

        Raises:
            Refused: it is none, or stands in a file.
        """
        keeping = self._house.kept()
        if keeping.kept.revision(key):  # also one that is left out, to be mended
            return key
        found = self._house.machine(key)
        if found.place.file != STORE:
            raise Refused(
                409,
                "this record stands in a file",
                f"it is changed where it stands, at {found.place}; the API only reads it",
            )
        return found.name

    async def _checked(self, record: Any, instead_of: str) -> tuple[Known, str]:
        """The machine of a record, and the record as it is kept.

        Raises:
            Refused: it cannot be read, names files of ours, or claims what another machine has.
        """
        named = files_named(record) if isinstance(record, dict) else []
        if named:
            raise Refused(
                422,
                "a record made here names no files of the server",
                f"{named[0]} names one",
                [
                    FieldError(field=n, problem="a file", advice="write what is in it")
                    for n in named
                ],
            )
        try:
            text = msgspec.json.encode(record).decode()
        except (UnicodeEncodeError, RecursionError):
            raise Refused(400, "no record", "it cannot be written as JSON") from None
        machines, faults = await asyncio.to_thread(records.of, text)
        if faults:
            first = msgspec.structs.replace(faults[0], file="the record", line=0)
            raise Refused(422, "this is no record", str(first), [_field(f) for f in faults])
        if len(machines) != 1:
            raise Refused(
                422, "this is not one record", f"it holds {len(machines)}; send each by itself"
            )
        self._refuse_secrets(machines[0], record)
        if not instead_of:
            _refuse_name(machines[0])
        self._refuse_claimed(machines[0], instead_of)
        return machines[0], text

    def _refuse_secrets(self, made: Known, record: Any) -> None:
        sites = self._house.answers.world.sites.values()
        allowed = next((site.secrets_allowed for site in sites), ())
        errors = [
            FieldError(field=_place_of(text, record), problem=why, advice=leaks.ADVICE)
            for text, why in leaks.of_machine(made, allowed).items()
        ]
        if errors:
            title = "kernel arguments are no place for secrets"
            raise Refused(422, title, errors[0].problem, errors)

    def _refuse_claimed(self, made: Known, instead_of: str) -> None:
        index = self._house.answers.world.index
        claims: list[FieldError] = []
        for each in made.interfaces:
            known = index.by_mac.get(each.mac)
            if known is not None and known.machine.name != instead_of:
                claims.append(_claimed("mac", each.mac, known.machine))
            own = each.reservation
            known = index.by_address.get(own.address) if own else None
            if own and known is not None and known.machine.name != instead_of:
                claims.append(_claimed("address", str(own.address), known.machine))
        other = index.by_name.get(made.name)
        if other is not None and made.name != instead_of:
            claims.append(_claimed("name", made.name, other))
        if claims:
            raise Refused(409, "another machine has it", claims[0].problem, claims)

    def _tell(self, name: str, what: str, by: str) -> None:
        self._house.tell(events.RecordChanged(machine=name, what=what, by=by))


def _place_of(text: str, value: Any, place: str = "") -> str:
    """Where a text stands in a record; empty for nowhere."""
    if value == text:
        return place
    named = value.items() if isinstance(value, dict) else ()
    listed = enumerate(value) if isinstance(value, list) else ()
    below = (
        *((f"{place}.{name}" if place else str(name), each) for name, each in named),
        *((f"{place}[{number}]", each) for number, each in listed),
    )
    return next(filter(None, (_place_of(text, each, where) for where, each in below)), "")


def _refuse_name(made: Known) -> None:
    """Refuse a name that leads nowhere in an address, or to another machine.

    Raises:
        Refused: it will not do.
    """
    name, mac = made.name, macs.parse(made.name)
    problem = ""
    if mac is not None and mac not in {each.mac for each in made.interfaces}:
        problem = "it is a MAC that the machine has not"
    elif len(name) > _LONGEST_NAME:
        problem = f"it has more than {_LONGEST_NAME} characters"
    elif not name.isprintable() or name != name.strip() or name in _NO_NAMES:
        problem = "no address can end with it"
    if problem:
        advice = "write letters, digits, dots and hyphens, like rack-12"
        raise Refused(
            422,
            "this is no name for a machine",
            f"{name[:80]!r}: {problem}; {advice}",
            [FieldError(field="name", problem=problem, advice=advice)],
        )


def _field(fault: Fault) -> FieldError:
    return FieldError(field=fault.field, problem=fault.problem, advice=fault.advice)


def _claimed(what: str, value: str, other: Known) -> FieldError:
    where = "made here" if other.place.file == STORE else f"at {other.place}"
    return FieldError(
        field=what,
        problem=f'{value} belongs to "{other.name}", {where}',
        advice=f"give it {'an' if what == 'address' else 'a'} {what} of its own",
    )


def _conflict(name: str, conflict: Conflict) -> Refused:
    if conflict.revision is None:
        return Refused(404, "no such record", f'none that was made here is named "{name}"')
    return Refused(
        412,
        "it was changed meanwhile",
        f"the record is at revision {conflict.revision} now; read it again, then change that",
    )
