"""The life of a virtual machine, from power-on to power-off."""

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Self

from boots.lab.accelerator import Accelerator
from boots.lab.errors import LabError
from boots.lab.firmware import RECIPES
from boots.lab.qemu import Files, Spec, command, missing
from boots.lab.qmp import Qmp, QmpError
from boots.lab.tail import Tail, readable


class MachineError(LabError):
    """QEMU did not start; the text is what it said."""


class VirtualMachine:
    """A machine that has power.  As a context manager it loses it at the end of the `with`."""

    def __init__(
        self, spec: Spec, files: Files, process: subprocess.Popen[bytes], console: int = 0
    ) -> None:
        self.spec = spec
        self.files = files
        self.started = time.time()
        """Power-on, in seconds since 1970 UTC."""
        self._process = process
        self._console = Tail(files.console, skip=console)
        self._ending = ""
        self.qmp = self._connect()

    @classmethod
    def start(
        cls, spec: Spec, files: Files, accelerator: Accelerator, prefix: Sequence[str] = ()
    ) -> Self:
        """Power on.

        Args:
            spec: the machine.
            files: where its files are made.
            accelerator: what executes it.
            prefix: words before the command, to run it in another network namespace.

        Raises:
            MissingFileError: a file of the firmware is not installed.
            MachineError: QEMU is not installed or refuses; the text says why.
        """
        argv = command(spec, files, accelerator)
        absent = missing(RECIPES[spec.firmware])
        if absent:
            raise MachineError(absent)
        files.prepare(spec)
        before = files.console.stat().st_size if files.console.exists() else 0
        with files.errors.open("wb") as errors:
            process = subprocess.Popen(
                [*prefix, *argv], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
            )
        return cls(spec, files, process, before)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def ended(self) -> str | None:
        """How it ended: ``powered off``, ``restarted``, or QEMU's failure; None while it runs."""
        self._listen()
        if self._process.poll() is None:
            return None
        self._listen()
        return self._ending or self._said() or f"QEMU ended ({self._process.returncode})"

    def new_lines(self) -> list[str]:
        """What the machine wrote on its console since the last call, readable."""
        lines = self._console.lines() if self._process.poll() is None else self._console.rest()
        return [readable(line) for line in lines]

    def follow(self) -> Iterator[str]:
        """Console lines as they come, until the machine ends."""
        while True:
            running = self.ended is None
            yield from self.new_lines()
            if not running:
                return
            time.sleep(0.05)

    def link(self, *, up: bool) -> None:
        """Pull the cable out of its network card, or plug it in again."""
        self.qmp.execute("set_link", name="card0", up=up)

    def cut(self) -> None:
        """Its power fails: no moment is left for anything."""
        self._process.kill()
        self._process.wait()
        self.qmp.close()

    def stop(self, timeout: float = 5) -> None:
        """Pull the plug, and wait until the machine is gone.  Harmless when it already is."""
        if self._process.poll() is None:
            with contextlib.suppress(QmpError):
                self.qmp.execute("quit", timeout=1)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.qmp.close()

    def _connect(self) -> Qmp:
        deadline = time.monotonic() + 10
        while True:
            try:
                return Qmp.connect(self.files.socket, timeout=0.1)
            except QmpError as error:
                if self._process.poll() is not None:
                    raise MachineError(f"QEMU did not start: {self._said()}") from None
                if time.monotonic() > deadline:
                    self._process.kill()
                    self._process.wait()
                    raise MachineError(str(error)) from None

    def _listen(self) -> None:
        for event in self.qmp.events():
            if event.get("event") == "SHUTDOWN":
                self._ending = _ENDINGS.get(event["data"]["reason"], event["data"]["reason"])

    def _said(self) -> str:
        return self.files.errors.read_text(encoding="utf-8", errors="replace").strip()


_ENDINGS = {
    "guest-shutdown": "powered off",
    "guest-reset": "restarted",
    "guest-panic": "panicked",
    "host-qmp-quit": "stopped",
    "host-signal": "stopped",
}
