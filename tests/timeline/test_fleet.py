"""The boots of all machines: whose event it is, bounds, storms, strangers and other servers."""

from collections.abc import Iterable

from tests.timeline.journal import (
    FIRMWARE,
    IPXE,
    LOADING,
    MAC,
    OTHER,
    PEER,
    START,
    UP_TO_INITRD,
    WHOLE,
    ack,
    agent,
    arrived,
    at,
    began,
    foreign,
    ignored,
    line,
    offer,
    refused,
)

from boots.journal import events
from boots.journal.events import Entry
from boots.timeline.fleet import Timelines
from boots.timeline.words import Boot, Stage, State

NO_RECORD = "no record has this MAC"


def mac(number: int) -> str:
    return f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def ids(boots: Iterable[Boot]) -> list[str]:
    return [boot.mac for boot in boots]


def of(timelines: Timelines) -> Boot:
    """The last boot of `MAC`."""
    boot = timelines.boot(MAC)
    assert boot is not None
    return boot


# --- whose


def test_an_event_without_a_mac_is_of_who_has_the_address() -> None:
    timelines = Timelines()
    timelines.take(FIRMWARE)
    (boot,) = timelines.take([line(9, "Kernel panic - not syncing: x", "kernel", mac="")])

    assert (MAC, "kernel-panic") == (boot.mac, boot.finding and boot.finding.code)


def test_an_address_that_moved_speaks_for_its_new_owner() -> None:
    timelines = Timelines()
    timelines.take([*FIRMWARE, offer(20, mac=OTHER), ack(20.1, mac=OTHER)])

    assert [OTHER] == ids(timelines.take([line(21, "gave up (ipxe.org/2d0c1234)", mac="")]))


def test_what_nobody_of_ours_says_is_passed_over() -> None:
    timelines = Timelines()

    assert () == timelines.take([line(1, "hello", mac=""), refused(1, "x.efi", "no machine")])
    assert [] == list(timelines.boots())


def test_boots_have_their_machines_names() -> None:
    timelines = Timelines(name_of=lambda mac: {MAC: "web-1"}.get(mac, ""))

    assert ["web-1"] == [boot.machine for boot in timelines.take(FIRMWARE)]


def test_what_began_as_one_machines_stays_so() -> None:
    names = [""]
    timelines = Timelines(name_of=lambda _: names[0])
    told = list[str]()
    for seconds, name in ((0, ""), (1, "web-1"), (2, "ci-1"), (3, "")):
        names[0] = name
        [boot] = timelines.take([offer(seconds, program="iPXE" if seconds else "PXE ROM")])
        told.append(boot.machine)
    assert ["", "web-1", "web-1", "web-1"] == told
    names[0] = "ci-1"
    boots = timelines.take([offer(4000)])
    assert ("web-1", "ci-1") == (boots[0].machine, boots[-1].machine)


# --- what changed


def test_only_what_changed_is_given() -> None:
    timelines = Timelines()

    assert [MAC, OTHER] == ids(timelines.take([offer(1), offer(1, mac=OTHER)]))
    assert [OTHER] == ids(timelines.take([ack(2, mac=OTHER)]))
    assert () == timelines.take([])
    assert () == timelines.changed()


def test_a_boot_that_another_one_follows_is_given_once_more() -> None:
    timelines = Timelines()
    timelines.take(UP_TO_INITRD)
    first, second = timelines.take([offer(60)])

    assert (State.FAILED, State.RUNNING) == (first.state, second.state)
    assert first.id != second.id


def test_changes_can_be_taken_a_few_machines_at_a_time() -> None:
    timelines = Timelines()
    timelines.write([offer(1, mac=mac(number)) for number in range(5)])

    assert [mac(0), mac(1)] == ids(timelines.changed(2))
    assert 3 == timelines.waiting
    assert [mac(2), mac(3), mac(4)] == ids(timelines.changed(9))


def test_a_tick_tells_of_who_fell_silent() -> None:
    timelines = Timelines()
    timelines.take([*FIRMWARE, offer(70, mac=OTHER)])

    assert [MAC] == ids(timelines.tick(START + 60))
    assert [OTHER] == ids(timelines.tick(START + 120))


def test_a_tick_does_no_more_than_it_may() -> None:
    timelines = Timelines()
    timelines.take([ack(1, mac=mac(number)) for number in range(5)])

    assert [2, 2, 1] == [len(timelines.tick(START + 60, 2)) for _ in range(3)]


def test_boots_that_are_done_are_not_looked_at_again() -> None:
    timelines = Timelines()
    timelines.take(WHOLE)

    assert () == timelines.tick(START + 100_000)
    assert State.DONE is of(timelines).state


def test_boots_are_taken_up_where_another_run_left_off() -> None:
    before, after = Timelines(), Timelines()
    before.take(UP_TO_INITRD)
    after.remember(before.boots())

    (boot,) = after.take([agent(30)])
    assert Stage.SYSTEM is boot.steps[-1].stage
    assert of(before).id == boot.id
    assert of(before).steps == boot.steps[:-1]


