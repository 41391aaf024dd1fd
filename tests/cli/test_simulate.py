"""``boots simulate``, as far as it goes without a network."""

import pytest
from typer.testing import CliRunner

from boots.cli import app
from boots.serve import sockets


def simulate(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["simulate", *words])
    return done.exit_code, done.stdout, done.stderr


def test_records_are_printed_and_nothing_else() -> None:
    status, out, _ = simulate("--records", "--machines", "2", "--network", "10.1.0.0/24")

    assert status == 0
    assert out.count("mac: 02:") == 2
    assert "address: 10.1.0.16/24" in out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "say on which --interface the machines are, or --records"),
        (("--mix", "vax"), "there is no kind"),
        (("--records", "--network", "10.0.0.1/8"), "--network 10.0.0.1/8"),
        (("--records", "--gateway", "x"), "--gateway x: write an IPv4 address"),
        (("--interface", "nosuch0"), 'there is no interface "nosuch0"'),
        (("--interface", "lo", "--arrival", "soon"), "--arrival soon: write at-once"),
        (("--json", "/nosuch/report.json"), "--json /nosuch/report.json: No such file"),
        (("--interface", "lo", "--relay", "x"), "--relay x: write the server's IPv4 address"),
    ],
)
def test_a_mistake_is_told_in_a_line(words: tuple[str, ...], why: str) -> None:
    status, out, err = simulate(*words)

    assert (status, out) == (2, "")
    assert err.startswith("boots: ")
    assert why in err


def test_the_interface_of_the_default_route_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "default_route", lambda: "eth0")
    status, _, err = simulate("--interface", "eth0")

    assert status == 2
    assert "eth0 has the default route" in err
    assert "--yes-on-this-network" in err
