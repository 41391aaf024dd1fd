"""Somebody asks the operator's listener faster than anybody needs to."""

from tests.api.bench import bench

from boots.journal import events
from boots.model.limits import OPERATOR_OF_ONE

VIEWER = {"Authorization": "Bearer viewer-token"}
ADMIN = {"Authorization": "Bearer admin-token"}


async def test_who_asks_too_fast_waits_and_others_do_not() -> None:
    async with bench(tokens_required=True) as at:
        at.clock.now = 2000.0
        await at.ask("GET", "/v1/me", None, **VIEWER)  # until it is proved it counts by its address
        await at.ask("GET", "/v1/me", None, **ADMIN)
        found = [
            (await at.ask("GET", "/v1/me", None, **VIEWER)).status
            for _ in range(OPERATOR_OF_ONE.burst + 5)
        ]
        slow = await at.ask("GET", "/v1/me", None, **VIEWER)
        other = await at.ask("GET", "/v1/me", None, **ADMIN)
        at.clock.now += 1.0
        later = await at.ask("GET", "/v1/me", None, **VIEWER)

    assert [200] * OPERATOR_OF_ONE.burst + [429] * 5 == found
    assert (429, "1") == (slow.status, slow.headers["retry-after"])
    assert (200, 200) == (other.status, later.status)
    assert [each for each in at.told if isinstance(each, events.LimitReached)]


async def test_tokens_that_are_made_up_are_counted_by_their_address() -> None:
    async with bench(tokens_required=True) as at:
        at.clock.now = 2000.0
        assert 200 == (await at.ask("GET", "/v1/me", None, **ADMIN)).status
        for number in range(OPERATOR_OF_ONE.burst + 5):
            made_up = {"Authorization": f"Bearer made-up-{number}"}
            last = await at.ask("GET", "/v1/me", None, **made_up)
        garbled = await at.ask("GET", "/v1/me", None, Authorization="Basic Ym9vdHM6")
        good = await at.ask("GET", "/v1/me", None, **ADMIN)

    paces = [each for each in at.told if isinstance(each, events.LimitReached)]
    assert (429, 429, 200) == (last.status, garbled.status, good.status)
    assert ["requests-of-one"] == [each.limit for each in paces]
