"""A BMC that speaks IPMI, by pyghmi: ``python ipmi_bmc.py PORT NOTES on|off``."""

import sys
from pathlib import Path
from typing import Any

from pyghmi.ipmi.bmc import Bmc

port, notes, power = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]


class Noted(Bmc):
    """Notes what it is told, and does so at once."""

    def __init__(self) -> None:
        super().__init__({"boots": "let me in"}, port=port, address="127.0.0.1")
        self.power = power

    def _note(self, what: str, power: str) -> None:
        self.power = power
        with notes.open("a") as file:
            file.write(f"{what}\n")

    def get_power_state(self) -> str:
        return self.power

    def power_on(self) -> None:
        self._note("on", "on")

    def power_off(self) -> None:
        self._note("off", "off")

    def power_cycle(self) -> None:
        if "--no-cycle" in sys.argv:
            raise NotImplementedError
        self._note("cycle", "on")

    def power_reset(self) -> None:
        self._note("reset", "on")

    def set_system_boot_options(self, request: Any, session: Any) -> None:
        if request["data"][0] == 5:
            self._note(f"flags {request['data'][1]:#x}", self.power)
        super().set_system_boot_options(request, session)

    def set_boot_device(self, bootdevice: str) -> None:
        self._note(f"boot {bootdevice}", self.power)


bmc = Noted()
print("ready", flush=True)
bmc.listen()