def test_what_was_found_before_a_restart_is_still_found_after_it() -> None:
    before, after = Timelines(), Timelines()
    before.take([*UP_TO_INITRD, line(20, "Kernel panic - not syncing: x", "kernel")])
    after.remember(before.boots())

    assert () == after.tick(START + 9000)
    first, second = after.take([offer(60)])
    assert ("kernel-panic", State.FAILED) == (first.finding and first.finding.code, first.state)
    assert START + 60 == second.started


def test_a_boot_that_ran_at_a_restart_is_looked_at_again() -> None:
    before, after = Timelines(), Timelines()
    before.take(FIRMWARE)
    after.remember(before.boots())

    (boot,) = after.tick(START + 60)
    assert (State.STUCK, "nothing-fetched") == (boot.state, boot.finding and boot.finding.code)


# --- bounds and storms


def test_of_too_many_machines_the_latest_stay() -> None:
    timelines = Timelines(most=3)
    timelines.take([offer(number, mac=mac(number)) for number in range(5)])

    assert [mac(2), mac(3), mac(4)] == ids(timelines.boots())


def test_what_was_just_said_is_not_queued_again() -> None:
    timelines = Timelines()
    timelines.write([offer(1 + number / 1000) for number in range(900)])

    assert 1 == len(timelines._tracks[MAC].queue)


def test_one_machine_cannot_make_work_without_end() -> None:
    loud = [began(1 + n / 10_000, f"file-{n}", 9) for n in range(5000)]
    (boot,) = Timelines().take(loud)
    assert round(boot.heard - START - 1, 4) == 0.0127

    asking = [offer(1 + n / 10_000, why=f"reason {n}") for n in range(5000)]
    (boot,) = Timelines().take(asking)
    assert round(boot.heard - START - 1, 4) == 0.0015


def test_a_console_that_chatters_is_heard_once_a_second() -> None:
    timelines = Timelines()
    timelines.take(WHOLE)
    timelines.write([line(30 + n / 1000, f"usb {n}: new device", "kernel") for n in range(900)])

    assert 1 == len(timelines._tracks[MAC].queue)


def test_a_chattering_console_hides_no_last_words() -> None:
    timelines = Timelines()
    timelines.take(WHOLE)
    chatter = [line(30 + n / 1000, f"usb {n}: new device", "kernel") for n in range(90)]
    (boot,) = timelines.take([*chatter, line(30.1, "Kernel panic - not syncing: x", "kernel")])

    assert "kernel-panic" == (boot.finding and boot.finding.code)


def test_a_boot_has_no_more_steps_than_it_may() -> None:
    timelines = Timelines()
    many = [arrived(20 + n, f"initrd-{n}", 9) for n in range(300)]
    (boot,) = timelines.take([*IPXE, *LOADING, *many])

    assert 40 == len(boot.steps)
    assert (Stage.IPXE_DHCP, "initrd-299 by HTTP") == (boot.steps[0].stage, boot.steps[-1].detail)


# --- strangers


def test_a_stranger_is_counted_and_begins_no_boot() -> None:
    timelines = Timelines()
    assert () == timelines.take([ignored(n, NO_RECORD) for n in range(4)])

    (stranger,) = timelines.strangers()
    assert (MAC, "br-lab", START, START + 3, 4, NO_RECORD) == (
        stranger.mac,
        stranger.interface,
        stranger.first,
        stranger.last,
        stranger.count,
        stranger.why,
    )


def test_a_strangers_nearest_is_looked_for_once() -> None:
    asked: list[str] = []

    def nearest(mac: str) -> tuple[str, str] | None:
        asked.append(mac)
        return (OTHER, "web-2") if mac == MAC else None

    timelines = Timelines(nearest=nearest)
    timelines.take([ignored(1, NO_RECORD), ignored(2, NO_RECORD, mac=mac(9))])
    assert [] == asked
    for _ in range(4):
        timelines.tick(START + 3)

    assert [mac(9), MAC] == asked
    assert [("", ""), (OTHER, "web-2")] == [
        (each.nearest, each.nearest_name) for each in timelines.strangers()
    ]


def test_strangers_that_are_answered_are_strangers_all_the_same() -> None:
    timelines = Timelines(name_of=lambda _: "")
    timelines.take(FIRMWARE)

    assert [("PXE ROM", "x64-uefi")] == [
        (each.program, each.architecture) for each in timelines.strangers()
    ]
    timelines.adopted(MAC)
    assert () == timelines.strangers()


def test_of_too_many_strangers_the_latest_stay() -> None:
    timelines = Timelines()
    timelines.write([ignored(n / 100, NO_RECORD, mac=mac(n)) for n in range(5000)])

    assert 4096 == len(timelines.strangers())
    assert mac(4999) == timelines.strangers()[0].mac


