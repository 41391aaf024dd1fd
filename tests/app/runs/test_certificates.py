"""Certificates of erased disks: said by an agent, kept for good, signed by the server."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.app.runs.yard import Yard, at, in_yard, new_run

from boots.api.desk import Refused
from boots.app.runs.signing import Signer
from boots.client.workflows import Certificate
from boots.store.certificates import Line

WIPE = """\
version: "0.1"
name: goodbye
tasks:
  - name: erase
    worker: "{{ .device_1 }}"
    actions:
      - {name: wipe, image: wipe, timeout: 60, environment: {DEST_DISK: /dev/vda}}
      - {name: tell, image: shell, timeout: 60, environment: {SCRIPT: "true"}}
      - {name: off, image: poweroff, timeout: 60}
"""


def proved(public_key: str, certificate: Certificate) -> Any:
    """What a certificate says, if its signature is good."""
    key = load_pem_public_key(public_key.encode())
    assert isinstance(key, Ed25519PublicKey)
    key.verify(base64.b64decode(certificate.signature), certificate.text.encode())
    return json.loads(certificate.text)


def line(hand: Any, text: str, number: int = 1) -> dict[str, Any]:
    return {"number": number, "at": 1764500002.0, **at(hand), "text": text}


def said(run: str, **more: Any) -> str:
    whole = {"boots-erase": 1, "run": run, "machine": "file-1", "disk": {"serial": "DISK-1"}}
    return f"certificate: {json.dumps({**whole, **more})}"


@in_yard
async def test_what_an_agent_proves_is_signed_once_and_kept(yard: Yard) -> None:
    await yard.tells()
    run = (await yard.provision(new_run(WIPE))).line.id
    agent = await yard.boots()
    wipe = await agent.next()
    await agent.started(wipe)
    for _ in range(2):  # the first answer was lost
        await agent.tell(lines=[line(wipe, "begins"), line(wipe, said(run, method="x"), 2)])
    found = await yard.desk.certificates(run)

    (only,) = found.certificates
    assert (1, 1, "file-1", "DISK-1", yard.now) == (
        only.step,
        only.attempt,
        only.machine,
        only.serial,
        only.at,
    )
    told = proved(found.public_key, only)
    assert ("x", run) == (told["certificate"]["method"], told["certificate"]["run"])
    assert {"certificate", "kept", "server"} == set(told)


@in_yard
async def test_what_others_print_is_no_certificate(yard: Yard) -> None:
    await yard.tells()
    run = (await yard.provision(new_run(WIPE))).line.id
    agent = await yard.boots()
    wipe = await agent.next()
    await agent.started(wipe)
    wrong = [
        said("w-other"),
        said(run, machine="another"),
        said(run, disk=None),
        said(run, disk={"serial": 3}),
        "certificate: {",
        "certificate: 3",
        f"x {said(run)}",
    ]
    lines = [line(wipe, text, number) for number, text in enumerate(wrong, 1)]
    lines.append({**line(wipe, said(run), 90), "step": 9})
    await agent.tell(lines=lines)
    await agent.ended(wipe)
    script = await agent.next()
    assert "shell" == script["kind"]
    await agent.started(script)
    await agent.tell(lines=[line(script, said(run), 92)])

    assert () == (await yard.desk.certificates(run)).certificates


@in_yard
async def test_a_run_that_nobody_knows_has_none(yard: Yard) -> None:
    with pytest.raises(Refused):
        await yard.desk.certificates("w-none")


def test_a_certificate_of_which_anything_was_changed_is_not_good() -> None:
    signer = Signer(b"k" * 32)
    good = signer.signed(Line("w-1", 0, 1, "m", "S", 1.5, '{"method":"discard"}'), "here")
    bad = Certificate(
        step=1, attempt=1, machine="m", serial="S", at=1.5,
        text=good.text.replace("discard", "overwrite"), signature=good.signature,
    )  # fmt: skip

    assert {"certificate": {"method": "discard"}, "kept": 1.5, "server": "here"} == proved(
        signer.public_key, good
    )
    with pytest.raises(InvalidSignature):
        proved(signer.public_key, bad)
    with pytest.raises(InvalidSignature):
        proved(Signer(b"j" * 32).public_key, good)


def test_a_server_has_the_same_key_at_every_start() -> None:
    assert Signer(b"k" * 32).public_key == Signer(b"k" * 32).public_key
