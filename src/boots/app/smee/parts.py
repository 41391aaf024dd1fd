"""The parts that variables are, which settings are made of, and this computer's share in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from boots.app.smee.words import Row, Standing
from boots.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Here:
    """What of this computer a translation may need.

    `interfaces` are those that our own settings name.  `route` gives the interface of the default
    route, `address` the IPv4 address of an interface; each an empty text where there is none.
    """

    interfaces: tuple[str, ...]
    route: Callable[[], str]
    address: Callable[[str], str]

    def interface(self) -> str:
        """The one that speaks where nobody named one: Smee looks at the default route, too."""
        return self.interfaces[0] if self.interfaces else self.route()


@dataclass(frozen=True, slots=True)
class Part:
    """One variable that was set (or stands for its default) and its value."""

    name: str
    value: Any
    standing: Standing = Standing.TAKEN


@dataclass
class Parts:
    """The parts that were found, by their names in the tables."""

    found: Mapping[str, Part]
    here: Here
    year: int
    rows: list[Row] = field(default_factory=list)
    no_records: str = ""

    def value(self, name: str, otherwise: Any = None) -> Any:
        """The value of a part, or what it is without one."""
        return self.found[name].value if name in self.found else otherwise

    def take(self, name: str, key: str, value: Any, differs: str = "") -> None:
        """Make a part a setting, if it was given."""
        if name in self.found:
            had = self.found[name]
            standing = Standing.DIFFERS if differs else had.standing
            self.rows.append(Row(had.name, standing, key, value, differs))

    def leave(self, name: str, why: str) -> None:
        """Say why a part becomes nothing, if it was given."""
        if name in self.found and self.found[name].standing is Standing.TAKEN:
            self.rows.append(Row(self.found[name].name, Standing.IGNORED, note=why))

    def agree(self, name: str, note: str) -> None:
        """Say that a part is so here without any setting, if it was given."""
        if name in self.found and self.found[name].standing is Standing.TAKEN:
            self.rows.append(Row(self.found[name].name, Standing.TAKEN, note=note))

    def refuse(self, name: str, why: str, advice: str) -> SettingsError:
        """A value that must not be passed over."""
        had = self.found[name]
        return SettingsError(f"environment: {had.name} = {shown(had.value)}: {why}; {advice}")

    def our_address(self) -> str:
        """Our address as clients know it, as far as anybody said or it can be found out."""
        named = self.value("packet.address") or self.value("public.address")
        interface = self.value("interface") or self.value("public.interface")
        return str(named or self.here.address(interface or self.here.interface()))


def shown(value: Any) -> str:
    """A value as people write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
