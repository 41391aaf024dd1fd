"""Workflows on the command line: begun, shown, followed, settled, and what a command ends with."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from msgspec.structs import replace
from rich.console import Console
from tests.api.workflows import (
    AT,
    BROKEN,
    DISK,
    DONE,
    GIB,
    HELD,
    REFUSED,
    TEMPLATE,
    WRITING,
    failed,
    run_of,
    steps,
    succeeded,
    waiting,
)
from tests.client.bench import Server, serving
from typer.testing import CliRunner

from boots.cli import app, running
from boots.client import shipped
from boots.client.workflows import Arming, LogLine, NewRun, Retry, Run, Undo
from boots.model.arming import Policy


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with serving() as found:
        monkeypatch.setenv("BOOTS_SERVER", found.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        yield found


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "debian.yaml"
    file.write_text(TEMPLATE)
    return file


def run(*words: Any, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*map(str, words)], input=typed, env={"COLUMNS": "80"})


def printed(*words: Any) -> str:
    result = run(*words)
    assert 0 == result.exit_code, result.output
    return result.stdout


def refused(*words: Any, typed: str = "") -> tuple[int, str]:
    result = run(*words, typed=typed)
    assert "" == result.stdout
    return result.exit_code, result.stderr.splitlines()[-1]


def soon(server: Server, after: Run) -> None:
    """Have the run be so as soon as somebody follows it."""

    def move() -> None:
        followed(server)
        server.call(lambda: server.desk.move(after))

    threading.Thread(target=move, daemon=True).start()


def followed(server: Server) -> None:
    """Wait until somebody follows a run."""
    deadline = time.monotonic() + 60
    while not server.desk.run_followers:
        assert time.monotonic() < deadline, "nobody follows it"
        time.sleep(0.01)


def drawn(*parts: Any, width: int = 100) -> str:
    out = Console(width=width, color_system=None)
    with out.capture() as captured:
        for part in parts:
            out.print(part, soft_wrap=True)
    return captured.get()


def whole(one: Run, now: float = AT + 70) -> str:
    return drawn(*running.whole(one, now, plain=True))


# --- how runs look


def test_a_run_that_writes_shows_how_far_it_is() -> None:
    until = running.shown.moment(AT + 7200)
    assert whole(run_of()) == (
        "> running  w-1  debian on one  by ann\n"
        "  >  1 stream-image             ###-----  42%  write  110 MB/s  12 s left\n"
        "  .  2 users                    writefile\n"
        "  .  3 boot-it                  reboot\n"
        f"Disks, empty-only by ann, until {until}:\n"
        "  /dev/vda 10 GiB, S/N BOOTS-1, QEMU HARDDISK: empty → all of it is lost,"
        " by stream-image, users\n"
    )


def test_a_run_that_failed_shows_the_last_words_and_what_can_be_done() -> None:
    assert whole(failed(disks=())) == (
        "x failed  w-1  debian on one  by ann\n"
        "  stream-image: the image ends after 1,024 of 4,096 bytes\n"
        "  x  1 stream-image             failed with status 1 in 13 s\n"
        "       | fetching debian.raw\n"
        "       | the image ends after 1,024 of 4,096 bytes\n"
        "  .  2 users                    writefile\n"
        "  .  3 boot-it                  reboot\n"
        "  boots workflow retry w-1                         "
        "begin where it ended; --from N begins elsewhere\n"
    )


def test_a_run_that_needs_a_person_says_what_they_can_do() -> None:
    lines = whole(waiting()).splitlines()

    assert "= needs a person  w-1  debian on one  by ann" == lines[0]
    assert ["--again", "--done", "cancel"] == [
        re.sub(r".*(--\w+|cancel) w?-?1? ? .*", r"\1", line)
        for line in lines
        if "boots workflow" in line
    ]
    assert "boots workflow retry" not in whole(run_of())


def test_a_run_that_waits_for_its_machine_says_so() -> None:
    never = {"steps": steps(), "heard": 0.0, "disks": ()}

    assert "boot OSIE and tell its disks: start it" in whole(run_of(state="PREPARING", **never))
    assert "It waits for the machine to boot OSIE: start it" in whole(
        run_of(state="PENDING", **never)
    )
    assert "It waits" not in whole(run_of())


def test_an_action_without_a_measure_shows_for_how_long_it_goes() -> None:
    at = {"state": "RUNNING", "started": AT + 60, "attempt": 2, "part": "on-failure"}
    (line,) = [each for each in whole(run_of(steps=steps(at))).splitlines() if " 1 " in each]

    assert "  >  1 stream-image             on-failure for 10 s, attempt 2" == line


@pytest.mark.parametrize(
    ("disk", "line"),
    [
        (replace(DISK, whole=False, actions=("users",)), "empty → partitions on it are written"),
        (replace(DISK, size=0, serial="", model=""), "/dev/vda: not seen yet → all of it"),
        (
            replace(DISK, path="/dev/disk/by-hint/size>=100G,prefer=smallest", size=0),
            "the disk that is size>=100G prefer=smallest S/N BOOTS-1",
        ),
        (HELD, "holds NTFS on 2 partitions → refused: it holds NTFS on 2 partitions, and"),
        (replace(DISK, holds="a GPT"), "holds a GPT → all of it is lost"),
    ],
)
def test_a_disk_says_what_is_on_it_and_what_becomes_of_that(disk: Any, line: str) -> None:
    assert line in drawn(running.disk_line(disk))


def test_sizes_of_disks_and_durations_are_those_of_people() -> None:
    sizes = [running.capacity(each) for each in (512, 10 * GIB, 480_103_981_056)]
    times = [running.took(each) for each in (0.4, 59.4, 60, 3599, 3600, 7300)]

    assert ["512 B", "10 GiB", "447.1 GiB"] == sizes
    assert ["0 s", "59 s", "1 min 00 s", "59 min 59 s", "1 h 00 min", "2 h 01 min"] == times


def test_the_picture_ends_with_what_was_said_last_until_it_is_over() -> None:
    said = LogLine(id=1, at=AT, step=1, attempt=1, text="x\x1b[2J[red]")

    assert "    | x\N{REPLACEMENT CHARACTER}[2J[red]\n" in drawn(
        running.picture(run_of(), said, AT, plain=True)
    )
    assert "    | x" not in drawn(running.picture(succeeded(), said, AT, plain=True))


def test_each_change_is_a_line() -> None:
    first = run_of(state="PENDING", steps=steps())
    second, third = run_of(), run_of(steps=steps(DONE, WRITING))
    last = failed(steps=steps(DONE, BROKEN))

    def told(before: Run | None, after: Run) -> str:
        return drawn(*running.changes(before, after, plain=True))

    assert ". pending  w-1  debian on one  by ann\n" == told(None, first)
    assert "  >  1 stream-image\n> running  w-1  debian on one  by ann\n" == told(first, second)
    assert "" == told(second, replace(second, steps=steps(WRITING | {"progress": 0.9})))
    assert "  +  1 stream-image             done in 20 s\n  >  2 users\n" == told(second, third)
    assert "       | the image ends after 1,024 of 4,096 bytes\nx failed" in told(third, last)


def test_runs_are_listed(server: Server) -> None:
    assert "no runs\n" == run("workflow", "list").stderr
    server.desk.runs_ = {"w-1": failed("w-1"), "w-2": waiting("w-2"), "w-3": run_of("w-3")}
    rows = printed("workflow", "list").splitlines()

    assert ["state", "machine", "ago", "at"] == rows[0].split()
    assert ["▶", "running", "one"] == rows[1].split()[:3]
    assert rows[1].rstrip().endswith("  debian  1 stream-image  ███░░░░░  42%")
    wide = CliRunner().invoke(app, ["workflow", "list"], env={"COLUMNS": "120"}).stdout
    assert "  w-3  debian  1 stream-image" in wide
    assert "‖ needs a person" in rows[2]
    assert all(len(row) <= 80 for row in rows)
    assert ["w-1"] == [
        each["id"]
        for each in json.loads(printed("workflow", "list", "--state", "failed", "--json"))
    ]
    assert 2 == len(printed("workflow", "list", "-n", "1").splitlines())


def test_a_run_is_found_by_its_id_or_its_machine(server: Server) -> None:
    server.desk.runs_ = {"w-1": failed("w-1"), "w-2": run_of("w-2")}

    assert "w-1" in printed("workflow", "show", "w-1")
    assert "w-2" in printed("workflow", "show", "one")
    assert "w-2" == json.loads(printed("workflow", "show", "one", "--json"))["line"]["id"]
    assert (1, 'boots: no such run: none is called "w-9"') == refused("workflow", "show", "w-9")
    assert (1, "boots: two was taken through no workflow yet") == refused("workflow", "show", "two")


def test_logs_are_printed_and_followed_until_the_run_is_over(server: Server) -> None:
    server.desk.runs_["w-1"] = run_of()
    server.desk.say("fetching [b]")
    server.desk.say("more", step=2)
    first, second = printed("workflow", "logs", "w-1").splitlines()
    ended = threading.Timer(0.2, lambda: server.call(lambda: server.desk.move(succeeded())))
    ended.start()

    assert first.endswith("  stream-image         | fetching [b]")
    assert second.endswith("  users                | more")
    assert [first, second] == printed("workflow", "logs", "w-1", "-f").splitlines()
    line = json.loads(printed("workflow", "logs", "w-1", "--json").splitlines()[0])
    assert "fetching [b]" == line["text"]


# --- begun


def test_provisioning_by_a_workflow_is_planned_asked_begun_and_followed(
    server: Server, template: Path
) -> None:
    soon(server, succeeded())
    result = run("provision", "one", "--workflow", template, typed="y\n")

    assert result.stderr.rstrip() == (
        "debian on one\n"
        "  task os, by 52:54:00:00:00:01\n"
        "    1 stream-image: image2disk, writes an image to a disk; at most 600 s\n"
        "        writes /dev/vda\n"
        "    2 users: writefile, writes a file on a partition; at most 90 s\n"
        "        writes /dev/vda1\n"
        "    3 boot-it: reboot, restarts the machine; at most 90 s\n"
        "Disks that it may write then (empty-only):\n"
        "  /dev/vda 10 GiB, S/N BOOTS-1, QEMU HARDDISK: empty → all of it is lost,"
        " by stream-image, users\n"
        "Do it? [y/N]:"
    )
    assert 0 == result.exit_code
    assert result.stdout.removeprefix(" y\n") == (  # what was typed is echoed
        "· pending  w-1  debian on one  by local\n"
        "  ✓  1 stream-image             done in 20 s\n"
        "  ✓  2 users                    done in 20 s\n"
        "  ✓  3 boot-it                  done in 20 s\n"
        "✓ success  w-1  debian on one  by ann\n"
    )
    wanted = NewRun(machine="one", template=TEMPLATE, arm=Arming())
    assert [wanted] == server.desk.planned
    assert [("create", wanted, "local")] == server.desk.done


def test_who_says_no_begins_nothing(server: Server, template: Path) -> None:
    assert 1 == run("provision", "one", "--workflow", template, typed="n\n").exit_code
    assert [] == server.desk.done


def test_all_that_was_said_of_a_run_reaches_the_server(server: Server, template: Path) -> None:
    words = ["--set", "device_2=52:54:00:00:00:02", "--disk", "prefer=smallest", "--hours", "0.5"]
    words += ["--arm", "BOOTS-1", "--policy", "wipe-known", "--no-power", "--no-wait", "-y"]
    told = printed("workflow", "run", template, "--machine", "52:54:00:00:00:01", *words)

    assert "w-1 began; boots workflow logs w-1 -f follows it\n" == told
    arm = Arming(policy=Policy.WIPE_KNOWN, disks=("BOOTS-1",), hours=0.5)
    assert server.desk.planned == [
        NewRun(
            machine="one",
            template=TEMPLATE,
            map={"device_2": "52:54:00:00:00:02"},
            disk="prefer=smallest",
            arm=arm,
            power=False,
        )
    ]


@pytest.mark.parametrize(
    ("after", "status"),
    [(succeeded(), 0), (failed(), 1), (failed(state="TIMEOUT"), 1), (waiting(), 3)],
)
def test_the_status_tells_what_came_of_it(
    server: Server, template: Path, after: Run, status: int
) -> None:
    soon(server, after)
    result = run("provision", "one", "--workflow", template, "-y")

    assert status == result.exit_code, result.output
    assert ("boots workflow" in result.stdout) == bool(status)


def test_a_machine_that_has_a_run_is_said_before_anything_is_asked(
    server: Server, template: Path
) -> None:
    server.desk.runs_ = {"w-1": waiting()}
    result = run("provision", "one", "--workflow", template)

    assert (1, [], []) == (result.exit_code, server.desk.planned, server.desk.done)
    assert result.stderr == (
        "boots: one has a run that is not over, w-1 (needs a person)\n"
        "  boots workflow show one; cancel ends it\n"
    )


def test_for_a_workflow_that_writes_no_disk_none_is_armed(server: Server, template: Path) -> None:
    server.desk.plan_ = replace(server.desk.plan_, disks=())
    result = run("provision", "one", "--workflow", template, "--no-wait", typed="y\n")

    assert "No disk is written.\n" in result.stderr
    assert [("create", NewRun(machine="one", template=TEMPLATE), "local")] == server.desk.done


def test_disks_that_would_be_refused_are_said_before_anything_is_asked(
    server: Server, template: Path
) -> None:
    server.desk.plan_ = REFUSED
    result = run("provision", "one", "--workflow", template, "-y")

    assert (1, "", []) == (result.exit_code, result.stdout, server.desk.done)
    assert result.stderr.endswith(
        "and the policy is empty-only\n"
        "boots: it cannot begin: see above\n"
        "  if what it holds may be lost: --arm BOOTS-2 --policy force\n"
    )


def test_faults_of_a_template_are_told_with_their_places(server: Server, template: Path) -> None:
    fault = 'template:2:10: there is no function "lowr"; did you mean "lower"?'
    server.desk.plan_ = replace(server.desk.plan_, steps=(), disks=(), faults=(fault,))
    result = run("provision", "one", "--workflow", template, "-y")

    assert 1 == result.exit_code
    assert result.stderr == f"{fault}\nboots: it cannot begin: see above\n"


def on_a_terminal(*words: Any) -> tuple[subprocess.Popen[bytes], int]:
    """A command that has a terminal, and our end of that."""
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    # Where the tests run in the background of a shell, it has Ctrl-C ignored by all.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "boots", *map(str, words)]
    began = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, env=environment)
    os.close(other)
    return began, main


def reads(terminal: int, wanted: str) -> str:
    """What a terminal shows, until it is this."""
    found, end = b"", time.monotonic() + 30
    while wanted.encode() not in found:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], found
        found += os.read(terminal, 65_536)
    return found.decode()


def test_on_a_terminal_a_picture_is_drawn_anew_until_it_is_over(
    server: Server, template: Path
) -> None:
    words = ("provision", "one", "--workflow", template, "-y")
    began, terminal = on_a_terminal(*words)
    with began:
        reads(terminal, "pending")
        followed(server)
        server.call(lambda: server.desk.move(run_of()))
        server.call(lambda: server.desk.say("frame 7 of 812"))
        reads(terminal, "███░░░░░  42%  write  110 MB/s  12 s left")
        reads(terminal, "| frame 7 of 812")
        server.call(lambda: server.desk.move(failed()))
        last = reads(terminal, "boots workflow retry w-1")
        assert 1 == began.wait(10)
    os.close(terminal)

    assert "failed with status 1 in 13 s" in last
    assert "Traceback" not in last


def test_who_stops_looking_leaves_the_run_alone(server: Server, template: Path) -> None:
    began, terminal = on_a_terminal("provision", "one", "--workflow", template, "-y")
    with began:
        reads(terminal, "pending")
        followed(server)
        began.send_signal(signal.SIGINT)
        told = reads(terminal, "it goes on: boots workflow show w-1")
        assert 130 == began.wait(10)
    os.close(terminal)

    assert "Traceback" not in told
    assert ["create"] == [what for what, *_ in server.desk.done]


def test_what_a_template_asks_for_and_was_not_given_is_told(server: Server, template: Path) -> None:
    words = ("provision", "one", "--workflow", template, "-y")
    fault = "template:9:17: .image is not there; there are Hardware, device_1, hardware"
    server.desk.plan_ = replace(server.desk.plan_, steps=(), disks=(), faults=(fault,))
    image = refused(*words)
    fault = "template:19:26: index: there is no entry 0: 0 entries; they count from 0"
    server.desk.plan_ = replace(server.desk.plan_, faults=(fault,))
    disk = refused(*words)

    assert (1, "  say what the template asks for: --set image=…") == image
    assert (1, True) == (disk[0], "--disk prefer=smallest, or write disks:" in disk[1])


FORCE = ("--policy", "force", "--arm", "BOOTS-1", "--no-wait")


def test_under_force_the_machines_name_is_typed(server: Server, template: Path) -> None:
    words = ("provision", "52:54:00:00:00:01", "--workflow", template, *FORCE)
    wrong = run(*words, typed="y\n")
    right = run(*words, typed="one\n")

    assert (1, 0) == (wrong.exit_code, right.exit_code)
    assert "Type one to go on" in right.stderr
    assert "that is another name: nothing was begun" in wrong.stderr
    assert 1 == len(server.desk.done)


def test_under_force_scripts_name_each_disk_again(server: Server, template: Path) -> None:
    words = ("provision", "one", "--workflow", template, *FORCE)
    bare = run(*words, "-y")
    other = run(*words, "--yes-wipe", "BOOTS-2")
    right = run(*words, "--yes-wipe", "BOOTS-1")

    assert (2, 2, 0) == (bare.exit_code, other.exit_code, right.exit_code)
    assert "each disk is named again: --yes-wipe BOOTS-1\n" in bare.stderr
    assert 1 == len(server.desk.done)


def test_force_wants_its_disks_by_name(server: Server, template: Path) -> None:
    status, told = refused("provision", "one", "--workflow", template, "--policy", "force")

    assert (2, []) == (status, server.desk.planned)
    assert "force wants its disks by serial number or WWN: --arm SERIAL" in told


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "say --profile NAME or --workflow FILE: one of the two"),
        (("--profile", "osie", "--workflow", "x"), "one of the two"),
        (("--profile", "osie", "--arm", "S"), "go with --workflow"),
        (("--workflow", "/none.yaml"), "/none.yaml cannot be read: No such file or directory"),
        (("--workflow", "/dev/null", "--set", "x"), '--set "x" is no key and value'),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], told: str) -> None:
    status, last = refused("provision", "one", *words)

    assert 2 == status
    assert told in last


def test_a_template_comes_from_a_file_stdin_or_what_is_shipped(
    server: Server, template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_FOLDER", template.parent)
    assert ("debian",) == shipped.names()
    run("provision", "one", "--workflow", "debian", "--no-wait", "-y")
    server.desk.runs_.clear()
    run("provision", "one", "--workflow", "-", "--no-wait", "-y", typed="name: x\n")

    assert [TEMPLATE, "name: x\n"] == [each.template for each in server.desk.planned]
    assert "shipped are debian" in refused("provision", "one", "--workflow", "debain")[1]


def test_json_is_printed_once_all_is_over(server: Server, template: Path) -> None:
    soon(server, failed())
    result = run("provision", "one", "--workflow", template, "-y", "--json")

    assert 1 == result.exit_code
    assert "FAILED" == json.loads(result.stdout)["line"]["state"]


def test_a_plan_is_asked_of_the_server(server: Server, template: Path) -> None:
    words = ("workflow", "plan", template, "--machine", "one")
    assert "S/N BOOTS-1" in printed(*words)
    assert "debian" == json.loads(printed(*words, "--json"))["name"]
    server.desk.plan_ = REFUSED

    assert 1 == run(*words).exit_code
    assert [] == server.desk.done


# --- decided


@pytest.mark.parametrize(
    ("words", "done"),
    [
        (("cancel", "one"), ("cancel", "w-2", "local")),
        (("settle", "w-2", "--again"), ("settle", "w-2", 1, True, "local")),
        (("settle", "one", "--done"), ("settle", "w-2", 1, False, "local")),
        (("settle", "one", "--done", "--step", "2"), ("settle", "w-2", 2, False, "local")),
        (
            ("retry", "w-1", "--from", "2", "-y", "--no-wait"),
            ("retry", "w-1", Retry(first=2, arm=Arming()), "local"),
        ),
    ],
)
def test_what_a_person_decides_is_done(server: Server, words: Any, done: Any) -> None:
    server.desk.runs_ = {"w-1": failed("w-1"), "w-2": waiting("w-2")}
    run("workflow", *words)

    assert [done] == server.desk.done


def test_nothing_is_settled_by_half(server: Server) -> None:
    server.desk.runs_ = {"w-1": succeeded()}

    assert 2 == refused("workflow", "settle", "w-1")[0]
    assert (1, "boots: w-1 waits at no action") == refused("workflow", "settle", "w-1", "--done")
    assert 1 == run("workflow", "retry", "w-1", typed="n\n").exit_code
    assert [] == server.desk.done


def test_all_writing_is_frozen_and_allowed_again(server: Server) -> None:
    assert printed("freeze", "power work").startswith("frozen by local ")
    assert printed("freeze", "power work").endswith(
        " ago: power work; no disk is armed or written\n"
    )
    assert "disks may be armed and written, 16 at a time\n" == printed("unfreeze")
    assert [True, True, False] == [frozen for _, frozen, *_ in server.desk.done]
    assert json.loads(printed("freeze", "--json"))["frozen"]


# --- erased disks


@pytest.mark.usefixtures("server")
def test_what_proves_that_a_disk_was_erased_is_told_in_a_line() -> None:
    assert printed("workflow", "certificate", "w-1").startswith(
        "ACME S/N BOOTS-1 10 GiB of one: erased by discard at "
    )
    found = json.loads(printed("workflow", "certificate", "w-1", "--json"))
    assert "c2ln" == found["certificates"][0]["signature"]


@pytest.mark.usefixtures("server")
def test_a_certificate_is_written_to_be_proved_elsewhere(tmp_path: Path) -> None:
    printed("workflow", "certificate", "w-1", "--to", str(tmp_path / "proofs"))

    assert b"sig" == (tmp_path / "proofs/w-1-1-2.sig").read_bytes()
    assert "discard" in (tmp_path / "proofs/w-1-1-2.json").read_text()
    assert "PUBLIC KEY" in (tmp_path / "proofs/public-key.pem").read_text()


def test_a_run_that_erased_nothing_has_no_certificate(server: Server) -> None:
    server.desk.runs_["w-2"] = run_of("w-2")

    assert (1, "boots: nothing proves that w-2 erased a disk") == refused(
        "workflow", "certificate", "w-2"
    )
    assert 1 == run("workflow", "certificate", "w-none").exit_code


# --- the ends of disks


@pytest.mark.usefixtures("server")
def test_what_stood_at_the_ends_of_disks_is_listed() -> None:
    head, row = printed("machine", "edges", "one").splitlines()

    assert ["edges", "disk", "serial", "size", "held", "ago", "before", "run"] == head.split()
    assert ["7", "/dev/vda", "BOOTS-1", "10", "GiB", "NTFS"] == row.split()[:6]
    assert "no disk of it was written by a run\n" == run("machine", "edges", "two").stderr


def test_the_ends_of_a_disk_are_put_back(server: Server) -> None:
    words = ("machine", "undo-partition-table", "one", "--serial", "BOOTS-1", "--no-wait")
    result = run(*words, typed="y\n")
    run(*words, "--edges", "7", "-y")

    assert "/dev/vda of one, 10 GiB, S/N BOOTS-1, held NTFS on 2 partitions at " in result.stderr
    assert [("undo", "one", Undo(edges=7, serial="BOOTS-1"), "local")] * 2 == server.desk.done
    assert (1, "boots: nothing of a disk X is kept of one; there is BOOTS-1") == refused(
        "machine", "undo-partition-table", "one", "--serial", "X"
    )


@pytest.mark.usefixtures("server")
def test_a_machine_is_shown_by_its_name_alone() -> None:
    assert printed("machine", "one") == printed("machine", "show", "one")
    assert (1, 'boots: Not Found: there is no machine "edge"') == refused("machine", "edge")
