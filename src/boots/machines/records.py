"""From a file's text to machines, whichever of the known forms each document has."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from boots.documents.fault import Fault, Wrong, nearest, told
from boots.documents.node import Node
from boots.documents.parsing import Document, Lines, parse
from boots.machines import jsons, rufio, short, slots, smee, tinkerbell
from boots.machines.alike import Alike
from boots.machines.moulds import Moulds
from boots.machines.packed import Packed
from boots.machines.packing import Own, Packer, apart, pack
from boots.machines.slots import Form
from boots.model.machine import Machine, Place

_FORMS = (
    "write machines: with a list below it, or Tinkerbell Hardware (apiVersion and kind),"
    " or Smee's mapping of MACs"
)
N = TypeVar("N", bound=Node)
_json = msgspec.json.Encoder().encode


class Records(msgspec.Struct, frozen=True):
    """What one file holds: its machines, and what is wrong with the rest."""

    machines: tuple[Machine, ...]
    faults: tuple[Fault, ...]


def read(text: str, file: str, *, is_json: bool = False) -> Records:
    """Read one file; `file` is its name for people.  Never raises on what the file says.

    What is known to be JSON (`is_json`) is read sooner.
    """
    try:
        documents = (jsons.parse(text, 0) if is_json else jsons.parse(text)) or parse(text)
    except Wrong as wrong:
        return Records((), (told(wrong, file, wrong.line),))
    reader = _Reader(file, text)
    reader.bmcs = rufio.Bmcs(documents)
    for position, document in enumerate(documents):
        reader.document(position, Node(document))
    return Records(tuple(reader.machines), tuple(reader.faults))


def packed(text: str, file: str) -> tuple[tuple[Packed, ...], tuple[Fault, ...]]:
    """What `read` finds, packed; by a shorter way where a large file of JSON has no mistake."""
    try:
        reader = _Streaming(file, text)
        reader.whole()
    except (Wrong, ValueError, LookupError, RecursionError):
        records = read(text, file)
        return pack(records.machines, file), records.faults
    return reader.packer.parts(), ()


class _Reader:
    """Reads documents by their form; a mistake in one machine does not hide those in the next."""

    def __init__(self, file: str, text: str) -> None:
        self.machines: list[Machine] = []
        self.faults: list[Fault] = []
        self.bmcs = rufio.Bmcs(())
        self._file = file
        self._lines = Lines(text)
        self._alike = Alike()
        self._position = 0

    def document(self, position: int, node: Node) -> None:
        """Read the n-th document of the file."""
        self._position = position
        self._try(partial(self._by_form, node))

    def _try(self, read: Callable[[], None]) -> None:
        try:
            read()
        except Wrong as wrong:
            line = self._lines.of(self._position, wrong.path)
            self.faults.append(told(wrong, self._file, line))

    def _by_form(self, node: Node) -> None:
        value: Document = node.value
        if isinstance(value, list):
            self._each(node)
        elif not isinstance(value, dict):
            raise node.wrong("this is no record", _FORMS)
        elif "apiVersion" in value and "kind" in value:
            self._kubernetes(node)
        else:
            self._without_kind(node)

    def _without_kind(self, node: Node) -> None:
        if tinkerbell.is_hardware_json(node.value):
            self._add(tinkerbell.hardware_json, node)
        elif smee.is_smee(node.value):
            for entry in smee.entries(node):
                self._try(partial(self._add, smee.machine, entry))
        elif "machines" in node.value:
            for own in short.machines(node):
                self._try(partial(self._add, self._alike.machine, own))
        elif node.value.keys() & {"mac", "address", "interfaces"}:
            self._add(short.machine, node)
        else:
            hints = (nearest(key, ["machines"]) for key in islice(node.value, 20))
            raise node.wrong("this is no record", next(filter(None, hints), _FORMS))

    def _each(self, items: Node) -> None:
        for item in items.items():
            self._try(partial(self._by_form, item))

    def _kubernetes(self, node: Node) -> None:
        """Hardware, or a list of it; objects of other kinds may share the file."""
        kind, version = node.at("kind"), node.at("apiVersion")
        name = kind.text()
        if name == "List":
            self._each(node.at("items"))
        elif version.text().startswith(rufio.GROUP):
            self._beside()
        elif not version.text().startswith(tinkerbell.GROUP):
            return
        elif name not in {"Hardware", "HardwareList"}:
            if nearest(name, ["Hardware"]):
                raise kind.wrong(f'there is no kind "{name}"', nearest(name, ["Hardware"]))
        elif version.text() != tinkerbell.VERSION:
            problem = f'{name} of version "{version.text()}" is not known'
            raise version.wrong(problem, f"write it as {tinkerbell.VERSION}")
        elif name == "Hardware":
            self._add_hardware(node)
        else:
            for item in node.at("items").items():  # items may leave out their own kind
                self._try(partial(self._add_hardware, item))

    def _beside(self) -> None:
        """Pass over an object that others may name."""

    def _add_hardware(self, node: Node) -> None:
        bmc = self.bmcs.of(node)
        self._add(tinkerbell.hardware, node)
        if bmc is not None:
            self.machines[-1] = replace(self.machines[-1], bmc=bmc)

    def _add(self, make: Callable[[N, Place, bytes], Machine], node: N) -> None:
        place = Place(file=self._file, line=node.line)
        self.machines.append(make(node, place, _json(node.value)))


class _Streaming(_Reader):
    """Packs each machine as soon as it is read; at the first mistake it gives up."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__(file, text)
        self.packer = Packer(file)
        self._text = text
        self._moulds = Moulds()
        self._forms: dict[object, Form] = {
            short.machine: slots.of_short,
            self._alike.machine: slots.of_short,
            tinkerbell.hardware: slots.of_hardware,
            tinkerbell.hardware_json: slots.of_2020,
        }

    def whole(self) -> None:
        """Read the file.

        Raises:
            Wrong: there is a mistake in it.
            ValueError, LookupError, RecursionError: as `jsons.stream`.
        """
        self.document(0, Node(jsons.stream(self._text, self._moulds)))

    def _try(self, read: Callable[[], None]) -> None:
        read()

    def _beside(self) -> None:
        raise LookupError  # it may stand behind what names it

    def _add_hardware(self, node: Node) -> None:
        self._add(tinkerbell.hardware, node)

    def _by_form(self, node: Node) -> None:
        if type(node.value) is Own:
            self.packer.add(node.value)
        else:
            super()._by_form(node)

    def _add(self, make: Callable[[N, Place, bytes], Machine], node: N) -> None:
        if type(node.value) is Own:
            self.packer.add(node.value)
            return
        super()._add(make, node)
        own = apart(self.machines.pop())
        is_one_of_a_kind = not self.packer.add(own)
        form = self._forms.get(make)
        if form is not None and not is_one_of_a_kind:
            self._moulds.learn(node.value, own, form)
