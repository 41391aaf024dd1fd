"""An image with cloud-init, its seed, and its own report; by the shipped workflow."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import RECORD, add_image, provisioned

from boots.client import shipped
from boots.journal import events
from boots.lab.firmware import Firmware

pytestmark = [pytest.mark.e2e, pytest.mark.wide, pytest.mark.timeout(1800)]

Osie = Callable[[str], str]
OVER = ("SUCCESS", "FAILED", "TIMEOUT")


def test_cloud_init_finds_its_seed_and_tells_the_server(
    namespace: str, osie: Osie, cloud_debian: Path, tmp_path: Path
) -> None:
    add_image(cloud_debian, "cloud", tmp_path / "images")
    template = shipped.text("cloud-image") or ""
    user = "#cloud-config\nruncmd: [[sh, -c, 'echo SEEDED BY THE RECORD >/dev/console']]\n"
    records = f"{RECORD}    user_data: {json.dumps(user)}\n"
    with provisioned(namespace, tmp_path, osie("cloud"), tmp_path / "images", records=records) as p:
        run = p.provision(template, map={"image": "images/cloud/index.json"})
        with p.power(Firmware.BIOS):
            done = p.becomes(run, *OVER, within=800)
            assert "SUCCESS" == done.line.state, p.evidence()
            p.says("SEEDED BY THE RECORD")
        assert p.told(events.SystemSeen)
