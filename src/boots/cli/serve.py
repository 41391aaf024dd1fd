"""``boots serve``: the server."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from boots.app.server import Server
from boots.app.world import Faulty
from boots.journal import log
from boots.serve.sockets import StartError
from boots.settings import Settings, SettingsError, load

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="BOOTS_CONFIG", help="The settings file, boots.toml."),
]
MachinesOption = Annotated[
    list[Path] | None,
    typer.Option("--machines", help="A record file, or a directory of them; may be repeated."),
]


def serve(
    config: ConfigOption = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(help="An interface to answer on; may be repeated."),
    ] = None,
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
    journal: Annotated[
        Path | None, typer.Option(help="Append every event to this file as a JSON line.")
    ] = None,
    log_form: Annotated[str | None, typer.Option(help="console or json.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Answer DHCP, TFTP and HTTP for the machines we have records of."""
    flags: dict[str, Any] = {
        "interfaces": interface,
        "machines": _texts(machines),
        "address": address,
        "http.url": http_url,
        "http.port": http_port,
        "tftp.port": tftp_port,
        "dhcp.port": dhcp_port,
        "syslog.port": syslog_port,
        "boot.osie": None if osie is None else str(osie),
        "boot.files": _texts(boot_files),
        "boot.kernel_args": kernel_arg,
        "journal": None if journal is None else str(journal),
        "log.form": log_form,
        "log.level": log_level,
    }

    def read_settings() -> Settings:
        return load(config, os.environ, flags)

    try:
        settings = read_settings()
        log.configure(settings.log.form, settings.log.level)
        asyncio.run(Server(settings, read_settings).run())
    except Faulty as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        raise typer.Exit(2) from None
    except (SettingsError, StartError) as error:
        print(f"boots: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _texts(paths: list[Path] | None) -> list[str] | None:
    return None if paths is None else [str(path) for path in paths]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
