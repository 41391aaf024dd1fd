"""What is kept of a soak, as JSON."""

from typing import Any

import msgspec

from bench.soak.verdict import Bounds, Round, Sample, Verdict


class Kept(msgspec.Struct, frozen=True):
    """The verdict, what it rests on, and the machine it was on."""

    machine: dict[str, Any]
    began: str
    bounds: Bounds
    verdict: Verdict
    acts: int
    act_faults: tuple[str, ...]
    store_bytes_a_boot: float
    server_cores: float
    rounds: tuple[Round, ...]
    samples: tuple[Sample, ...]


def encoded(kept: Kept) -> bytes:
    """The file."""
    return msgspec.json.encode(kept) + b"\n"
