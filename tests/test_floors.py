"""The house: imports go down only, and the wire needs nothing but the standard library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "boots"
AGENT = Path(__file__).parent.parent / "agent" / "src" / "boots_agent"

# Each room, and the rooms it may use besides itself.  docs/architecture.md draws the same.
MAY_USE: dict[str, set[str]] = {
    "wire": set(),
    "model": set(),
    "transfer": {"wire"},
    "patching": set(),
    "policy": {"wire", "model"},
    "documents": {"model"},
    "workflow": {"model", "documents"},
    "machines": {"model", "documents"},
    "journal": {"model"},
    "leases": {"model"},
    "timeline": {"model", "journal"},
    "store": {"model", "timeline"},
    "bmc": {"model"},
    "client": {"model", "timeline"},
    "http": {"model"},
    "api": {"model", "journal", "timeline", "client", "http"},
    "web": {"model", "timeline", "client", "api"},
    "serve": {"wire", "model", "policy", "transfer", "patching", "journal", "http"},
    "osie": set(),
    "images": set(),
    "debian": {"policy", "osie"},
    "lab": {"wire", "model", "journal", "timeline"},
    "doctor": {"wire", "model", "policy"},
    "settings": {"model"},
    "app": {
        "wire",
        "model",
        "policy",
        "documents",
        "workflow",
        "machines",
        "journal",
        "leases",
        "http",
        "serve",
        "timeline",
        "store",
        "client",
        "api",
        "bmc",
        "web",
        "settings",
    },
    "cli": {
        "client",
        "timeline",
        "doctor",
        "wire",
        "model",
        "policy",
        "documents",
        "workflow",
        "machines",
        "journal",
        "leases",
        "serve",
        "osie",
        "images",
        "debian",
        "lab",
        "settings",
        "app",
    },
    "__main__": {"cli"},
    "__init__": set(),
}

# The rooms that must stay pure, and what would end that: time, chance, files and sockets are
# passed in.
PURE = ("wire", "model", "transfer", "patching", "policy", "timeline", "documents", "workflow")
WORLDLY = {"socket", "asyncio", "time", "os", "random", "logging", "pathlib", "subprocess"}


def room_of(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    used = {name.split(".")[1] for name in imports(path) if name.startswith("boots.")}

    # boots.__version__ is everybody's.
    assert set() == used - {room, "__version__"} - MAY_USE[room]


def test_every_room_has_its_rule() -> None:
    assert set(MAY_USE) == {room_of(path) for path in modules()}


def test_the_rules_have_no_circle() -> None:
    """Whatever may use a room is never used by it, directly or through others."""
    below: dict[str, set[str]] = {}
    left = dict(MAY_USE)
    while left:
        lowest = [room for room, uses in left.items() if uses <= set(below)]
        assert lowest, f"these use each other: {sorted(left)}"
        for room in lowest:
            below[room] = left.pop(room)


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if room_of(path) in PURE],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_pure_rooms_touch_nothing_of_the_world(path: Path) -> None:
    assert set() == {name.split(".")[0] for name in imports(path)} & WORLDLY


@pytest.mark.parametrize(
    "path",
    [*sorted(AGENT.rglob("*.py")), *sorted((SOURCE / "wire").glob("*.py"))],
    ids=lambda path: path.name,
)
def test_wire_and_agent_need_the_standard_library_only(path: Path) -> None:
    own = {"boots", "boots_agent"}
    foreign = {name.split(".")[0] for name in imports(path)} - own - set(sys.stdlib_module_names)

    assert set() == foreign


@pytest.mark.parametrize("path", sorted(AGENT.rglob("*.py")), ids=lambda path: path.name)
def test_the_agent_imports_nothing_of_the_house(path: Path) -> None:
    assert [] == [name for name in imports(path) if name.split(".")[0] == "boots"]
