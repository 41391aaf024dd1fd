"""The desk: what operators ask and order of a running server."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from tests.app.desks import FILE_MAC, OTHER_MAC, STRANGE_MAC, Office, at_desk, offer, stranger
from tests.policy.made import site

from boots.api.desk import Attempt, Refused
from boots.app.planned import Failed, in_a_process
from boots.app.world import World
from boots.client.words import NewOrder, NewPlan, NewToken, Provision, Role
from boots.journal import events
from boots.machines.files import Cache, load
from boots.model.mac import Mac
from boots.model.order import Netboot
from boots.model.site import Profile
from boots.policy import token
from boots.policy.ordered import GRACE
from boots.serve.packets import Place
from boots.timeline.fleet import Timelines
from boots.timeline.words import Boot, Stage, State

RECORD = {"name": "api-1", "mac": "52:54:00:00:00:03", "address": "192.168.1.13/24"}


async def refused(asked: Any, status: int, said: str = "") -> Refused:
    with pytest.raises(Refused) as error:
        await asked
    assert status == error.value.status, str(error.value)
    assert said in str(error.value)
    return error.value


# --- machines


@at_desk
async def test_machines_are_listed_by_name_page_by_page(office: Office) -> None:
    for number in (2, 10, 1):
        await office.desk.create(
            {"name": f"node-{number}", "mac": f"52:54:00:00:01:{number:02x}"}, "ann"
        )
    first = await office.desk.machines(limit=3)
    assert ["file-1", "file-2", "node-1"] == [line.name for line in first.machines]
    rest = await office.desk.machines(limit=3, after=first.next)
    assert ["node-2", "node-10"] == [line.name for line in rest.machines]
    assert (5, "") == (rest.total, rest.next)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FILE", ["file-1", "file-2"]),
        ("00:00:02", ["file-2"]),
        ("52-54-00-00-00-01", ["file-1"]),
        ("192.168.1.12", ["file-2"]),
        ("nothing", []),
        ("%", []),
    ],
)
def test_machines_are_found_by_name_mac_and_address(
    tmp_path: Any, text: str, found: list[str]
) -> None:
    async def test(office: Office) -> None:
        page = await office.desk.machines(text=text)
        assert found == [line.name for line in page.machines]
        assert len(found) == page.total

    at_desk(test)(tmp_path)


@at_desk
async def test_machines_are_found_by_the_state_of_their_last_boot(office: Office) -> None:
    office.hear(offer())
    running = await office.desk.machines(state="running")
    unseen = await office.desk.machines(state="unseen")
    assert ["file-1"] == [line.name for line in running.machines]
    assert ["file-2"] == [line.name for line in unseen.machines]
    assert State.RUNNING is running.machines[0].state
    assert Stage.FIRMWARE_DHCP.value == running.machines[0].stage
    health = await office.desk.health()
    assert (1, 1) == (health.states["running"], health.states["unseen"])
    for name, state in (("file-1", "running"), ("file-2", "unseen")):
        health = await office.desk.health(among=[name.upper()])
        assert (1, 1) == (health.machines, health.states[state])
        assert 1 == sum(health.states.values())


@at_desk
async def test_machines_are_counted_once_in_half_a_second_for_each_who_may_see_some(
    office: Office,
) -> None:
    looked, latest = list[int](), office.history.timelines.latest

    def looks(most: int = 0) -> Iterator[Boot]:
        looked.append(most)
        return latest(most)

    office.history.timelines.latest = looks  # type: ignore[method-assign]
    for among in (["file-1"], ["file-*"], ["file-1"], [], ["file-*"], []):
        await office.desk.health(among)
    assert 3 == len(looked)
    office.hear(offer())
    await office.desk.health(["file-1"])
    assert 4 == len(looked)


@at_desk
async def test_a_machine_is_known_by_its_name_and_by_any_of_its_macs(office: Office) -> None:
    for key in ("file-1", FILE_MAC, FILE_MAC.upper().replace(":", "-")):
        found = await office.desk.machine(key)
        assert "file-1" == found.line.name
        assert ("file", 0) == (found.line.source, found.revision)
        assert found.line.place.endswith("machines.yaml:2")
        assert FILE_MAC == found.record["mac"]
    await refused(office.desk.machine("file-9"), 404, 'no record is named "file-9"')


@at_desk
async def test_a_password_of_a_record_is_shown_to_nobody(office: Office) -> None:
    bmc = {"url": "redfish://10.0.0.5", "username": "u", "password": "very-secret"}
    made = await office.desk.create(RECORD | {"bmc": bmc}, "ann")
    assert "very-secret" not in str(made)
    assert "very-secret" not in str(await office.desk.machine("api-1"))


# --- records


@at_desk
async def test_a_record_is_made_changed_and_removed(office: Office) -> None:
    made = await office.desk.create(RECORD, "ann")
    assert ("api", 1, "192.168.1.13") == (
        made.line.source,
        made.revision,
        made.line.interfaces[0].address,
    )
    changed = await office.desk.replace(
        "api-1", RECORD | {"address": "192.168.1.23/24"}, made.revision, "bob"
    )
    assert (2, "192.168.1.23") == (changed.revision, changed.line.interfaces[0].address)
    await refused(office.desk.replace("api-1", RECORD, 1, "ann"), 412, "revision 2 now")
    await office.desk.remove("api-1", 2, "ann")
    await refused(office.desk.machine("api-1"), 404)
    assert [
        events.RecordChanged(machine="api-1", what="made", by="ann"),
        events.RecordChanged(machine="api-1", what="changed", by="bob"),
        events.RecordChanged(machine="api-1", what="removed", by="ann"),
    ] == office.told


@at_desk
async def test_a_record_in_a_file_is_read_only_and_its_place_is_said(office: Office) -> None:
    record = {"name": "file-1", "mac": FILE_MAC}
    for asked in (
        office.desk.replace("file-1", record, None, "ann"),
        office.desk.remove("file-1", None, "ann"),
    ):
        await refused(asked, 409, "machines.yaml:2; the API only reads it")


@at_desk
async def test_what_another_machine_has_is_refused_with_whose_it_is(office: Office) -> None:
    for field, value in (("mac", FILE_MAC), ("address", "192.168.1.11/24"), ("name", "file-1")):
        error = await refused(office.desk.create(RECORD | {field: value}, "ann"), 409)
        assert [field] == [each.field for each in error.errors]
        assert 'belongs to "file-1"' in error.errors[0].problem
    assert 2 == len(office.answers.world.index.machines)


@pytest.mark.parametrize(
    "record", [{}, {"name": "x"}, [], "x", None, 5, [RECORD, RECORD | {"name": "b"}], {"mac": "z"}]
)
def test_what_is_no_record_is_refused(tmp_path: Any, record: Any) -> None:
    async def test(office: Office) -> None:
        await refused(office.desk.create(record, "ann"), 422)

    at_desk(test)(tmp_path)


@at_desk
async def test_a_wrong_field_is_named_with_what_to_write(office: Office) -> None:
    error = await refused(office.desk.create(RECORD | {"adress": "x"}, "ann"), 422)
    assert ("adress", 'did you mean "address"?') == (
        error.errors[0].field,
        error.errors[0].advice,
    )


@at_desk
async def test_a_record_keeps_its_name(office: Office) -> None:
    await office.desk.create(RECORD, "ann")
    await refused(
        office.desk.replace("api-1", RECORD | {"name": "other"}, None, "ann"), 422, "keeps its name"
    )


@at_desk
async def test_a_record_that_was_read_can_be_sent_back_with_its_password_hidden(
    office: Office,
) -> None:
    bmc = {"url": "redfish://10.0.0.5", "username": "u", "password": "very-secret"}
    made = await office.desk.create(RECORD | {"bmc": bmc}, "ann")
    await office.desk.replace("api-1", made.record | {"profile": "osie"}, 1, "ann")
    known = office.answers.world.index.by_name["api-1"].bmc
    assert known is not None
    assert "very-secret" == known.password


@at_desk
async def test_a_record_from_afar_has_the_server_read_no_file_of_its_own(office: Office) -> None:
    bmc = {"url": "redfish://10.0.0.5", "username": "u", "password_file": "/etc/shadow"}
    error = await refused(office.desk.create(RECORD | {"bmc": bmc}, "ann"), 422)
    assert ["bmc.password_file"] == [each.field for each in error.errors]


# --- orders


@at_desk
async def test_what_is_ordered_holds_and_is_shown(office: Office) -> None:
    given = await office.desk.order("file-2", NewOrder(netboot=Netboot.ONCE, profile="osie"), "ann")
    found = await office.desk.machine("file-2")
    assert (given, "once", "osie") == (found.order, found.line.netboot, found.line.profile)
    assert office.answers.world.index.by_mac[OTHER_MAC].interface.netboot.allowed  # type: ignore[index]
    office.hear(events.ScriptServed(mac=OTHER_MAC, peer="", door="http", profile="osie", script=""))
    office.now += GRACE
    assert "used" == (await office.desk.machine("file-2")).line.netboot
    await office.desk.withdraw("file-2", "bob")
    assert "off" == (await office.desk.machine("file-2")).line.netboot


@at_desk
async def test_a_profile_that_is_not_there_cannot_be_ordered(office: Office) -> None:
    error = await refused(
        office.desk.order("file-1", NewOrder(netboot=Netboot.ONCE, profile="osi"), "ann"), 422
    )
    assert "profile" == error.errors[0].field
    assert {} == office.orders.every()


@at_desk
async def test_to_provision_is_to_netboot_once_and_says_what_is_left_to_do(office: Office) -> None:
    done = await office.desk.provision("file-1", Provision(profile="osie"), "ann")
    assert (Netboot.ONCE, "osie") == (done.order.netboot, done.order.profile)
    assert "names no BMC" in done.note
    await refused(office.desk.power("file-1"), 409, "it has no BMC")


# --- what happened


@at_desk
async def test_boots_are_shown_before_and_after_they_are_written(office: Office) -> None:
    office.hear(offer())
    [now] = (await office.desk.boots(key="file-1")).boots
    await office.written()
    office.hear(offer(program="iPXE"))
    [later] = (await office.desk.boots(key=FILE_MAC)).boots
    assert now.id == later.id
    assert len(later.steps) > len(now.steps)
    assert later == await office.desk.boot(later.id)
    assert () == (await office.desk.boots(key="file-2")).boots
    await refused(office.desk.boot("525400000001-1"), 404)
    await refused(office.desk.boot("nonsense"), 404)


@at_desk
async def test_boots_are_read_page_by_page(office: Office) -> None:
    for number in range(5):
        office.hear(offer(mac=f"52:54:00:00:02:0{number}"))
    await office.written()
    first = await office.desk.boots(limit=2)
    second = await office.desk.boots(limit=2, after=first.next)
    third = await office.desk.boots(limit=2, after=second.next)
    found = [boot.mac[-1] for page in (first, second, third) for boot in page.boots]
    assert (["4", "3", "2", "1", "0"], "") == (found, third.next)
    await refused(office.desk.boots(after="x"), 400)


@at_desk
async def test_events_are_read_by_machine_kind_and_place(office: Office) -> None:
    office.hear(offer(), offer(mac=OTHER_MAC), offer(program="iPXE"))
    await office.written()
    mine = await office.desk.events(key="file-1")
    assert [1, 3] == [line.id for line in mine.events]
    assert "PXE ROM" == mine.events[0].event["program"]
    page = await office.desk.events(limit=2)
    assert ("2", [3]) == (
        page.next,
        [line.id for line in (await office.desk.events(after=int(page.next))).events],
    )
    assert [3] == [line.id for line in (await office.desk.events(latest=True, limit=1)).events]
    assert () == (await office.desk.events(kind="AckSent")).events


@at_desk
async def test_who_follows_gets_what_was_and_then_what_comes(office: Office) -> None:
    office.hear(offer())
    await office.written()
    async with office.desk.follow_events(key="file-1", after=0) as lines:
        assert 1 == (await anext(lines)).id
        office.hear(offer(mac=OTHER_MAC), offer(program="iPXE"))
        await office.written()
        office.history.written.wave()
        assert 3 == (await anext(lines)).id


@at_desk
async def test_machines_are_told_as_they_change(office: Office) -> None:
    async with office.desk.follow_machines() as lines:
        office.hear(offer(), offer(mac=STRANGE_MAC))
        [line] = await anext(lines)
        assert ("file-1", State.RUNNING) == (line.name, line.state)
        await office.desk.order("file-2", NewOrder(netboot=Netboot.ON), "ann")
        [line] = await anext(lines)
        assert ("file-2", "on") == (line.name, line.netboot)


# --- the network


@at_desk
async def test_a_stranger_is_shown_with_the_record_it_could_have_and_gets_it(
    office: Office,
) -> None:
    office.hear(stranger())
    [found] = (await office.desk.discovered()).discovered
    assert STRANGE_MAC == found.stranger.mac
    assert STRANGE_MAC == found.record["mac"]
    made = await office.desk.adopt(STRANGE_MAC, None, "ann")
    assert STRANGE_MAC == made.line.interfaces[0].mac
    assert () == (await office.desk.discovered()).discovered


@at_desk
async def test_a_reason_is_given_for_every_mac(office: Office) -> None:
    known = await office.desk.explain(FILE_MAC)
    assert "file-1" == known.machine
    assert known.chains[0].steps[0].why
    off = await office.desk.explain("file-2")
    assert "netboot is off" in off.chains[0].steps[0].why
    near = await office.desk.explain("52:54:00:00:00:0a")
    assert "no record has this MAC" in near.said
    assert ("file-1", FILE_MAC) == (near.nearest_name, near.nearest)
    await refused(office.desk.explain("nobody"), 404)


@at_desk
async def test_explain_tells_what_was_found_last_whatever_it_is_about(office: Office) -> None:
    async def found(mac: str) -> str:
        finding = (await office.desk.explain(mac)).finding
        return finding.code if finding else ""

    assert "" == await found(FILE_MAC)
    office.hear(events.StoreTroubled(why="the store /state/boots.db: disk is full"))
    assert "store-troubled" == await found(FILE_MAC)
    office.hear(stranger("52:54:00:00:00:05"))
    assert "stranger" == await found("52:54:00:00:00:05")
    office.hear(offer(boot_file="", why="netboot is off for this machine"))
    assert "netboot-off" == await found(FILE_MAC)


@at_desk
async def test_a_mac_of_ours_that_nobody_asks_for_is_told_who_asks_in_its_place(
    office: Office,
) -> None:
    office.history.timelines = Timelines(office._name_of, lambda _: (FILE_MAC, "file-1"))
    office.hear(stranger())
    office.history.look()
    explained = await office.desk.explain(FILE_MAC)
    assert explained.finding is not None
    assert f"No record has {STRANGE_MAC}" in explained.finding.title


@at_desk
async def test_what_was_wrong_with_the_boot_before_is_told_while_the_next_goes_on(
    office: Office,
) -> None:
    office.hear(offer(), offer(boot_file="", why="no boot file is installed for it"))
    office.now += 500
    office.hear(offer())
    machine = await office.desk.machine("file-1")
    assert machine.last is not None
    assert (None, "no-boot-file") == (machine.last.finding, machine.before and machine.before.code)
    assert machine.line.finding.startswith("the boot before: ")
    assert machine.before == (await office.desk.explain(FILE_MAC)).finding


@at_desk
async def test_an_interface_that_is_not_served_is_refused(office: Office) -> None:
    await refused(office.desk.explain(FILE_MAC, "eth9"), 404, "we serve lan0")


@at_desk
async def test_the_files_of_a_machine_are_shown_as_it_would_get_them(office: Office) -> None:
    script = await office.desk.rendered("file-1", "auto.ipxe")
    assert script.startswith("#!ipxe")
    await refused(office.desk.rendered("file-2", "auto.ipxe"), 404, "netboot is off")


@at_desk
async def test_a_plan_says_what_would_change_and_what_is_wrong(office: Office) -> None:
    text = f"machines:\n  - {{name: file-1, mac: {FILE_MAC}, address: 192.168.1.99/24}}\n"
    found = await office.desk.plan(NewPlan(text=text, replaces="machines.yaml"))
    assert () == found.faults
    assert {"file-1", "file-2"} == {each.machine for each in found.differences}
    clash = await office.desk.plan(NewPlan(text=text))
    assert any("file-1" in fault for fault in clash.faults)
    wrong = await office.desk.plan(NewPlan(text="machines: [{adress: 1}]"))
    assert any("adress" in fault for fault in wrong.faults)
    assert 2 == len(office.answers.world.index.machines), "a plan changes nothing"


# --- tokens, and a store that is away


@at_desk
async def test_a_token_opens_until_it_expires_or_is_taken_away(office: Office) -> None:
    made = await office.desk.make_token(NewToken(name="ci", role=Role.VIEWER, seconds=60), "ann")
    me = await office.desk.whose(made.secret)
    assert me is not None
    assert ("ci", Role.VIEWER) == (me.name, me.role)
    assert await office.desk.whose(made.secret + "x") is None
    assert await office.desk.whose("") is None
    office.now += 60
    assert await office.desk.whose(made.secret) is None
    lasting = await office.desk.make_token(NewToken(name="x", role=Role.ADMIN), "ann")
    await office.desk.drop_token(lasting.token.id, "ann")
    assert await office.desk.whose(lasting.secret) is None
    await refused(office.desk.drop_token(99, "ann"), 404)
    assert all(made.secret not in str(each) for each in office.told)


@at_desk
async def test_while_the_store_is_away_one_can_look_and_not_change(office: Office) -> None:
    office.hear(offer())

    def refuse(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("no route to host"))

    event.listen(office.keeping.store.engine, "before_cursor_execute", refuse)
    office.keeping.trouble = "no route to host"
    assert 2 == (await office.desk.machines()).total
    assert "file-1" == (await office.desk.machine("file-1")).line.name
    assert [FILE_MAC] == [boot.mac for boot in (await office.desk.boots()).boots]
    for asked in (
        office.desk.create(RECORD, "ann"),
        office.desk.order("file-1", NewOrder(netboot=Netboot.OFF), "ann"),
        office.desk.events(),
        office.desk.make_token(NewToken(name="x", role=Role.ADMIN), "ann"),
    ):
        await refused(asked, 503, "no route to host")
    assert {} == office.orders.every()
    assert "no route to host" in (await office.desk.health()).store


@at_desk
async def test_a_plan_that_takes_too_long_is_given_up(office: Office) -> None:
    raw = office.answers.raw
    with pytest.raises(Failed, match="not done within 0 s"):
        in_a_process(World(raw.index, raw.sites), NewPlan(text=""), longest=0.001)


@at_desk
async def test_an_inventory_is_kept_once_and_its_event_says_whose_it_is(office: Office) -> None:
    inventory = {"system": {"uuid": "u-1", "maker": "x"}, "disks": [{"name": "sda"}] * 50}
    office.hear(
        offer(),
        events.InventoryReported(mac=FILE_MAC, peer="", inventory=inventory, next="idle"),
    )
    await office.written()
    assert inventory == (await office.desk.machine("file-1")).inventory
    (line,) = (await office.desk.events(kind="InventoryReported")).events
    assert {"system": {"uuid": "u-1"}} == line.event["inventory"]


@at_desk
async def test_an_explained_script_does_not_open_the_metadata(office: Office) -> None:
    profile = Profile(name="seeded", kernel="osie/vmlinuz-x86_64", args=("seed={{ nocloud }}",))
    own = site(token_key=b"key", profiles={"seeded": profile}, default_profile="seeded")
    raw = office.answers.raw
    office.answers.world = World(raw.index, {"lan0": own}, raw.files)
    whole = await office.desk.rendered("file-1", "auto.ipxe")
    secret = token.of(Mac(FILE_MAC), b"key")
    assert secret in whole, "operators see what it gets"
    scripts = [chain.script for chain in (await office.desk.explain(FILE_MAC)).chains]
    assert scripts
    assert not any(secret in script for script in scripts)


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "..",
        "stream",
        " ",
        "a ",
        "x\r\nSet-Cookie: a=b",
        "a\x1bb",
        "a" * 254,
        FILE_MAC,
        "\u202eab",
    ],
)
def test_a_name_that_leads_nowhere_or_to_another_is_refused(tmp_path: Any, name: str) -> None:
    @at_desk
    async def test(office: Office) -> None:
        error = await refused(
            office.desk.create({"name": name, "mac": "52:54:00:00:00:77"}, "ann"), 422
        )
        assert ["name"] == [each.field for each in error.errors]

    test(tmp_path)


@at_desk
async def test_a_machine_may_be_named_by_its_own_mac(office: Office) -> None:
    mac = "52:54:00:00:00:77"
    made = await office.desk.create({"name": mac, "mac": mac}, "ann")
    assert mac == made.line.name


@at_desk
async def test_very_many_machines_that_changed_come_in_portions(office: Office) -> None:
    record = "".join(
        f"  - name: n-{n}\n    mac: 52:54:00:00:{n >> 8:02x}:{n & 255:02x}\n" for n in range(350)
    )
    (office.folder / "machines.yaml").write_text("machines:\n" + record)
    index = load([office.folder / "machines.yaml"], Cache()).index
    office.answers.world = World(index, office.answers.raw.sites, index)
    async with office.desk.follow_machines() as machines:
        office.history.machines.note(index.by_mac)
        sizes, names = [], set[str]()
        while len(names) < 350:
            lines = await anext(machines)
            sizes.append(len(lines))
            names |= {line.name for line in lines}
    assert [100, 100, 100, 50] == sizes


AMONG = ("file-[1]",)  # SQL passes file-7, too


def counted(office: Office) -> list[object]:
    """What is asked of the store from now on."""
    store, asked = office.keeping.store, list[object]()
    read = store.read

    def reading(ask: Any, *args: Any, **named: Any) -> Any:
        asked.append(ask)
        return read(ask, *args, **named)

    store.read = reading  # type: ignore[method-assign]
    return asked


@at_desk
async def test_a_short_page_of_some_machines_takes_few_reads_of_events(office: Office) -> None:
    """A MAC was another machine's, whose name passes SQL's filter: each row took a read."""
    office.hear(offer())
    await office.rewrite(f"machines: [{{name: file-7, mac: '{FILE_MAC}'}}]\n")
    office.hear(*[offer()] * 300)
    await office.rewrite(f"machines: [{{name: file-1, mac: '{FILE_MAC}'}}]\n")
    office.hear(offer())
    await office.written()
    asked = counted(office)
    first = await office.desk.events(limit=1, among=AMONG)
    second = await office.desk.events(limit=1, after=int(first.next), among=AMONG)
    latest = await office.desk.events(limit=2, latest=True, among=AMONG)
    assert [*first.events, *second.events] == list(latest.events)
    assert (1, 1, "") == (len(first.events), len(second.events), second.next)
    assert 3 == len(asked)


@at_desk
async def test_a_short_page_of_some_machines_takes_few_reads_of_the_audit_log(
    office: Office,
) -> None:
    def attempt(machine: str) -> Attempt:
        return Attempt("ann", "operator", "", "order", machine, "done")

    for name in ("file-1", *["file-7"] * 60, "file-1"):
        assert await office.desk.write_down(attempt(name))
    asked = counted(office)
    first = await office.desk.audit(limit=1, among=AMONG)
    second = await office.desk.audit(limit=1, after=int(first.next), among=AMONG)
    assert ["file-1", "file-1"] == [each.machine for each in (*first.audit, *second.audit)]
    assert "" == second.next
    assert 2 == len(asked)


# --- packets


@at_desk
async def test_who_floods_in_a_machine_s_name_does_not_fill_its_page(office: Office) -> None:
    """A thousand messages with long options took seconds to decode, for every open page."""
    hear = office.packets.keeper(Place("lan0", IPv4Address("192.168.1.1"), 67, ours=False))
    header = bytes(28) + bytes.fromhex(FILE_MAC.replace(":", ""))
    for number in range(1000):
        office.now = float(number)
        hear(header, ())

    shown = (await office.desk.packets("file-1")).packets
    assert (200, 800.0, 999.0) == (len(shown), shown[0].at, shown[-1].at)
    assert len(await office.desk.capture("file-1")) > 1000 * len(header)
