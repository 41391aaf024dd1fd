"""What the API answers to each question, and how it refuses."""

import pytest
from tests.api.bench import bench
from tests.api.desk import AT, FINDING, MAC, OTHER_MAC, STRANGE_MAC

from boots.api.desk import Refused


async def test_machines_are_listed_and_searched() -> None:
    async with bench() as at:
        every = (await at.ask("GET", "/v1/machines")).json
        running = (await at.ask("GET", "/v1/machines?state=running")).json
        named = (await at.ask("GET", f"/v1/machines?q={OTHER_MAC}")).json

    assert ["one", "two"] == [each["name"] for each in every["machines"]]
    assert ["one"] == [each["name"] for each in running["machines"]]
    assert ["two"] == [each["name"] for each in named["machines"]]


async def test_a_page_says_where_the_next_begins() -> None:
    async with bench() as at:
        first = await at.ask("GET", "/v1/machines?limit=1&q=52")
        link = first.headers["link"]
        second = await at.ask("GET", link[link.index("<") + 1 : link.index(">")])

    assert "one" == first.json["next"]
    assert '</v1/machines?limit=1&q=52&after=one>; rel="next"' == link
    assert ["two"] == [each["name"] for each in second.json["machines"]]
    assert "link" not in second.headers


async def test_a_machine_is_found_by_name_and_by_mac() -> None:
    async with bench() as at:
        named = await at.ask("GET", "/v1/machines/one")
        called = await at.ask("GET", f"/v1/machines/{MAC}")
        coded = await at.ask("GET", f"/v1/machines/{MAC.replace(':', '%3A')}")

    assert "one" == named.json["line"]["name"]
    assert named.json == called.json == coded.json


async def test_what_is_not_there_is_a_problem_of_404() -> None:
    async with bench() as at:
        answer = await at.ask("GET", "/v1/machines/nobody")

    assert answer.is_problem
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": 'there is no machine "nobody"',
        "instance": "/v1/machines/nobody",
        "errors": [],
    }


async def test_a_created_machine_has_a_place() -> None:
    async with bench() as at:
        answer = await at.ask("POST", "/v1/machines", {"record": {"name": "a/b"}})
        again = await at.ask("GET", answer.headers["location"])

    assert (201, "/v1/machines/a%2Fb") == (answer.status, answer.headers["location"])
    assert "a/b" == again.json["line"]["name"]
    assert [("create", "a/b", "local")] == at.desk.done


async def test_what_a_record_lacks_is_told_by_field() -> None:
    async with bench() as at:
        answer = await at.ask("POST", "/v1/machines", {"record": {}})

    assert 422 == answer.status
    assert [
        {"field": "record.name", "problem": "missing", "advice": "give it a name"}
    ] == answer.json["errors"]


async def test_an_unknown_field_is_refused_with_the_nearest() -> None:
    async with bench() as at:
        answer = await at.ask("PUT", "/v1/machines/one/order", {"netbot": "on"})

    assert 422 == answer.status
    assert [
        {"field": "netbot", "problem": "unknown", "advice": 'did you mean "netboot"?'},
        {"field": "netboot", "problem": "missing", "advice": "it must be there"},
    ] == answer.json["errors"]
    assert [] == at.desk.done


async def test_a_wrong_word_is_refused_with_those_that_do() -> None:
    async with bench() as at:
        answer = await at.ask("POST", "/v1/machines/one/power", {"action": "explode"})

    (error,) = answer.json["errors"]
    assert ("action", "write one of on, off, cycle, netboot") == (error["field"], error["advice"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"\xff", 400),
        (b"[" * 100_000, 400),
        (b'{"record":' * 70 + b"1" + b"}" * 70, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"record": {"name": 1}}', 422),
        (b'{"record": {"name": "a\\u0000"}}', 400),
        (b'{"record": {"name": "a\\\\\\u0000"}}', 400),
        (b'{"record": {"name": "a\\\\u0000"}}', 201),
    ],
)
async def test_a_body_that_is_none_is_refused(body: bytes, status: int) -> None:
    async with bench() as at:
        answer = await at.ask("POST", "/v1/machines", body)

    assert (status, status >= 400) == (answer.status, answer.is_problem)


async def test_a_body_as_deep_as_may_be_is_taken() -> None:
    record = b'{"name": "deep", "more": ' + b"[" * 60 + b"]" * 60 + b"}"
    async with bench() as at:
        answer = await at.ask("POST", "/v1/machines", b'{"record": ' + record + b"}")

    assert 201 == answer.status


