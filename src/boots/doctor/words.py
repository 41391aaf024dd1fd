"""What the doctor says: frozen values, which ``boots doctor --json`` prints as they are."""

import enum

import msgspec


class Severity(enum.Enum):
    """How bad it is."""

    ERROR = "error"
    """Machines do not boot."""
    WARNING = "warning"
    """Some machines, or at some times, may not."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what was seen, and what to do.

    `code` names its kind, `interface` where it is, empty where it is no interface's.
    """

    code: str
    severity: Severity
    title: str
    advice: str
    seen: tuple[str, ...] = ()
    interface: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found; `asked` says how it was looked for, and what could not be."""

    findings: tuple[Finding, ...]
    asked: tuple[str, ...]
