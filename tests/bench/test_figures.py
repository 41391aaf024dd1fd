"""What comes of figures: medians, ratios, the table, the picture."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench import cases, picture, table
from bench.cases import Case, Loaded, Measured, Result, Row, Subject, cpu_per
from bench.picture import Scale, Series
from bench.place import Command, Place

GOOD = Measured(operations=1000, seconds=1, cpu_seconds=0.98, p50=0.001, p99=0.002, rss=50_000_000)
BAD = Measured(fault="3 wrong answers")


def subject(name: str) -> Subject:
    return Subject(name, lambda _: Command(("true",)), ("udp/67",))


CASE = Case(
    "dhcp",
    "1,000 reservations",
    cpu_per("exchange", 1e6, "µs"),
    (subject("Boots"), subject("Kea"), subject("limit")),
    load=None,
)


def result(*rows: Row) -> Result:
    return Result(CASE, rows)


def shown(one: Result) -> str:
    out = io.StringIO()
    table.show(one, Console(file=out, width=220))
    return out.getvalue()


def test_the_median_and_the_range_are_those_of_the_rounds_that_are_figures() -> None:
    rounds = (replace(GOOD, cpu_seconds=seconds) for seconds in (0.3, 0.1, 0.2))
    row = Row("Boots", False, (*rounds, BAD))

    assert row.median(CASE.unit.of) == pytest.approx(200)
    assert row.span(CASE.unit.of) == pytest.approx((100, 300))
    assert row.fault == ""


def test_without_a_figure_the_fault_is_shown_and_no_number() -> None:
    text = shown(result(Row("Boots", False, (BAD, BAD))))

    assert "3 wrong answers" in text
    assert "0" not in text.split("3 wrong answers")[0].rpartition("│ Boots")[2]


def test_a_peer_is_compared_with_boots_and_boots_with_the_limit() -> None:
    one = result(
        Row("Boots", False, (replace(GOOD, cpu_seconds=0.02),)),
        Row("Kea", False, (replace(GOOD, cpu_seconds=0.2),)),
        Row("limit", True, (replace(GOOD, cpu_seconds=0.01),)),
    )

    assert [None, 10.0, 2.0] == [one.ratio(row) for row in one.rows]
    assert "10.00 times" in shown(one)
    assert "Boots is 2.00 times" in shown(one)


def test_there_is_no_ratio_to_a_boots_that_failed() -> None:
    one = result(Row("Boots", False, (BAD,)), Row("Kea", False, (GOOD,)))

    assert one.ratio(one.rows[1]) is None


@pytest.mark.parametrize(("waited", "said"), [(0.0, True), (0.5, False)])
def test_a_server_that_had_no_work_is_marked_and_one_that_waited_for_its_core_is_not(
    waited: float, said: bool
) -> None:
    idle = replace(GOOD, cpu_seconds=0.5, waited=waited)

    assert said == ("not saturated" in shown(result(Row("Boots", False, (idle,)))))


@pytest.mark.parametrize(
    ("said", "cpu", "fault"),
    [
        (Loaded(100, 1), 0.5, ""),
        (Loaded(100, 1, wrong=2), 0.5, "2 wrong answers"),
        (Loaded(0, 1), 0.5, "nothing was answered"),
        (Loaded(100, 1), 0.0, "the server used no CPU: somebody else answered"),
    ],
)
def test_what_is_no_figure_is_called_so(said: Loaded, cpu: float, fault: str) -> None:
    assert fault == cases.fault(said, cpu)


def test_cases_are_chosen_by_suite_or_by_a_part_of_their_name_and_subjects_by_name() -> None:
    other = replace(CASE, suite="tftp", name="window 4")

    assert [other] == cases.chosen([CASE, other], ["tftp"])
    assert [CASE] == cases.chosen([CASE, other], ["reservations"])
    assert [CASE, other] == cases.chosen([CASE, other], [])
    assert ("Kea",) == tuple(s.name for s in cases.only(CASE, ["Kea"]).subjects)


def test_kept_figures_hold_every_round() -> None:
    kept = table.kept({"kernel": "6"}, [result(Row("Boots", False, (GOOD, BAD)))])
    row = kept["cases"][0]["subjects"]["Boots"]

    assert {"kernel": "6"} == kept["machine"]
    assert pytest.approx(980) == row["median"]
    assert ["", "3 wrong answers"] == [each["fault"] for each in row["rounds"]]


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (12_345.6, "12,346"), (123.4, "123"), (0.01234, "0.0123")]
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert text == table.number(value)


def kept_at(rate: int, **servers: Measured) -> dict[str, object]:
    case = replace(CASE, name=f"{rate:,} exchanges a second")
    rows = tuple(Row(name, False, (measured,)) for name, measured in servers.items())
    made: dict[str, object] = table.kept({}, [Result(case, rows)])["cases"][0]
    return made


KEPT = {
    "cases": [
        kept_at(1000, Boots=GOOD, Kea=GOOD),
        kept_at(2000, Boots=replace(GOOD, operations=2000), Kea=replace(GOOD, lost=7)),
        {"name": "1,000 reservations", "subjects": {}},
    ]
}


def test_a_line_of_the_picture_ends_where_a_server_loses_exchanges() -> None:
    found = {each.name: [p.offered for p in each.points] for each in picture.series(KEPT)}

    assert {"Boots": [1000, 2000], "Kea": [1000]} == found


def test_the_picture_is_svg_that_names_each_server_once() -> None:
    drawn = ET.fromstring(picture.draw(picture.series(KEPT), "Latency"))
    texts = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")]

    assert [1, 1] == [texts.count(name) for name in ("Boots", "Kea")]


def test_a_picture_needs_figures() -> None:
    with pytest.raises(ValueError, match="no latency"):
        picture.draw([Series("Boots", ())], "Latency")


def test_a_logarithmic_axis_has_its_middle_at_the_square_root() -> None:
    scale = Scale(1, 100, 0, 200)

    assert [0, 100, 200, 200] == [round(scale.at(value)) for value in (1, 10, 100, 1000)]
    assert [1, 2, 5, 10, 20, 50, 100] == picture.ticks(scale)


def test_another_source_tree_is_measured_beside_ours(tmp_path: Path) -> None:
    case = cases.against(CASE, tmp_path)
    place = Place(tmp_path, flat=False, server_core=0, load_core=1)

    assert [f"Boots of {tmp_path}", "Boots", "Kea", "limit"] == [s.name for s in case.subjects]
    assert {"PYTHONPATH": str(tmp_path)} == case.subjects[0].command(place).env
    assert {} == case.subjects[1].command(place).env
