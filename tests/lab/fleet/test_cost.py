"""Whether the simulator had enough CPU is told as it was."""

import time
from pathlib import Path

import pytest

from boots.lab.fleet.cost import Meter


@pytest.mark.parametrize(
    ("ran", "waited", "saturated"),
    [(0.5, 0.0, 0.0), (0.95, 0.0, 1.0), (0.5, 0.45, 1.0), (0.1, 0.2, 0.0)],
)
def test_who_runs_or_waits_for_a_core_all_the_time_has_none_left(
    tmp_path: Path, ran: float, waited: float, saturated: float
) -> None:
    statistics = tmp_path / "schedstat"
    statistics.write_text("7000000000 3000000000 5\n")
    meter = Meter(statistics)
    statistics.write_text(f"{int((7 + ran) * 1e9)} {int((3 + waited) * 1e9)} 9\n")
    meter.look(time.monotonic() + 1)

    assert meter.saturated == pytest.approx(saturated, abs=0.1)


def test_where_the_kernel_does_not_tell_only_what_we_ran_counts(tmp_path: Path) -> None:
    meter = Meter(tmp_path / "none")
    meter.look(time.monotonic() + 1)

    assert meter.saturated == 0
