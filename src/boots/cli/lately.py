"""What ``boots explain`` adds if a server answers: what it found last of this machine."""

from contextlib import suppress

from rich.console import Console

from boots.cli import shown
from boots.cli.asking import Place
from boots.client.connecting import ApiError, BadUrl, NoServer
from boots.model import mac as macs
from boots.settings import Settings, SettingsError
from boots.timeline.words import Finding

_PATIENCE = 1.0  # seconds; who explains need have no server


def print_finding(console: Console, mac: str, place: Place, settings: Settings) -> None:
    """Print the last finding; nothing where there is none, or nobody to ask."""
    found = _found(mac, place, settings)
    if found is not None:
        when = f"{shown.moment(found.at)}, " if found.at else ""
        console.print(f"\nWhat was found last ({when}{found.code})", style="bold", markup=False)
        shown.print_finding(console, found)


def _found(mac: str, place: Place, settings: Settings) -> Finding | None:
    known = macs.parse(mac)
    if known is None:
        return None
    with suppress(ApiError, NoServer, BadUrl, SettingsError):
        return place.client(lambda: settings, _PATIENCE).explain(known).finding
    return None
