"""The page of the audit log: who did what, and how far that is proved."""

import pytest
from tests.web.fleet import HOSTILE, NOW, Fleet, row_of
from tests.web.served import served

from boots.api.desk import Refused
from boots.client.words import AuditProof, Me, Role


async def test_it_says_who_armed_what_and_leads_to_the_run() -> None:
    async with served(Fleet(4)) as site:
        text = (await site.get("/audit")).text
    for said in ("create_run", "force", 'href="/workflows/w-1"', 'href="/machines/rack-0003"'):
        assert said in text
    assert HOSTILE not in text
    assert text.index("row:4") < text.index("row:1"), "the latest first"
    assert "Verified until" in text
    assert "5ea15ea15ea15ea1…" in text


async def test_what_is_asked_for_is_what_the_desk_is_asked() -> None:
    fleet = Fleet(4)
    async with served(fleet) as site:
        await site.get("/audit?machine=rack-0003&by=ann&what=run&since=2026-01-01&until=2026-02-01")
    wanted = {"machine": "rack-0003", "by": "ann", "what": "run"}
    assert [wanted | {"since": 1_767_225_600.0, "until": 1_769_904_000.0}] == fleet.audited


async def test_older_rows_are_on_the_next_page_under_the_same_filter() -> None:
    fleet = Fleet(4)
    fleet.audits_ = [row_of(number) for number in range(150, 0, -1)]
    async with served(fleet) as site:
        first = (await site.get("/audit?by=ann")).text
        second = (await site.get("/audit?by=ann&after=51")).text
    assert (100, 50) == (first.count('id="row:'), second.count('id="row:'))
    assert 'href="/audit?by=ann&amp;after=51"' in first
    assert 'href="/audit?by=ann"' in second


@pytest.mark.parametrize(
    ("proof", "said"),
    [
        (AuditProof(rows=9, broken=3, why="it is not what was written"), "Somebody changed this"),
        (AuditProof(rows=9, last_at=NOW, more=True), "when this page is loaded again"),
        (AuditProof(rows=9, last_at=NOW, foreign=2), "2 of them sealed by another key"),
        (Refused(503, "the store does not answer"), "the store does not answer"),
    ],
)
async def test_it_says_what_the_seals_say(proof: AuditProof | Refused, said: str) -> None:
    fleet = Fleet(4)
    if isinstance(proof, Refused):
        fleet.refuses["audit_proof"] = proof
    else:
        fleet.proof = proof
    async with served(fleet) as site:
        assert said in (await site.get("/audit")).text


async def test_viewers_neither_read_it_nor_are_led_there() -> None:
    fleet = Fleet(4)
    fleet.bearers = {
        "v": Me(name="vera", role=Role.VIEWER),
        "o": Me(name="ann", role=Role.OPERATOR),
    }
    async with served(fleet, tokens=True) as site:
        viewer, operator = {"Cookie": "boots_token=v"}, {"Cookie": "boots_token=o"}
        assert 403 == (await site.get("/audit", **viewer)).status
        assert "/audit" not in (await site.get("/machines/rack-0003", **viewer)).text
        shown = (await site.get("/machines/rack-0003", **operator)).text
    assert 'href="/audit?machine=rack-0003"' in shown
    assert '<a href="/audit">Audit</a>' in shown
