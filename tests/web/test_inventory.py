"""What a machine is made of, as tables, whatever it told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.fleet import INVENTORY

from boots.web import inventory

VECTORS = Path(__file__).parents[1] / "vectors" / "agent"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        key: JSON | st.lists(st.dictionaries(st.sampled_from(fields), JSON))
        for key, fields in {
            "disks": ["name", "bytes", "rotational", "partitions", "content"],
            "nics": ["name", "speed_mbps", "link", "lldp"],
            "cpu": ["model"],
            "system": ["serial"],
            "memory": ["bytes"],
            "secure_boot": ["x"],
        }.items()
    },
)


def test_an_inventory_is_readable() -> None:
    machine, disks, nics = inventory.tables(INVENTORY)

    assert ("cores", "2 sockets, 16 cores, 32 threads") in machine.rows
    assert ("memory", "252 GiB") in machine.rows
    assert ("Secure Boot", "on") in machine.rows
    assert "solid state" in disks.rows[0]
    assert ("leaf-12", "Ethernet1/7", "it booted from this") == nics.rows[0][-3:]


@pytest.mark.parametrize("name", ["server", "virtual-machine"])
def test_what_the_agent_tells_fills_every_heading(name: str) -> None:
    told = json.loads((VECTORS / f"inventory-{name}.json").read_text())["request"]["content"]

    tables = inventory.tables(told)

    assert ["Machine", "Disks", "Interfaces"] == [table.title for table in tables]
    assert all(len(row) == len(table.headings) for table in tables[1:] for row in table.rows)


def test_a_machine_that_told_nothing_has_no_tables() -> None:
    assert () == inventory.tables(None)


@given(JSON | SHAPED)
def test_whatever_was_told_makes_tables_of_texts(told: object) -> None:
    cells = [cell for table in inventory.tables(told) for row in table.rows for cell in row]

    assert all(isinstance(cell, str) for cell in cells)


def test_a_number_that_nothing_has_so_many_of_is_left_out() -> None:
    told = {
        "memory": {"bytes": 10**400},
        "cpu": {"count": 10**400, "model": 10**5000},
        "disks": [{"name": 10**5000, "bytes": 10**400, "partitions": 10**5000}],
        "nics": [{"name": "eth0", "speed_mbps": 10**400}],
    }
    rows = [row for table in inventory.tables(told) for row in table.rows]
    assert [("", "", "", "", "", "", "", ""), ("eth0", *("",) * 7)] == rows
