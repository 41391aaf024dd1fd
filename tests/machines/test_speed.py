"""Ten thousand machines are read in the time it takes to notice a wait, and from the cache in less.

The bounds are generous: about 1.4 s and 0.1 s on the machines these were measured on.
"""

import time
from pathlib import Path

from tests.machines.reading import VECTORS

from boots.machines.files import Cache, load

HOW_MANY = 10_000


def _hardware() -> str:
    one = (VECTORS / "hardware.yaml").read_text()
    return "---\n".join(
        one.replace("node-1", f"node-{number}")
        .replace("52:54:00:12:34:56", f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        .replace("address: 192.168.1.10", f"address: 10.0.{number >> 8}.{number & 255}")
        for number in range(HOW_MANY)
    )


def _seconds(path: Path, cache: Cache) -> float:
    began = time.process_time()
    loaded = load([path], cache)
    assert ((), HOW_MANY) == (loaded.faults, len(loaded.index.by_address))
    return time.process_time() - began


def test_ten_thousand_machines_load_soon_and_at_once_from_the_cache(tmp_path: Path) -> None:
    path = tmp_path / "hardware.yaml"
    path.write_text(_hardware())
    cache = Cache(tmp_path / "cache")
    assert _seconds(path, cache) < 4
    assert _seconds(path, cache) < 1
    assert _seconds(path, Cache(tmp_path / "cache")) < 1


def test_mistakes_in_thousands_of_machines_are_told_soon(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("machines:\n" + "  - mac: 02:00:00:00:00\n" * 2000)
    began = time.process_time()
    faults = load([path], Cache()).faults
    assert (2000, 2001) == (len(faults), faults[-1].line)
    assert time.process_time() - began < 1  # going through the file for each: 16
