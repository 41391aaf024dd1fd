"""``boots check``: what is wrong and what is doubtful, and an exit status that says so."""

from pathlib import Path

import pytest
from tests.policy.test_programs import pe
from typer.testing import CliRunner

from boots.cli import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings under which nothing is doubtful, which is where we are."""
    monkeypatch.chdir(tmp_path)
    for name in ("osie/vmlinuz-x86_64", "osie/initramfs-x86_64"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "boots.toml").write_text('boot.osie = "osie"\n')
    return tmp_path


def check(folder: Path, records: str) -> tuple[int, list[str]]:
    """The exit status and the lines of a check of these records."""
    (folder / "a.yaml").write_text(records)
    result = CliRunner().invoke(app, ["check", "--config", "boots.toml", "a.yaml"])
    return result.exit_code, result.stdout.splitlines()


def doubts(folder: Path, machine: str) -> list[str]:
    """What is doubtful about one machine, without where it stands."""
    status, lines = check(folder, f"{{name: a, mac: 02:00:00:00:00:01, {machine}}}")
    assert 0 == status
    assert f"1 machine in 1 file: 0 wrong, {len(lines) - 1} doubtful" == lines[-1]
    return [line.removeprefix("warning: a.yaml:1: a: ") for line in lines[:-1]]


def test_a_password_that_all_may_read_is_doubtful(folder: Path) -> None:
    record = "{mac: 02:00:00:00:00:01, bmc: {url: ipmi://10.0.0.5, password: let me in}}"
    (folder / "a.yaml").touch()
    for mode, doubtful in ((0o644, 1), (0o640, 0)):
        (folder / "a.yaml").chmod(mode)
        status, lines = check(folder, record)
        assert (0, f"1 machine in 1 file: 0 wrong, {doubtful} doubtful") == (status, lines[-1])
        assert not any("let me in" in line for line in lines)
    (folder / "a.yaml").chmod(0o644)
    assert check(folder, record)[1][0].endswith(
        "the password of its BMC stands in a file that all may read;"
        " write password_file, or keep the file from others (chmod o-r)"
    )


def test_a_bmc_that_nothing_opens_is_doubtful(folder: Path) -> None:
    (found,) = doubts(folder, "bmc: {url: 'ipmi://10.0.0.5'}")
    assert found.startswith("nothing opens its BMC; write username and password_file")


def test_a_file_with_a_password_that_all_may_read_is_doubtful(folder: Path) -> None:
    file = folder / "password"
    more = f"bmc: {{url: 'ipmi://10.0.0.5', password_file: {file}}}"
    assert [] == doubts(folder, more)
    file.write_text("let me in")
    file.chmod(0o644)
    (found,) = doubts(folder, more)
    assert f"all may read {file}, which holds the password of its BMC; keep it from" in found
    file.chmod(0o600)
    assert [] == doubts(folder, more)


def test_sound_records_are_counted(folder: Path) -> None:
    text = "- {mac: 02:00:00:00:00:01}\n- {mac: 02:00:00:00:00:02}\n"
    assert (0, ["2 machines in 1 file: 0 wrong, 0 doubtful"]) == check(folder, text)


def test_mistakes_are_printed_and_fail(folder: Path) -> None:
    status, lines = check(
        folder, "- {mac: 02:00:00:00:00:01}\n- {mca: 02:00:00:00:00:02, mac: x}\n"
    )
    assert 1 == status
    assert [
        'a.yaml:2: [1].mca: there is no field "mca"; did you mean "mac"?',
        "1 machine in 1 file: 1 wrong, 0 doubtful",
    ] == lines


def test_a_path_that_is_not_there_fails(folder: Path) -> None:
    result = CliRunner().invoke(app, ["check", "gone.yaml"])
    assert 1 == result.exit_code
    assert "gone.yaml: cannot be read: No such file or directory; check that" in result.stdout


def test_a_mistake_in_the_settings_is_another_status(folder: Path) -> None:
    (folder / "boots.toml").write_text("x = 1")
    assert 2 == check(folder, "- {mac: 02:00:00:00:00:01}")[0]


@pytest.mark.parametrize(
    ("machine", "doubt"),
    [
        (
            "address: 10.0.0.5/24, gateway: 10.0.1.1",
            "the gateway 10.0.1.1 is outside 10.0.0.0/24; check address, prefix and gateway",
        ),
        (
            "address: 10.0.0.5/24, gateway: 10.0.0.5",
            "10.0.0.5 is its own gateway; write the router's address",
        ),
        (
            "address: 10.0.0.0/24",
            "10.0.0.0 is the address of its network 10.0.0.0/24; write another",
        ),
        (
            "address: 10.0.0.255/24",
            "10.0.0.255 is the broadcast address of 10.0.0.0/24; write another",
        ),
        (
            "profile: debian",
            'there is no profile "debian"; mend it, or the machine stops at its script',
        ),
        (
            "boot_file: gone.efi",
            "there is no boot file gone.efi; install it, see boot.files",
        ),
    ],
)
def test_what_would_fail_later_is_doubtful(folder: Path, machine: str, doubt: str) -> None:
    assert [doubt] == doubts(folder, machine)


@pytest.mark.parametrize(
    "machine",
    [
        "address: 10.0.0.5/24, gateway: 10.0.0.1",
        "address: 10.0.0.0/31, gateway: 10.0.0.1",
        "address: 10.0.0.5/32",
        "netboot: false, profile: debian",
        "script: '#!ipxe'",
    ],
)
def test_what_is_only_unusual_is_not_doubtful(folder: Path, machine: str) -> None:
    assert [] == doubts(folder, machine)


def test_an_address_on_two_interfaces_of_a_machine_is_doubtful(folder: Path) -> None:
    text = (
        "name: a\ninterfaces: [{mac: 02:00:00:00:00:01, address: 10.0.0.5/8},"
        " {mac: 02:00:00:00:00:02, address: 10.0.0.5/8}]"
    )
    assert (
        "warning: a.yaml:1: a: several interfaces have the address 10.0.0.5;"
        " give each an address of its own if both are used at once"
    ) in check(folder, text)[1]


def test_hardware_that_is_not_filled_in_yet_is_doubtful(folder: Path) -> None:
    text = "{apiVersion: tinkerbell.org/v1alpha1, kind: Hardware, metadata: {name: a}}"
    assert (
        "warning: a.yaml:1: a: no interface has a MAC yet; write one, or nothing is answered"
    ) in check(folder, text)[1]


def test_what_many_machines_share_is_said_once(folder: Path) -> None:
    (folder / "osie" / "vmlinuz-x86_64").unlink()
    text = "".join(f"- {{mac: 02:00:00:00:00:0{number}}}\n" for number in range(1, 10))
    assert [
        (
            'warning: a.yaml:1: 02:00:00:00:00:01: there is no file "osie/vmlinuz-x86_64";'
            " mend it, or the machine stops at its script (and 8 more like this)"
        ),
        "9 machines in 1 file: 0 wrong, 9 doubtful",
    ] == check(folder, text)[1]


def test_a_template_that_a_machine_s_values_do_not_fill_is_told(folder: Path) -> None:
    text = "mac: 02:00:00:00:00:01\nprofile: esxi\n"
    assert any("the template boot.cfg of profile" in line for line in check(folder, text)[1])


def test_what_is_doubtful_about_the_settings_is_told(folder: Path) -> None:
    (folder / "boots.toml").write_text('boot.osie = "osie"\nboot.files = ["gone"]\n')
    status, lines = check(folder, "{name: a, mac: 02:00:00:00:00:01}")
    assert 0 == status
    assert "warning: boot.files: there is no folder gone; make it, or mend boot.files" == lines[0]


def test_the_rules_of_enrolment_are_checked_too(folder: Path) -> None:
    rules = folder / "rules.yaml"
    (folder / "boots.toml").write_text('boot.osie = "osie"\nenrol.rules = "rules.yaml"\n')
    rules.write_text("rules:\n  - {name: one, record: {profile: gone}}\n")
    status, lines = check(folder, "{name: a, mac: 02:00:00:00:00:01}")
    assert (0, "1 machine in 1 file: 0 wrong, 0 doubtful") == (status, lines[-1])
    assert lines[0].startswith('warning: enrol.rules: in the mode "reservation"')
    assert lines[1].startswith('warning: rules.yaml:2: "one" names the profile "gone"')
    rules.write_text("rules:\n  - {name: one, record: {workflow: x}}\n")
    result = CliRunner().invoke(app, ["check", "--config", "boots.toml", "a.yaml"])
    assert 2 == result.exit_code
    assert "rules.yaml:2: rules[0].record.workflow: there are no workflows yet" in result.stderr


def test_a_boot_file_for_another_kind_of_machine_is_doubtful(folder: Path) -> None:
    (folder / "files").mkdir()
    (folder / "files" / "arm.efi").write_bytes(pe(0xAA64))
    (folder / "boots.toml").write_text('[boot]\nosie = "osie"\nfiles = ["files"]\n')
    doubt = (
        "arm.efi is a program for arm64-uefi, not for x64-uefi, which would load it;"
        " name another in boot_files"
    )

    assert [doubt] == doubts(folder, "boot_files: {arm64-uefi: arm.efi, x64-uefi: arm.efi}")
