"""OSIE's agent is killed in the middle of an action, in a virtual machine: OSIE starts it again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.provisioned import provisioned

from boots.lab.firmware import Firmware

pytestmark = [pytest.mark.e2e, pytest.mark.wide]

# The first time it kills the agent: the parent of its parent.
TEMPLATE = """\
version: "0.1"
name: killed
global_timeout: 600
tasks:
  - name: look
    worker: "{{ .device_1 }}"
    actions:
      - name: killer
        image: shell
        timeout: 120
        idempotent: true
        environment:
          SCRIPT: |
            echo begun
            mkdir -p $MOUNTS/place
            mount -t tmpfs none $MOUNTS/place
            [ ! -e /tmp/once ] || exit 0
            touch /tmp/once
            setsid sleep 777 &
            sleep 2
            kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)
            sleep 100
      - name: looks
        image: shell
        timeout: 60
        environment:
          SCRIPT: |
            if grep /mnt/ /proc/mounts; then exit 3; fi
            if ps w | grep '[s]leep 777'; then exit 4; fi
            echo nothing is left
      - {name: go, image: reboot, timeout: 60}
"""


def test_an_agent_that_is_killed_goes_on_and_leaves_nothing_behind(
    namespace: str, osie: Callable[[str], str], tmp_path: Path
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    with provisioned(namespace, tmp_path, osie("cloud"), images) as place:
        run = place.provision(TEMPLATE)
        with place.power(Firmware.BIOS):
            place.becomes(run, "POST", "FAILED", "TIMEOUT", "NEEDS_PERSON")
        ended = place.api.run(run)
        assert "POST" == ended.line.state, place.evidence()
        assert [2, 1, 1] == [each.attempt for each in ended.steps]
        assert ["begun", "begun", "nothing is left"] == place.log(run)[:3]
        assert "OSIE: the agent ended with code 137: starting it again in 1 s" in place.listen()
