"""What Boots needs of others: from requirements.lock, with its licence and what it is for."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageMetadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
OTHER_LOCKS = (
    ROOT / "requirements-release.lock",
    ROOT / "packaging" / "container" / "build.lock",
)
"""Of what makes a release and an image."""
RUN_LOCK = ROOT / "packaging" / "container" / "run.lock"
"""Of what an image runs: a part of `LOCK`."""
_ITSELF = "boots-netboot"

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
    }
)
"""Licences of what may be needed.  Of a choice one is enough; of several for parts, all."""

LEFT_ALONE: Mapping[str, str] = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
}
"""Others, of what is used as it is, is not part of our wheel, and is asked for by an extra."""

PURPOSES: Mapping[str, str] = {
    "aiohttp": "HTTP: the machines' door, and the operator's",
    "alembic": "the store's migrations",
    "atheris": "fuzzing",
    "cryptography": "TLS certificates, signatures of certificates of erasure",
    "hypothesis": "property tests",
    "jinja2": "templates of profiles, records and pages",
    "msgspec": "typed values from and to JSON",
    "multidict": "HTTP headers",
    "mypy": "types",
    "opentelemetry-exporter-otlp-proto-http": "traces of boots, to a collector",
    "opentelemetry-sdk": "traces of boots",
    "prometheus-client": "metrics",
    "psycopg": "PostgreSQL",
    "pyghmi": "power by IPMI",
    "pyroute2": "interfaces and addresses; networks of the lab",
    "pytest": "tests",
    "pytest-timeout": "tests that hang",
    "pytest-xdist": "tests on all cores",
    "pyyaml": "records, profiles, templates",
    "rich": "tables and colours of commands",
    "ruff": "format and lint",
    "selenium": "tests in a browser",
    "sqlalchemy": "the store, SQLite or PostgreSQL",
    "structlog": "the log",
    "sushy": "power by Redfish",
    "sushy-tools": "BMCs for tests",
    "typer": "the command line",
    "types-pyyaml": "types of PyYAML",
    "watchfiles": "records and profiles that change",
    "yarl": "URLs",
}
"""What each is for that is named in pyproject.toml."""

LICENCES: Mapping[str, str] = {
    "aiohappyeyeballs": "PSF-2.0",
    "aiohttp": "Apache-2.0 AND MIT",
    "aiosignal": "Apache-2.0",
    "alembic": "MIT",
    "annotated-doc": "MIT",
    "annotated-types": "MIT",
    "anyio": "MIT",
    "ast-serialize": "MIT",
    "atheris": "Apache-2.0",
    "attrs": "MIT",
    "bcrypt": "Apache-2.0",
    "blinker": "MIT",
    "certifi": "MPL-2.0",
    "cffi": "MIT-0",
    "charset-normalizer": "MIT",
    "click": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "cryptography": "Apache-2.0 OR BSD-3-Clause",
    "execnet": "MIT",
    "flask": "BSD-3-Clause",
    "frozenlist": "Apache-2.0",
    "googleapis-common-protos": "Apache-2.0",
    "h11": "MIT",
    "hypothesis": "MPL-2.0",
    "idna": "BSD-3-Clause",
    "iniconfig": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "legacy-cgi": "PSF-2.0",
    "librt": "MIT",
    "mako": "MIT",
    "markdown-it-py": "MIT",
    "markupsafe": "BSD-3-Clause",
    "mdurl": "MIT",
    "msgspec": "BSD-3-Clause",
    "multidict": "Apache-2.0",
    "mypy": "MIT",
    "mypy-extensions": "MIT",
    "opentelemetry-api": "Apache-2.0",
    "opentelemetry-exporter-http-transport": "Apache-2.0",
    "opentelemetry-exporter-otlp-common": "Apache-2.0",
    "opentelemetry-exporter-otlp-proto-common": "Apache-2.0",
    "opentelemetry-exporter-otlp-proto-http": "Apache-2.0",
    "opentelemetry-proto": "Apache-2.0",
    "opentelemetry-sdk": "Apache-2.0",
    "opentelemetry-semantic-conventions": "Apache-2.0",
    "outcome": "MIT OR Apache-2.0",
    "packaging": "Apache-2.0 OR BSD-2-Clause",
    "pathspec": "MPL-2.0",
    "pbr": "Apache-2.0",
    "pluggy": "MIT",
    "prometheus-client": "Apache-2.0 AND BSD-2-Clause",
    "propcache": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "pycparser": "BSD-3-Clause",
    "pydantic": "MIT",
    "pydantic-core": "MIT",
    "pyghmi": "Apache-2.0",
    "pygments": "BSD-2-Clause",
    "pyroute2": "GPL-2.0-or-later OR Apache-2.0",
    "pysocks": "BSD-3-Clause",
    "pytest": "MIT",
    "pytest-timeout": "MIT",
    "pytest-xdist": "MIT",
    "python-dateutil": "BSD-3-Clause",
    "pyyaml": "MIT",
    "requests": "Apache-2.0",
    "rich": "MIT",
    "ruff": "MIT",
    "selenium": "Apache-2.0",
    "setuptools": "MIT",
    "shellingham": "ISC",
    "sniffio": "MIT OR Apache-2.0",
    "sortedcontainers": "Apache-2.0",
    "sqlalchemy": "MIT",
    "stevedore": "Apache-2.0",
    "structlog": "MIT OR Apache-2.0",
    "sushy": "Apache-2.0",
    "sushy-tools": "Apache-2.0",
    "tenacity": "Apache-2.0",
    "trio": "MIT OR Apache-2.0",
    "trio-websocket": "MIT",
    "typer": "MIT",
    "types-pyyaml": "Apache-2.0",
    "typing-extensions": "PSF-2.0",
    "typing-inspection": "MIT",
    "tzdata": "Apache-2.0",
    "urllib3": "MIT",
    "watchfiles": "MIT",
    "webob": "MIT",
    "websocket-client": "Apache-2.0",
    "werkzeug": "BSD-3-Clause",
    "win-inet-pton": "Unlicense",
    "wsproto": "MIT",
    "yarl": "Apache-2.0",
}
"""Of each package of the lock, as SPDX has it; a test holds it against what is installed."""

RELEASE_LICENCES: Mapping[str, str] = tomllib.loads(
    Path(__file__).with_name("release-licences.toml").read_text()
)
"""Likewise of the other locks, of what is in them alone."""

_WORDS: Mapping[str, str] = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License (GPL)": "GPL-3.0-or-later",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What older metadata calls them."""

_LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ]+)")


def locked() -> dict[str, tuple[str, set[str]]]:
    """Each package of the lock: its versions, and who needs it."""
    found: dict[str, tuple[str, set[str]]] = {}
    name, via = "", False
    for line in LOCK.read_text().splitlines():
        if pinned := _LOCKED.match(line):
            name, via = pinned[1], False
            before = found.get(name)
            versions = f"{before[0]}, {pinned[2]}" if before else pinned[2]
            found[name] = (versions, before[1] if before else set())
        elif line.startswith("    # via"):
            via = True
            found[name][1].update(line.removeprefix("    # via").split()[:1])
        elif via and line.startswith("    #   "):
            found[name][1].add(line.removeprefix("    #   ").split()[0])
    return found


def others() -> dict[str, set[str]]:
    """The packages of the other locks, with their versions there."""
    found: dict[str, set[str]] = {}
    for lock in OTHER_LOCKS:
        for pinned in map(_LOCKED.match, lock.read_text().splitlines()):
            if pinned:
                found.setdefault(pinned[1], set()).add(pinned[2])
    return found


def wanted() -> dict[str, str]:
    """What pyproject.toml names, and for which extra; empty for what every server needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {
        "dev": project["dependency-groups"]["dev"],
        **project["project"]["optional-dependencies"],
        "": project["project"]["dependencies"],
    }
    return {
        re.split(r"[\[><=; ]", line)[0].lower(): extra
        for extra, lines in groups.items()
        for line in lines
        if line != "boots-agent"
    }


def extras() -> dict[str, str]:
    """For which extra each package is there: none before any, any before development."""
    packages, found = locked(), dict[str, str]()
    direct = wanted()
    for extra in sorted(set(direct.values()), key=lambda each: (each == "dev", each)):
        due = [name for name, own in direct.items() if own == extra]
        while due:
            name = due.pop()
            if found.setdefault(name, extra) == extra:
                due += [
                    other
                    for other, (_, via) in packages.items()
                    if name in via and other not in found
                ]
    return found


def declared(metadata: PackageMetadata) -> str:
    """What the metadata of an installed package says of its licence, as SPDX; empty if nothing."""
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    classes = [
        each.split("::")[-1].strip()
        for each in metadata.get_all("Classifier") or []
        if each.startswith("License :: OSI Approved ::")
    ]
    said = str(metadata.get("License") or "").split("\n", 1)[0].strip()
    words = [said] if said and said != "UNKNOWN" else classes
    return " OR ".join(_WORDS.get(each, each) for each in words)


def licence(name: str) -> str:
    """That of a package of any lock, as SPDX has it."""
    return LICENCES.get(name) or RELEASE_LICENCES.get(name, "?")


def allows(expression: str) -> bool:
    """Whether a licence is one that may be needed."""
    return any(
        all(part.strip(" ()") in ALLOWED for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def page() -> str:
    """All of them, those first that every server needs."""
    packages, of = locked(), extras()
    lines = [
        "# Dependencies",
        "",
        "What Boots needs of others, locked with hashes in `requirements.lock`.",
        "`pip install boots-netboot` brings the first table, `boots-netboot[bmc]` the second, too.",
        "OSIE's agent needs nothing but Python.",
        "Versions are those that CI tests; the wheel asks for the least that will do.",
        "`make sbom` writes what the wheel brings as CycloneDX, `make audit` asks for known",
        "vulnerabilities of every lock.",
    ]
    titles = {
        "": "Every server",
        "bmc": "With `bmc`",
        "postgres": "With `postgres`",
        "trace": "With `trace`",
        "dev": "Development and CI alone",
    }
    for extra, title in titles.items():
        head = ("| package | version | licence | what for |", "|---|---|---|---|")
        lines += ["", f"## {title}", "", *head]
        lines += _rows(packages, of, extra)
    lines += [
        "",
        "## What makes a release and an image",
        "",
        "Locked in `requirements-release.lock` and `packaging/container/build.lock`; none of it is",
        "shipped, and nothing of ours imports it.",
        "",
        "| package | version | licence |",
        "|---|---|---|",
        *(
            f"| {name} | {', '.join(sorted(versions))} | {licence(name)} |"
            for name, versions in sorted(others().items())
        ),
    ]
    return "\n".join(lines) + "\n"


def _rows(
    packages: Mapping[str, tuple[str, set[str]]], of: Mapping[str, str], extra: str
) -> Iterator[str]:
    for name, (version, via) in packages.items():
        if of.get(name) == extra:
            others = ", ".join(sorted(via - {_ITSELF}))
            what = PURPOSES.get(name) or f"needed by {others}"
            yield f"| {name} | {version} | {licence(name)} | {what} |"
