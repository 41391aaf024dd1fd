"""What every action may ask of its context."""

from pathlib import Path

import pytest
from tests.agent.actions.made import MACHINE, context

from boots_agent.actions.context import ActionFailed

SERVER = "http://192.0.2.1:8080"


def url(value: str, server: str = SERVER) -> str:
    machine = {**MACHINE, "server": server}
    return context("image2disk", {"IMG_URL": value}, Path("/nowhere"), machine=machine).url(
        "IMG_URL"
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("images/debian/index.json", f"{SERVER}/images/debian/index.json"),
        ("/images/debian/index.json", f"{SERVER}/images/debian/index.json"),
        ("https://example.com/images/one.img", "https://example.com/images/one.img"),
        ("/mnt/usb/one.img", "/mnt/usb/one.img"),
    ],
)
def test_a_path_without_a_host_is_the_servers(value: str, found: str) -> None:
    assert found == url(value)


def test_it_is_told_where_nobody_knows_the_server() -> None:
    with pytest.raises(ActionFailed, match="does not say where it is"):
        url("images/debian/index.json", server="")
