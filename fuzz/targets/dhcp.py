"""DHCP messages and the options in them."""

from collections.abc import Iterator

from boots.wire import dhcp
from boots.wire.malformed import Malformed
from fuzz import seeds
from fuzz.target import Target


def _message(data: bytes) -> None:
    """What can be read can be written, and reads the same again."""
    try:
        message = dhcp.decode(data)
    except Malformed:
        return
    written = dhcp.encode(message)
    again = dhcp.decode(written)
    if again != message:
        raise AssertionError(f"{message} was written as {written.hex()}, which reads {again}")


def _messages() -> Iterator[bytes]:
    yield from seeds.dhcp_messages()


TARGETS = (Target("dhcp.message", _message, _messages, on_loop=True),)
