"""The client says what the server said, in words, and why there is no answer."""

import inspect
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from tests.api.desk import MAC, STRANGE_MAC, line
from tests.api.workflows import TEMPLATE, failed, run_of, succeeded, waiting
from tests.app.certificates import issue
from tests.client.bench import Server, serving

from boots.api.listener import Secure
from boots.api.routes import TABLE
from boots.client.client import Client
from boots.client.connecting import ApiError, BadUrl, NoServer
from boots.client.stream import Broken, Sent, sent
from boots.client.words import PowerAction, Role
from boots.client.workflows import Arming, LogLine, NewRun, Retry, Run, Undo
from boots.model.arming import Policy
from boots.model.order import Netboot


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def client(server: Server) -> Client:
    server.desk.__init__()  # type: ignore[misc]
    return Client(server.url, sleep=lambda _seconds: None)


def test_there_is_a_method_for_each_thing_that_can_be_asked() -> None:
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction)}

    assert set() == {route.name for route in TABLE} - methods


def test_what_can_be_read_comes_in_words(client: Client) -> None:
    assert ("one", "two") == tuple(each.name for each in client.machines().machines)
    assert ["one"] == [each.name for each in client.all_machines(text=MAC)]
    assert 3 == client.machine("one").revision
    assert client.machine(MAC) == client.machine("one")
    assert (True, "local") == (client.health().ready, client.me().name)
    assert "off" == client.power("one").state
    assert ["debian-installer", "osie"] == [each.name for each in client.profiles().profiles]
    assert client.explain(MAC) == client.explain_machine("one")
    assert "#!ipxe\n# a b/c of one\n" == client.rendered("one", "a b/c")
    assert "OFFER" == client.packets("one").packets[0].kind
    assert b"\xd4\xc3\xb2\xa1rest" == client.capture("one")
    assert client.boots().boots == client.boots_of("one").boots
    assert client.boots(state="failed").boots[0] == client.boot(client.boots().boots[1].id)
    assert "rack" == client.discovered().discovered[0].rule
    assert "192.0.2.254" == client.foreign().servers[0].server
    assert "192.0.2.50" == client.leases().leases[0].address
    assert "3.1.0" == client.openapi()["openapi"]
    assert 4 == client.plan("text").same


def test_machines_come_page_after_page(client: Client, server: Server) -> None:
    for number in range(1500):
        client_record = {"name": f"m{number:04}"}
        server.desk.machines_[client_record["name"]] = server.desk.machines_["one"].__class__(
            line=line(client_record["name"], MAC), record=client_record
        )

    assert 1502 == len(list(client.all_machines()))


def test_what_is_changed_is_answered_in_words(client: Client, server: Server) -> None:
    made_ = client.create({"name": "new"}, once="k")
    assert made_ == client.create({"name": "new"}, once="k")
    changed = client.replace("new", {"name": "new", "console": "ttyS1"}, revision=1)
    assert 2 == changed.revision
    with pytest.raises(ApiError, match="Precondition Failed: it is at revision 2"):
        client.remove("new", revision=1)
    client.remove("new", revision=2)
    assert Netboot.ONCE == client.order("one", Netboot.ONCE, "osie").netboot
    client.withdraw("one")
    assert "on" == client.switch("one", PowerAction.CYCLE).state
    assert "osie" == client.provision("one", "osie", power=False).order.profile
    assert "three" == client.adopt(STRANGE_MAC).line.name
    assert "four" == client.adopt(STRANGE_MAC, {"name": "four"}).line.name
    token = client.make_token("ci", Role.VIEWER)
    assert "secret-2" == token.secret
    assert ["first", "ci"] == [each.name for each in client.tokens().tokens]
    client.drop_token(token.token.id)
    done = server.desk.done
    assert ["create", "replace", "remove", "order", "withdraw", "switch", "provision"] == [
        each[0] for each in done[:7]
    ]


