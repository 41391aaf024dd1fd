"""What lasts: the store, and what of it is held in memory so that no answer waits for it.

Changes are in the store before they are in force, and in force before they are acknowledged.
While the store is away answers go on, and changes are refused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from boots.app import copied
from boots.app.copied import Copied
from boots.app.folders import COPY, TOLD
from boots.app.lasting import lasting_of
from boots.app.orders import Orders
from boots.app.told import Told
from boots.machines.kept import Kept
from boots.model.order import Order
from boots.policy.ordered import GRACE
from boots.serve.sockets import StartError
from boots.settings import Settings
from boots.store import changes, history, orders, records, tokens
from boots.store import engine as engines
from boots.store.engine import StoreAway, StoreError
from boots.store.store import Store
from boots.store.tokens import Token

_log = structlog.get_logger()


def open_store(settings: Settings, state: Path) -> Store | None:
    """The store that the settings name, not asked for anything yet; None where it is off.

    Raises:
        StartError: it cannot be one.
    """
    if not settings.store.enabled:
        return None
    lasting = lasting_of(settings, state)
    try:
        return Store(engines.make(lasting.url), lasting.server)
    except StoreError as error:
        raise StartError(str(error)) from None


async def _nothing_to_place() -> None:
    """No server answers from this yet."""


class Keeping:
    """A store, and the records, orders and tokens that are in force.

    `orders` are filled from it.  In the folder `state` is a copy for a start without the store.
    `clock` gives seconds since 1970.
    """

    def __init__(
        self, store: Store, orders: Orders, state: Path, clock: Callable[[], float]
    ) -> None:
        self.store = store
        self.orders = orders
        self.kept = Kept()
        self.tokens: dict[str, Token] = {}
        """By the digest of their secrets."""
        self.place: Callable[[], Awaitable[None]] = _nothing_to_place
        """Puts changed records in force."""
        self.reordered: Callable[[str], None] = lambda _: None
        """Is told of each machine whose order is another one."""
        self.trouble = ""
        """Why the store does not answer; empty while it does."""
        self.woken = asyncio.Event()
        """There is something to write down, or to look for."""
        self.changes = 0
        self.events = 0
        self.told = Told(state / TOLD, clock)
        """Whom a crash must not have forgotten."""
        self.turn = asyncio.Lock()
        """Held by who changes the store and memory, or memory by what was read of it."""
        self._copy_at = state / COPY
        self._clock = clock
        self._unspent: dict[str, Order] = {}
        self._used: dict[int, float] = {}
        self._copy_due = False

    # --- at the start, and when it comes back

    async def open(self) -> None:
        """Have what is in force; from the copy, if the store is away.

        Raises:
            StartError: the store is of another Boots.
        """
        try:
            await self.store.open()
            self.events = await self.store.read(history.last_event)
            await self.load()
        except StoreError as error:
            raise StartError(str(error)) from None
        except StoreAway as error:
            self.trouble = str(error)
            await self._from_copy()
            _log.warning(
                "the store does not answer: records and orders are as they were last seen",
                error=self.trouble,
                machines=len(self.kept),
            )
        for line in await asyncio.to_thread(self.told.read):
            order = self.orders.of(line.machine)
            if order is not None and order.at == line.given:
                self.orders.use_up(line.machine, line.at + GRACE)

    async def load(self) -> None:
        """Read all of it anew.

        Raises:
            StoreAway: it does not answer.
        """
        async with self.turn:
            self.changes = await self.store.read(changes.last)
            self.kept.take([*await self.store.read(records.every)])
            found = await self.store.read(orders.every)
            for name in {**self.orders.every(), **found}:
                self.found_order(name, found.get(name))
            self.tokens = await self.store.read(tokens.by_digest)
        await self.copy()

    async def copy(self) -> None:
        """Have the copy say what is in force."""
        said = Copied(self.kept.every(), dict(self.orders.every()), dict(self.tokens))
        await asyncio.to_thread(copied.write, self._copy_at, said)

    async def _from_copy(self) -> None:
        said = await asyncio.to_thread(copied.read, self._copy_at)
        self.kept.take(said.records)
        for name, order in said.orders.items():
            self.put_order(name, order)
        self.tokens = dict(said.tokens)

    # --- records

    async def create(self, name: str, record: str, by: str) -> None:
        """Keep a new record.

        Raises:
            Conflict, StoreAway: nothing was changed.
        """
        async with self.turn:
            made = await self.store.write(
                records.create, name, record, by=by, at=self._clock(), server=self.store.me
            )
            self._took(made)
        await self._placed()

    async def replace(self, name: str, record: str, revision: int | None, by: str) -> None:
        """Change a record.  Raises as `create`."""
        async with self.turn:
            made = await self.store.write(
                records.replace,
                name,
                record,
                revision,
                by=by,
                at=self._clock(),
                server=self.store.me,
            )
            self._took(made)
        await self._placed()

    def _took(self, made: records.Kept) -> None:
        if made.revision > self.kept.revision(made.name):  # else a later one is there already
            self.kept.put(*made)

    async def _placed(self) -> None:
        await self.place()
        self._copy_soon()

    async def remove(self, name: str, revision: int | None) -> None:
        """Forget a record and its order.  Raises as `create`."""
        async with self.turn:
            await self.store.write(
                records.remove, name, revision, at=self._clock(), server=self.store.me
            )
            self.kept.drop(name)
            self.put_order(name, None)
        await self._placed()

    def _copy_soon(self) -> None:
        """The copy follows; of many changes the last one is enough."""
        self.woken.set()
        self._copy_due = True

    # --- orders

    def put_order(self, name: str, order: Order | None) -> None:
        """Have an order in force, or none."""
        if self.orders.of(name) != order:
            self.orders.put(name, order)
            self.reordered(name)

    def found_order(self, name: str, found: Order | None) -> None:
        """Have the order in force that the store has, which may not know yet that it is used up."""
        here = self.orders.of(name)
        if found is not None and here is not None and found.at == here.at and here.spent:
            sooner = here.spent if not found.spent else min(here.spent, found.spent)
            found = msgspec.structs.replace(found, spent=sooner)
        self.put_order(name, found)

    async def give(self, name: str, order: Order) -> None:
        """Keep an order, and have it in force.  Raises `StoreAway`."""
        async with self.turn:
            await self.store.write(orders.give, name, order, server=self.store.me)
            self.took_order(name, order)

    def took_order(self, name: str, order: Order) -> None:
        """Have an order in force that is written; `turn` is held."""
        self._unspent.pop(name, None)
        self.put_order(name, order)
        self._copy_soon()

    async def withdraw(self, name: str) -> None:
        """Have the record alone count again.  Raises `StoreAway`."""
        async with self.turn:
            now = self._clock()
            await self.store.write(orders.withdraw, name, at=now, server=self.store.me)
            self.put_order(name, None)
        self._copy_soon()

    def spent(self, name: str, order: Order) -> None:
        """An order is used up, which is in force here: it is written down as soon as can be."""
        self._unspent[name] = order
        self.reordered(name)
        self._copy_soon()

    # --- tokens

    async def make_token(
        self,
        name: str,
        role: str,
        secret: str,
        expires: float,
        by: str,
        *,
        machines: tuple[str, ...] = (),
    ) -> Token:
        """Keep a new token.  Raises `StoreAway`."""
        async with self.turn:
            made = await self.store.write(
                tokens.create,
                name,
                role,
                secret,
                expires=expires,
                by=by,
                at=self._clock(),
                server=self.store.me,
                machines=machines,
            )
            self.tokens[tokens.digest(secret)] = made
        return made

    async def drop_token(self, number: int) -> bool:
        """Take a token away; whether there was one.  Raises `StoreAway`."""
        async with self.turn:
            there = await self.store.write(
                tokens.drop, number, at=self._clock(), server=self.store.me
            )
            left = ((digest, token) for digest, token in self.tokens.items() if token.id != number)
            self.tokens = dict(left)
        return there

    def note_use(self, number: int, at: float) -> None:
        """A token was used: that is written down some time."""
        self._used[number] = at

    # --- what nobody waits for

    async def write_down(self) -> None:
        """Write down what is used up, and the copy.

        Raises:
            StoreAway: what is left is written next time.
        """
        while self._unspent:
            name, order = next(iter(self._unspent.items()))
            await self.store.write(
                orders.spend,
                name,
                order.at,
                order.spent,
                at=self._clock(),
                server=self.store.me,
            )
            if self._unspent.get(name) is order:
                del self._unspent[name]
        await asyncio.to_thread(self.told.tidy)
        while self._used:
            number, at = self._used.popitem()
            await self.store.write(tokens.used, number, at)
        if self._copy_due:
            self._copy_due = False
            await self.copy()

    def close(self) -> None:
        """Nothing more is asked of the store."""
        self.store.close()
