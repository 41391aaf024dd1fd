"""An image to a disk: the writer, and `curl | zstd -d | tee >(sha256sum) | dd`, in turn.

.venv/bin/python bench/images.py --target FILE_OR_DEVICE [--rounds 5] [--mib 1024]

The image is made of this machine's own /usr/lib, two fifths of it zeros.  All subjects fetch from
the same server on loopback, check the digest, and end when all is on the disk.  A file is made anew
for each run; a device is cleared with blkdiscard where it can be.
"""

import argparse
import contextlib
import hashlib
import http.server
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from boots.images.adding import Added, Wanted, add
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.target import identities
from boots_agent.images.words import Digest, Job, Of, Result
from boots_agent.images.writer import write_image

MIB = 1 << 20
FRAME = 4 * MIB
_PIPE = """set -o pipefail
curl -sf {url} | zstd -d -q | tee >({hash} > {work}/sum) \
  | dd of={target} bs=4M iflag=fullblock conv=fsync,notrunc {flags} status=none
while [ ! -s {work}/sum ]; do sleep 0.01; done
grep -q {digest} {work}/sum
"""
# Debian's sha256sum does without the processor's instructions for it; OpenSSL and Python have them.
_OPENSSL = "openssl dgst -sha256"
_WRITER = """
import sys, json
from pathlib import Path
from bench.images import run_writer
print(json.dumps(run_writer(*sys.argv[1:])))
"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Files of a folder, by sendfile, with ranges."""

    protocol_version = "HTTP/1.1"
    folder = Path()

    def log_message(self, *_said: object) -> None:
        """Not a word."""

    def do_GET(self) -> None:
        """One file, or a range of it."""
        with (self.folder / self.path.lstrip("/")).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            asked = self.headers.get("Range", "")
            first, _, last = (asked.removeprefix("bytes=") or "0-").partition("-")
            start, end = int(first), int(last) + 1 if last else size
            self.send_response(206 if asked else 200)
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(end - start))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.end_headers()
            self.wfile.flush()
            while start < end:
                start += os.sendfile(self.connection.fileno(), file.fileno(), start, end - start)


def serve(folder: Path, port: Any) -> None:
    """Serve for ever, in a process of its own."""
    Handler.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.value = server.server_address[1]
    server.serve_forever()


def make_image(path: Path, mib: int) -> None:
    """An image of so many MiB."""
    files = (each for each in sorted(Path("/usr/lib").rglob("*")) if each.is_file())
    with path.open("wb") as goes:
        while goes.tell() < mib * MIB * 3 // 5:
            place = next(files)
            if not place.is_symlink():
                goes.write(place.read_bytes())
        goes.seek(510)
        goes.write(b"\x55\xaa")
        goes.truncate(mib * MIB)


