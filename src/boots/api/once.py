"""A creation that is asked for twice with one ``Idempotency-Key`` is done once."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import msgspec

from boots.api.asked import Answer
from boots.api.desk import Refused

_LONGEST = 255  # characters of a key
_FOR = 24 * 3600.0  # seconds

REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was given before: nothing was done for it."""


@dataclass(slots=True)
class _Done:
    """What was asked with a key, and what came of it."""

    body: bytes
    at: float
    answer: "asyncio.Future[Answer]"
    size: int = 0


class Once:
    """Remembers the latest answers, by who asked what with which key.

    `clock` is in seconds.  At most `kept` answers of `most` bytes together are remembered; the
    oldest go first.
    """

    def __init__(
        self, clock: Callable[[], float], kept: int = 1024, most: int = 16 * 1024 * 1024
    ) -> None:
        self._clock = clock
        self._kept = kept
        self._most = most
        self._size = 0
        self._done: OrderedDict[tuple[str, ...], _Done] = OrderedDict()

    async def answer(
        self, key: str, asked: tuple[str, ...], body: object, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer to what is `asked` with a `key`; made once for one key and body.

        What was refused is not remembered: it may be asked again.

        Raises:
            Refused: the key was used for another body, or is too long.
        """
        if not key:
            return await make()
        if len(key) > _LONGEST:
            raise Refused(400, "Bad Request", f"Idempotency-Key: at most {_LONGEST} characters")
        place = (*asked, key)
        digest = hashlib.blake2b(msgspec.json.encode(body)).digest()
        before = self._done.get(place)
        if before is None or before.at + _FOR <= self._clock():
            return await self._make(place, digest, make)
        if before.body != digest:
            raise Refused(
                422,
                "Unprocessable Content",
                "this Idempotency-Key was used for another body; make up a new one",
            )
        answer = await asyncio.shield(before.answer)
        return replace(answer, headers={**answer.headers, REPLAYED: "true"})

    async def _make(
        self, place: tuple[str, ...], body: bytes, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        self._forget(place)
        done = _Done(body, self._clock(), asyncio.get_running_loop().create_future())
        self._done[place] = done
        try:
            answer = await make()
        except BaseException as error:
            self._forget(place)
            broken = Refused(409, "Conflict", "the first request with this key broke off")
            done.answer.set_exception(error if isinstance(error, Refused) else broken)
            done.answer.exception()  # there need be nobody who waits for it
            raise
        done.answer.set_result(answer)
        done.size = len(answer.raw or b"")
        self._size += done.size
        while self._done and (len(self._done) > self._kept or self._size > self._most):
            self._forget(next(iter(self._done)))
        return answer

    def _forget(self, place: tuple[str, ...]) -> None:
        gone = self._done.pop(place, None)
        if gone is not None:
            self._size -= gone.size