async def test_a_body_is_json_and_says_so() -> None:
    async with bench() as at:
        form = await at.ask(
            "POST", "/v1/machines", b"record=1", Content_Type="application/x-www-form-urlencoded"
        )
        latin = await at.ask(
            "POST", "/v1/machines", b"{}", Content_Type="application/json; charset=latin1"
        )

    assert (415, 415) == (form.status, latin.status)


async def test_a_large_body_is_refused_and_a_large_plan_is_not() -> None:
    text = "x" * (1 << 20)
    async with bench() as at:
        record = await at.ask("POST", "/v1/machines", {"record": text})
        plan = await at.ask("POST", "/v1/plan", {"text": text})

    assert 413 == record.status
    assert (200, 1 << 20) == (plan.status, plan.json["same"])


async def test_a_body_without_a_length_is_bounded_too() -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    head = b"POST /v1/machines HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    async with bench() as at:
        raw = await at.send(head + chunk * 18 + b"0\r\n\r\n")

    assert b" 413 " in raw.partition(b"\r\n")[0]


async def test_a_client_that_waits_is_told_to_go_on() -> None:
    async with bench() as at:
        raw = await at.send(
            b"PUT /v1/machines/one/order HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n"
            b'{"netboot":"on"}'
        )

    assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("limit=1001", "limit"),
        ("state=well", "state"),
        ("lmit=1", "lmit"),
        ("q=1&q=2", "q"),
    ],
)
async def test_a_query_that_will_not_do_is_refused_by_name(query: str, field: str) -> None:
    async with bench() as at:
        answer = await at.ask("GET", f"/v1/machines?{query}")

    assert (400, [field]) == (answer.status, [each["field"] for each in answer.json["errors"]])


async def test_orders_are_given_and_withdrawn() -> None:
    async with bench() as at:
        order = {"netboot": "once", "profile": "osie"}
        given = await at.ask("PUT", "/v1/machines/one/order", order)
        kept = (await at.ask("GET", "/v1/machines/one")).json["order"]
        withdrawn = await at.ask("DELETE", "/v1/machines/one/order")

    assert given.json == kept
    assert ("once", "osie") == (kept["netboot"], kept["profile"])
    assert (204, b"") == (withdrawn.status, withdrawn.body)
    assert [
        ("order", "one", "once", "osie", "local"),
        ("withdraw", "one", "local"),
    ] == at.desk.done


async def test_who_provisions_is_told_what_is_left_to_do() -> None:
    async with bench() as at:
        wanted = {"profile": "debian-installer", "power": False}
        made = await at.ask("POST", "/v1/machines/one/provision", wanted)

    assert "switch it on from the network" == made.json["note"]


async def test_power_is_that_of_the_bmc_and_refused_without_one() -> None:
    async with bench() as at:
        off = await at.ask("GET", "/v1/machines/one/power")
        switched = await at.ask("POST", "/v1/machines/one/power", {"action": "cycle"})
        none = await at.ask("GET", "/v1/machines/two/power")

    assert ("off", "on", 409) == (off.json["state"], switched.json["state"], none.status)


async def test_files_have_slashes_in_their_names() -> None:
    async with bench() as at:
        answer = await at.ask("GET", "/v1/machines/one/files/pxelinux.cfg/default")

    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    assert b"#!ipxe\n# pxelinux.cfg/default of one\n" == answer.body


async def test_a_capture_is_a_file_to_keep() -> None:
    async with bench() as at:
        answer = await at.ask("GET", f"/v1/machines/{MAC}/capture")

    name = 'attachment; filename="52-54-00-00-00-01.pcap"'
    assert (b"\xd4\xc3\xb2\xa1rest", name) == (answer.body, answer.headers["content-disposition"])


async def test_boots_of_one_and_of_all() -> None:
    async with bench() as at:
        every = (await at.ask("GET", "/v1/boots")).json["boots"]
        failed = (await at.ask("GET", "/v1/boots?state=failed")).json["boots"]
        others = (await at.ask("GET", "/v1/machines/two/boots")).json["boots"]
        one = await at.ask("GET", f"/v1/boots/{every[0]['id']}")

    assert (2, 1, 0) == (len(every), len(failed), len(others))
    assert FINDING.code == failed[0]["finding"]["code"]
    assert one.json == every[0]


