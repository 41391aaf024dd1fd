"""How the tests of this folder get templates and machines."""

import textwrap
from pathlib import Path

from boots.machines.records import read
from boots.model.machine import Machine
from boots.workflow.gotemplate import parse, render
from boots.workflow.rendering import Outcome, of_machine
from boots.workflow.template import Origin, Reading
from boots.workflow.template import read as read_template
from boots.workflow.words import Template
from boots.workflow.wrapped import Text, unwrapped

VECTORS = Path(__file__).parent.parent / "vectors" / "workflows"


def reading(text: str) -> Reading:
    """What is read of a template that says the same to every machine."""
    source = textwrap.dedent(text)
    return read_template(render(parse(source), {}), Origin("t.yaml"))


def template(text: str) -> Template:
    """The template of a text that has no mistake."""
    found = reading(text)
    assert () == found.faults
    assert found.template is not None
    return found.template


def machine(text: str) -> Machine:
    """The only machine of a record."""
    records = read(textwrap.dedent(text), "m.yaml")
    assert () == records.faults
    (found,) = records.machines
    return found


def recorded(name: str) -> Machine:
    """A machine of the records beside the vectors."""
    records = read((VECTORS / "records.yaml").read_text(), "records.yaml")
    return next(each for each in records.machines if each.name == name)


def source(name: str) -> Text:
    """One of the published templates."""
    (found,) = unwrapped((VECTORS / f"{name}.yaml").read_text(), f"{name}.yaml")
    return found


def published(name: str, whose: str = "machine1") -> Outcome:
    """One of the published templates for a machine."""
    pair = {"device_1": "52:54:00:12:34:01", "device_2": "52:54:00:12:34:02"}
    return of_machine(source(name), recorded(whose), pair if "two-machines" in name else None)
