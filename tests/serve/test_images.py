"""The image writer against our own HTTP door: ranges, ETags and connections agree."""

import asyncio
from pathlib import Path

from tests.agent.images.made import MIB, armed, disk, ignore, of_image, pattern
from tests.serve.test_http_door import serving

from boots.app import catalogue
from boots.app.withheld import Withheld
from boots.images.adding import Wanted, add
from boots.policy.got import File
from boots_agent.images.words import Digest, Job, Of
from boots_agent.images.writer import write_image

IMAGE = pattern(6000)
OTHER = IMAGE[: 9 * MIB] + b"another" + IMAGE[9 * MIB + 7 :]


def published(folder: Path, name: str, content: bytes) -> Digest:
    source = folder / f"{name}.raw"
    source.write_bytes(content)
    made = add(Wanted(str(source), name, folder / "images", level=1), lambda *_: None)
    return Digest(Of.SENT, "sha256", made.index_sha256)


async def test_frames_come_over_our_own_door_and_only_what_differs_again(tmp_path: Path) -> None:
    proof, newer = published(tmp_path, "one", IMAGE), published(tmp_path, "two", OTHER)
    goal = disk(tmp_path / "disk", 32 * MIB, b"old")
    async with serving(tmp_path) as bench:
        for name, place in catalogue.image_files(tmp_path / "images", Withheld()).items():
            bench.names[name] = File(name, place)
        host, port = bench.at
        base = f"http://{host}:{port}/images"
        first = Job(f"{base}/one/index.json", str(goal), armed(goal), (proof,))
        whole = await asyncio.to_thread(write_image, first, ignore)
        again = Job(f"{base}/two/index.json", str(goal), armed(goal), (newer, of_image(OTHER)))
        parts = await asyncio.to_thread(write_image, again, ignore)
    assert goal.read_bytes()[: len(OTHER)] == OTHER
    assert parts.sent < whole.sent
    assert parts.reused >= 8 * MIB
