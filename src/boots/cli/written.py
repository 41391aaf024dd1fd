"""What ``boots doctor`` says of what is written: records, settings, files and the certificate."""

import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from boots.app import doubts
from boots.app.world import World
from boots.cli import doubtful
from boots.doctor import records
from boots.doctor.place import Place
from boots.doctor.words import Finding, Severity
from boots.documents.fault import Fault
from boots.serve import sockets
from boots.settings import Settings

_CLOCK_MAY_DIFFER = 120.0  # seconds


def judge(settings: Settings, world: World, places: Sequence[Place]) -> Iterator[Finding]:
    """All that is wrong with it."""
    site = places[0].site
    machines = world.index.machines
    yield from records.judge(places, machines)
    warnings = [each for machine in machines for each in doubtful.warnings(machine, site)]
    for line in doubtful.grouped([each for each in warnings if not _is_told(each.problem)]):
        yield _doubt("doubtful-record", line)
    for line in doubts.doubts(settings, site):
        yield _doubt("doubtful-setting", line)
    own = (place.own for place in places if place.here)
    for line in doubts.of_neighbours(len(machines), own, sockets.neighbours_kept()):
        yield _doubt("neighbours", line)
    yield from _certificate(settings, [place.site.http_url for place in places])
    yield from _clock([*settings.machines, *site.files.values()], time.time())


def _is_told(problem: str) -> bool:
    """Whether `records.judge` says it, and better."""
    return problem.startswith(("there is no boot file ", 'there is no file "osie/'))


def _doubt(code: str, line: str) -> Finding:
    title, _, advice = line.rpartition("; ")
    return Finding(code=code, severity=Severity.WARNING, title=title or line, advice=advice)


def faulty(fault: Fault) -> Finding:
    """A mistake in a record, for which nothing of it is read."""
    place = f"{fault.file}:{fault.line}" if fault.line else fault.file
    return Finding(
        code="faulty-record",
        severity=Severity.ERROR,
        title=f"{place}: {fault.field + ': ' if fault.field else ''}{fault.problem}",
        advice=fault.advice,
    )


def _certificate(settings: Settings, urls: Iterable[str]) -> Iterator[Finding]:
    if not settings.http.certificate:
        return
    from boots.app import certificate

    now = certificate.now()
    found = [each for url in dict.fromkeys(urls) for each in certificate.doubts(settings, url, now)]
    for doubt in dict.fromkeys(found):
        yield Finding(
            code="certificate",
            severity=Severity.WARNING,
            title=doubt.problem,
            advice=doubt.advice,
        )


def served_another(pem: str, served: bytes) -> bool:
    """Whether a server shows another certificate than its file's first."""
    end = "-----END CERTIFICATE-----"
    first = pem[pem.find("-----BEGIN CERTIFICATE-----") : pem.find(end) + len(end)]
    return bool(served) and ssl.PEM_cert_to_DER_cert(first) != served


def _clock(paths: Iterable[str], now: float) -> Iterator[Finding]:
    """Files of the future: the clock is behind, and certificates look as if not valid yet."""
    late = []
    for path in paths:
        try:
            if Path(path).stat().st_mtime > now + _CLOCK_MAY_DIFFER:
                late.append(path)
        except OSError:
            continue
    if late:
        yield Finding(
            code="clock",
            severity=Severity.WARNING,
            title="this host's clock is behind: files were changed in its future",
            advice="set it (timedatectl): certificates and leases go by it",
            seen=tuple(late[:3]),
        )
