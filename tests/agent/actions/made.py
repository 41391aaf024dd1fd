"""An action's context that tests make: programs are run for real, and what is said is kept."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boots_agent.actions.context import ActionFailed, Context, Programs, Progress
from boots_agent.images.armed import Armed

MACHINE: Mapping[str, Any] = {
    "name": "node-1",
    "mac": "52:54:00:12:34:01",
    "host_name": "node-1",
    "storage": None,
    "server": "http://192.0.2.1:8080",
    "metadata_url": "http://192.0.2.1:8080/TOKEN",
    "user_data": "#cloud-config\nusers: [default]\n",
    "vendor_data": "",
    "meta_data": '{"instance-id": "i-one", "local-hostname": "node-1"}\n',
    "network_config": (
        '{"version": 2, "ethernets": {"nic0": {"match": {"macaddress": "52:54:00:12:34:01"},'
        ' "addresses": ["192.0.2.10/24"], "routes": [{"to": "0.0.0.0/0", "via": "192.0.2.1"}],'
        ' "nameservers": {"addresses": ["192.0.2.53"]}}}}'
    ),
    "phone_home": "http://192.0.2.1:8080/TOKEN/phone-home",
    "name_servers": ["192.0.2.53"],
}


@dataclass
class Told:
    """What an action said, which programs it ran, and what it asked to arm."""

    lines: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    programs: list[tuple[str, ...]] = field(default_factory=list)
    armed: list[str] = field(default_factory=list)


def nothing_armed(path: str) -> Armed:
    raise ActionFailed(f"{path} is not armed")


class Runner(Programs):
    """Runs programs, and keeps what they print."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def __call__(
        self,
        words: Sequence[str],
        *,
        chroot: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
    ) -> int:
        self._told.programs.append(tuple(words))
        before = [] if chroot is None else ["chroot", str(chroot)]
        done = subprocess.run(
            [*before, *words],
            input=given,
            env=None if environment is None else dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self._told.lines += done.stdout.decode(errors="replace").splitlines()
        return done.returncode

    def output(self, words: Sequence[str]) -> str:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ActionFailed(done.stderr)
        return done.stdout


def context(
    kind: str,
    environment: Mapping[str, str],
    mounts: Path,
    *,
    told: Told | None = None,
    arm: Callable[[str], Armed] = nothing_armed,
    command: tuple[str, ...] = (),
    machine: Mapping[str, Any] = MACHINE,
    root: Path = Path("/"),
) -> Context:
    kept = Told() if told is None else told

    def armed(path: str) -> Armed:
        kept.armed.append(path)
        return arm(path)

    return Context(
        name=f"the {kind}",
        kind=kind,
        command=command,
        environment=environment,
        machine=machine,
        say=kept.lines.append,
        tell=kept.progress.append,
        arm=armed,
        edges=lambda _: b"",
        run=Runner(kept),
        mounts=mounts,
        root=root,
    )
