"""Partition tables: what is written is what is read, and what stock programs read."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from boots_agent.images.signatures import Read, disk_guid, held
from boots_agent.tables import gpt, reading
from boots_agent.tables.growing import grown, last_of, moved
from boots_agent.tables.kinds import KINDS
from boots_agent.tables.layout import In, Size, Wanted, arrange, read_layout, read_size
from boots_agent.tables.words import ALIGNED, Form, Part, Table, TableError, checked

MIB = 1 << 20
GUID = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
LAYOUT = "efi 64M, swap 32M, root rest"
laws = settings(database=None)


def counted() -> Callable[[], str]:
    """GUIDs that are all different, and the same in each run."""
    numbers = iter(range(1, 1000))
    return lambda: str(uuid.UUID(int=next(numbers)))


def table(layout: str, size: int = 256 * MIB, form: Form = Form.GPT, sector: int = 512) -> Table:
    empty = reading.empty(form, sector, size, GUID)
    return arrange(empty, read_layout(layout), counted(), "x86_64")


class Paper:
    """A disk of nothing but a length and what was written."""

    def __init__(self, size: int) -> None:
        self.content = bytearray(size)

    def look(self, offset: int, length: int) -> bytes:
        return bytes(self.content[offset : offset + length])

    def put(self, made: Table, old: bytes = b"") -> Read:
        for piece in reading.written(made, old):
            self.content[piece.offset : piece.offset + len(piece.content)] = piece.content
        return self.look


def written(made: Table, size: int = 256 * MIB) -> Paper:
    paper = Paper(size)
    paper.put(made)
    return paper


# --- the laws


@st.composite
def tables(draw: st.DrawFn) -> Table:
    form = draw(st.sampled_from(Form))
    sector = draw(st.sampled_from([512, 4096]))
    sectors = draw(st.integers(2 * MIB // sector, 1 << 34))
    if form is Form.GPT:
        empty = gpt.empty(sector, sectors, str(draw(st.uuids())))
    else:
        empty = reading.empty(form, sector, sectors * sector, draw(st.uuids()).hex)
    edges = draw(
        st.lists(st.integers(empty.first, empty.last + 1), max_size=8, unique=True).map(sorted)
    )
    numbers = draw(
        st.lists(
            st.integers(1, empty.slots),
            min_size=len(edges) // 2,
            max_size=len(edges) // 2,
            unique=True,
        )
    )
    parts = []
    for number, start, end in zip(numbers, edges[::2], edges[1::2], strict=False):
        if form is Form.GPT:
            names = st.text(
                st.characters(max_codepoint=0xFFFF, exclude_characters="\0", codec="utf-8"),
                max_size=36,
            )
            kind, guid = draw(st.uuids()), draw(st.uuids())
            assume(kind.int)
            part = Part(
                start, end - start, number, str(kind), draw(names), str(guid),
                draw(st.integers(0, (1 << 64) - 1)),
            )  # fmt: skip
        else:
            kinds = st.integers(1, 255).filter(lambda number: number != 0xEE)
            flag = draw(st.sampled_from([0, 0x80]))
            part = Part(start, end - start, number, f"{draw(kinds):02x}", "", "", flag)
        parts.append(part)
    by_number = tuple(sorted(parts, key=lambda each: each.number))
    return checked(
        Table(
            form, sector, empty.sectors, empty.guid, by_number, empty.first, empty.last, empty.slots
        )
    )


class Sparse:
    """The pieces of a huge disk."""

    def __init__(self, made: Table) -> None:
        self.pieces = reading.written(made)

    def look(self, offset: int, length: int) -> bytes:
        for piece in self.pieces:
            if piece.offset <= offset < piece.offset + len(piece.content):
                return piece.content[offset - piece.offset :][:length]
        return bytes(length)


@laws
@given(tables())
def test_what_was_written_is_read(made: Table) -> None:
    again = reading.table_of(Sparse(made).look, made.sector, made.sectors * made.sector)
    assert again is not None
    assert (made.form, made.guid, made.parts, made.last) == (
        again.form,
        again.guid,
        again.parts,
        again.last,
    )


@laws
@given(tables())
def test_a_damaged_beginning_is_read_from_the_spare(made: Table) -> None:
    assume(made.form is Form.GPT)
    disk = Sparse(made)
    spare = disk.pieces[0]

    def look(offset: int, length: int) -> bytes:
        return disk.look(offset, length) if offset >= spare.offset else bytes(length)

    assert made == gpt.read(look, made.sector, made.sectors)


names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
sizes = st.one_of(
    st.integers(4096, 1 << 40).map(lambda value: Size(In.BYTES, Fraction(value))),
    st.integers(1, 100).map(lambda value: Size(In.PERCENT, Fraction(value))),
    st.just(Size(In.REST)),
)


@laws
@given(
    st.lists(st.builds(lambda name, size: Wanted(name, name, size), names, sizes), max_size=6),
    st.integers(2 * MIB, 1 << 42),
    st.sampled_from([512, 4096]),
    st.sampled_from(Form),
)
def test_an_arrangement_fits_and_nothing_overlaps_or_it_is_refused(
    wanted: list[Wanted], size: int, sector: int, form: Form
) -> None:
    empty = reading.empty(form, sector, size, GUID)
    try:
        made = arrange(empty, wanted, counted(), "x86_64")
    except TableError:
        return
    ends = 0
    for each, asked in zip(made.parts, wanted, strict=True):
        assert 0 == each.start * sector % ALIGNED
        assert max(ends, empty.first) <= each.start < each.end <= empty.last + 1
        if asked.size.unit is In.BYTES:
            assert each.count == asked.size.value // sector
        ends = each.end


@laws
@given(tables(), st.integers(0, 1 << 30), st.data())
def test_a_grown_partition_takes_what_is_free_and_nothing_else_moves(
    made: Table, more: int, data: st.DataObject
) -> None:
    assume(made.parts)
    number = data.draw(st.sampled_from([each.number for each in made.parts]))
    sectors = made.sectors + more
    larger = Table(
        made.form, made.sector, sectors, made.guid, made.parts, made.first,
        made.last if made.form is Form.GPT else min(sectors - 1, 0xFFFFFFFF), made.slots,
    )  # fmt: skip
    try:
        after = grown(moved(larger), number)
    except TableError:
        assert made.form is Form.MBR  # an extended one
        return
    assert after.part(number).count >= made.part(number).count
    assert after.part(number).start == made.part(number).start
    assert [each for each in made.parts if each.number != number] == [
        each for each in after.parts if each.number != number
    ]
    assert after == grown(after, number)
    again = reading.table_of(Sparse(after).look, after.sector, after.sectors * after.sector)
    assert again is not None
    assert after.parts == again.parts


# --- what it says


def test_a_layout_as_people_write_it() -> None:
    made = table(LAYOUT)
    assert [
        (1, "efi", KINDS["efi"].gpt, 1 * MIB, 64 * MIB),
        (2, "swap", KINDS["swap"].gpt, 65 * MIB, 32 * MIB),
        (3, "root", ROOT, 97 * MIB, 158 * MIB),
    ] == [
        (each.number, each.name, each.kind, each.start * 512, each.count * 512)
        for each in made.parts
    ]


def test_two_halves_fit() -> None:
    assert [127 * MIB, 127 * MIB] == [each.count * 512 for each in table("a 50%, b 50%").parts]


def test_the_rest_may_stand_anywhere() -> None:
    made = table("root rest, swap 32M")
    assert [1 * MIB, 223 * MIB] == [each.start * 512 for each in made.parts]
    assert 222 * MIB == made.parts[0].count * 512


def test_a_name_of_its_own_for_a_purpose() -> None:
    made = table("store:lvm 10M, c rest ext4")
    assert [("store", KINDS["lvm"].gpt), ("c", KINDS["linux"].gpt)] == [
        (each.name, each.kind) for each in made.parts
    ]


@pytest.mark.parametrize(
    ("layout", "why"),
    [
        ("", "has no partition"),
        ("root", "write a name and a size"),
        ("root much", "'much' is no size; write 512M"),
        ("root 0M", "is no size"),
        ("root 101%", "is no size"),
        ("a/b 1M", "is no name for a partition"),
        ("a:root-x 1M", "nothing is known of the purpose"),
        ("a rest, b rest", "only one partition can have the rest"),
        ("a 200M, b 100M", "partition 2 has sectors"),
        ("a 300M, b rest", "nothing is left for b: the disk is"),
        ("a 100", "smaller than a sector"),
    ],
)
def test_a_layout_that_makes_no_sense_says_why(layout: str, why: str) -> None:
    with pytest.raises(TableError, match=why):
        table(layout)


def test_an_mbr_has_room_for_four() -> None:
    with pytest.raises(TableError, match="numbered from 1 to 4"):
        table("a 1M, b 1M, c 1M, d 1M, e 1M", form=Form.MBR)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512M", 512 * MIB),
        ("4GiB", 4096 * MIB),
        ("1.5g", 1536 * MIB),
        ("2TB", 2 << 40),
        ("8192", 8192),
        ("64k", 65536),
    ],
)
def test_sizes_have_units(text: str, size: int) -> None:
    assert Size(In.BYTES, Fraction(size)) == read_size(text)


def test_the_gate_sees_both_ends_of_a_gpt() -> None:
    paper = written(table(LAYOUT))
    assert "a GPT" == held(paper.look, 256 * MIB)
    assert GUID == disk_guid(paper.look)
    paper.content[:MIB] = bytes(MIB)
    assert "a spare GPT" == held(paper.look, 256 * MIB)


def test_what_a_bios_starts_stays() -> None:
    paper = Paper(256 * MIB)
    code = bytes(range(256)) + b"\x90" * 184
    paper.put(table(LAYOUT), code + bytes(72))
    assert code == paper.look(0, 440)
    assert b"\x55\xaa" == paper.look(510, 2)


def test_a_hybrids_own_records_stay() -> None:
    paper = written(table(LAYOUT))
    paper.content[462:478] = b"\x80" + bytes(3) + b"\x83" + bytes(3) + b"\0\x08\0\0\0\0\x01\0"
    before = paper.look(0, 512)
    paper.put(table(LAYOUT), before)
    assert before == paper.look(0, 512)


def test_a_damaged_table_without_a_spare_is_told() -> None:
    paper = written(table(LAYOUT))
    paper.content[-MIB:] = bytes(MIB)
    paper.content[1024] ^= 1
    with pytest.raises(TableError, match="entries of the GPT are damaged"):
        reading.table_of(paper.look, 512, 256 * MIB)
    paper.content[512 + 40] ^= 1
    with pytest.raises(TableError, match="header of the GPT is damaged"):
        reading.table_of(paper.look, 512, 256 * MIB)


def test_a_table_for_other_sectors_is_told() -> None:
    paper = written(table(LAYOUT))
    with pytest.raises(TableError, match="is for sectors of 512 bytes, and this disk's have 4096"):
        reading.table_of(paper.look, 4096, 256 * MIB)


def test_a_file_system_is_no_table() -> None:
    paper = Paper(MIB)
    paper.content[:3] = b"\xeb\x3c\x90"
    paper.content[446:478] = b"This is not a bootable disk.  Pl"
    paper.content[510:512] = b"\x55\xaa"
    assert reading.table_of(paper.look, 512, MIB) is None
    assert reading.table_of(Paper(MIB).look, 512, MIB) is None


def test_the_last_partition_of_an_image_is_its_system() -> None:
    assert 3 == last_of(table(LAYOUT)).number
    with pytest.raises(TableError, match="partition 2, the last one on the disk, is swap"):
        last_of(table("root rest, swap 32M"))


# --- stock programs


def tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def on_disk(tmp_path: Path, made: Table) -> Path:
    path = tmp_path / "disk"
    path.write_bytes(written(made, made.sectors * made.sector).content)
    return path


@pytest.mark.parametrize("form", Form)
def test_sfdisk_finds_what_was_meant(form: Form, tmp_path: Path) -> None:
    made = table(LAYOUT, form=form)
    path = on_disk(tmp_path, made)
    done = subprocess.run(
        [tool("sfdisk"), "--json", str(path)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)["partitiontable"]
    assert {Form.GPT: "gpt", Form.MBR: "dos"}[form] == said["label"]
    assert [(each.start, each.count, each.kind.upper()) for each in made.parts] == [
        (each["start"], each["size"], each["type"].upper().zfill(2)) for each in said["partitions"]
    ]
    if form is Form.GPT:
        assert GUID.upper() == said["id"]
        assert (made.first, made.last) == (said["firstlba"], said["lastlba"])
        assert ["efi", "swap", "root"] == [each["name"] for each in said["partitions"]]
    verified = subprocess.run(
        [tool("sfdisk"), "--verify", str(path)], capture_output=True, text=True, check=True
    )
    assert "No errors detected" in verified.stdout
    assert "" == verified.stderr


def test_sgdisk_finds_no_problem_before_and_after_growing(tmp_path: Path) -> None:
    path = on_disk(tmp_path, table(LAYOUT, 128 * MIB))
    assert "No problems found" in checked_by_sgdisk(path)
    with path.open("r+b") as file:
        file.truncate(256 * MIB)
    paper = Paper(256 * MIB)
    paper.content[:] = path.read_bytes()
    found = reading.table_of(paper.look, 512, 256 * MIB)
    assert found is not None
    paper.put(grown(moved(found), 3), paper.look(0, 512))
    path.write_bytes(paper.content)
    assert "No problems found" in checked_by_sgdisk(path)


def checked_by_sgdisk(path: Path) -> str:
    return subprocess.run(
        [tool("sgdisk"), "-v", str(path)], capture_output=True, text=True, check=True
    ).stdout


def test_what_sfdisk_writes_is_read(tmp_path: Path) -> None:
    for label, form in (("gpt", Form.GPT), ("dos", Form.MBR)):
        path = tmp_path / label
        with path.open("wb") as file:
            file.truncate(64 * MIB)
        script = f"label: {label}\n,8M\n,16M,S\n,,L,*\n" if label == "dos" else ",8M,U\n,,L\n"
        command = [tool("sfdisk"), "-q", "--label", label, str(path)]
        subprocess.run(command, input=script, text=True, check=True, capture_output=True)
        content = path.read_bytes()

        def look(offset: int, length: int, content: bytes = content) -> bytes:
            return content[offset : offset + length]

        found = reading.table_of(look, 512, 64 * MIB)
        assert found is not None
        assert form is found.form
        assert 8 * MIB == found.part(1).count * 512
        paper = Paper(64 * MIB)
        paper.content[:] = content
        paper.put(found, paper.look(0, 512))
        assert content == paper.content
