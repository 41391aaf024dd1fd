"""The workflows that come with Boots: each is sound, and does what its page says."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.workflow.reading import machine

from boots.client import shipped
from boots.workflow.lint import lint
from boots.workflow.plan import plan
from boots.workflow.rendering import of_machine
from boots.workflow.words import Template
from boots.workflow.wrapped import Text, unwrapped

PAGE = Path(__file__).parent.parent.parent / "docs/howto/ready-workflows.md"
RECORD = """\
machines:
  - {name: node-1, mac: "52:54:00:77:00:01", address: 192.168.77.10/24, disks: [/dev/vda, /dev/vdb]}
"""
GIVEN: Mapping[str, Mapping[str, str]] = {
    "cloud-image": {"image": "http://images/one.qcow2", "sha256": "ab" * 32, "partition": "3"},
    "capture": {"to": "http://images/captured"},
    "burnin": {"minutes": "120", "require": "memory>=4G"},
}
DOES = {
    "burnin": ["inventory", "burnin", "poweroff"],
    "capture": ["slurp", "poweroff"],
    "cloud-image": ["image2disk", "seed", "reboot"],
    "debian": ["image2disk", "seed", "reboot"],
    "wipe": ["wipe", "wipe", "poweroff"],
}
WRITES = {
    "burnin": [],
    "capture": [],
    "cloud-image": ["/dev/vda"],
    "debian": ["/dev/vda"],
    "wipe": ["/dev/vda", "/dev/vdb"],
}
NAMES = sorted(DOES)


def ready(name: str) -> Text:
    (found,) = unwrapped(shipped.text(name) or "", name)
    return found


def made(name: str, given: Mapping[str, str] | None = None) -> Template:
    """A shipped workflow for a machine with two disks."""
    outcome = of_machine(ready(name), machine(RECORD), GIVEN.get(name) if given is None else given)
    assert () == outcome.reading.faults
    assert () == outcome.reading.doubts
    assert outcome.reading.template is not None
    return outcome.reading.template


def test_every_shipped_workflow_is_looked_at_here_and_has_its_place_on_the_page() -> None:
    assert tuple(NAMES) == shipped.names()
    said = PAGE.read_text()
    assert [] == [name for name in NAMES if f"\n## `{name}`" not in said]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_workflow_is_sound_by_itself(name: str) -> None:
    found = lint(ready(name)).reading

    assert ((), ()) == (found.faults, found.doubts)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_workflow_does_what_its_page_says(name: str) -> None:
    found = plan(made(name))

    assert DOES[name] == [step.kind for step in found.steps]
    assert WRITES[name] == [disk.disk for disk in found.disks]
    assert () == found.unclear
    assert [False] * (len(DOES[name]) - 1) + [True] == [step.ends for step in found.steps]


def environment(name: str, action: int, given: Mapping[str, str]) -> Mapping[str, str]:
    return made(name, given).tasks[0].actions[action].environment


def test_debian_is_the_image_of_this_server_unless_told_otherwise() -> None:
    assert "images/debian/index.json" == environment("debian", 0, {})["IMG_URL"]
    other = {"image": "images/other/index.json"}
    assert "images/other/index.json" == environment("debian", 0, other)["IMG_URL"]


def test_a_cloud_image_is_seeded_where_its_root_is() -> None:
    given = GIVEN["cloud-image"]

    assert "/dev/vda3" == environment("cloud-image", 1, given)["DEST_DISK"]
    plain = {key: value for key, value in given.items() if key != "partition"}
    assert "/dev/vda1" == environment("cloud-image", 1, plain)["DEST_DISK"]


def test_a_capture_is_called_as_its_machine() -> None:
    assert "node-1.img.zst" == environment("capture", 0, GIVEN["capture"])["IMG_NAME"]


def test_a_burn_in_has_time_for_what_it_does() -> None:
    work = made("burnin").tasks[0].actions[1]

    assert "120" == work.environment["MINUTES"]
    assert 120 * 60 < work.timeout