def change(path: Path) -> int:
    """Change a few bytes in every twentieth frame that is not zero; how many frames."""
    places = range(10 * FRAME, path.stat().st_size * 3 // 5, 20 * FRAME)
    with path.open("r+b") as file:
        for at in places:
            file.seek(at + 70_000)
            file.write(b"changed")
    return len(places)


def clear(target: str, size: int) -> None:
    """A disk without content, as far as it can be had."""
    if Path(target).is_block_device():
        subprocess.run(["blkdiscard", "-f", target], check=False, capture_output=True)
        return
    Path(target).unlink(missing_ok=True)
    with Path(target).open("wb") as file:
        file.truncate(size)


def run_writer(url: str, target: str, of: str, value: str) -> dict[str, object]:
    """One run of the writer; what it says of itself."""
    descriptor = os.open(target, os.O_RDONLY)
    size = os.lseek(descriptor, 0, os.SEEK_END)
    serial = min(identities(descriptor, Path("/sys")))
    os.close(descriptor)
    armed = Armed("bench", "bench", serial, size, Policy.FORCE)
    digests = (Digest(Of(of), "sha256", value),)
    result: Result = write_image(Job(url, target, armed, digests), lambda _progress: None)
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    return {"sent": result.sent, "reused": result.reused, "peak": int(peak) >> 10}


def written(*arguments: str) -> dict[str, Any]:
    """The writer in a process of its own, as in OSIE."""
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, *arguments], check=True, capture_output=True, text=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def timed(run: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


class Images(NamedTuple):
    """What is written: one image whole and in frames, and another that differs in some frames."""

    folder: Path
    size: int
    digest: str
    first: Added
    second: Added
    changed: int

    @property
    def packed(self) -> int:
        """Bytes of the whole one, as it travels."""
        return (self.folder / "image.zst").stat().st_size


def made(mib: int, folder: Path) -> Images:
    """Images of so many MiB, in a folder that is served."""
    image = folder / "image.raw"
    make_image(image, mib)
    size = image.stat().st_size
    with image.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    subprocess.run(["zstd", "-q", "-3", str(image), "-o", str(folder / "image.zst")], check=True)
    first = add(Wanted(str(image), "first", folder, level=3), lambda *_: None)
    changed = change(image)
    second = add(Wanted(str(image), "second", folder, level=3), lambda *_: None)
    image.unlink()
    return Images(folder, size, digest, first, second, changed)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The URL below which a folder is served, by a process of its own."""
    port = multiprocessing.Value("i", 0)
    server = multiprocessing.Process(target=serve, args=(folder, port), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port.value}"
    server.terminate()


def pipe(images: Images, base: str, target: str, program: str, flags: str = "") -> None:
    """The image through a pipe of programs, its digest looked at by one of them."""
    script = _PIPE.format(
        url=f"{base}/image.zst",
        work=images.folder,
        target=target,
        digest=images.digest,
        hash=program,
        flags=flags,
    )
    (images.folder / "sum").unlink(missing_ok=True)
    subprocess.run(["bash", "-c", script], check=True)


def framed(base: str, target: str, image: Added) -> dict[str, Any]:
    """The image by its frames, of which those stay that the target holds."""
    url = f"{base}/{image.index.parent.name}/index.json"
    return written(url, target, "sent", image.index_sha256)


def compare(images: Images, base: str, target: str, rounds: int) -> None:
    """All subjects, round after round; after each round the second install."""
    subjects: dict[str, Callable[[], object]] = {
        "pipe, sha256sum": lambda: pipe(images, base, target, "sha256sum"),
        "pipe, openssl": lambda: pipe(images, base, target, _OPENSSL),
        "pipe, openssl, oflag=direct": lambda: pipe(images, base, target, _OPENSSL, "oflag=direct"),
        "writer, zstd": lambda: written(f"{base}/image.zst", target, "image", images.digest),
        "writer, frames": lambda: framed(base, target, images.first),
    }
    times: dict[str, list[float]] = {name: [] for name in subjects}
    again: list[float] = []
    for _ in range(rounds):
        for name, run in subjects.items():
            clear(target, images.size)
            times[name].append(timed(run))
        began = time.perf_counter()
        told = framed(base, target, images.second)
        again.append(time.perf_counter() - began)
    print(
        f"{images.size >> 20} MiB, {images.packed >> 20} MiB packed, to {target}; {rounds} rounds"
    )
    tell_rates(times, images.size)
    tell_again(images, statistics.median(again), told)


def tell_rates(times: Mapping[str, Sequence[float]], size: int) -> None:
    """How fast each subject was."""
    reference = statistics.median(times["pipe, openssl"])
    for name, each in times.items():
        middle = statistics.median(each)
        print(
            f"  {name:28} {size / MIB / middle:5.0f} MiB/s ({size / MIB / max(each):.0f} to"
            f" {size / MIB / min(each):.0f}), {reference / middle:.2f} of the pipe with openssl"
        )


def tell_again(images: Images, seconds: float, told: Mapping[str, Any]) -> None:
    """What travelled where most of the image was there."""
    print(
        f"  second install, {images.changed} frames changed: {told['sent'] / MIB:.1f} MiB travelled"
        f" of {images.first.image.packed / MIB:.0f}, {told['reused'] / MIB:.0f} MiB were there;"
        f" {seconds:.2f} s ({images.size / MIB / seconds:.0f} MiB/s);"
        f" peak {told['peak']} MiB of memory"
    )


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        images = made(arguments.mib, Path(work))
        with served(images.folder) as base:
            compare(images, base, arguments.target, arguments.rounds)


if __name__ == "__main__":
    main()
