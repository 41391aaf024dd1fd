"""The operator's quirks: what is read, and what is told of mistakes."""

from pathlib import Path

import pytest

from boots.app import quirks
from boots.model.machine import Architecture
from boots.model.quirk import Behaviour, Match, Quirk

WHOLE = """\
quirks:
  - name: all
    match:
      codes: [0, 7]
      architectures: x64-uefi
      vendor_class: PXEClient
      user_class: iPXE
      ouis: [00-11-22, "AA:BB:CC:DD"]
      programs: [pxe-rom, os]
      has: [93]
    behaviour:
      architecture: arm64-uefi
      program: os
      vendor_class: ""
      discovery_control: false
      vendor_options: {9: "text:menu", 10: "hex:00ff"}
      options: {tftp-server-address: 192.168.1.5}
      omit: [host-name, 42]
      server_name: yes
      whole_path: true
      broadcast: true
      chain_load: true
      boot_file: ipxe.pxe
      largest_block: 1024
    needed_by: a test
"""


def test_every_key_is_read() -> None:
    found, faults = quirks.read(WHOLE, "quirks.yaml")
    assert not faults
    assert [
        Quirk(
            name="all",
            match=Match(
                codes=(0, 7),
                architectures=(Architecture.X64_UEFI,),
                vendor_class="PXEClient",
                user_class="iPXE",
                ouis=("00:11:22", "aa:bb:cc:dd"),
                programs=("PXE_ROM", "OS"),
                has=(93,),
            ),
            behaviour=Behaviour(
                architecture=Architecture.ARM64_UEFI,
                program="OS",
                vendor_class="",
                discovery_control=False,
                vendor_options={9: b"menu", 10: b"\0\xff"},
                options={150: bytes((192, 168, 1, 5))},
                omit=(12, 42),
                server_name=True,
                whole_path=True,
                broadcast=True,
                chain_load=True,
                boot_file="ipxe.pxe",
                largest_block=1024,
            ),
            needed_by="a test",
        )
    ] == found


def test_what_every_key_is_read_from_are_all_keys() -> None:
    said = {word.strip(" -").partition(":")[0] for word in WHOLE.splitlines()}
    assert quirks.KEYS | quirks.MATCH_KEYS | quirks.BEHAVIOUR_KEYS <= said


FAULTS = {
    "a key nobody knows": (
        "mach: {codes: [7]}",
        "q.yaml:3: quirks[0].mach: ",
        'did you mean "match"?',
    ),
    "a field nobody knows": ("match: {code: 7}", "match.code: ", 'did you mean "codes"?'),
    "every client": ("behaviour: {broadcast: true}", "match: ", "would match every client"),
    "no OUI": ("match: {ouis: [zz]}", "match.ouis[0]: ", "write pairs of hex digits"),
    "a program nobody has": ("match: {programs: [ipxee]}", "programs[0]: ", 'did you mean "ipxe"?'),
    "an option nobody may say": (
        "match: {codes: 7}\n    behaviour: {options: {53: 'hex:06'}}",
        "q.yaml:4: quirks[0].behaviour.options.53: ",
        "it says what a message is",
    ),
    "one nobody may leave out": (
        "match: {codes: 7}\n    behaviour: {omit: [54]}",
        "behaviour.omit[0]: ",
        "it says who answers",
    ),
    "a sub-option without kind": (
        "match: {codes: 7}\n    behaviour: {vendor_options: {9: menu}}",
        "vendor_options.9: ",
        "write text:",
    ),
    "a list where a mapping belongs": ("match: [7]", "match: ", "a mapping is wanted here"),
}


@pytest.mark.parametrize(("said", "where", "told"), FAULTS.values(), ids=FAULTS)
def test_a_mistake_is_told_with_its_place(said: str, where: str, told: str) -> None:
    text = f"quirks:\n  - name: one\n    {said}\n  - {{name: two, match: {{codes: 1}}}}\n"
    found, faults = quirks.read(text, "q.yaml")
    assert ["two"] == [each.name for each in found]
    (fault,) = faults
    assert where in str(fault)
    assert told in str(fault)
    assert fault.line in {2, 3, 4}


@pytest.mark.parametrize(
    "text", ["a: [", "just text", "quirks: 3", "- name: one\n- 3\n- {match: {codes: 1}}"]
)
def test_what_is_no_quirk_is_told(text: str) -> None:
    found, faults = quirks.read(text, "q.yaml")
    assert not found
    assert faults
    assert all(fault.problem and fault.advice for fault in faults)


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(f"- {{name: {name}, match: {{codes: 1}}}}")
    (tmp_path / "c.yml").write_bytes(b"\xff")
    found, faults = quirks.load(tmp_path)
    assert ["a", "b"] == [each.name for each in found]
    assert ["cannot be read: not UTF-8 text"] == [fault.problem for fault in faults]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (fault,) = quirks.load(tmp_path / "gone.yaml")[1]
    assert fault.file.endswith("gone.yaml")
