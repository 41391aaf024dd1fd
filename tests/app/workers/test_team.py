"""What a server shares out: how much, which doors, which sockets, which world."""

import os
import socket
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import msgspec
import pytest
from tests.policy.made import SITE, known

from boots.app.answers import Answers
from boots.app.opening import Opening
from boots.app.workers import spawn, team, words
from boots.app.workers.words import Charge
from boots.app.world import World, build
from boots.machines import index
from boots.machines.files import Cache
from boots.serve.sockets import StartError
from boots.settings import Http, Settings, Tftp

LOOPBACK = {"lo": IPv4Interface("127.0.0.1/8")}
PORTS = Settings(tftp=Tftp(port=0), http=Http(port=0))


def opening(settings: Settings = PORTS) -> Opening:
    answers = Answers(World(index.Index(), {}))
    return Opening(settings, LOOPBACK, answers, lambda _: None, lambda: None)


@pytest.mark.parametrize("number", [1, 2, 99])
def test_a_number_of_workers_is_that_number(number: int) -> None:
    assert number == team.wanted(Settings(workers=number))


def test_none_is_named_means_one_for_each_core_that_is_ours() -> None:
    assert len(os.sched_getaffinity(0)) == team.wanted(Settings(workers=0))


def test_transfers_by_one_port_stay_in_one_process() -> None:
    assert {"dhcp", "ndp", "syslog"} == team.ours(Settings())
    assert {"dhcp", "ndp", "syslog", "tftp"} == team.ours(Settings(tftp=Tftp(single_port=True)))


@pytest.mark.parametrize(
    ("names", "handed"),
    [("", False), ("dhcp-eth0:syslog", False), ("dhcp:tftp", True), ("http-eth0", True),
     ("https", True)],
)  # fmt: skip
def test_sockets_of_systemd_are_not_shared_out(names: str, handed: bool) -> None:
    assert handed == team.handed_over({"LISTEN_FDNAMES": names})


def test_every_worker_has_sockets_of_its_own_on_the_same_ports() -> None:
    made = opening()
    sets = team.bind(PORTS, LOOPBACK, made, 3)
    names = [{name: sock.getsockname() for name, sock in each.items()} for each in sets]
    files = {sock.fileno() for each in sets for sock in each.values()}
    for each in sets:
        for sock in each.values():
            sock.close()

    assert {"tftp-lo", "http-lo"} == set(names[0])
    assert names == [names[0]] * 3
    assert 6 == len(files)
    assert [line.split()[0] for line in made.listeners] == ["tftp", "http"]


def test_a_port_that_another_server_shares_is_taken_all_the_same() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        settings = msgspec.structs.replace(PORTS, tftp=Tftp(port=other.getsockname()[1]))

        with pytest.raises(StartError, match=r"is held by|is in use"):
            team.bind(settings, LOOPBACK, opening(settings), 2)


def test_a_charge_arrives_as_it_was_given() -> None:
    built, _ = index.build([known().machine])
    charge = Charge(7, Settings(), LOOPBACK, World(built, {"lo": SITE}), 1000.0)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    file = spawn.filed(words.pack(charge))
    with near, far:
        for _ in range(2):  # each worker reads it from its beginning
            spawn.give(near, file)
            assert charge == spawn.take(far)
    os.close(file)


def test_a_world_that_was_read_from_files_can_be_given(tmp_path: Path) -> None:
    records = tmp_path / "machines.yaml"
    records.write_text("machines: [{name: one, mac: '52:54:00:70:00:10', address: 10.0.0.5/24}]\n")
    settings = Settings(machines=[str(records)], cache=str(tmp_path / "cache"))
    for cache in (Cache(tmp_path / "cache"), Cache(tmp_path / "cache")):  # read, and remembered
        world = build(settings, LOOPBACK, cache)
        given = words.unpack(words.pack(Charge(1, settings, LOOPBACK, world, 0))).world

        assert given.sites == world.sites
        assert tuple(given.index.machines) == tuple(world.index.machines)
        address = IPv4Address("10.0.0.5")
        assert given.index.by_address[address] == world.index.by_address[address]
        assert given.index.by_name["one"] == world.index.by_name["one"]
