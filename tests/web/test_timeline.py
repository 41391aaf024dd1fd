"""A boot as it is drawn."""

from boots.timeline.words import Boot, Stage, State, Step
from boots.web import timeline


def boot(*steps: Step, state: State = State.RUNNING, heard: float = 110.0) -> Boot:
    return Boot(id="b", mac="m", started=100.0, heard=heard, state=state, steps=steps)


def test_steps_stand_where_they_were_on_the_way() -> None:
    first, second = timeline.rows(
        boot(
            Step(stage=Stage.FIRMWARE_DHCP, began=100, ended=105),
            Step(stage=Stage.BOOT_FILE, began=105, ended=110),
            state=State.DONE,
        ),
        now=500,
    )

    assert (0, 5, 0, 50) == (first.offset, first.took, first.left, first.width)
    assert (5, 5, 50, 50) == (second.offset, second.took, second.left, second.width)


def test_the_last_step_of_a_running_boot_goes_on() -> None:
    (row,) = timeline.rows(boot(Step(stage=Stage.INITRD, began=100)), now=130)

    assert ("running", 30) == (row.mark, row.took)


def test_a_step_that_took_no_time_is_seen() -> None:
    (row,) = timeline.rows(boot(Step(stage=Stage.SCRIPT, began=100, ended=100)), now=100)

    assert row.width > 0
    assert row.left + row.width <= 100


def test_a_step_with_a_problem_is_marked_so() -> None:
    (row,) = timeline.rows(boot(Step(stage=Stage.KERNEL, began=101, problem="refused")), now=101)

    assert "problem" == row.mark


def test_the_step_that_a_stuck_boot_waits_in_is_marked_so() -> None:
    rows = timeline.rows(
        boot(
            Step(stage=Stage.FIRMWARE_DHCP, began=100, ended=101),
            Step(stage=Stage.BOOT_FILE, began=101),
            state=State.STUCK,
        ),
        now=200,
    )

    assert ["done", "stuck"] == [row.mark for row in rows]


def test_the_end_of_a_boot_that_broke_off_is_when_it_was_heard_last() -> None:
    (row,) = timeline.rows(
        boot(Step(stage=Stage.KERNEL, began=100), state=State.FAILED, heard=107), now=900
    )

    assert 7 == row.took


def test_a_boot_without_steps_is_empty() -> None:
    assert () == timeline.rows(boot(), now=100)


def test_a_step_before_the_start_stands_at_the_start() -> None:
    (row,) = timeline.rows(boot(Step(stage=Stage.FIRMWARE_DHCP, began=99, ended=101)), now=101)

    assert (0, 0) == (row.offset, row.left)
