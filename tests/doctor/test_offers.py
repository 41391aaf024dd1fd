"""What offers tell, and their absence."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest
from tests.policy.made import OTHER, SERVER, SITE, answered, known, rom, site

from boots.doctor.asking import Heard
from boots.doctor.offers import Circumstances, judge
from boots.doctor.place import Place
from boots.doctor.words import Finding, Severity
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy.answer import Answer
from boots.wire import options
from boots.wire.dhcp import Message

ROM = "BIOS PXE ROM"
OURS = answered(rom(), known())
EMPTY = Answer("no record has this MAC")


def place(where: Site = SITE, *, here: bool = True) -> Place:
    return Place("eth1", IPv4Interface("192.168.1.1/24"), where, here)


def ours(after: float = 0.002, source: IPv4Address = SERVER, offer: Message | None = None) -> Heard:
    reply = offer or OURS.reply
    assert reply is not None
    return Heard(after, ROM, reply, source, here=True)


def others(after: float = 0.001, **header: object) -> Heard:
    reply = ours().offer
    values = {**reply.options, options.SERVER_ID.code: OTHER.packed}
    theirs = replace(reply, options=values, file=b"", **header)  # type: ignore[arg-type]
    return Heard(after, ROM, theirs, OTHER)


def found(
    heard: Sequence[Heard],
    where: Place | None = None,
    expected: Answer = OURS,
    otherwise: Circumstances | None = None,
) -> list[Finding]:
    return list(
        judge(where or place(), heard, {ROM: expected}, otherwise or Circumstances(listens=True))
    )


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def test_our_offer_alone_is_as_it_should_be() -> None:
    assert [] == found([ours()])


def test_another_server_is_told_with_what_it_offers_and_who_is_first() -> None:
    (second,) = found([others(0.001), ours(0.002)])
    assert ("second-server", Severity.ERROR) == (second.code, second.severity)
    assert (
        f"to {ROM}: address 192.168.1.10, from 192.168.1.99",
        "it answered after 1 ms, we after 2 ms; most clients take the first offer: it is first",
    ) == second.seen


def test_who_does_not_claim_to_be_alone_is_only_warned() -> None:
    (second,) = found([others(), ours()], place(site(authoritative=False)))
    assert Severity.WARNING is second.severity


def test_in_shadow_mode_the_other_server_is_there_on_purpose() -> None:
    assert [] == found([others()], place(site(shadow=True)))


@pytest.mark.parametrize(
    ("here", "otherwise", "code"),
    [
        (True, Circumstances(listens=True), "firewall"),
        (True, Circumstances(), "not-running"),
        (False, Circumstances(answers=("HTTP",)), "nobody-answers"),
        (False, Circumstances(), "nobody-answers"),
    ],
    ids=["its port is open", "its port is closed", "elsewhere its HTTP answers", "elsewhere"],
)
def test_why_no_offer_came(here: bool, otherwise: Circumstances, code: str) -> None:
    (finding,) = found([], place(here=here), otherwise=otherwise)
    assert (code, Severity.ERROR) == (finding.code, finding.severity)


def test_rules_of_the_firewall_are_shown_where_they_may_be_why() -> None:
    drops = ("firewall: udp dport 67 drop",)
    (finding,) = found([], otherwise=Circumstances(listens=True, drops=drops))
    assert ("no offer at all came", *drops) == finding.seen


def test_other_doors_that_answer_say_that_the_server_runs() -> None:
    (finding,) = found([], place(here=False), otherwise=Circumstances(answers=("TFTP", "HTTP")))
    assert "the server runs, and its DHCP does not answer here" == finding.title
    assert "of 192.168.1.1 TFTP and HTTP answer" in finding.seen


def test_silence_that_the_records_call_for_is_told_with_its_reason() -> None:
    (finding,) = found([], expected=EMPTY)
    assert ("no-answer-meant", ("no record has this MAC",)) == (finding.code, finding.seen)


def test_an_answer_from_another_address_than_it_names_is_told() -> None:
    (finding,) = found([ours(source=OTHER)])
    assert "wrong-source" == finding.code
    assert "from 192.168.1.99, and say that they are from 192.168.1.1" in finding.title


def test_an_answer_that_the_records_do_not_give_is_told() -> None:
    stale = replace(ours().offer, file=b"old.kpxe")
    (finding,) = found([ours(offer=stale)])
    assert "other-configuration" == finding.code
    assert (f"to {ROM}: boot file: we undionly.kpxe, they old.kpxe",) == finding.seen


def test_of_a_server_that_could_not_hear_nothing_is_expected() -> None:
    assert [] == list(judge(place(), [], {}, Circumstances(listens=True)))
    assert ["second-server"] == codes(list(judge(place(), [others()], {}, Circumstances())))


def test_of_a_pool_another_address_is_no_difference() -> None:
    leased = replace(ours().offer, yiaddr=IPv4Address("192.168.1.77"))
    assert [] == found([ours(offer=leased)], place(site(mode=Mode.POOL)))
    assert ["other-configuration"] == codes(found([ours(offer=leased)]))


def proxied(machine: Known | None = None) -> tuple[Heard, Answer]:
    answer = answered(rom(), machine or known(), site(mode=Mode.PROXY))
    return ours(offer=answer.reply), answer


def test_beside_a_proxy_somebody_must_give_addresses() -> None:
    own, expected = proxied()
    where = place(site(mode=Mode.PROXY))
    assert ["no-address"] == codes(found([own], where, expected))
    assert [] == found([own, others()], where, expected)


def test_beside_a_proxy_another_s_boot_file_is_told() -> None:
    own, expected = proxied()
    theirs = others()
    named = replace(theirs, offer=replace(theirs.offer, file=b"pxelinux.0"))
    assert ["second-server"] == codes(found([own, named], place(site(mode=Mode.PROXY)), expected))
