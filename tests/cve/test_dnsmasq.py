"""dnsmasq's faults of 2017 and 2026: what is not spoken, what is never made up, what is bounded."""

import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.pools import Bench
from tests.cve.test_clients import written
from tests.cve.test_garbage import bent
from tests.laws import strategies, strict
from tests.policy.made import rom
from tests.test_floors import MAY_USE, SOURCE, imports, room_of

from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.settings.words import Settings
from boots.wire import dhcp, ndp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed

laws = settings(database=None)
_DNS, _DHCPV6 = {53, 5353}, {546, 547}


@pytest.mark.parametrize("ports", [_DNS, _DHCPV6], ids=["DNS", "DHCPv6"])
def test_cve_2017_14491_to_14496_neither_dns_nor_dhcpv6_is_answered(ports: set[int]) -> None:
    """dnsmasq: faults in what it said of names and of IPv6, some of them given root."""
    tables = [each for each in msgspec.to_builtins(Settings()).values() if isinstance(each, dict)]
    bound = {value for table in tables for value in table.values() if isinstance(value, int)}
    assert {67, 69, 514} <= bound
    assert not ports & bound


def test_cve_2017_14492_and_14493_no_memory_is_managed_by_hand_where_packets_are_read() -> None:
    """dnsmasq: heap and stack were written past by router solicitations and DHCPv6."""
    unsafe = {"ctypes", "cffi", "mmap"}
    rooms = {"wire", "policy", "transfer", "documents", "machines", "leases", "workflow"}
    assert rooms <= set(MAY_USE)
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if room_of(path) in rooms and unsafe & {name.split(".")[0] for name in imports(path)}
    }
    assert set() == found


@laws
@given(st.binary(max_size=120), st.booleans())
def test_cve_2017_14492_a_solicitation_gives_bytes_of_its_own_or_is_malformed(
    data: bytes, whole: bool
) -> None:
    data = b"\x85\0" + bytes(6) + data if whole else data
    try:
        found = ndp.read_solicitation(data)
    except Malformed:
        return
    assert found in data
    assert len(found) in {0, 6}


@laws
@given(st.data())
def test_cve_2017_14494_and_14496_no_length_reaches_past_the_message(
    data: st.DataObject,
) -> None:
    """dnsmasq: a length of the sender's was taken for how much there was, and sent back."""
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    raw = bytearray(bent(rng))
    at = data.draw(st.integers(240, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(230, len(raw)))]
    try:
        message = dhcp.decode(bytes(raw))
    except Malformed:
        return
    assert sum(map(len, message.options.values())) <= len(raw)


@settings(laws, max_examples=20)
@given(strategies.booting, strategies.bootable, strategies.sites(), st.binary(min_size=1))
def test_cve_2017_14494_what_a_relay_put_in_comes_back_as_it_was_and_no_longer(
    message: Message, known: Known, site: Site, said: bytes
) -> None:
    asked = {pxe.RELAY.code: said, options.CLIENT_ID.code: said[::-1] * 2}
    data = written(replace(message, options={**message.options, **asked}), known, site)
    if data is None:
        return
    found = {code: b"".join(values) for code, values in strict.read(data).items()}
    assert {code: found.get(code, value) for code, value in asked.items()} == asked


@pytest.mark.parametrize("mode", [Mode.POOL, Mode.AUTO_PROXY], ids=str)
def test_cve_2017_14495_requests_without_end_take_no_memory_without_end(
    tmp_path: Path, mode: Mode
) -> None:
    """dnsmasq: each of some queries kept memory that was never given back."""
    bench = Bench(tmp_path, mode=mode, unknown="osie")
    rng = random.Random(1)

    def storm() -> int:
        for number in range(600):
            bench.now += 0.01
            raw = bytearray(bent(rng))
            raw[28:34] = b"\x02" + rng.randbytes(5) if number % 2 else raw[28:34]
            try:
                bench.answers.dhcp("lan0")(dhcp.decode(bytes(raw)))
            except Malformed:
                continue
        bench.told.clear()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        storm()
        before = storm()
        after = [storm() for _ in range(2)][-1]
    finally:
        tracemalloc.stop()
        bench.close()
    assert after - before < 64 * 1024


@pytest.mark.parametrize("number", [2291, 4890, 4891, 4892, 4893, 5172])
def test_cve_2026_2291_and_4890_to_4893_and_5172_bent_messages_leave_the_next_answer_the_same(
    tmp_path: Path, number: int
) -> None:
    """dnsmasq, May 2026: faults of memory in DNS and DHCP; not all is public which is which.

    What all of them need: that a message changes what the server makes of another one.
    """
    bench = Bench(tmp_path, mode=Mode.AUTO_PROXY, unknown="osie")
    rng = random.Random(number)

    def answered() -> bytes:
        reply = bench.answer(rom()).reply
        assert reply is not None
        return dhcp.encode(reply)

    first = answered()
    for _ in range(500):
        raw = bytearray(bent(rng))
        for _ in range(rng.randrange(8)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        try:
            assert bench.answer(dhcp.decode(bytes(raw))).why
        except Malformed:
            continue
    assert first == answered()
    bench.close()
