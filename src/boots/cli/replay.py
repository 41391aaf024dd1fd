"""``boots replay``: a capture as a test of records, settings and versions."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from boots.cli.common import (
    ConfigOption,
    InterfaceOption,
    MachinesOption,
    read_settings,
    saying_no,
    texts,
)
from boots.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from boots.cli.replayed import Answered, Differing
    from boots.wire.pcap import Datagram


def replay(
    file: Annotated[Path, typer.Argument(help="A capture: pcap or pcapng.")],
    config: ConfigOption = None,
    machines: MachinesOption = None,
    interface: InterfaceOption = None,
    address: Annotated[
        str | None, typer.Option(help="Our address, if not the one that its clients chose.")
    ] = None,
    against_config: Annotated[
        Path | None, typer.Option(help="Compare with the answers of this settings file.")
    ] = None,
    against_machines: Annotated[
        list[Path] | None,
        typer.Option(help="Compare with the answers from these records; may be repeated."),
    ] = None,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Compare with the replies in the capture itself.")
    ] = False,
    expect: Annotated[
        Path | None, typer.Option(help="Compare with the answers that --save kept.")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the answers in this file.")] = None,
) -> None:
    """Answer the requests of a capture, and compare: exit status 1 where something differs."""
    from boots.cli import captured, replayed

    console = Terminal(highlight=False, soft_wrap=True)
    seen = captured.datagrams(console, file)
    if address is None and not interface:
        address = captured.server_chosen(seen)
    flags = {"machines": texts(machines), "interfaces": interface, "address": address}
    if recorded:
        _exit(_recorded(console, seen, config, flags))
    ours = _answers(seen, config, flags)
    if save is not None:
        kept = replayed.Kept(capture=file.name, answers=ours)
        _write(save, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    if against_config is not None or against_machines is not None:
        other = {**flags, "machines": texts(against_machines) or flags["machines"]}
        theirs = _answers(seen, against_config or config, other)
        _exit(_differences(console, replayed.differing(ours, theirs), len(ours)))
    if expect is not None:
        expected = _expected(expect, ours)
        _exit(_differences(console, replayed.differing(expected, ours), len(ours)))
    if save is None:
        for each in ours:
            _print(console, each)


def _answers(
    seen: "Sequence[Datagram]", config: Path | None, flags: "Mapping[str, object]"
) -> "tuple[Answered, ...]":
    """The answers of one configuration, behind its first interface."""
    from boots.cli import captured, explained, replayed

    with saying_no():
        world = explained.read_world(read_settings(config, flags), captured.own_place(seen))
        return replayed.answers(seen, world, next(iter(world.sites)))


def _recorded(
    console: Console,
    seen: "Sequence[Datagram]",
    config: Path | None,
    flags: "Mapping[str, object]",
) -> int:
    """Print how we differ from the servers of the capture; how many answers do."""
    from boots.cli import captured, explained, replayed

    with saying_no():
        # As shadow mode does: a REQUEST for another's offer is read as one for ours.
        world = explained.read_world(
            read_settings(config, {**flags, "dhcp.shadow": True}), captured.own_place(seen)
        )
    count = total = 0
    for each in replayed.against_recorded(seen, world, next(iter(world.sites))):
        total += 1
        if each.differences:
            count += 1
            head = f"{each.at:8.3f} s  {each.who} {each.asks}, answered by {each.server}"
            console.print(escape(head))
            for line in each.differences:
                console.print(f"    {escape(line)}")
    console.print(f"{total} replies in the capture, {count} that ours would differ from")
    return count


def _expected(file: Path, ours: "Sequence[Answered]") -> "Sequence[Answered]":
    from boots.cli import replayed

    try:
        kept = msgspec.json.decode(file.read_bytes(), type=replayed.Kept)
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        print(f"boots: {file}: {error}; write it with --save", file=sys.stderr)
        raise typer.Exit(2) from None
    if not replayed.same_questions(kept.answers, ours):
        print(f"boots: {file} is of another capture, {kept.capture}", file=sys.stderr)
        raise typer.Exit(2)
    return kept.answers


def _differences(console: Console, found: "Iterable[Differing]", total: int) -> int:
    """Print what differs; how many answers do."""
    from boots.cli.plan import print_change

    count = 0
    for of, changes in found:
        count += 1
        console.print(escape(f"{of.at:8.3f} s  {of.who} {of.asks}"))
        for change in changes:
            print_change(console, *change)
    console.print(f"{total} answers, {count} that differ")
    return count


def _print(console: Console, each: "Answered") -> None:
    console.print(f"{each.at:8.3f} s  {escape(each.who)} [bold]{escape(each.asks)}[/]")
    for what, value in each.gets.items():
        shown = value if "\n" not in value else f"a script of {len(value)} bytes"
        console.print(f"    {escape(what):28} {escape(shown)}")


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        print(f"boots: --save {file}: {error.strerror}", file=sys.stderr)
        raise typer.Exit(2) from None


def _exit(differ: int) -> None:
    raise typer.Exit(1 if differ else 0)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)
