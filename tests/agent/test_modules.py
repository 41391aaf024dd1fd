"""Drivers that are fetched: for which devices, in what order, and what happens when one is not."""

import gzip
import hashlib
import json
import lzma
from pathlib import Path

import pytest

from boots_agent import modules
from boots_agent.modules import Hands, Index, Module, Piece

DISK = "pci:v00001000d00000012sv00000000sd00001000bc01sc00i00"
BRIDGE = "pci:v00008086d00001237sv00001AF4sd00001100bc06sc00i00"


class Machine:
    """A machine's tree, the server's archive, and what was done, in order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.archive = b""
        self.done: list[tuple[str, ...]] = []
        self.said: list[str] = []
        self.slept = 0.0
        self.troubles: list[OSError] = []
        self.refused = ""
        self.appears: dict[str, str] = {}
        self.hands = Hands(self.fetch, self.run, self.sleep, self.said.append)

    def device(self, place: str, modalias: str, driver: str = "") -> None:
        folder = self.root / "sys/devices" / place
        folder.mkdir(parents=True)
        (folder / "modalias").write_text(f"{modalias}\n")
        if driver:
            (folder / "driver").mkdir()

    def piece(self, content: bytes) -> Piece:
        packed = lzma.compress(content, check=lzma.CHECK_NONE)
        at, self.archive = len(self.archive), self.archive + packed
        return Piece(at, len(packed), len(content), hashlib.sha256(packed).hexdigest())

    def module(
        self,
        name: str,
        needs: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        firmware: tuple[str, ...] = (),
    ) -> Module:
        return Module(name, self.piece(name.encode()), needs, firmware, aliases)

    def fetch(self, at: int, length: int) -> bytes:
        if self.troubles:
            raise self.troubles.pop(0)
        return self.archive[at : at + length]

    def run(self, command: list[str]) -> str:
        if command[0] == "modprobe" and command[1] == "-a":
            return ""
        self.done.append(tuple(command))
        if command[0] == "insmod":
            name = Path(command[1]).stem
            assert name.encode() == Path(command[1]).read_bytes()
            if name == self.refused:
                return "insmod: ERROR: could not insert module: Unknown symbol in module"
            (self.root / "sys/module" / name).mkdir(parents=True)
            if name in self.appears:
                self.device("behind", self.appears.pop(name))
        return ""

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    @property
    def inserted(self) -> list[str]:
        return [Path(words[-1]).stem for words in self.done if words[0] == "insmod"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.device("pci0/00:01.0", DISK)
    made.device("pci0/00:00.0", BRIDGE)
    return made


def index(*found: Module, firmware: dict[str, Piece] | None = None) -> Index:
    return Index({each.name: each for each in found}, firmware or {})


def disk_driver(machine: Machine) -> Index:
    return index(
        machine.module("sym", ("spi", "scsi_mod"), ("pci:v00001000d00000012sv*sd*bc*sc*i*",)),
        machine.module("spi", ("scsi_mod",)),
    )


def test_a_device_without_a_driver_gets_it_after_what_that_needs(machine: Machine) -> None:
    loaded = modules.complete(machine.root, disk_driver(machine), machine.hands)

    assert ["spi", "sym"] == loaded == machine.inserted
    assert ("modprobe", "-q", "scsi_mod") == machine.done[0]
    assert ["drivers fetched from the server: spi, sym"] == machine.said
    assert [] == list((machine.root / "run").iterdir())


def test_a_device_that_has_a_driver_gets_no_other(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.device("pci0/00:01.0", DISK, driver="other")
    assert [] == modules.complete(machine.root, disk_driver(machine), machine.hands)
    assert ([], [], 0.0) == (machine.done, machine.said, machine.slept)


def test_what_appears_behind_a_new_device_gets_its_driver_too(machine: Machine) -> None:
    machine.appears["sym"] = "scsi:t-0x0e"
    found = disk_driver(machine)
    found = index(*found.modules.values(), machine.module("zoned", aliases=("scsi:t-0x0e*",)))
    assert ["spi", "sym", "zoned"] == modules.complete(machine.root, found, machine.hands)


def test_what_is_loaded_already_is_not_fetched(machine: Machine) -> None:
    (machine.root / "sys/module/spi").mkdir(parents=True)
    assert ["sym"] == modules.complete(machine.root, disk_driver(machine), machine.hands)


def test_a_driver_of_one_bus_is_for_no_device_of_another() -> None:
    piece = Piece(0, 0, 0, "")
    found = index(
        Module("odd", piece, (), (), ("acpi*:IPI0001:*", "usb:v0*")),
        Module("all", piece, (), (), ("pci:*",)),
    )
    assert ["odd"] == modules.drivers(found, ["acpi:IPI0001:PNP0A05:"])
    assert ["all"] == modules.drivers(found, [BRIDGE, "platform:x"])
    assert ["all", "odd"] == modules.drivers(found, [BRIDGE, "usb:v0B05p1234"])
    assert [] == modules.drivers(found, ["usb:v1234", "nonsense", ""])


def test_firmware_that_a_driver_names_is_there_before_it(machine: Machine) -> None:
    driver = machine.module("card", (), ("pci:v00001000*",), ("card/a.fw", "card/gone.fw"))
    found = index(driver, firmware={"card/a.fw": machine.piece(b"blob")})
    modules.complete(machine.root, found, machine.hands)
    assert b"blob" == (machine.root / "usr/lib/firmware/card/a.fw").read_bytes()


def test_modules_of_another_build_are_not_loaded(machine: Machine) -> None:
    found = disk_driver(machine)
    machine.archive = machine.archive[:-1] + b"x" + machine.archive
    machine.archive = bytes(len(machine.archive))
    assert [] == modules.complete(machine.root, found, machine.hands)
    assert [] == machine.inserted
    assert [
        "a device stays without its driver sym: the server has the modules of another OSIE"
    ] == [line.partition(": boots")[0] for line in machine.said]


def test_a_lost_link_is_waited_for(machine: Machine) -> None:
    machine.troubles = [
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError("timed out"),
    ]
    assert ["spi", "sym"] == modules.complete(machine.root, disk_driver(machine), machine.hands)
    assert machine.slept >= 3.0


def test_a_driver_that_cannot_be_had_costs_no_other(machine: Machine) -> None:
    machine.device("pci0/00:02.0", "pci:v0000FFFF")
    found = disk_driver(machine)
    found = index(*found.modules.values(), machine.module("a_card", (), ("pci:v0000FFFF*",)))
    machine.troubles = [OSError(113, "No route to host")] * 4
    assert ["spi", "sym"] == modules.complete(machine.root, found, machine.hands)
    assert machine.said[0] == (
        "a device stays without its driver a_card: it cannot be fetched: No route to host"
    )


def test_what_the_kernel_says_of_a_module_is_told_once(machine: Machine) -> None:
    machine.refused = "spi"
    assert [] == modules.complete(machine.root, disk_driver(machine), machine.hands)
    assert ["spi"] == machine.inserted
    [line] = machine.said
    assert "without its driver sym: insmod: ERROR: could not insert module: Unknown" in line


def test_an_image_without_an_index_has_nothing_beside_it(tmp_path: Path) -> None:
    assert Index({}, {}) == modules.read_index(tmp_path)


def test_an_index_is_read(tmp_path: Path) -> None:
    piece = {"at": 1, "packed": 2, "size": 3, "sha256": "aa"}
    told = {**piece, "needs": ["b"], "firmware": [], "aliases": ["pci:*"]}
    content = {"version": 1, "modules": {"a": told}, "firmware": {"f": piece}}
    (tmp_path / "usr/share/osie").mkdir(parents=True)
    (tmp_path / modules.INDEX).write_bytes(gzip.compress(json.dumps(content).encode()))
    expected = Module("a", Piece(1, 2, 3, "aa"), ("b",), (), ("pci:*",))
    assert Index({"a": expected}, {"f": Piece(1, 2, 3, "aa")}) == modules.read_index(tmp_path)


def test_modules_that_need_each_other_come_once() -> None:
    piece = Piece(0, 0, 0, "")
    found = index(Module("a", piece, ("b",), (), ()), Module("b", piece, ("a",), (), ()))
    assert ["b", "a"] == list(modules.in_order(found, "a"))


def test_drivers_of_fixed_devices_that_nothing_uses_go_and_all_others_stay(tmp_path: Path) -> None:
    kernel = tmp_path / "usr/lib/modules/6.1/kernel"
    kept = ("drivers/net/ethernet/intel/used-card.ko", "drivers/scsi/sd_mod.ko", "fs/xfs/xfs.ko")
    gone = ("drivers/net/ethernet/broadcom/big.ko", "drivers/scsi/lpfc/lpfc.ko.xz")
    for path in (*kept, *gone):
        (kernel / path).parent.mkdir(parents=True, exist_ok=True)
        (kernel / path).write_bytes(bytes(100))
    (tmp_path / "sys/module/used_card").mkdir(parents=True)

    assert 200 == modules.let_go(tmp_path, "6.1")

    left = {path.relative_to(kernel).as_posix() for path in kernel.rglob("*.ko*")}
    assert set(kept) == left
