"""sushy-tools' emulator: machines that are made up, change at once and note what they are told.

``python emulator.py NOTES ARGUMENT…``: its own wait 1 to 11 seconds, by chance.
"""

import random
import sys
from pathlib import Path
from typing import Any

from sushy_tools.emulator import main
from sushy_tools.emulator.resources.systems.fakedriver import FakeDriver

NOTES = Path(sys.argv.pop(1))
set_power_state = FakeDriver.set_power_state


def noted(self: Any, identity: str, state: str) -> None:
    with NOTES.open("a") as notes:
        notes.write(f"{state}\n")
    set_power_state(self, identity, state)


random.randint = lambda *_: 0
FakeDriver.set_power_state = noted
sys.exit(main.main())
