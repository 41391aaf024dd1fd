"""What the loads of TFTP, HTTP and whole boots ask for, and what they make of the answer."""

from pathlib import Path
from typing import Any

import pytest

from bench import files
from bench.cases import Loaded
from bench.place import Place
from bench.suites import boots, http, tftp

PLACE = Place(Path("/bench"), flat=False, server_core=0, load_core=1)
TIMES = {"p50": 20.0, "p99": 40.0, "max": 50.0}


def tftp_said(**changed: Any) -> dict[str, Any]:
    said = {"transfers": 200, "wrong": 0, "errors": 0, "stalls": 0, "again": 0, "gaps": 0}
    said |= {"bytes": 200 * files.MIB, "seconds": 2.0, "busy": 0.5, "blksize": 1468, "window": 1}
    return said | {"transfer_ms": TIMES, "first_block_ms": TIMES, "said": ""} | changed


def http_said(**changed: Any) -> dict[str, Any]:
    said = {"requests": 100, "wrong": 0, "refused": 0, "stalls": 0, "connections": 100}
    said |= {"bytes": 2 * 10**9, "seconds": 2.0, "busy": 0.5, "answer_ms": TIMES, "said": ""}
    return said | changed


def following(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def test_operations_of_tftp_are_mebibytes() -> None:
    found = tftp.loaded(tftp_said(), tftp.Tftp(200))
    assert (200, 0.02, 0.04) == (found.operations, found.p50, found.p99)


@pytest.mark.parametrize("how", ["wrong", "errors"])
def test_a_wrong_byte_and_an_error_of_tftp_are_wrong_answers(how: str) -> None:
    assert 3 == tftp.loaded(tftp_said(**{how: 3}), tftp.Tftp(200)).wrong


def test_a_smaller_block_or_window_than_asked_is_told() -> None:
    notes = tftp.loaded(tftp_said(blksize=512), tftp.Tftp(200, window=4)).notes
    assert "granted blksize 512, window 1" in notes


def test_what_was_asked_needs_no_note() -> None:
    notes = tftp.loaded(tftp_said(), tftp.Tftp(200)).notes
    assert not any("granted" in note for note in notes)


def test_each_client_of_tftp_has_a_transfer_however_small_the_share() -> None:
    assert "256" == following(tftp.Tftp(512, clients=256).words(PLACE, 0.1), "-n")


def test_the_share_is_of_the_transfers() -> None:
    assert "100" == following(tftp.Tftp(200).words(PLACE, 0.5), "-n")


def test_operations_of_http_are_requests_or_gigabytes() -> None:
    assert 100 == http.loaded(http_said(), http.Http(100)).operations
    assert 2 == http.loaded(http_said(), http.Http(100, by_bytes=True)).operations


def test_a_refused_connection_is_a_wrong_answer() -> None:
    assert 4 == http.loaded(http_said(refused=3, wrong=1), http.Http(100)).wrong


def test_connections_that_are_not_kept_are_told() -> None:
    notes = http.loaded(http_said(connections=100), http.Http(100, keep=True)).notes
    assert ("100 connections: it does not keep them",) == notes


def test_a_script_is_asked_for_by_mac_and_must_hold_it() -> None:
    words = http.Http(100).words(PLACE, 1)
    assert "/%m/auto.ipxe" == following(words, "-u")
    assert "BOOTIF=01-%d" in words
    assert "-e" not in words


def test_a_file_is_compared_byte_for_byte() -> None:
    words = http.Http(100, file="large.img").words(PLACE, 1)
    assert "/bench/www/large.img" == following(words, "-e")
    assert "-k" not in words


def test_the_peers_script_is_as_long_as_ours() -> None:
    assert 0 <= files.SCRIPT_SIZE - len(files.script(7)) < 40


def test_the_peers_script_holds_what_every_script_must() -> None:
    text = files.script(0x01020304)
    for wanted in http.IN_SCRIPT:
        filled = wanted.replace("%m", "02:b0:01:02:03:04").replace("%d", "02-b0-01-02-03-04")
        assert filled in text


def test_machines_that_lose_a_stage_did_not_boot() -> None:
    one, other = Loaded(100, 1.0, wrong=1, notes=("a",)), Loaded(90, 2.0, lost=10, notes=("a", "b"))
    both = boots.together(one, other)
    assert Loaded(90, 3.0, wrong=1, lost=10, notes=("a", "b")) == both


def test_the_same_content_in_each_run() -> None:
    assert files.random_bytes("a", 8) == files.random_bytes("a", 8)
    assert files.random_bytes("a", 8) != files.random_bytes("b", 8)
