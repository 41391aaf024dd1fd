"""OSIE and boot files are made once for all boots, by the commands that an operator would use."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.provisioned import add_image
from tests.peers.conftest import space
from tests.web.browser import Browser, lacking

from boots.lab import network


@pytest.fixture(scope="session")
def osie(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The folder with OSIE of a flavour, and more flags; it is built when first asked for."""
    built: dict[tuple[str, ...], str] = {}

    def build(*flavour_and_flags: str) -> str:
        if flavour_and_flags not in built:
            flavour, *flags = flavour_and_flags
            output: Path = tmp_path_factory.mktemp("osie") / flavour
            command = [sys.executable, "-m", "boots", "osie", "build", *flags]
            subprocess.run([*command, "--flavour", flavour, "--output", output], check=True)
            built[flavour_and_flags] = str(output)
        return built[flavour_and_flags]

    return build


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Debian as a raw disk; one that DEBIAN_IMAGE names is taken as it is."""
    return _image(
        os.environ.get("DEBIAN_IMAGE", ""),
        tmp_path_factory.mktemp("debian"),
        *("--no-cloud-init", "--no-ssh", "--slim"),
    )


@pytest.fixture(scope="session")
def cloud_debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with cloud-init and an SSH server."""
    return _image(os.environ.get("CLOUD_IMAGE", ""), tmp_path_factory.mktemp("cloud"), "--slim")


def _image(given: str, folder: Path, *options: str) -> Path:
    if given:
        return Path(given)
    command = [sys.executable, "-m", "boots", "image", "debian", "--raw", folder / "disk.img"]
    always = ["--flavour", "cloud", "--append", "no_timer_check"]
    subprocess.run([*command, *always, *options], check=True)
    return folder / "disk.img"


@pytest.fixture(scope="session")
def images(debian: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of images, with that Debian as an operator adds it."""
    folder: Path = tmp_path_factory.mktemp("images")
    add_image(debian, "debian", folder)
    return folder


@pytest.fixture(scope="session")
def boot_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a newer release's boot files; without that release there is no such boot."""
    output: Path = tmp_path_factory.mktemp("boot-files")
    command = [sys.executable, "-m", "boots", "boot-files", "fetch", "--secure-boot"]
    done = subprocess.run([*command, "--output", output], check=False, capture_output=True)
    said = done.stdout.decode()
    if "cannot be had" in said:
        pytest.skip(said)
    assert 0 == done.returncode, said
    return output


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A network namespace of our own; the thread of the tests is in it."""
    with space() as name, network.within(name):
        yield name


@pytest.fixture(scope="module")
def browser(namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium in that namespace."""
    lacking()
    made = Browser(tmp_path_factory.mktemp("chromium"))
    try:
        yield made
    finally:
        made.driver.quit()
