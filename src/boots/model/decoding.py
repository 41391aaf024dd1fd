"""JSON that somebody sent, to plain values, in a time that does not grow with its numbers."""

import math

import msgspec


def _finite(text: str) -> float:
    """A number with a fraction; msgspec itself takes ten times as long for large exponents.

    Raises:
        ValueError: it is larger than such numbers can be.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


DECODER = msgspec.json.Decoder(float_hook=_finite)
