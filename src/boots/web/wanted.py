"""What a page was asked to show, by the fields of its form; moments as people write them."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from boots.api.desk import Refused


class Wanted:
    """The fields of a form, and the same in the URL of another page of it."""

    __slots__: tuple[str, ...] = ()

    def query(self, **other: object) -> str:
        """The same as it stands in a URL, with other values for some."""
        values = {name: getattr(self, name) for name in self.__slots__} | other
        return urlencode({name: value for name, value in values.items() if value})

    def field(self, name: str) -> str:
        """A moment as a field for date and time holds it; empty for none."""
        at = getattr(self, name)
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S") if at else ""


def moment(name: str, text: str) -> float:
    """A moment: seconds since 1970, or a date with or without a time, in UTC if it says no other.

    Raises:
        Refused: it is none.
    """
    try:
        at = float(text) if text.replace(".", "", 1).isdigit() else _calendar(text)
        datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(400, f"{name}: {text} is no moment", "write 2026-01-31T12:00") from None
    return at


def _calendar(text: str) -> float:
    if not text:
        return 0.0
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
