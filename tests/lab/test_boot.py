import sys
from pathlib import Path

import msgspec
import pytest
from tests.lab.journal import INVENTORY, WHOLE

from boots.journal import events
from boots.lab import stages
from boots.lab.firmware import Firmware
from boots.lab.server import Server, ServerError
from boots.lab.stages import Stage, Status
from boots.lab.words import RECORD, BootOptions, BootResult, StageTime

STARTED = events.encode(
    events.Entry(1.0, events.ServerStarted(version="1", listeners=[], machines=1))
).decode()


def test_options_travel_as_json() -> None:
    options = BootOptions(osie="/o", firmware=Firmware.UEFI, goal=Stage.SCRIPT, server=("a", "b"))

    assert msgspec.json.decode(msgspec.json.encode(options), type=BootOptions) == options


def test_a_result_travels_as_json() -> None:
    result = BootResult(
        ok=False,
        seconds=1.5,
        stages=(StageTime(Stage.SCRIPT, Status.DONE, 1.0, 1.5, "by HTTP", "why"),),
        ending=None,
        reason="no reason",
        work="/w",
        entries=tuple(WHOLE),
        console_text="é",
        inventory=INVENTORY,
    )

    assert msgspec.json.decode(msgspec.json.encode(result), type=BootResult) == result
    assert result.of(Stage.SCRIPT).ended == 1.5
    with pytest.raises(KeyError):
        result.of(Stage.KERNEL)


def test_the_record_is_the_machine_that_the_lab_builds() -> None:
    assert 'mac: "52:54:00:77:00:01"' in RECORD
    assert stages.IPXE_IN_ROM[0] is Stage.POWER_ON


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def server(script: str, journal: Path) -> Server:
    return Server.start([sys.executable, "-c", script], journal, journal.parent / "log")


def test_a_server_is_ready_when_its_journal_says_so(journal: Path) -> None:
    script = f"open({str(journal)!r}, 'w').write({STARTED!r} + '\\n'); import time; time.sleep(60)"
    with server(script, journal) as running:
        running.wait_until_ready(timeout=10)

        assert [type(entry.event) for entry in running.new_entries()] == [events.ServerStarted]
        assert running.new_entries() == []
        assert not running.ended
    assert running.ended


def test_a_server_that_ends_at_once_is_quoted(journal: Path) -> None:
    with (
        server("import sys; sys.exit('port 67 is taken')", journal) as running,
        pytest.raises(ServerError, match="port 67 is taken"),
    ):
        running.wait_until_ready(timeout=10)


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(journal: Path) -> None:
    with (
        server("import time; time.sleep(60)", journal) as running,
        pytest.raises(ServerError, match="not ready"),
    ):
        running.wait_until_ready(timeout=0.1)


def test_a_journal_of_something_else_is_an_error(journal: Path) -> None:
    journal.write_text("hello\n")
    with (
        server("import time; time.sleep(60)", journal) as running,
        pytest.raises(ServerError, match="no entry"),
    ):
        running.wait_until_ready(timeout=10)
