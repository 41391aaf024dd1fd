"""HTTP: scripts for machines, small files, and a file of 200 MB."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench import files
from bench.cases import Case, Loaded, Subject, Unit, cpu_per
from bench.files import HTTP_PORT, MACHINES
from bench.place import SERVER, Place
from bench.programs import program
from bench.subjects import address
from bench.suites.tftp import SPARE, own_addresses

PER_REQUEST = cpu_per("request", 1e6, "µs")
PER_GB = cpu_per("GB", 1e3, "ms")
GB = 1e9
SCRIPT_PATH = "/%m/auto.ipxe"
IN_SCRIPT = ("#!ipxe", f"http://{SERVER}:{HTTP_PORT}/%m/osie/{files.KERNEL}", "BOOTIF=01-%d")
"""What the script for a machine must hold; httpload fills in the MAC."""


@dataclass(frozen=True, slots=True)
class Http:
    """A load of HTTP: `clients` at once make `requests`, each on a new connection or on kept ones.

    `file` is what the answer must be, byte for byte; without one it must be the machine's script.
    With `by_bytes` operations are gigabytes, else requests.
    """

    requests: int
    clients: int = 32
    keep: bool = False
    file: str = ""
    path: str = ""
    by_bytes: bool = False

    def words(self, place: Place, share: float) -> list[str]:
        """The arguments of httpload."""
        count = max(round(self.requests * share), self.clients)
        texts = [word for text in IN_SCRIPT for word in ("-k", text)]
        what = ["-e", str(files.folder(place) / self.file)] if self.file else texts
        path = self.path or (f"/{self.file}" if self.file else SCRIPT_PATH)
        return [
            *("-s", str(SERVER), "-p", str(HTTP_PORT), "-u", path, *what),
            *("-m", str(MACHINES), "-c", str(self.clients), "-n", str(count)),
            *("-a", str(address(0)), *(("-K",) if self.keep else ())),
        ]

    def __call__(self, place: Place, _subject: Subject, share: float) -> Loaded:
        """Run it."""
        own_addresses(place)
        return loaded(place.run(program("httpload"), *self.words(place, share)), self)


def loaded(said: Mapping[str, Any], asked: Http) -> Loaded:
    """What httpload printed."""
    notes = []
    if said["said"]:
        notes.append(f"first fault: {said['said']}")
    if said["busy"] > SPARE:
        notes.append("the generator had no time to spare")
    if asked.keep and said["connections"] > asked.clients:
        notes.append(f"{said['connections']} connections: it does not keep them")
    return Loaded(
        operations=said["bytes"] / GB if asked.by_bytes else said["requests"],
        seconds=said["seconds"],
        p50=said["answer_ms"]["p50"] / 1000,
        p99=said["answer_ms"]["p99"] / 1000,
        wrong=said["wrong"] + said["refused"],
        lost=said["stalls"],
        notes=tuple(notes),
    )


def cases(quick: bool) -> list[Case]:
    """Every case of HTTP; the short form has what the targets speak of."""
    with_scripts = (
        files.boots(files.KERNEL, files.INITRD),
        files.nginx(files.KERNEL, files.INITRD, scripts=MACHINES),
    )
    with_large = files.boots(files.LARGE_FILE), files.nginx(files.LARGE_FILE)
    with_small = files.boots(files.SMALL_FILE), files.nginx(files.SMALL_FILE)
    large = Http(12, clients=1, file=files.LARGE_FILE, by_bytes=True)
    larger = Http(32, clients=16, file=files.LARGE_FILE, by_bytes=True)
    small = Http(5000, file=files.SMALL_FILE)
    wanted = [
        _case("script, new connection", PER_REQUEST, with_scripts, Http(15_000)),
        _case("script, kept connection", PER_REQUEST, with_scripts, Http(30_000, keep=True)),
        _case("200 MB, one client", PER_GB, with_large, large),
        _case("200 MB, 16 clients", PER_GB, with_large, larger),
    ]
    if quick:
        return wanted
    return [*wanted, _case("64 KiB, new connection", PER_REQUEST, with_small, small)]


def _case(name: str, unit: Unit, subjects: tuple[Subject, ...], load: Http) -> Case:
    return Case("http", name, unit, subjects, load, steered=True)
