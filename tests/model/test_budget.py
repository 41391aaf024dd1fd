"""What a limit lets through."""

from boots.model.budget import Budget


def test_a_budget_is_not_filled_by_a_clock_that_goes_back() -> None:
    budget = Budget(rate=1, burst=1)
    assert budget.spend(100.0)
    assert not budget.spend(50.0)
    assert not budget.spend(50.5)
    assert budget.spend(51.0)


def test_a_cost_that_is_more_than_is_left_takes_nothing() -> None:
    budget = Budget(rate=1, burst=10)
    assert budget.spend(0.0, 8)
    assert not budget.spend(0.0, 3)
    assert budget.spend(0.0, 2)


def test_who_asks_without_end_gets_what_the_rate_gives() -> None:
    budget = Budget(rate=10, burst=5)
    taken = [budget.spend(1.0 + number / 1000) for number in range(1000)]
    assert [True] * 5 == taken[:5]
    assert 5 + 9 == taken.count(True)
