"""``boots serve``: the server."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from boots.cli.common import (
    ConfigOption,
    FromSmeeOption,
    InterfaceOption,
    MachinesOption,
    read_settings,
    saying_no,
    texts,
)


def _number_of_workers(text: str) -> int:
    if text != "auto" and not text.isdigit():
        raise typer.BadParameter("write a number, or auto")
    return 0 if text == "auto" else int(text)


def serve(
    config: ConfigOption = None,
    interface: InterfaceOption = None,
    machines: MachinesOption = None,
    address: Annotated[
        str | None, typer.Option(help="Our address, if not the interface's own.")
    ] = None,
    http_url: Annotated[
        str | None, typer.Option(help="The URL clients find us at, if not the address and port.")
    ] = None,
    http_port: Annotated[int | None, typer.Option(help="Port for HTTP.")] = None,
    tftp_port: Annotated[int | None, typer.Option(help="Port for TFTP.")] = None,
    dhcp_port: Annotated[int | None, typer.Option(help="Port for DHCP.")] = None,
    syslog_port: Annotated[int | None, typer.Option(help="Port for syslog.")] = None,
    osie: Annotated[
        Path | None, typer.Option(help="The folder that holds OSIE's kernel and initramfs.")
    ] = None,
    boot_files: Annotated[
        list[Path] | None, typer.Option(help="A folder of boot files of your own.")
    ] = None,
    kernel_arg: Annotated[
        list[str] | None, typer.Option(help="A kernel argument for every profile.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes for files and scripts: a number, or auto.",
            parser=_number_of_workers,
            metavar="NUMBER|auto",
        ),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Append every event to this file as a JSON line.")
    ] = None,
    log_form: Annotated[str | None, typer.Option(help="console or json.")] = None,
    user: Annotated[
        str | None, typer.Option(help="The user to become, where root starts it.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    from_smee: FromSmeeOption = False,
) -> None:
    """Answer DHCP, TFTP and HTTP for the machines we have records of."""
    import asyncio

    from boots.app.privileges import start
    from boots.app.server import Server
    from boots.app.starting import refuse_nothing
    from boots.journal import log
    from boots.journal.outlet import patient

    flags: dict[str, Any] = {
        "interfaces": interface,
        "machines": texts(machines),
        "address": address,
        "http.url": http_url,
        "http.port": http_port,
        "tftp.port": tftp_port,
        "dhcp.port": dhcp_port,
        "syslog.port": syslog_port,
        "boot.osie": None if osie is None else str(osie),
        "boot.files": texts(boot_files),
        "boot.kernel_args": kernel_arg,
        "workers": workers,
        "user": user,
        "journal": None if journal is None else str(journal),
        "log.form": log_form,
        "log.level": log_level,
    }

    with saying_no():
        if from_smee:
            from boots.cli import moving

            settings, again = moving.read(config, flags, sys.stderr)
        else:
            settings, again = read_settings(config, flags), partial(read_settings, config, flags)
        refuse_nothing(settings)
        with patient(sys.stderr, settings.log.form) as begin:
            log.configure(settings.log.form, settings.log.level)
            start.starting(settings, config)

            def bound() -> str:
                said = start.serving(settings)
                begin()
                return said

            with start.naming_holders():
                asyncio.run(Server(settings, again, bound).run())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
