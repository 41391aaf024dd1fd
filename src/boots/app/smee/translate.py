"""An environment that Smee, Tinkerbell or Boots 2021 was started with, in our own settings."""

import difflib
import re
from collections.abc import Iterator, Mapping

from boots.app.smee import kinds
from boots.app.smee.compose import compose
from boots.app.smee.parts import Here, Part, Parts
from boots.app.smee.release2021 import BOOTS
from boots.app.smee.release2025 import SMEE
from boots.app.smee.release2026 import TINKERBELL
from boots.app.smee.words import Moved, Release, Row, Standing, Variable
from boots.settings import SettingsError

# Kubernetes tells every program of the services beside it, like one called "smee".
_SERVICE = re.compile(r"(.+_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP)(_.*)?)?)")
_LINK = re.compile(r"(tcp|udp)://")
_NEWER = (TINKERBELL, SMEE)


def translate(environment: Mapping[str, str], here: Here) -> Moved:
    """What an environment means in our words.

    Raises:
        SettingsError: a value cannot be read, values contradict each other, or nothing of an
            ancestor of ours is set.
    """
    given = {name: text for name, text in environment.items() if text}
    newer = [release for release in _NEWER if _own(release, given)]
    release = newer[0] if newer else BOOTS
    if not newer and not any(name in BOOTS.variables for name in given):
        raise SettingsError(
            "--from-smee finds nothing to read: no variable SMEE_… or TINKERBELL_… is set, nor one"
            " of Boots 2021; export them (set -a; . FILE), and with sudo keep them (sudo -E)"
        )
    found = [*_defaults(release, given), *_given(release, given)]
    rows = [row for row, part in found if not part]
    for other in newer[1:]:
        why = f"{release.name}'s variables are set, too, and only those are read"
        rows += [Row(name, Standing.IGNORED, note=why) for name in sorted(_own(other, given))]
    parts = {part: Part(row.name, row.value, row.standing) for row, part in found if part}
    composed = Parts(parts, here, int(release.name[-4:]))
    rows += compose(composed)
    rows += [
        Row("", Standing.ASSUMED, key, value, f"{release.name} always does so")
        for key, value in release.always.items()
    ]
    values = {row.key: row.value for row in rows if row.key}
    return Moved(release.name, values, tuple(rows), composed.no_records)


def _own(release: Release, given: Mapping[str, str]) -> list[str]:
    """The variables that are this release's, Kubernetes' left out.

    Two names that begin as Tinkerbell's do are Boots 2021's.
    """
    return [
        name
        for name, text in given.items()
        if name.startswith(release.prefix)
        and name not in BOOTS.variables
        and not _of_kubernetes(release, name, text)
    ]


def _of_kubernetes(release: Release, name: str, text: str) -> bool:
    short = name.removeprefix(release.prefix)
    known = short in release.variables
    return bool(_SERVICE.fullmatch(short)) and (not known or bool(_LINK.match(text)))


def _defaults(release: Release, given: Mapping[str, str]) -> Iterator[tuple[Row, str]]:
    """What unset variables mean there, and the parts that they are."""
    for short, text in release.defaults.items():
        name, variable = release.prefix + short, release.variables[short]
        unset = name not in given or _of_kubernetes(release, name, given[name])
        if unset and variable.kind is not None:
            value = variable.kind.read(text)
            yield Row(name, Standing.ASSUMED, variable.key, value), variable.part


def _given(release: Release, given: Mapping[str, str]) -> Iterator[tuple[Row, str]]:
    """A row for each variable that is set, and the part that it is."""
    for name, text in sorted(given.items()):
        if not (name.startswith(release.prefix) if release.prefix else _old(name)):
            continue
        variable = release.variables.get(name.removeprefix(release.prefix))
        if _of_kubernetes(release, name, text):
            yield Row(name, Standing.IGNORED, note="Kubernetes tells of a service by it"), ""
        elif variable is None:
            yield _unknown(release, name), ""
        else:
            yield _alone(name, text, variable), variable.part


def _old(name: str) -> bool:
    return name in BOOTS.variables or any(each.fullmatch(name) for each, _ in BOOTS.others)


def _alone(name: str, text: str, variable: Variable) -> Row:
    if variable.kind is None:
        return Row(name, Standing.IGNORED, note=variable.why)
    value = kinds.of(name, text, variable.kind)
    standing = Standing.DIFFERS if variable.why else Standing.TAKEN
    return Row(name, standing, variable.key, value, variable.why)


def _unknown(release: Release, name: str) -> Row:
    short = name.removeprefix(release.prefix)
    for pattern, why in release.others:
        if pattern.fullmatch(short):
            return Row(name, Standing.IGNORED, note=why)
    near = difflib.get_close_matches(short, list(release.variables), n=1)
    note = f"did you mean {release.prefix}{near[0]}?" if near else "it had no such variable"
    return Row(name, Standing.UNKNOWN, note=note)
