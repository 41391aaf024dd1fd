"""``boots capture``: the packets of boots to a file, where no tcpdump is installed, too."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from boots.cli.common import ConfigOption, InterfaceOption, read_settings, saying_no
from boots.model import mac as macs


def capture(
    file: Annotated[Path, typer.Argument(help="The capture to write, for boots replay.")],
    config: ConfigOption = None,
    interface: InterfaceOption = None,
    mac: Annotated[str, typer.Option(help="Only what is of this machine; else of all.")] = "",
    seconds: Annotated[float, typer.Option(help="Stop after so long; 0: at Ctrl-C.", min=0)] = 60,
    size: Annotated[int, typer.Option("--bytes", help="The most bytes to write.", min=1024)] = (
        10 << 20
    ),
) -> None:
    """Record DHCP, TFTP (of each transfer the first packets), syslog and ARP of machines."""
    from boots.doctor.errors import DoctorError
    from boots.doctor.picking import Picker
    from boots.doctor.recording import Bounds, record
    from boots.serve.sockets import StartError

    only = macs.parse(mac) if mac else None
    with saying_no():
        if mac and only is None:
            raise StartError(f'"{mac}" is not a MAC address; write six pairs of hex digits')
        interfaces = read_settings(config, {"interfaces": interface}).interfaces
        if not interfaces:
            raise StartError("on which --interface shall be listened?")
        try:
            with file.open("wb") as output:
                done = record(interfaces, output, Picker(only), Bounds(seconds, size), time.time)
        except (DoctorError, OSError) as error:
            raise StartError(
                f"{file}: {error.strerror}" if isinstance(error, OSError) else str(error)
            ) from None
    print(f"{done.packets} packets, {done.size} bytes in {file}", file=sys.stderr)
    if done.full:
        print("boots: more did not fit; give --bytes, or --mac", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(capture)