def test_a_stranger_that_asks_again_is_not_pushed_out_by_macs_that_are_made_up() -> None:
    timelines = Timelines()
    timelines.write([ignored(n, NO_RECORD) for n in (1, 2)])
    timelines.write([ignored(3 + n / 1e4, NO_RECORD, mac=mac(n)) for n in range(100_000)])

    assert MAC in {each.mac for each in timelines.strangers()}
    assert 4096 == len(timelines.strangers())
    timelines.adopted(mac(99_999))
    assert 4095 == len(timelines.strangers())


def test_nor_are_the_latest_by_macs_that_are_made_up_and_ask_twice() -> None:
    timelines = Timelines()
    twice = [mac(n // 2) for n in range(20_000)]
    timelines.write([ignored(n / 100, NO_RECORD, mac=each) for n, each in enumerate(twice)])
    timelines.write([ignored(300, NO_RECORD)])

    assert MAC == timelines.strangers()[0].mac
    assert 4096 == len(timelines.strangers())


def test_boots_of_made_up_macs_push_out_no_machine_with_a_record() -> None:
    named = {mac(n): f"web-{n}" for n in range(10)}
    timelines = Timelines(name_of=lambda each: named.get(each, ""), most=100)
    timelines.take([offer(n, mac=each) for n, each in enumerate(named)])
    timelines.take([offer(20 + n / 100, mac=mac(1000 + n)) for n in range(500)])

    known = {boot.mac for boot in timelines.boots()}
    assert set(named) <= known
    assert 10 + 25 == len(known)
    assert mac(1499) in known


def test_a_stranger_that_got_a_record_counts_as_one_with_a_record() -> None:
    named: dict[str, str] = {}
    timelines = Timelines(name_of=lambda each: named.get(each, ""), most=8)
    timelines.take([offer(1)])
    named[MAC] = "web-1"
    timelines.take([ack(2)])
    timelines.take([offer(20 + n, mac=mac(n)) for n in range(5)])

    assert timelines.boot(MAC) is not None


# --- other servers, and this one


def test_another_server_is_counted_by_interface() -> None:
    timelines = Timelines()
    timelines.write([foreign(1), foreign(2), foreign(3, mac=OTHER)])

    (server,) = timelines.foreign()
    assert ("10.0.0.1", "br-lab", START + 1, START + 3, 3, OTHER, False) == (
        server.server,
        server.interface,
        server.first,
        server.last,
        server.count,
        server.mac,
        server.expected,
    )


def test_other_servers_are_bounded() -> None:
    timelines = Timelines()
    seen = foreign(1).event
    assert isinstance(seen, events.ForeignServerSeen)
    for number in range(1000):
        server = f"10.0.{number >> 8}.{number & 255}"
        fields = {**{f: getattr(seen, f) for f in seen.__struct_fields__}, "server": server}
        timelines.write([at(number, events.ForeignServerSeen(**fields))])

    assert 256 == len(timelines.foreign())


def test_a_server_that_cannot_write_says_so_until_it_can() -> None:
    timelines = Timelines()
    timelines.write([at(1, events.StoreTroubled(why="disk full"))])
    trouble = timelines.trouble()

    assert trouble is not None
    assert ("store-troubled", START + 1) == (trouble.code, trouble.at)
    assert "disk full" in trouble.title
    timelines.write([at(2, events.StoreRecovered(lost=3))])
    assert timelines.trouble() is None


def test_it_is_a_sink_of_the_journal() -> None:
    timelines = Timelines()
    timelines.write([Entry(START, events.TlsRefused(peer=PEER, why="x")), began(1, "a.efi", 9)])
    timelines.close()

    assert [MAC] == ids(timelines.boots())


# --- several servers


def test_a_boot_that_another_server_named_first_goes_on_under_its_name() -> None:
    timelines = Timelines()
    (mine,) = timelines.take(UP_TO_INITRD)
    earlier = mine.started - 0.25
    timelines.renamed(MAC, mine.id, "theirs", earlier)
    (told,) = timelines.changed()

    assert ("theirs", earlier, mine.steps) == (told.id, told.started, told.steps)
    assert ["theirs"] == [boot.id for boot in timelines.take([agent(60)])]


def test_a_name_for_a_boot_that_is_over_changes_nothing() -> None:
    timelines = Timelines()
    (old,) = timelines.take(UP_TO_INITRD)
    timelines.take([offer(600), ack(600.1)])
    now = of(timelines)
    timelines.renamed(MAC, old.id, "theirs", old.started)

    assert now == of(timelines)
    assert () == timelines.changed()


def test_a_look_at_the_clock_is_bounded_whatever_changes_meanwhile() -> None:
    timelines = Timelines()
    silent = [mac(number) for number in range(100)]
    timelines.take([offer(0, mac=each) for each in silent])
    # Two power-ons each: more boots than machines change.
    timelines.write([offer(when, mac=mac(1000 + n)) for n in range(4) for when in (500, 990)])
    found = timelines.tick(START + 1000, 4)

    assert 8 + 1 == len(found)
    # All come in the end.
    while timelines.tick(START + 1000, 4):
        pass
    assert {State.STUCK} == {boot.state for boot in timelines.boots() if boot.mac in set(silent)}
