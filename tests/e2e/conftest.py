"""OSIE is built once for all boots, by the command that an operator would use."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def osie(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The folder with OSIE of a flavour; it is built when first asked for."""
    built: dict[str, str] = {}

    def build(flavour: str) -> str:
        if flavour not in built:
            output: Path = tmp_path_factory.mktemp("osie") / flavour
            command = [sys.executable, "-m", "boots", "osie", "build"]
            subprocess.run([*command, "--flavour", flavour, "--output", output], check=True)
            built[flavour] = str(output)
        return built[flavour]

    return build
