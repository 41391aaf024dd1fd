from pathlib import Path

import pytest

from boots.lab import accelerator

VMX = "processor\t: 0\nflags\t\t: fpu vme vmx sse\n"
PLAIN = "processor\t: 0\nflags\t\t: fpu vme sse hypervisor\n"


def system(root: Path, *, kvm: bool = True, pvm: bool = False, cpuinfo: str = VMX) -> Path:
    (root / "dev").mkdir()
    (root / "proc").mkdir()
    (root / "sys/module/kvm").mkdir(parents=True)
    if kvm:
        (root / "dev/kvm").touch()
    if pvm:
        (root / "sys/module/kvm_pvm").mkdir()
    (root / "proc/cpuinfo").write_text(cpuinfo)
    return root


def test_real_kvm_is_used_where_it_is_there(tmp_path: Path) -> None:
    choice = accelerator.choose(system(tmp_path))

    assert choice.name == "kvm"
    assert choice.arguments() == ["-accel", "kvm", "-cpu", "host"]
    assert not choice.emulated


@pytest.mark.parametrize(
    ("kvm", "pvm", "cpuinfo", "why"),
    [
        (False, False, VMX, "no /dev/kvm"),
        (True, True, VMX, "kvm_pvm"),
        (True, False, PLAIN, "neither vmx nor svm"),
        (True, False, "", "neither vmx nor svm"),
    ],
)
def test_everything_else_is_emulated_and_says_why(
    tmp_path: Path, kvm: bool, pvm: bool, cpuinfo: str, why: str
) -> None:
    choice = accelerator.choose(system(tmp_path, kvm=kvm, pvm=pvm, cpuinfo=cpuinfo))

    assert choice.name == "tcg"
    assert why in choice.why
    assert why in choice.sentence()
    assert "emulating" in choice.sentence()
    assert choice.arguments() == ["-accel", "tcg,tb-size=128", "-cpu", "max"]


def test_an_amd_processor_virtualizes_too(tmp_path: Path) -> None:
    root = system(tmp_path, cpuinfo="flags\t\t: fpu svm\n")

    assert accelerator.choose(root).name == "kvm"
