"""Laws of the timelines: whatever the network says, and however it is cut into batches."""

import string
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.timeline.fleet import Timelines
from boots.timeline.signs import LONGEST, MOST
from boots.timeline.steps import MOST_STEPS
from boots.timeline.words import Boot, State

MACS = ["52:54:00:00:00:01", "52:54:00:00:00:02"]
START = 1_700_000_000.0

macs = st.sampled_from([*MACS, *MACS, ""])
words = st.text(max_size=12) | st.text(string.printable, max_size=400)
peers = st.sampled_from(["192.0.2.1:2000", "192.0.2.2:2000", "192.0.2.9:1", "", "x"])
addresses = st.sampled_from(["192.0.2.1", "192.0.2.2", ""])
names = words | st.sampled_from(
    ["snponly.efi", "osie/vmlinuz-x86_64", "initrd.img", "auto.ipxe", "netboot-not-allowed"]
)
programs = st.sampled_from(["PXE ROM", "UEFI HTTP", "iPXE", "an operating system"]) | words
whys = words | st.sampled_from(
    [
        "netboot is off for this machine",
        "it loaded its script 10 times",
        "no record has this MAC",
        "an operating system asks: its DHCP server is another one",
        "the client took the offer of 192.0.2.9",
        'there is no file "x"',
        "the client ended it: User aborted (error 8)",
    ]
)
scripts = words | st.just(
    "#!ipxe\nkernel http://192.0.2.9/vmlinuz panic=30 boots.url=x\ninitrd initrd.img\nboot\n"
)
sizes = st.integers(-1, 1 << 40)
flags = st.booleans()
KINDS: list[type[AnyEvent]] = [
    events.OfferSent,
    events.AckSent,
    events.NakSent,
    events.DhcpIgnored,
    events.AddressDeclined,
    events.TransferStarted,
    events.TransferProgressed,
    events.TransferFinished,
    events.TransferFailed,
    events.TransferProbed,
    events.FetchRefused,
    events.ScriptServed,
    events.FileRendered,
    events.IsoUnpatched,
    events.LoopBroken,
    events.ConsoleLine,
    events.InventoryReported,
    events.AgentProgressed,
    events.BootFileDoubtful,
    events.TlsRefused,
    events.ServerStarted,
    events.PacketDropped,
]
STRANGE: list[type[AnyEvent]] = [
    events.ForeignServerSeen,
    events.StoreTroubled,
    events.StoreRecovered,
]
OF_FIELDS = {
    "mac": macs,
    "peer": peers,
    "address": addresses,
    "name": names,
    "program": programs,
    "why": whys,
    "script": scripts,
    "message": st.sampled_from(["DISCOVER", "REQUEST"]) | words,
    "boot_file": st.sampled_from(["", "http://192.0.2.9/auto.ipxe"]) | words,
    "profile": st.sampled_from(["osie", "autoexec.ipxe", ""]) | words,
    "text": words
    | st.sampled_from(["Kernel panic - not syncing: x", "No such file (http://ipxe.org/2d0c1)"]),
    "stage": st.sampled_from(["started", "failed"]) | words,
    "inventory": st.dictionaries(st.sampled_from(["system", "cpu"]), st.none() | words),
}
OF_KINDS = {str: words, int: sizes, float: st.floats(0, 1e6), bool: flags, list[str]: st.just([])}


def made(kind: type[AnyEvent]) -> st.SearchStrategy[AnyEvent]:
    fields = {
        field.name: OF_FIELDS.get(field.name, OF_KINDS.get(field.type, words))
        for field in msgspec.structs.fields(kind)
    }
    return st.builds(kind, **fields)


def told(kinds: list[type[AnyEvent]]) -> st.SearchStrategy[list[Entry]]:
    """Events of these kinds, mostly in their order, at steps between a moment and an hour."""
    steps = st.sampled_from([-0.2, 0.0, 0.01, 0.5, 4.0, 31.0, 130.0, 700.0])
    one = st.tuples(steps, st.one_of([made(kind) for kind in kinds]))
    return st.lists(one, max_size=40).map(placed)


def placed(steps: list[tuple[float, AnyEvent]]) -> list[Entry]:
    at, entries = START, []
    for step, event in steps:
        at += step
        entries.append(Entry(at, event))
    return entries


def check(boot: Boot) -> None:
    assert boot.started <= boot.heard
    assert [step.began for step in boot.steps] == sorted(step.began for step in boot.steps)
    assert all(boot.started <= step.began for step in boot.steps)
    assert all(step.ended == 0 or step.began <= step.ended for step in boot.steps)
    assert len(boot.steps) <= MOST_STEPS
    assert all(-1 <= step.size and 0 <= step.sent for step in boot.steps)
    texts = [text for step in boot.steps for text in (step.detail, step.why, step.problem)]
    texts += [boot.address, boot.program, boot.architecture, boot.profile, boot.uuid]
    assert all(len(text) <= LONGEST and text.isprintable() for text in texts)
    assert (boot.state in {State.STUCK, State.FAILED, State.HELD}) <= (boot.finding is not None)
    if boot.finding is not None:
        assert boot.finding.title.isprintable()
        assert len(boot.finding.title) <= 400
        assert len(boot.finding.advice) < 4000
    assert boot == msgspec.json.decode(msgspec.json.encode(boot), type=Boot)


@given(told(KINDS + STRANGE), st.floats(0, 1e5))
def test_any_events_make_sound_and_bounded_boots(entries: list[Entry], quiet: float) -> None:
    timelines = Timelines(name_of=lambda mac: "a" if mac == MACS[0] else "")
    for entry in entries:
        for boot in timelines.take([entry]):
            check(boot)
    for boot in timelines.tick(START + quiet):
        check(boot)
    for track in timelines._tracks.values():
        assert track.followed is None or len(track.followed.signs) <= MOST


@given(told(KINDS), st.lists(st.integers(0, 40), max_size=6))
def test_batches_make_no_difference(entries: list[Entry], cuts: list[int]) -> None:
    whole, parts = Timelines(), Timelines()
    one = {boot.id: boot for boot in whole.take(entries)}
    other: dict[str, Boot] = {}
    edges = sorted({0, len(entries), *(cut for cut in cuts if cut < len(entries))})
    for first, last in pairwise(edges):
        other |= {boot.id: boot for boot in parts.take(entries[first:last])}

    assert one == other
    assert list(whole.boots()) == list(parts.boots())


@given(told(KINDS))
def test_to_look_more_often_makes_no_difference(entries: list[Entry]) -> None:
    """What is found on the way is found again, or is over; it leads to no other boot."""
    often, once = Timelines(), Timelines()
    for entry in entries:
        often.take([entry])
        often.tick(entry.at)
    once.take(entries)
    end = max([entry.at for entry in entries], default=START) + 10_000
    often.tick(end)
    once.tick(end)

    assert list(once.boots()) == list(often.boots())
