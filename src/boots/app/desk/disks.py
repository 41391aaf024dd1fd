"""The desk: whether disks are written at all, what is kept of them, and what proves an erasure."""

from boots.api.desk import Refused
from boots.app.desk.house import House, asks_store
from boots.client.workflows import Certificates, EdgesLine, EdgesList, Freeze, NewFreeze
from boots.journal import events
from boots.store import certificates as proofs
from boots.store import edges
from boots.store.freezes import Freeze as Frozen


class DisksDesk:
    """Answers what `boots.api.desk.Desk` asks of disks."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def freeze(self) -> Freeze:
        """Whether disks may be armed and written at all."""
        running = self._house.workflows()
        frozen = running.keeper.frozen
        return Freeze(
            frozen=frozen.frozen,
            why=frozen.why,
            by=frozen.by,
            at=frozen.at,
            most=running.limits().most_writing,
            writing=sum(each.writing for each in running.keeper.live.values()),
        )

    @asks_store
    async def set_freeze(self, wanted: NewFreeze, by: str) -> Freeze:
        """Stop that, or allow it again."""
        running = self._house.workflows()
        await running.keeper.freeze(Frozen(wanted.frozen, wanted.why, by, self._house.clock()))
        self._house.tell(events.WritingStopped(frozen=wanted.frozen, by=by, why=wanted.why))
        return await self.freeze()

    @asks_store
    async def edges(self, key: str) -> EdgesList:
        """What is kept of the ends of a machine's disks."""
        name = self._house.machine(key).name
        found = await self._house.workflows().keeper.store.read(edges.of_machine, name)
        lines = (
            EdgesLine(
                id=each.id,
                machine=each.machine,
                run=each.run,
                serial=each.serial,
                path=each.path,
                size=each.size,
                holds=each.holds,
                at=each.at,
            )
            for each in found
        )
        return EdgesList(edges=tuple(lines))

    @asks_store
    async def certificates(self, identity: str) -> Certificates:
        """What proves that it erased disks."""
        store = self._house.workflows().keeper.store
        found = await store.read(proofs.of_run, identity)
        if not found:
            await self._house.run(identity)
        from boots.app.runs.signing import Signer  # noqa: PLC0415  # cryptography takes long to load

        signer = Signer(self._key())
        return Certificates(
            run=identity,
            public_key=signer.public_key,
            certificates=tuple(signer.signed(each, self._house.server) for each in found),
        )

    def _key(self) -> bytes:
        """This server's own."""
        sites = self._house.answers.raw.sites.values()
        key = next((each.ticket_key for each in sites if each.ticket_key), b"")
        if not key:  # what is signed by no key proves nothing
            raise Refused(503, "this server has no key", "no certificate can be signed")
        return key
