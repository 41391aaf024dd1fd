"""What executes a virtual machine's instructions: the processor (KVM), or QEMU itself (TCG)."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Accelerator:
    """A choice, and its reason for people."""

    name: str
    """``kvm`` or ``tcg``."""
    why: str

    @property
    def emulated(self) -> bool:
        """Whether every instruction is translated; whole boots then take seconds longer."""
        return self.name == "tcg"

    def arguments(self) -> list[str]:
        """QEMU's options."""
        if self.emulated:
            # tb-size bounds the memory of translated code, MiB: many machines must fit in one host
            return ["-accel", "tcg,tb-size=128", "-cpu", "max"]
        return ["-accel", "kvm", "-cpu", "host"]

    def sentence(self) -> str:
        """What the demo says about it."""
        if self.emulated:
            return (
                f"no usable KVM here ({self.why}): emulating, expect a netboot to take 10 to 40 s"
            )
        return f"KVM: {self.why}"


def choose(root: Path = Path("/")) -> Accelerator:
    """KVM where it can run whole systems, else emulation.

    `root` is where ``/dev``, ``/proc`` and ``/sys`` are looked for.
    """
    obstacle = _obstacle(root)
    if obstacle is None:
        return Accelerator("kvm", "/dev/kvm is there and the processor virtualizes")
    return Accelerator("tcg", obstacle)


def _obstacle(root: Path) -> str | None:
    device = root / "dev/kvm"
    if not device.exists():
        return "there is no /dev/kvm"
    if not os.access(device, os.R_OK | os.W_OK):
        return "/dev/kvm is not ours to open: join the group kvm"
    if (root / "sys/module/kvm_pvm").exists():
        return "this is itself a virtual machine, and its kvm_pvm cannot run firmware"
    if not _virtualizes(root / "proc/cpuinfo"):
        return "the processor shows neither vmx nor svm"
    return None


def _virtualizes(cpuinfo: Path) -> bool:
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not {"vmx", "svm"}.isdisjoint(flags.split())