def test_a_refusal_says_what_and_which_field(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.create({})

    assert 422 == caught.value.problem.status
    assert "record.name" == caught.value.problem.errors[0].field


def test_events_are_read_by_page_and_by_time(client: Client, server: Server) -> None:
    for _ in range(5):
        server.call(server.desk.happen)

    assert [4, 5] == [each.id for each in client.events(latest=True, limit=2).events]
    assert [2, 3] == [each.id for each in client.events(after=1, limit=2).events]
    assert [3] == [
        each.id for each in client.events(since=1_700_000_002.5, until=1_700_000_003.5).events
    ]


def test_events_are_followed_from_an_id_on(client: Client, server: Server) -> None:
    for _ in range(3):
        server.call(server.desk.happen)
    stream = client.follow_events(after=1)

    assert [2, 3] == [next(stream).id, next(stream).id]
    server.call(lambda: server.desk.happen("OfferSent"))
    assert (4, "OfferSent") == ((found := next(stream)).id, found.kind)
    stream.close()  # type: ignore[attr-defined]


def test_machines_are_followed(client: Client, server: Server) -> None:
    stream = client.follow_machines()
    found: list[object] = []
    reading = threading.Thread(target=lambda: found.append(next(stream)))
    reading.start()
    end = time.monotonic() + 5
    while not server.desk.machines_follow.readers:
        assert time.monotonic() < end
        time.sleep(0.005)
    server.call(lambda: server.desk.machines_follow.put([line("one", MAC)]))
    reading.join(5)

    assert [(line("one", MAC),)] == found


def test_runs_come_in_words(client: Client, server: Server) -> None:
    server.desk.runs_ = {"w-1": failed("w-1"), "w-2": waiting("w-2")}
    server.desk.say("a word", "w-2")
    new = NewRun(machine="one", template=TEMPLATE, arm=Arming(policy=Policy.FORCE, disks=("S1",)))

    assert ["w-2", "w-1"] == [each.id for each in client.all_runs()]
    assert ["w-1"] == [each.id for each in client.runs(state="FAILED", key="one").runs]
    assert TEMPLATE == client.run("w-1").template
    assert "BOOTS-1" == client.plan_run(new).disks[0].serial
    assert client.create_run(new, once="k") == client.create_run(new, once="k")
    assert new == server.desk.planned[0] == server.desk.done[0][1]
    assert ["a word"] == [each.text for each in client.all_run_lines("w-2")]
    assert "" == client.settle_run("w-2", 1, again=False).line.sub
    assert "CANCELLED" == client.cancel_run("w-2").line.sub
    assert "w-2" == client.retry_run("w-2", Retry(first=1)).of
    assert client.set_freeze(frozen=True, why="work") == client.freeze()
    assert ["BOOTS-1"] == [each.serial for each in client.certificates("w-1").certificates]
    assert 7 == client.edges("one").edges[0].id
    assert "w-9" == client.undo("one", Undo(edges=7, serial="BOOTS-1")).line.id


def test_a_run_is_followed_until_it_is_over(client: Client, server: Server) -> None:
    server.desk.runs_["w-1"] = run_of()
    server.desk.say("one")
    stream = client.follow_run("w-1")
    first, stands = next(stream), next(stream)
    server.call(lambda: server.desk.say("two"))
    server.call(lambda: server.desk.move(succeeded()))
    rest = list(stream)

    assert isinstance(first, LogLine)
    assert isinstance(stands, Run)
    assert ("one", "RUNNING") == (first.text, stands.line.state)
    assert ["two", "SUCCESS"] == [
        each.text if isinstance(each, LogLine) else each.line.state for each in rest
    ]


# --- servers that are none


class Scripted:
    """A server that says what it is told, one connection after the other, and keeps the asks."""

    def __init__(self, *answers: bytes) -> None:
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._sock.getsockname()[1]}"
        self.asked: list[bytes] = []
        self._answers = answers
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for answer in self._answers:
            connection, _ = self._sock.accept()
            with connection:
                self.asked.append(connection.recv(65_536))
                connection.sendall(answer)

    def close(self) -> None:
        self._thread.join(5)
        self._sock.close()


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def event(number: int) -> bytes:
    body = b'{"id":%d,"at":1.0,"mac":"","kind":"K","event":{}}' % number
    return b"id: %d\nevent: K\ndata: %s\n\n" % (number, body)


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_a_stream_that_breaks_off_is_taken_up_where_it_was() -> None:
    waits: list[float] = []
    busy = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    server = Scripted(STREAM + event(7), busy, STREAM + event(8))
    stream = Client(server.url, sleep=waits.append).follow_events()

    assert [7, 8] == [next(stream).id, next(stream).id]
    server.close()
    assert b"Last-Event-ID" not in server.asked[0]
    assert [b"Last-Event-ID: 7" in each for each in server.asked[1:]] == [True, True]
    assert [0.5, 1.0] == waits


def test_events_that_were_left_out_are_read_from_the_history() -> None:
    missed = b'event: missed\ndata: {"missed":2,"first":2,"last":3}\n\n'
    page = b'{"next":"","events":[%s]}'
    events = b",".join(data_of(event(n)) for n in (2, 3, 4))
    server = Scripted(STREAM + event(1) + missed + event(4), whole(page % events))
    stream = Client(server.url, sleep=lambda _seconds: None).follow_events()

    assert [1, 2, 3, 4] == [next(stream).id for _ in range(4)]
    server.close()
    assert b"GET /v1/events?after=1&limit=1000 " in server.asked[1]


def test_events_that_were_left_out_are_read_whatever_their_ids_are() -> None:
    missed = b'event: missed\ndata: {"missed":3,"after":90,"first":70,"last":12}\n\n'
    pages = [
        b'{"next":"x","events":[%s]}' % b",".join(data_of(event(n)) for n in each)
        for each in ((70, 95), (12, 40))
    ]
    server = Scripted(STREAM + event(90) + missed + event(40), *map(whole, pages))
    stream = Client(server.url, sleep=lambda _seconds: None).follow_events()

    assert [90, 70, 95, 12, 40] == [next(stream).id for _ in range(5)]
    server.close()
    assert b"GET /v1/events?after=90&limit=1000 " in server.asked[1]
    assert b"GET /v1/events?after=95&limit=1000 " in server.asked[2]


