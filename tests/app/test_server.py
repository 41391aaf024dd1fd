"""The running server, in this process and on loopback: start, reload, watch, stop."""
# ruff: noqa: ASYNC110, ASYNC240  # to look again and again is all there is to do with a file

import asyncio
import contextlib
import functools
import gc
import os
import signal
import socket
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import structlog
import watchfiles

from boots.app import catalogue, reloading, watch
from boots.app import server as server_of
from boots.app.reloading import AT_START
from boots.app.server import Server
from boots.app.watch import Places
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.mac import Mac
from boots.serve.sockets import StartError
from boots.settings import (
    Dhcp,
    Http,
    Log,
    Operator,
    Settings,
    SettingsError,
    Store,
    Syslog,
    Tftp,
    all_keys,
)

RECORD = """\
machines:
  - name: one
    mac: 52:54:00:00:00:01
    address: 127.0.0.101/8
"""
SECOND = """\
  - name: two
    mac: 52:54:00:00:00:02
    address: 127.0.0.102/8
"""


def open_sockets() -> int:
    gc.collect()
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += str(each.readlink()).startswith("socket:")
    return count


def on_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 10))

    return run


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_LOOK_EVERY", 50)


class Bench:
    """A server on loopback, on ports that the kernel chose."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.folder = folder
        self.records = folder / "records" / "machines.yaml"
        self.records.parent.mkdir()
        self.records.write_text(RECORD)
        plain = Settings(
            interfaces=["lo"],
            machines=[str(self.records.parent)],
            cache=str(folder / "cache"),
            state=str(folder / "state"),
            journal=str(folder / "journal.jsonl"),
            dhcp=Dhcp(port=0),
            tftp=Tftp(port=0),
            http=Http(port=0),
            syslog=Syslog(port=0),
            operator=Operator(port=0),
        )
        self.settings = msgspec.structs.replace(plain, **changes)
        self.refused: Exception | None = None

    @classmethod
    def of(cls, other: "Bench") -> "Bench":
        """The same once more."""
        same = cls.__new__(cls)
        same.__dict__.update(other.__dict__)
        return same

    def change(self, **changes: Any) -> None:
        self.settings = msgspec.structs.replace(self.settings, **changes)

    def read(self) -> Settings:
        if self.refused is not None:
            raise self.refused
        return self.settings

    def server(self) -> Server:
        return Server(self.settings, self.read)

    def told(self) -> list[AnyEvent]:
        lines = Path(self.settings.journal).read_bytes().splitlines()
        return [events.decode(line).event for line in lines]

    async def until(self, *kinds: type[AnyEvent]) -> AnyEvent:
        """The last event, once the journal holds exactly events of these kinds, in this order."""
        while len(told := self.told()) < len(kinds):
            await asyncio.sleep(0.005)  # there is nothing to wait for but the file itself
        assert [type(event) for event in told] == list(kinds)
        return told[-1]


@contextlib.asynccontextmanager
async def running(
    folder: Path, kind: type[Bench] = Bench, **changes: Any
) -> AsyncIterator[tuple[Bench, Server]]:
    bench = kind(folder, **changes)
    server = bench.server()
    task = asyncio.create_task(server.run())
    try:
        while not Path(bench.settings.journal).exists() or not bench.told():
            assert not task.done(), task
            await asyncio.sleep(0.005)
        yield bench, server
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await task


# --- start and stop


@on_loop
async def test_a_start_without_any_boot_file_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "SYSTEM_FOLDERS", ())

    with structlog.testing.capture_logs() as said:
        async with running(tmp_path):
            pass

    assert catalogue.missing() in [line["event"] for line in said]


@on_loop
async def test_a_server_starts_and_stops_in_good_order(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, _):
        pass

    started, stopped = bench.told()
    assert isinstance(started, events.ServerStarted)
    assert started.machines == 1
    assert [each.rpartition(":")[0] for each in started.listeners] == [
        "dhcp lo 0.0.0.0",
        "tftp lo 127.0.0.1",
        "syslog lo 127.0.0.1",
        "http lo 127.0.0.1",
        "operator http 127.0.0.1",
    ]
    assert stopped == events.ServerStopped(why="SIGTERM")


@on_loop
async def test_a_stopped_server_leaves_no_socket_open(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    before = open_sockets()
    tmp_path.joinpath("again").mkdir()
    async with running(tmp_path / "again"):
        pass

    assert open_sockets() == before


@on_loop
async def test_systemd_hears_of_start_reload_and_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        async with running(tmp_path) as (bench, _):
            os.kill(os.getpid(), signal.SIGHUP)
            await bench.until(events.ServerStarted, events.RecordsLoaded)

        said = [manager.recv(200).decode() for _ in range(4)]

    assert [each.partition("\n")[0] for each in said] == [
        "READY=1",
        "RELOADING=1",
        "READY=1",
        "STOPPING=1",
    ]
    assert said[1].partition("\n")[2].startswith("MONOTONIC_USEC=")


def test_without_an_interface_those_there_are_are_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no interface to serve; give --interface, one of"):
        Bench(tmp_path, interfaces=[]).server()


def test_without_records_there_is_no_server(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no records to serve from; give --machines"):
        Bench(tmp_path, machines=[], store=Store(enabled=False)).server()


@pytest.mark.parametrize("mode", ["auto-proxy", "pool"])
def test_a_mode_that_answers_strangers_starts_without_records(tmp_path: Path, mode: Any) -> None:
    bench = Bench(tmp_path, machines=[], dhcp=Dhcp(port=0, mode=mode), state=str(tmp_path))
    assert () == bench.server().world.index.machines


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/srv/boot")

    monkeypatch.setattr(server_of.worlds, "build", forbidden)
    with pytest.raises(StartError, match="/srv/boot: cannot be read: Permission denied"):
        Bench(tmp_path).server()


@on_loop
async def test_a_held_port_is_refused_and_nothing_stays_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        bench = Bench(tmp_path, http=Http(port=port))
        before = open_sockets()

        with pytest.raises(StartError, match=f"port {port}/tcp on 127.0.0.1 is held by "):
            await bench.server().run()
        assert open_sockets() == before


@on_loop
async def test_a_journal_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path, journal=str(tmp_path / "no" / "journal"))

    with pytest.raises(StartError, match=r"the journal .*: No such file or directory"):
        await bench.server().run()


@on_loop
async def test_sockets_of_systemd_are_used_and_those_left_over_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("dhcp", "tftp-lo", "nobody")
    given = {name: [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)] for name in names}
    for (sock,) in given.values():
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
    dhcp, tftp, nobody = (sock for (sock,) in given.values())
    ports = [sock.getsockname()[1] for sock in (dhcp, tftp)]
    monkeypatch.setattr(server_of.sockets, "from_systemd", lambda *_: given)

    async with running(tmp_path) as (bench, _):
        (started,) = bench.told()
        assert isinstance(started, events.ServerStarted)
        assert started.listeners[:2] == [
            f"dhcp lo 127.0.0.1:{ports[0]}",
            f"tftp lo 127.0.0.1:{ports[1]}",
        ]
        assert dhcp.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) == 1
        assert nobody.fileno() == -1


# --- addresses


@pytest.mark.parametrize(
    ("changes", "http", "tftp"),
    [
        ({}, "127.0.0.1", "127.0.0.1"),
        ({"address": "127.0.0.7"}, "127.0.0.7", "127.0.0.7"),
        ({"tftp": Tftp(port=0, address="127.0.0.8")}, "127.0.0.1", "127.0.0.8"),
        # Another machine's: there is a proxy or another server in front.
        ({"address": "192.0.2.7"}, "127.0.0.1", "127.0.0.1"),
        ({"http": Http(port=0, url="https://boot.example")}, "127.0.0.1", "127.0.0.1"),
    ],
)
@on_loop
async def test_doors_listen_where_clients_are_told_to_go(
    tmp_path: Path, changes: dict[str, Any], http: str, tftp: str
) -> None:
    async with running(tmp_path, **changes) as (bench, _):
        (started,) = bench.told()
        assert isinstance(started, events.ServerStarted)
        at = {each.split()[0]: each.split()[2].partition(":")[0] for each in started.listeners}
        assert (at["http"], at["tftp"]) == (http, tftp)


def test_the_url_of_the_settings_is_what_clients_are_told(tmp_path: Path) -> None:
    server = Bench(tmp_path, http=Http(url="https://boot.example/")).server()

    assert server.world.sites["lo"].http_url == "https://boot.example"


# --- reload


@on_loop
async def test_a_changed_record_is_in_force_without_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, server):
        bench.records.write_text(RECORD + SECOND)

        loaded = await bench.until(events.ServerStarted, events.RecordsLoaded)
        assert isinstance(loaded, events.RecordsLoaded)
        assert (loaded.machines, loaded.source) == (2, str(bench.records.parent))
        assert IPv4Address("127.0.0.102") in server.world.index.by_address


@on_loop
async def test_a_broken_record_keeps_the_last_good_ones(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, server):
        bench.records.write_text(RECORD + "    adress: 127.0.0.9/8\n")

        refused = await bench.until(events.ServerStarted, events.RecordsRefused)
        assert isinstance(refused, events.RecordsRefused)
        assert "adress" in refused.faults[0]
        assert len(server.world.index.machines) == 1
        bench.records.write_text(RECORD + SECOND)
        await bench.until(events.ServerStarted, events.RecordsRefused, events.RecordsLoaded)


@on_loop
async def test_settings_with_a_mistake_keep_the_running_ones(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, _):
        bench.refused = SettingsError('no setting is named "x"')
        os.kill(os.getpid(), signal.SIGHUP)

        refused = await bench.until(events.ServerStarted, events.SettingsRefused)
        assert refused == events.SettingsRefused(why='no setting is named "x"')


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (
            PermissionError(13, "Permission denied", "/srv"),
            "/srv: cannot be read: Permission denied",
        ),
        (KeyError("x"), "a fault of ours: KeyError('x')"),
    ],
)
@on_loop
async def test_what_goes_wrong_in_a_reload_does_not_end_reloading(
    tmp_path: Path, error: Exception, fault: str
) -> None:
    async with running(tmp_path) as (bench, _):
        bench.refused = error
        os.kill(os.getpid(), signal.SIGHUP)
        refused = await bench.until(events.ServerStarted, events.RecordsRefused)
        assert refused == events.RecordsRefused(faults=[fault])

        bench.refused = None
        os.kill(os.getpid(), signal.SIGHUP)
        await bench.until(events.ServerStarted, events.RecordsRefused, events.RecordsLoaded)


@on_loop
async def test_certificates_are_renewed_on_the_loops_thread_and_settings_read_in_another(
    tmp_path: Path,
) -> None:
    threads: dict[str, int] = {}

    class Told(Server):
        async def _renew(self) -> None:
            threads["renew"] = threading.get_ident()
            await super()._renew()

    class Reading(Bench):
        def read(self) -> Settings:
            threads["read"] = threading.get_ident()
            return super().read()

        def server(self) -> Server:
            return Told(self.settings, self.read)

    async with running(tmp_path, Reading) as (bench, _):
        os.kill(os.getpid(), signal.SIGHUP)
        await bench.until(events.ServerStarted, events.RecordsLoaded)

    assert threads["renew"] == threading.get_ident() != threads["read"]


class Piece:
    """Something that can be let go."""


@on_loop
async def test_an_old_world_is_let_go_piece_by_piece_when_the_doors_have_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [Piece() for _ in range(5)]
    left = [weakref.ref(piece) for piece in pieces]
    monkeypatch.setattr(reloading, "_A_MOMENT", 0.2)
    monkeypatch.setattr(server_of, "pieces", lambda _: [pieces.pop(0) for _ in range(5)])
    async with running(tmp_path) as (bench, _):
        os.kill(os.getpid(), signal.SIGHUP)
        await bench.until(events.ServerStarted, events.RecordsLoaded)
        seen = set()
        while count := sum(piece() is not None for piece in left):
            seen.add(count)
            await asyncio.sleep(0)
    assert {5, 4, 3, 2, 1} == seen


@on_loop
async def test_settings_that_need_a_restart_say_so_and_the_rest_is_in_force(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as (bench, server):
        url = server.world.sites["lo"].http_url
        bench.change(http=Http(port=9), dhcp=Dhcp(port=0, lease_time=600), interfaces=["lan9"])
        os.kill(os.getpid(), signal.SIGHUP)
        await bench.until(events.ServerStarted, events.SettingsRefused, events.RecordsLoaded)

        assert bench.told()[1] == events.SettingsRefused(
            why="interfaces, http.port: changed, which needs a restart; "
            "until then the running value stays in force"
        )
        site = server.world.sites["lo"]
        assert (site.http_url, site.lease_time) == (url, 600)

        os.kill(os.getpid(), signal.SIGHUP)  # it is said once
        await bench.until(
            events.ServerStarted,
            events.SettingsRefused,
            events.RecordsLoaded,
            events.RecordsLoaded,
        )


# What a world is made of, and what is asked for each time that it counts.
AT_A_RELOAD = {
    *("machines", "drain", "networks", "subnets"),
    *("dhcp.lease_time", "dhcp.netboot_lease_time", "dhcp.authoritative", "dhcp.quirks"),
    *("http.url", "enrol.rules", "metadata.enabled", "metadata.by_address"),
}
OF_SECTIONS_AT_A_RELOAD = {"boot", "iso", "hook"}


def test_every_setting_counts_at_the_start_or_at_a_reload() -> None:
    keys = {key for key, _, _ in all_keys()}
    at_a_reload = AT_A_RELOAD | {
        key for key in keys if key.partition(".")[0] in OF_SECTIONS_AT_A_RELOAD
    }

    assert keys == {*AT_START} | at_a_reload
    assert set() == {*AT_START} & at_a_reload


# --- watching


@on_loop
async def test_a_folder_that_is_made_later_is_noticed(tmp_path: Path) -> None:
    osie = tmp_path / "osie"
    boot = msgspec.structs.replace(Settings().boot, osie=str(osie))
    async with running(tmp_path, boot=boot) as (bench, server):
        osie.mkdir()
        (osie / "vmlinuz-x86_64").write_bytes(b"kernel")

        while "osie/vmlinuz-x86_64" not in server.world.sites["lo"].files:
            await asyncio.sleep(0.005)
        assert events.RecordsRefused not in map(type, bench.told())


@on_loop
async def test_a_folder_that_is_replaced_is_watched_again(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, server):
        new = tmp_path / "new"
        new.mkdir()
        bench.records.parent.rename(tmp_path / "old")
        (new / "machines.yaml").write_text(RECORD + SECOND)
        new.rename(bench.records.parent)
        while len(server.world.index.machines) != 2:
            await asyncio.sleep(0.005)

        bench.records.write_text(RECORD)
        while len(server.world.index.machines) != 1:
            await asyncio.sleep(0.005)


@on_loop
async def test_a_folder_of_records_that_vanishes_keeps_the_last_good_ones(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, server):
        bench.records.parent.rename(tmp_path / "old")

        while not any(isinstance(event, events.RecordsRefused) for event in bench.told()):
            await asyncio.sleep(0.005)
        assert len(server.world.index.machines) == 1


@on_loop
async def test_new_settings_name_new_folders_to_watch(tmp_path: Path) -> None:
    async with running(tmp_path) as (bench, server):
        other = tmp_path / "other"
        other.mkdir()
        (other / "m.yaml").write_text("machines: [")
        bench.change(machines=[str(other)])
        os.kill(os.getpid(), signal.SIGHUP)
        # Once they are watched they are read again, as they may have changed before: and refused.
        while not any(isinstance(event, events.RecordsRefused) for event in bench.told()):
            await asyncio.sleep(0.005)

        (other / "m.yaml").write_text(RECORD + SECOND)
        while len(server.world.index.machines) != 2:
            await asyncio.sleep(0.005)


@on_loop
async def test_the_journal_beside_the_records_causes_no_reload(tmp_path: Path) -> None:
    async with running(tmp_path, journal=str(tmp_path / "records" / "journal.jsonl")) as (bench, _):
        os.kill(os.getpid(), signal.SIGHUP)
        await bench.until(events.ServerStarted, events.RecordsLoaded)
        await asyncio.sleep(0.3)  # longer than changes are collected

        await bench.until(events.ServerStarted, events.RecordsLoaded)


@pytest.mark.parametrize("name", ["round", "n" * 300])
def test_a_path_that_the_system_will_not_follow_is_watched_all_the_same(
    tmp_path: Path, name: str
) -> None:
    """Links that go round, names too long, folders that are closed to us, a mount that is gone."""
    (tmp_path / "round").symlink_to("round")
    places = Places.of(Settings(machines=[str(tmp_path / name)], log=Log()))
    assert places.count(watchfiles.Change.modified, str(tmp_path / name))


def test_of_a_single_record_file_its_neighbours_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "machines.yaml").write_text(RECORD)
    link = tmp_path / "machines.yaml"
    link.symlink_to("real/machines.yaml")
    places = Places.of(Settings(machines=[str(link)], log=Log()))

    def counts(path: str) -> bool:
        return places.count(watchfiles.Change.modified, str(tmp_path / path))

    assert counts("machines.yaml")
    assert counts("real/machines.yaml")
    assert counts("..data")
    assert not counts("other.yaml")
    assert not counts("real/other.yaml")


@on_loop
async def test_a_system_without_watches_still_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr(watchfiles, "awatch", none_left)
    async with running(tmp_path) as (bench, _):
        os.kill(os.getpid(), signal.SIGHUP)
        await bench.until(events.ServerStarted, events.RecordsLoaded)


# --- operators


@on_loop
async def test_where_the_operators_port_is_taken_machines_are_served_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = Operator(port=other.getsockname()[1])
        async with running(tmp_path, operator=taken) as (bench, _):
            [started] = bench.told()
    assert isinstance(started, events.ServerStarted)
    assert not any(each.startswith("operator") for each in started.listeners)
    said = capsys.readouterr()
    assert "operators are not served, machines are" in said.out + said.err


@on_loop
async def test_without_operators_and_store_a_server_serves(tmp_path: Path) -> None:
    nothing = {"operator": Operator(enabled=False), "store": Store(enabled=False)}
    async with running(tmp_path, **nothing) as (bench, _):
        [started] = bench.told()
    assert isinstance(started, events.ServerStarted)
    assert not (tmp_path / "state" / "boots.db").exists()


@on_loop
async def test_tokens_that_cannot_be_kept_open_no_address_of_a_network(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, operator=Operator(address="0.0.0.0", port=0), store=Store(enabled=False)
    )
    with pytest.raises(StartError, match=r"needs tokens, and store\.enabled is false"):
        await bench.server().run()


@on_loop
async def test_what_an_operator_makes_and_orders_is_there_after_a_restart(tmp_path: Path) -> None:
    record = {"name": "two", "mac": "52:54:00:00:00:02", "address": "127.0.0.102/8"}
    async with running(tmp_path) as (bench, _):
        [started] = bench.told()
        assert isinstance(started, events.ServerStarted)
        url = "http://" + started.listeners[-1].split()[2] + "/v1/machines"
        async with aiohttp.ClientSession() as client:
            async with client.post(url, json={"record": record}) as made:
                assert 201 == made.status, await made.text()
            async with client.put(f"{url}/two/order", json={"netboot": "off"}) as ordered:
                assert 200 == ordered.status, await ordered.text()
    again = Bench.of(bench)
    server = again.server()
    task = asyncio.create_task(server.run())
    while len(again.told()) < 5:  # two starts, a stop, and what was made and ordered
        assert not task.done(), task
        await asyncio.sleep(0.005)
    known = server.world.index.by_mac[Mac("52:54:00:00:00:02")]
    os.kill(os.getpid(), signal.SIGTERM)
    await task
    assert ("two", False) == (known.machine.name, known.interface.netboot.allowed)
