"""Arming: from the disks of a plan to those of a machine, or why they may not be written."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.agent.contract import armed as vectors
from tests.workflow.test_hints import inventory

from boots.client import workflows
from boots.documents.hints import parse as parse_hint
from boots.model.arming import Policy
from boots.workflow.armed import NotArmed, Record, Terms, records
from boots.workflow.arming import Resolution, Resolved, resolve
from boots.workflow.images import image_at, least
from boots.workflow.plan import Armed, Plan, plan
from boots.workflow.words import Action, Task, Template

MAC = "52:54:00:12:34:56"
GB = 10**9
GPT = "b6f5a3a0-6a4b-4c6e-9d0c-0d8b2a0f5e11"


@dataclass(frozen=True)
class Allowed:
    policy: Policy = Policy.EMPTY_ONLY
    disks: tuple[str, ...] = ()


def disk(path: str = "/dev/vda", **more: Any) -> dict[str, Any]:
    plain = {
        "name": path.rpartition("/")[2],
        "path": path,
        "bytes": 10 * 10**9,
        "serial": "S1",
        "wwn": None,
        "transport": "virtio",
        "rotational": False,
        "read_only": False,
        "partitions": 0,
        "content": "empty",
    }
    return {**plain, **more}


def machine(*disks: dict[str, Any]) -> dict[str, Any]:
    return {"disks": list(disks)}


def wanting(*paths: str, whole: bool = True) -> Plan:
    return Plan(
        steps=(),
        disks=tuple(
            Armed(disk=each, worker=MAC, actions=("write",), whole=whole) for each in paths
        ),
    )


def problem(seen: Any, allowed: Allowed | None = Allowed(), path: str = "/dev/vda") -> str:
    (found,) = resolve(wanting(path), seen, allowed).disks
    return found.problem


# --- what may be written


def test_an_empty_disk_is_armed_by_its_serial_and_size() -> None:
    found = resolve(wanting("/dev/vda"), machine(disk(model="Q")), Allowed())

    assert found == Resolution(
        disks=(
            Resolved(
                path="/dev/vda",
                worker=MAC,
                actions=("write",),
                whole=True,
                serial="S1",
                size=10 * 10**9,
                model="Q",
            ),
        )
    )
    assert found.disks[0].armed
    assert () == found.faults


def test_a_disk_is_found_by_the_name_that_udev_gives_it() -> None:
    (found,) = resolve(
        wanting("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"),
        inventory("server"),
        Allowed(Policy.FORCE, ("ZC12",)),
    ).disks

    assert ("ZC12", "ext2, 3 or 4", True) == (found.serial, found.holds, found.armed)


def test_what_is_not_known_yet_waits_and_is_not_armed() -> None:
    found = resolve(wanting("/dev/vda"), None, Allowed())

    assert found.waits
    assert not found.disks[0].armed
    assert () == found.faults


def test_nothing_is_armed_where_nobody_did() -> None:
    for seen in (None, machine(disk())):
        found = resolve(wanting("/dev/vda"), seen, None)

        assert (False, False) == (found.waits, found.disks[0].armed)
        assert "nobody armed it" in found.faults[0]


def test_the_words_of_the_api_say_what_is_allowed() -> None:
    allowed = workflows.Arming(policy=Policy.FORCE, disks=("S1",))

    assert () == resolve(wanting("/dev/vda"), machine(disk(content="gpt")), allowed).faults


def test_only_disks_of_the_worker_are_asked_for() -> None:
    whole = Plan(
        steps=(),
        disks=tuple(
            Armed(disk=path, worker=worker, actions=("a",), whole=True)
            for path, worker in (("/dev/vda", MAC), ("/dev/sda", "other"))
        ),
    )

    assert ["/dev/vda"] == [
        each.path for each in resolve(whole, machine(disk()), Allowed(), worker=MAC).disks
    ]


def test_a_stick_is_armed_only_where_it_is_called_by_its_serial() -> None:
    stick = machine(disk("/dev/sdb", serial="U1", transport="usb"))

    assert "" == problem(stick, path="/dev/disk/by-id/usb-Maker_Stick_U1")
    assert "it is on USB" in problem(stick, path="/dev/sdb")
    assert "it is on USB" in problem(
        machine(disk("/dev/sdb", serial="b", transport="usb")), path="/dev/sdb"
    )


# --- what may not


@pytest.mark.parametrize("hint", ["serial=S1", "size>=10G", "transport=virtio rotational=false"])
@pytest.mark.parametrize(
    "allowed", [Allowed(), Allowed(Policy.FORCE, ("S1",)), Allowed(disks=("/dev/vda",))]
)
def test_a_disk_that_the_record_protects_is_written_by_nobodys_leave(
    hint: str, allowed: Allowed
) -> None:
    found = resolve(
        wanting("/dev/vda"), machine(disk()), allowed, protected=(parse_hint(hint),), taken=["S1"]
    )

    assert (f"its machine's record protects it: {hint}", False) == (
        found.disks[0].problem,
        found.disks[0].armed,
    )


def test_what_protects_other_disks_protects_no_more() -> None:
    two = machine(disk(), disk("/dev/vdb", serial="S2", bytes=20 * GB))
    kept = (parse_hint("size>=20G"),)

    assert [True, False] == [
        each.armed
        for each in resolve(wanting("/dev/vda", "/dev/vdb"), two, Allowed(), protected=kept).disks
    ]


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (machine(), "the machine has no such disk; there are none at all"),
        (machine(disk("/dev/sda")), "there are sda (S1), 10 GB"),
        (machine(disk(serial=None)), "it tells no serial number and no WWN, by which it would be"),
        (machine(disk(transport="usb")), "it is on USB"),
        (machine(disk(read_only=True)), "it is read-only"),
        (machine(disk(bytes=0)), "no medium"),
        (machine(disk(), disk("/dev/vdb")), "vdb has the same serial number S1: two ways to it?"),
        (
            machine(disk(content="gpt", partitions=2)),
            "it holds a GPT with 2 partitions, and the policy is empty-only",
        ),
        (machine(disk(content="unknown")), "it holds data, and the policy is empty-only"),
    ],
)
def test_a_disk_that_may_not_be_written_says_why(seen: Any, wanted: str) -> None:
    assert wanted in problem(seen)
    assert not resolve(wanting("/dev/vda"), seen, Allowed()).disks[0].armed


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/dev/disk/by-path/pci-0000:00:05.0", "only /dev/disk/by-id can be told"),
        ("/dev/md0", "it stands on disks that the template does not name"),
        ("/dev/disk/by-hint/prefer=first", "the hint was not settled: write the hint itself"),
    ],
)
def test_a_path_that_leads_to_no_disk_says_why(path: str, wanted: str) -> None:
    assert wanted in problem(machine(disk()), path=path)


def test_two_disks_of_one_serial_are_armed_by_their_wwns() -> None:
    twins = machine(disk(wwn="eui.01"), disk("/dev/vdb", wwn="eui.02"))

    assert ["eui.01", "eui.02"] == [
        each.serial for each in resolve(wanting("/dev/vda", "/dev/vdb"), twins, Allowed()).disks
    ]


@pytest.mark.parametrize(
    ("least", "told"),
    [(11 * GB, "it has 10 GB, and the image needs 11 GB"), (10 * GB, "")],
)
def test_a_disk_that_is_smaller_than_its_image_is_told_before(least: int, told: str) -> None:
    (found,) = resolve(
        wanting("/dev/vda"), machine(disk()), Allowed(), least={"/dev/vda": least}
    ).disks

    assert told == found.problem


def test_a_path_that_may_be_either_of_two_disks_is_neither() -> None:
    twins = machine(disk(wwn="eui.01"), disk("/dev/vdb", wwn="eui.02"))

    assert problem(twins, path="/dev/disk/by-id/virtio-S1") == (
        "it may be vda (S1), 10 GB or vdb (S1), 10 GB: write another name"
    )


def test_a_disk_that_was_not_named_is_refused() -> None:
    two = machine(disk(), disk("/dev/vdb", serial="S2"))
    first, second = resolve(wanting("/dev/vda", "/dev/vdb"), two, Allowed(disks=("S1",))).disks

    assert ("", "only S1 may be written") == (first.problem, second.problem)


@pytest.mark.parametrize("name", ["/dev/vda", "S1", "naa.5000c500a1b2c3d4", "0x5000C500A1B2C3D4"])
def test_a_disk_may_be_named_by_path_serial_or_wwn(name: str) -> None:
    assert "" == problem(machine(disk(wwn="naa.5000c500a1b2c3d4")), Allowed(disks=(name,)))


def test_a_named_disk_that_nothing_writes_is_a_slip() -> None:
    found = resolve(wanting("/dev/vda"), machine(disk()), Allowed(disks=("S1", "S2")))

    assert ("S2 is armed, and the template writes /dev/vda",) == found.faults


def test_an_action_that_writes_nobody_knows_what_is_told() -> None:
    unclear = Plan(steps=(), disks=(), unclear=("format",))

    assert ("format writes disks, and nothing says which",) == (
        resolve(unclear, machine(disk()), Allowed()).faults
    )


@pytest.mark.parametrize("names", [(), ("/dev/vda",), ("S2",), ("s1",)])
def test_force_wants_the_serial_said_by_a_person(names: tuple[str, ...]) -> None:
    told = problem(machine(disk(content="ntfs")), Allowed(Policy.FORCE, names))

    assert "force needs its serial number said: S1" == told


def test_force_loses_what_is_there() -> None:
    assert "" == problem(machine(disk(content="ntfs")), Allowed(Policy.FORCE, ("S1",)))


@pytest.mark.parametrize(
    ("content", "known", "fine"),
    [
        ("empty", {}, True),
        ("gpt", {"S1": [GPT]}, True),
        ("gpt", {}, False),
        ("gpt", {"S2": [GPT]}, False),  # it may be a copy that somebody made of that disk
        ("ext", {"S1": [GPT]}, False),
        ("unknown", {"S1": [GPT]}, False),
    ],
)
def test_wipe_known_loses_only_what_runs_of_ours_wrote(
    content: str, known: dict[str, list[str]], fine: bool
) -> None:
    (found,) = resolve(
        wanting("/dev/vda"), machine(disk(content=content)), Allowed(Policy.WIPE_KNOWN), known
    ).disks

    assert fine is found.armed


def test_a_record_has_the_tables_that_were_written_to_its_own_disk() -> None:
    two = machine(disk(content="gpt"), disk("/dev/vdb", serial="S2", content="gpt"))
    known = {"S1": [GPT], "S2": ["another"]}
    wanted = wanting("/dev/vda", "/dev/vdb")
    found = resolve(wanted, two, Allowed(Policy.WIPE_KNOWN), known).disks
    (record,) = records(TERMS, WRITE, MAC, found)

    assert ("S1", (GPT,)) == (record.serial, record.known)


def test_what_the_run_itself_wrote_is_no_hindrance() -> None:
    seen = machine(disk(content="gpt"))

    assert resolve(wanting("/dev/vda"), seen, Allowed(), taken=["S1"]).disks[0].armed


def test_an_array_stands_on_disks_that_are_armed() -> None:
    two = machine(disk(), disk("/dev/vdb", serial="S2"))
    found = resolve(wanting("/dev/vda", "/dev/vdb", "/dev/md0", "/dev/vg/root"), two, Allowed())

    assert ["/dev/vda", "/dev/vdb"] == [each.path for each in found.disks]
    assert () == found.faults


# --- what is handed out


TERMS = Terms(
    machine="node-1", run="w-1", step=0, attempt=1, policy=Policy.EMPTY_ONLY, expires=1764507200.0
)
WRITE = Action(name="write", image="image2disk", environment={"DEST_DISK": "/dev/vda"})
MKFS = Action(name="mkfs", image="mkfs", environment={"DEST_DISK": "/dev/md0", "FS_TYPE": "ext4"})
READ = Action(name="read", image="slurp", environment={"SOURCE_DISK": "/dev/vda"})


def resolved(*paths: str, seen: Any = None) -> tuple[Resolved, ...]:
    return resolve(wanting(*paths), seen or machine(disk()), Allowed()).disks


def test_an_action_gets_the_record_of_the_disk_that_it_writes_and_of_no_other() -> None:
    two = machine(disk(), disk("/dev/vdb", serial="S2"))
    (record,) = records(TERMS, WRITE, MAC, resolved("/dev/vda", "/dev/vdb", seen=two))

    assert ("/dev/vda", "S1", 10 * 10**9, False) == (
        record.path,
        record.serial,
        record.size,
        record.taken,
    )


def test_one_disk_by_two_names_has_one_record() -> None:
    by_id = "/dev/disk/by-id/virtio-S1"
    grub = Action(
        name="grub",
        image="grub2disk",
        environment={"GRUB_DISK": "/dev/vda", "GRUB_INSTALL_PATH": f"{by_id}-part1"},
    )

    assert 1 == len(records(TERMS, grub, MAC, resolved("/dev/vda", by_id)))


CONTAINER = Action(name="flatcar", image="quay.io/me/flatcar-install:1")


def test_a_container_gets_every_disk_of_its_machine_or_none() -> None:
    two = machine(disk(), disk("/dev/vdb", serial="S2"))
    both = resolved("/dev/vda", "/dev/vdb", seen=two)
    assert ["S1", "S2"] == [each.serial for each in records(TERMS, CONTAINER, MAC, both)]
    full = machine(disk(), disk("/dev/vdb", serial="S2", content="ntfs", partitions=1))
    with pytest.raises(NotArmed, match="flatcar would write /dev/vdb"):
        records(TERMS, CONTAINER, MAC, resolved("/dev/vda", "/dev/vdb", seen=full))


def of(*actions: Action) -> Plan:
    return plan(Template(name="t", tasks=(Task(name="t", worker=MAC, actions=actions),)))


def test_a_container_says_by_a_variable_which_disks_it_writes() -> None:
    named = replace(CONTAINER, environment={"DISKS": "/dev/vda /dev/vdb"})
    assert ["/dev/vda", "/dev/vdb"] == [each.disk for each in of(named).disks]
    assert () == of(named).unclear


def test_a_container_is_clear_only_beside_disks_that_are_armed() -> None:
    assert ("flatcar",) == of(CONTAINER).unclear
    beside = of(Action(name="w", image="wipe", environment={"DEST_DISK": "/dev/vda"}), CONTAINER)
    assert () == beside.unclear


def test_an_action_that_reads_gets_none() -> None:
    assert () == records(TERMS, READ, MAC, resolved("/dev/vda"))


def test_what_writes_to_an_array_gets_the_disks_below() -> None:
    two = machine(disk(), disk("/dev/vdb", serial="S2"))
    found = records(TERMS, MKFS, MAC, resolved("/dev/vda", "/dev/vdb", "/dev/md0", seen=two))

    assert ["S1", "S2"] == [each.serial for each in found]


def test_an_array_is_not_written_by_leave_of_a_disk_of_which_only_partitions_are() -> None:
    found = resolve(wanting("/dev/vda", whole=False), machine(disk()), Allowed()).disks

    assert found[0].armed
    with pytest.raises(NotArmed, match="would write /dev/md0, and nobody armed it"):
        records(TERMS, MKFS, MAC, found)


@pytest.mark.parametrize(
    ("given", "worker", "told"),
    [
        ((), MAC, "write would write /dev/vda, and nobody armed it"),
        (resolved("/dev/vda"), "another", "nobody armed it"),
        (resolved("/dev/vda", seen=machine(disk(transport="usb"))), MAC, "it is on USB"),
        (resolve(wanting("/dev/vda"), None, Allowed()).disks, MAC, "has not told its disks yet"),
    ],
)
def test_what_is_not_armed_is_not_handed_out(
    given: tuple[Resolved, ...], worker: str, told: str
) -> None:
    with pytest.raises(NotArmed, match=told):
        records(TERMS, WRITE, worker, given)


def test_a_record_says_that_the_run_had_the_disk_before() -> None:
    terms = Terms(
        machine="n",
        run="w",
        step=1,
        attempt=1,
        policy=Policy.EMPTY_ONLY,
        expires=1.0,
        taken=frozenset({"S1"}),
    )

    assert records(terms, WRITE, MAC, resolved("/dev/vda"))[0].taken


def test_a_record_is_signed_as_the_protocol_says() -> None:
    for vector in vectors():
        given = {key: value for key, value in vector.record.items() if key != "signature"}
        policy, known = Policy(given["policy"]), tuple(given["known"])
        record = Record(**{**given, "policy": policy, "known": known})

        assert vector.canonical == record.canonical().decode()
        assert vector.record == record.signed(vector.key)
        assert (
            hmac.new(vector.key, vector.canonical.encode(), hashlib.sha256).hexdigest()
            == vector.record["signature"]
        )
        assert given == json.loads(vector.canonical)


# --- laws


SERIALS = st.sampled_from(["S1", "S2", "S3", "", None, 7])
WWNS = st.sampled_from(["naa.5000c500a1b2c3d4", "eui.01", None])
DISKS = st.lists(
    st.builds(
        disk,
        st.sampled_from(["/dev/vda", "/dev/vdb", "/dev/sda", "/etc/x"]),
        serial=SERIALS,
        wwn=WWNS,
        bytes=st.sampled_from([0, 10**9, 2 * 10**9, -1, None]),
        transport=st.sampled_from(["virtio", "usb", "ata", None]),
        read_only=st.booleans(),
        content=st.sampled_from(["empty", "gpt", "ext", "unknown", None]),
        partitions=st.integers(0, 2),
    ),
    max_size=4,
)
SEEN = st.none() | st.builds(lambda disks: {"disks": disks}, DISKS)
ALLOWED = st.none() | st.builds(
    Allowed,
    st.sampled_from(Policy),
    st.lists(st.sampled_from(["/dev/vda", "S1", "S2", "eui.01", ""])).map(tuple),
)
PATHS = st.lists(
    st.sampled_from(["/dev/vda", "/dev/vdb", "/dev/md0", "/dev/disk/by-id/virtio-S1"]),
    min_size=1,
    unique=True,
)


@given(
    SEEN,
    ALLOWED,
    PATHS,
    st.dictionaries(st.sampled_from(["S1", "S2"]), st.lists(st.sampled_from([GPT]), min_size=1)),
)
def test_a_disk_is_armed_only_with_an_identity_that_is_its_alone(
    seen: Any, allowed: Allowed | None, paths: list[str], known: dict[str, list[str]]
) -> None:
    found = resolve(wanting(*paths), seen, allowed, known)
    entries = [each for each in seen["disks"] if each["path"] != "/etc/x"] if seen else []

    for each in found.disks:
        assert not (each.armed and each.problem)
        if not each.armed:
            continue
        assert allowed is not None
        (own,) = [one for one in entries if each.serial in (one["serial"], one["wwn"])]
        assert own["bytes"] == each.size > 0
        assert own["transport"] != "usb" or each.serial in each.path
        assert not own["read_only"]
        if allowed.policy is Policy.EMPTY_ONLY:
            assert own["content"] in ("empty", None)
        if allowed.policy is Policy.WIPE_KNOWN and own["content"] == "gpt":
            assert GPT in known[each.serial]
        if allowed.policy is Policy.FORCE:
            assert {own["serial"], own["wwn"]} & set(allowed.disks)


@given(SEEN, ALLOWED, PATHS)
def test_nothing_unarmed_is_ever_handed_out(
    seen: Any, allowed: Allowed | None, paths: list[str]
) -> None:
    found = resolve(wanting(*paths), seen, allowed).disks
    armed = {(each.serial, each.size) for each in found if each.armed}
    for action in (WRITE, MKFS):
        try:
            given_out = records(TERMS, action, MAC, found)
        except NotArmed:
            continue
        assert given_out
        assert {(each.serial, each.size) for each in given_out} <= armed


@given(SEEN, PATHS)
def test_a_record_names_the_very_disk_that_was_found_by_its_serial_and_size(
    seen: Any, paths: list[str]
) -> None:
    """What is at the path by the time it is written, the agent holds against that."""
    for each in resolve(wanting(*paths), seen, Allowed()).disks:
        write = Action(name="w", image="image2disk", environment={"DEST_DISK": each.path})
        if not each.armed:
            continue
        (record,) = records(TERMS, write, MAC, [each])
        (own,) = [
            one
            for one in seen["disks"]
            if one["path"] != "/etc/x" and record.serial in (one["serial"], one["wwn"])
        ]
        assert own["bytes"] == record.size
        assert record.path in {own["path"], "/dev/disk/by-id/virtio-S1"}


def test_a_plan_of_a_template_is_resolved() -> None:
    template = Template(name="t", tasks=(Task(name="one", worker=MAC, actions=(WRITE,)),))

    assert () == resolve(plan(template), machine(disk()), Allowed()).faults


def test_a_disk_must_hold_the_largest_image_that_is_written_to_it() -> None:
    def write(image: str, disk: str) -> Action:
        url = f"http://192.0.2.1/images/{image}/index.json"
        return Action(
            name=image, image="image2disk", environment={"IMG_URL": url, "DEST_DISK": disk}
        )

    actions = (write("small", "/dev/vda"), write("big", "/dev/vda"), write("other", "/dev/vdb"))
    template = Template(name="t", tasks=(Task(name="one", worker=MAC, actions=actions),))

    assert {"/dev/vda": 9} == least(plan(template), {"small": 4, "big": 9})


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://192.0.2.1/images/debian-13/index.json", "debian-13"),
        ("http://192.0.2.1:8080/images/debian-13", "debian-13"),
        ("/images/debian-13/", "debian-13"),
        ("images/debian-13/index.json", "debian-13"),
        ("http://192.0.2.1/other/debian-13", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_an_image_of_ours_is_known_by_its_path(url: str, name: str) -> None:
    assert name == image_at(url)