def test_where_the_history_has_forgotten_what_was_left_out_the_stream_goes_on() -> None:
    missed = b'event: missed\ndata: {"missed":3,"after":90,"first":70,"last":12}\n\n'
    server = Scripted(STREAM + event(90) + missed + event(40), whole(b'{"next":"","events":[]}'))
    stream = Client(server.url, sleep=lambda _seconds: None).follow_events()

    assert [90, 40] == [next(stream).id for _ in range(2)]
    server.close()


def data_of(framed: bytes) -> bytes:
    return framed.partition(b"data: ")[2].strip()


def test_a_stream_that_is_refused_at_once_says_so() -> None:
    server = Scripted(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ApiError, match="Unauthorized"):
        next(Client(server.url).follow_events())
    server.close()


def test_where_nobody_listens_the_address_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(NoServer, match=f"no server at http://127.0.0.1:{port}: nothing listens"):
        Client(f"http://127.0.0.1:{port}").health()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
        (whole(b"<html>"), "no Boots, or another version"),
        (whole(b'{"version": 1}'), "no Boots, or another version"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "broke off"),
    ],
)
def test_what_answers_there_is_no_boots(answer: bytes, why: str) -> None:
    server = Scripted(answer)
    with pytest.raises(NoServer, match=why):
        Client(server.url).health()
    server.close()


def test_another_server_refuses() -> None:
    server = Scripted(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope")
    with pytest.raises(ApiError, match="Not Found: this is not what a Boots server says"):
        Client(server.url).health()
    server.close()


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_asked() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(NoServer, match="does not answer in time"),
    ):
        Client(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05).health()


@pytest.mark.parametrize("url", ["", "boots", "ftp://x", "http://", "http://[x", "http://x:y"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(BadUrl, match="write it like http"):
        Client(url)


def test_a_path_before_the_api_is_kept() -> None:
    server = Scripted(whole(b'{"name":"x","role":"viewer"}'))
    Client(server.url + "/boots/").me()
    server.close()

    assert server.asked[0].startswith(b"GET /boots/v1/me HTTP/1.1\r\n")


# --- tokens and TLS


def test_the_token_is_sent() -> None:
    with serving(tokens_required=True) as server:
        assert "a viewer" == Client(server.url, "viewer-token").me().name
        with pytest.raises(ApiError, match="Unauthorized: a token is needed"):
            Client(server.url).me()


def certified(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own for an address or none, and what a server needs of it."""
    late = datetime(2100, 1, 1, tzinfo=UTC)
    issued = issue(kind="p256", addresses=names, end=late)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(issued.pem)
    key.write_bytes(issued.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def speaks(context: ssl.SSLContext) -> Secure:
    """What has a listener speak TLS."""
    return lambda runner, sock, _told: web.SockSite(runner, sock, ssl_context=context)


def test_over_tls_the_certificate_is_checked(tmp_path: Path) -> None:
    certificate, context = certified(tmp_path, "127.0.0.1")
    with serving(secure=speaks(context)) as server:
        assert server.url.startswith("https://")
        assert "local" == Client(server.url, ca=str(certificate)).me().name
        with pytest.raises(NoServer, match="its certificate is not trusted"):
            Client(server.url).me()
        with pytest.raises(NoServer, match=r"does not speak HTTP|reset"):
            Client(server.url.replace("https", "http")).me()


def test_the_servers_own_certificate_will_do_whatever_names_it_has(tmp_path: Path) -> None:
    certificate, context = certified(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = certified(tmp_path / "other")
    with serving(secure=speaks(context)) as server:
        assert "local" == Client(server.url, own=str(certificate)).me().name
        with pytest.raises(NoServer, match="its certificate is not trusted"):
            Client(server.url, ca=str(certificate)).me()
        with pytest.raises(NoServer, match=r"its certificate is not that of operator\.certificate"):
            Client(server.url, "a-secret", own=str(other)).me()


def test_tls_where_there_is_none() -> None:
    with serving() as server, pytest.raises(NoServer, match="is it http"):
        Client(server.url.replace("http", "https")).me()


# --- streams by the letter


def test_events_of_a_stream_are_read_by_the_letter() -> None:
    lines = b": hello\nretry: 5\n\nid: 1\nevent: a\ndata: x\ndata:y\n\r\nid:2\n\ndata: z\r\n\r\n"

    assert [Sent("1", "a", b"x\ny"), Sent("", "message", b"z")] == list(
        sent(lines.splitlines(keepends=True))
    )


def test_an_event_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(Broken):
        list(sent(b"data: " + b"x" * (1 << 20) + b"\n" for _ in range(20)))
