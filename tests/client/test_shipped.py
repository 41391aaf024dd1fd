"""The workflows that are shipped are sound, native, and do what their page says."""

from pathlib import Path

import pytest
from tests.workflow.test_published import recorded

from boots.client import shipped
from boots.workflow.lint import lint
from boots.workflow.plan import Plan, plan
from boots.workflow.rendering import of_machine
from boots.workflow.wrapped import Text, unwrapped

PAGE = (Path(__file__).parents[2] / "docs/howto/provision.md").read_text()
SET = {"image": "https://192.0.2.1/images/debian/index.json"}


def source(name: str) -> Text:
    (found,) = unwrapped(shipped.text(name) or "", f"{name}.yaml")
    return found


def planned(name: str) -> Plan:
    outcome = of_machine(source(name), recorded("node-1"), SET)
    assert outcome.reading.template is not None, outcome.reading.faults
    return plan(outcome.reading.template, outcome.storage)


def test_each_has_a_row_in_its_page_and_there_is_no_other() -> None:
    assert {"image", "cloud-image", "wipe", "burnin"} == set(shipped.names())
    assert all(f"| `{name}` |" in PAGE for name in shipped.names())


def test_a_name_that_is_none_has_no_text() -> None:
    assert shipped.text("../api/desk") is None
    assert shipped.text("") is None


@pytest.mark.parametrize("name", shipped.names())
def test_it_is_sound_and_leaves_no_doubt(name: str) -> None:
    outcome = lint(source(name))

    assert ((), ()) == (tuple(outcome.reading.faults), tuple(outcome.reading.doubts))


@pytest.mark.parametrize("name", shipped.names())
def test_it_ends_osie_and_writes_the_first_disk_or_none(name: str) -> None:
    found = planned(name)

    assert found.steps[-1].ends
    assert ((), []) == (
        found.unclear,
        [disk.disk for disk in found.disks if disk.disk != "/dev/sda"],
    )
    assert (name == "burnin") == (not found.disks)


@pytest.mark.parametrize("name", ["image", "cloud-image"])
def test_one_that_writes_an_image_asks_which(name: str) -> None:
    outcome = of_machine(source(name), recorded("node-1"))
    (fault,) = map(str, outcome.reading.faults)

    assert ".image is not there" in fault
