"""Settings: from ``boots.toml``, then ``BOOTS_*`` in the environment, then flags.

Every key is documented in ``docs/reference/settings.md``; a test holds the two together.
"""

from boots.settings.checks import clients, networks, trusted_proxies
from boots.settings.errors import SettingsError
from boots.settings.keys import all_keys, of_keys, value_of
from boots.settings.meanings import MEANINGS
from boots.settings.reading import load
from boots.settings.words import (
    Boot,
    Dhcp,
    Enrol,
    Hook,
    Http,
    Iso,
    Log,
    Metadata,
    Operator,
    Settings,
    Store,
    Subnet,
    Syslog,
    Tftp,
    Trace,
    Workflow,
)

__all__ = [
    "MEANINGS",
    "Boot",
    "Dhcp",
    "Enrol",
    "Hook",
    "Http",
    "Iso",
    "Log",
    "Metadata",
    "Operator",
    "Settings",
    "SettingsError",
    "Store",
    "Subnet",
    "Syslog",
    "Tftp",
    "Trace",
    "Workflow",
    "all_keys",
    "clients",
    "load",
    "networks",
    "of_keys",
    "trusted_proxies",
    "value_of",
]
