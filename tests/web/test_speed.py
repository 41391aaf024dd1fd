"""Pages are cheap enough to look at while the fleet boots."""

import asyncio

from tests.web.bench import costs


def test_pages_of_a_fleet_of_ten_thousand_cost_less_than_20_ms_of_cpu() -> None:
    slow = {path: found for path, found in asyncio.run(costs()).items() if found > 20}

    assert {} == slow
