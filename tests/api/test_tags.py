"""ETags, conditions, and creations that are asked for twice."""

import asyncio

from tests.api.bench import bench

from boots.api import tags
from boots.api.asked import Answer
from boots.api.once import Once


async def test_a_machine_that_did_not_change_is_not_sent_again() -> None:
    async with bench() as at:
        first = await at.ask("GET", "/v1/machines/one")
        same = await at.ask("GET", "/v1/machines/one", If_None_Match=first.headers["etag"])
        await at.ask("PUT", "/v1/machines/one/order", {"netboot": "off"})
        changed = await at.ask("GET", "/v1/machines/one", If_None_Match=first.headers["etag"])

    assert (304, b"", first.headers["etag"]) == (same.status, same.body, same.headers["etag"])
    assert 200 == changed.status


async def test_a_list_has_a_weak_tag() -> None:
    async with bench() as at:
        first = await at.ask("GET", "/v1/machines")
        tag = first.headers["etag"]
        same = await at.ask("GET", "/v1/machines", If_None_Match=f'"other", {tag}')

    assert tag.startswith('W/"')
    assert 304 == same.status


async def test_a_record_is_changed_only_as_it_was_seen() -> None:
    changed = {"record": {"name": "one", "mac": "52:54:00:00:00:01", "console": "ttyS1"}}
    async with bench() as at:
        seen = (await at.ask("GET", "/v1/machines/one")).headers["etag"]
        await at.ask("PUT", "/v1/machines/one/order", {"netboot": "off"})
        first = await at.ask("PUT", "/v1/machines/one", changed, If_Match=seen)
        second = await at.ask("PUT", "/v1/machines/one", changed, If_Match=seen)
        gone = await at.ask("DELETE", "/v1/machines/one", If_Match=seen)
        anyhow = await at.ask("DELETE", "/v1/machines/one")

    assert (200, 412, 412, 204) == (first.status, second.status, gone.status, anyhow.status)
    assert first.headers["etag"].startswith('"4.')


async def test_a_tag_that_no_record_has_never_matches() -> None:
    async with bench() as at:
        strange = await at.ask("DELETE", "/v1/machines/one", If_Match='"strange"')
        weak = await at.ask("DELETE", "/v1/machines/one", If_Match='W/"3.12"')
        garbage = await at.ask("DELETE", "/v1/machines/one", If_Match="3")
        star = await at.ask("DELETE", "/v1/machines/one", If_Match="*")

    assert (412, 412, 400, 204) == (strange.status, weak.status, garbage.status, star.status)


async def test_a_record_in_a_file_is_not_changed() -> None:
    async with bench() as at:
        answer = await at.ask("PUT", "/v1/machines/two", {"record": {}})

    assert (409, "its record stands in machines/two.yaml:1") == (
        answer.status,
        answer.json["detail"],
    )


def test_tags_are_read_one_by_one() -> None:
    assert tags.is_had('W/"a", "b"', '"a"')
    assert not tags.is_had('"b" "a"', '"a"')
    assert not tags.is_had("", '"a"')
    assert tags.is_had("*", '"a"')
    assert 12 == tags.revision('"12"')


async def test_a_creation_asked_for_twice_is_done_once() -> None:
    body = {"record": {"name": "new"}}
    async with bench() as at:
        first = await at.ask("POST", "/v1/machines", body, Idempotency_Key="k1")
        second = await at.ask("POST", "/v1/machines", body, Idempotency_Key="k1")
        other = await at.ask(
            "POST", "/v1/machines", {"record": {"name": "newer"}}, Idempotency_Key="k1"
        )
        bare = await at.ask("POST", "/v1/machines", body)
        elsewhere = await at.ask(
            "POST", "/v1/machines/one/power", {"action": "on"}, Idempotency_Key="k1"
        )

    assert (201, 201, 422, 409) == (first.status, second.status, other.status, bare.status)
    assert (first.body, first.headers["location"]) == (second.body, second.headers["location"])
    assert 200 == elsewhere.status
    assert 1 == at.desk.done.count(("create", "new", "local"))


async def test_what_was_refused_may_be_asked_again_with_its_key() -> None:
    async with bench() as at:
        first = await at.ask("POST", "/v1/machines", {"record": {}}, Idempotency_Key="k")
        second = await at.ask(
            "POST", "/v1/machines", {"record": {"name": "new"}}, Idempotency_Key="k"
        )
        long = await at.ask("POST", "/v1/machines", {"record": 1}, Idempotency_Key="k" * 256)

    assert (422, 201, 400) == (first.status, second.status, long.status)


async def test_two_at_a_time_with_one_key_wait_for_the_same_answer() -> None:
    once, made, go = Once(lambda: 0.0), [], asyncio.Event()

    async def make() -> Answer:
        made.append(1)
        await go.wait()
        return Answer(raw=b"done")

    asked = [asyncio.create_task(once.answer("k", ("me",), 1, make)) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()

    assert [b"done"] * 3 == [(await each).raw for each in asked]
    assert [1] == made


async def test_remembered_answers_are_bounded_by_number_size_and_time() -> None:
    now = 0.0
    once, made = Once(lambda: now, kept=2, most=100), []

    async def ask(key: str, size: int = 1) -> None:
        async def make() -> Answer:
            made.append(key)
            return Answer(raw=b"x" * size)

        await once.answer(key, ("me",), None, make)

    for key in ("a", "b", "c", "a", "c"):  # the third pushes out the first
        await ask(key)
    assert ["a", "b", "c", "a"] == made
    await ask("large", 100)  # with anything beside it, too much
    await ask("a")
    assert ["a", "b", "c", "a", "large", "a"] == made
    now = 24 * 3600.0
    await ask("a")
    assert ["a", "b", "c", "a", "large", "a", "a"] == made
