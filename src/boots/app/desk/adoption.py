"""The desk: machines without a record get one, by a person's word or by a rule's."""

from typing import Any

from boots.api.desk import Refused
from boots.app.desk.house import asks_store
from boots.app.desk.network import NetworkDesk
from boots.app.desk.records import RecordsDesk
from boots.client.words import Machine
from boots.model import mac as macs


class AdoptionDesk:
    """Answers what `boots.api.desk.Desk` asks of machines that are to get a record."""

    def __init__(self, records: RecordsDesk, network: NetworkDesk) -> None:
        self._records = records
        self._network = network

    @asks_store
    async def adopt(self, mac: str, record: Any, by: str) -> Machine:
        """Give one of them a record: this one, or with None the one that its rule makes."""
        wanted = macs.parse(mac)
        if wanted is None:
            raise Refused(400, "no MAC", f'"{mac}" is none; write six pairs of hex digits')
        if record is None:
            record = await self._network.proposed(wanted)
        return await self._records.create(record, by)
