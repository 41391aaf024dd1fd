"""``--from-smee``: what is printed of an environment, who wins, and what is refused."""

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from boots.app.smee.words import Moved, Row, Standing
from boots.cli import app, moving
from boots.settings import Settings

RECORDS = """\
"52:54:00:70:00:10":
  ipAddress: 192.168.70.10
  subnetMask: 255.255.255.0
  netboot: {allowPxe: true, ipxeScript: "#!ipxe"}
"""


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Smee's, with a file of its records."""
    (tmp_path / "hardware.yaml").write_text(RECORDS)
    monkeypatch.setenv("SMEE_BACKEND_FILE_ENABLED", "true")
    monkeypatch.setenv("SMEE_BACKEND_FILE_PATH", str(tmp_path / "hardware.yaml"))
    monkeypatch.setenv("SMEE_DHCP_IFACE", "lo")
    return monkeypatch


def check(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", "--from-smee", *words])
    return result.exit_code, result.stdout, result.stderr


def test_the_table_has_a_line_for_each_variable_and_the_records_are_checked() -> None:
    status, said, _ = check()

    assert 0 == status
    assert '  SMEE_DHCP_IFACE: interfaces = ["lo"]\n' in said
    assert "  SMEE_IPXE_SCRIPT_RETRIES: boot.retries = 0; not set: taken for what it" in said
    assert said.endswith("1 machine in 1 file: 0 wrong, 0 doubtful\n")


def test_secrets_of_kernel_arguments_are_not_printed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMEE_EXTRA_KERNEL_ARGS", "registry_password=hush a=1 my_token=hush")
    _, said, _ = check()

    assert "hush" not in said
    assert 'boot.kernel_args = ["registry_password=***", "a=1", "my_token=***"]' in said


def test_our_own_words_win_and_the_table_says_so(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMEE_HTTP_PORT", "9000")
    environment.setenv("BOOTS_HTTP_PORT", "8000")

    assert "SMEE_HTTP_PORT: http.port = 9000; but 8000 is in force" in check()[1]


def test_a_record_file_that_is_named_wins_over_the_environments(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("- {mac: 02:00:00:00:00:01, script: '#!ipxe'}\n" * 1)
    (tmp_path / "hardware.yaml").unlink()

    assert 0 == check(str(tmp_path / "own.yaml"))[0]


def test_a_cluster_is_refused_with_the_way_out(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SMEE_BACKEND_FILE_ENABLED")
    status, said, why = check()

    assert 2 == status
    assert "SMEE_BACKEND_FILE_PATH: ignored; the file backend is not enabled" in said
    assert "kubectl get hardware -A -o yaml > hardware.yaml" in why


def test_a_bad_value_is_a_mistake_of_a_person(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMEE_HTTP_PORT", "x")

    assert (2, "") == check()[:2]
    assert check()[2] == (
        'boots: environment: SMEE_HTTP_PORT = "x" will not do; write a port, 0 to 65535\n'
    )


def test_variables_of_boots_2021_with_our_prefix_are_theirs(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SMEE_BACKEND_FILE_ENABLED", "SMEE_BACKEND_FILE_PATH", "SMEE_DHCP_IFACE"):
        environment.delenv(name)
    environment.setenv("BOOTS_DHCP_WORKERS", "4")
    environment.setenv("PUBLIC_IP", "192.168.70.1")
    status, said, _ = check(str(tmp_path / "hardware.yaml"))

    assert 0 == status
    assert "BOOTS_DHCP_WORKERS: ignored; one process answers" in said


def test_without_records_a_server_is_refused_and_none_is_missed_in_auto_proxy(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("SMEE_BACKEND_FILE_ENABLED")
    environment.setenv("SMEE_BACKEND_NOOP_ENABLED", "true")

    assert "boots: no records to check" in check()[2]
    environment.setenv("SMEE_DHCP_MODE", "auto-proxy")
    assert check()[1].endswith("0 machines in 0 files: 0 wrong, 0 doubtful\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_is_a_table_with_what_matters_first(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("COLUMNS", "100")
    out = Terminal()
    rows = (
        Row("SMEE_X", Standing.UNKNOWN, note="did you mean SMEE_Y?"),
        Row("SMEE_Z", Standing.TAKEN, "http.port", 8080),
    )
    moving.show(Moved("Smee 2025", {}, rows), Settings(), out)

    said = out.getvalue()
    assert said.index("SMEE_Z") < said.index("SMEE_X")
    assert "http.port = 8080" in said
    assert "did you mean SMEE_Y?" in said
