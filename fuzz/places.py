"""Where inputs lie."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "tests" / "vectors" / "fuzz"
BUILT = ROOT / "build" / "fuzz"
_MEMORY = Path("/dev/shm")  # noqa: S108  # no disk is waited for


def kept(name: str) -> list[Path]:
    """The inputs of a target that are kept in the tree."""
    return sorted(path for path in (KEPT / name).glob("*") if path.is_file())


def corpus(name: str) -> Path:
    """What the fuzzer found worth its while; the next run goes on from there."""
    return _made(BUILT / "corpus" / name)


def seeds(name: str) -> Path:
    """Where fuzzing begins."""
    return _made(BUILT / "seeds" / name)


def findings(name: str) -> Path:
    """What failed."""
    return _made(BUILT / "findings" / name)


def slow(name: str) -> Path:
    """What took long while it was watched; how long it takes in truth is measured after."""
    return _made(BUILT / "slow" / name)


def log(name: str) -> Path:
    """What libFuzzer said of its run."""
    return _made(BUILT / "logs") / f"{name}.txt"


def words(name: str) -> Path:
    """The words of a target as libFuzzer reads them."""
    return _made(BUILT / "words") / f"{name}.txt"


def inputs(folder: Path) -> Iterator[Path]:
    """The inputs of a folder, the smallest first."""
    files = [path for path in folder.iterdir() if path.is_file()]
    yield from sorted(files, key=lambda path: (path.stat().st_size, path.name))


@contextmanager
def scratch() -> Iterator[Path]:
    """For what the targets write while they are fuzzed."""
    within = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="boots-fuzz-", dir=within) as folder:
        yield Path(folder)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
