"""``boots enrol``: which record an inventory would get, by which rule, and why."""

import json
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import yaml

from boots.cli.common import NOBODY, ConfigOption, MachinesOption, read_settings, saying_no, texts
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.policy.enrol import Proposal


def enrol(
    inventory: Annotated[
        Path, typer.Option(help="An inventory as JSON, or an event of the journal that has one.")
    ],
    rules: Annotated[
        Path | None, typer.Option(help="A file of rules; else that of the settings.")
    ] = None,
    mac: Annotated[
        str, typer.Option(help="The MAC that booted, if the inventory does not say.")
    ] = "",
    address: Annotated[str, typer.Option(help="The address that the machine has now.")] = "",
    config: ConfigOption = None,
    machines: MachinesOption = None,
) -> None:
    """Print the record that a machine without one would get, by which rule, and why."""
    from boots.app import enrolment
    from boots.app import world as worlds
    from boots.machines.files import Cache

    said, told = _inventory(inventory)
    booted = _mac(mac, said, told)
    own = _address(address)
    flags = {
        "machines": texts(machines),
        "enrol.rules": None if rules is None else str(rules),
    }
    with saying_no():
        world = worlds.build(read_settings(config, flags), {"": NOBODY}, Cache())
    made = enrolment.propose(world, booted, told, own)
    for line in _story(made):
        print(line)
    if made.record is None:
        raise typer.Exit(1)
    print()
    print(_yaml(made), end="")


def _story(made: Proposal) -> list[str]:
    """Each rule in turn, and what came of it, as comments of YAML."""
    lines = [f"# {each.rule}: does not fit: {'; '.join(each.why)}" for each in made.missed]
    if made.rule:
        then = "the record is made by itself" if made.auto else "it is proposed"
        lines.append(f"# {made.rule}: fits" + ("" if made.problem else f"; {then}"))
    elif made.record is not None:
        lines.append("# no rule fits: a plain record is proposed")
    return [*lines, *([f"# no record: {made.problem}"] if made.problem else [])]


def _yaml(made: Proposal) -> str:
    return yaml.safe_dump({"machines": [made.record]}, sort_keys=False, allow_unicode=True)


def _inventory(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the file says, and the inventory in it, which may be wrapped in an event."""
    try:
        said = json.loads(file.read_bytes())
    except OSError as error:
        _refuse(f"{file}: cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        _refuse(f"{file}: not JSON: {error}")
    if isinstance(said, dict) and isinstance(said.get("event"), dict):
        said = said["event"]
    told = said.get("inventory", said) if isinstance(said, dict) else None
    if not isinstance(told, dict):
        _refuse(f"{file}: no inventory; write what OSIE's agent sends, a JSON object")
    return said, told


def _mac(given: str, said: dict[str, Any], told: dict[str, Any]) -> Mac:
    """The MAC that booted: the given one, that of the event, that of the NIC that says so."""
    listed = told.get("nics")
    nics = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    booted = [each for each in nics if each.get("boot") is True]
    text = given or str(said.get("mac") or "")
    text = text or next((str(each.get("mac") or "") for each in (*booted, *nics)), "")
    found = macs.parse(text)
    if found is None:
        _refuse(f'--mac: "{text}" is not a MAC address; write the one that booted')
    return found


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text) if text else None
    except ValueError:
        _refuse(f'--address: "{text}" is not an IPv4 address; write four numbers')


def _refuse(why: str) -> NoReturn:
    print(f"boots: {why}", file=sys.stderr)
    raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(enrol)