async def test_events_are_chosen_by_time_and_kind() -> None:
    async with bench() as at:
        for number in range(5):
            at.desk.happen("OfferSent" if number % 2 else "ScriptServed", number=number)
        kinds = (await at.ask("GET", "/v1/events?kind=OfferSent")).json
        latest = (await at.ask("GET", "/v1/events?latest=true&limit=2")).json
        timed = (await at.ask("GET", f"/v1/events?since={AT + 2:.0f}&until={AT + 4}")).json

    assert [2, 4] == [each["id"] for each in kinds["events"]]
    assert [4, 5] == [each["id"] for each in latest["events"]]
    assert [2, 3] == [each["id"] for each in timed["events"]]


async def test_machines_without_a_record_are_adopted_by_rule_or_by_record() -> None:
    async with bench() as at:
        by_rule = await at.ask("POST", f"/v1/discovered/{STRANGE_MAC}")
        record = {"record": {"name": "four", "mac": STRANGE_MAC}}
        by_record = await at.ask("POST", f"/v1/discovered/{STRANGE_MAC}", record)

    assert (201, "three") == (by_rule.status, by_rule.json["line"]["name"])
    assert (201, "four") == (by_record.status, by_record.json["line"]["name"])


async def test_tokens_are_made_listed_and_dropped() -> None:
    async with bench() as at:
        made = await at.ask("POST", "/v1/tokens", {"name": "ci", "role": "viewer"})
        listed = await at.ask("GET", "/v1/tokens")
        gone = await at.ask("DELETE", made.headers["location"])
        again = await at.ask("DELETE", made.headers["location"])
        odd = await at.ask("DELETE", "/v1/tokens/two")

    assert (201, "/v1/tokens/2") == (made.status, made.headers["location"])
    assert b"secret-2" in made.body
    assert b"secret" not in listed.body
    assert (204, 404, 404) == (gone.status, again.status, odd.status)


@pytest.mark.parametrize(
    ("path", "has"),
    [
        ("/v1/health", b'"ready":true'),
        ("/v1/me", b'"name":"local","role":"admin"'),
        ("/v1/profiles", b'"debian-installer"'),
        ("/v1/discovered", STRANGE_MAC.encode()),
        ("/v1/foreign", b"192.0.2.254"),
        ("/v1/leases", b"192.0.2.50"),
        ("/v1/machines/one/packets", b'"OFFER"'),
        ("/v1/machines/one/explain?interface=eth1", b'"interface":"eth1"'),
        (f"/v1/explain/{STRANGE_MAC}", STRANGE_MAC.encode()),
        ("/v1/openapi.json", b'"openapi":"3.1.0"'),
    ],
)
async def test_what_else_can_be_read(path: str, has: bytes) -> None:
    async with bench() as at:
        answer = await at.ask("GET", path)

    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    assert has in answer.body


async def test_a_machine_is_explained_by_the_mac_that_names_it() -> None:
    async with bench() as at:
        named = (await at.ask("GET", "/v1/machines/two/explain")).json
        called = (await at.ask("GET", f"/v1/machines/{OTHER_MAC}/explain")).json

    assert (OTHER_MAC, OTHER_MAC) == (named["mac"], called["mac"])


async def test_a_wrong_method_is_told_which_would_do() -> None:
    async with bench() as at:
        answer = await at.ask("PATCH", "/v1/machines/one")

    assert (405, "DELETE, GET, HEAD, PUT") == (answer.status, answer.headers["allow"])
    assert answer.is_problem


async def test_head_is_get_without_the_body() -> None:
    async with bench() as at:
        whole = await at.ask("GET", "/v1/machines")
        head = await at.ask("HEAD", "/v1/machines")

    assert (200, b"") == (head.status, head.body)
    assert whole.headers["content-length"] == head.headers["content-length"]


async def test_a_fault_of_the_server_is_a_problem_that_tells_nothing_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with bench() as at:
        at.desk.fails = RuntimeError("/etc/secret is missing")
        answer = await at.ask("GET", "/v1/health")
        at.desk.fails = None
        after = await at.ask("GET", "/v1/health")

    assert (500, True) == (answer.status, answer.is_problem)
    assert b"secret" not in answer.body
    assert "/etc/secret is missing" in capsys.readouterr().out
    assert 200 == after.status


async def test_the_desk_may_refuse_with_a_status_of_its_own() -> None:
    async with bench() as at:
        at.desk.fails = Refused(502, "Bad Gateway", "the BMC does not answer")
        answer = await at.ask("GET", "/v1/health")

    assert (502, "the BMC does not answer") == (answer.status, answer.json["detail"])
