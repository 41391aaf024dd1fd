"""Ask for known vulnerabilities of what is locked: ``audit.py LOCK…``, all of them by default.

A service that does not answer, or answers for nothing, has found nothing wrong: so it is asked
first for one that everybody knows of.  Status 0: none is known; 1: some are; 3: nobody could be
asked.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KNOWN = "jinja2==2.10"  # CVE-2019-10906
SERVICES = ("pypi", "osv")


def asked(service: str, requirements: Path) -> list[dict[str, Any]] | None:
    """What a service says of each package; None where it says nothing."""
    program = Path(sys.executable).with_name("pip-audit")
    words = ["--progress-spinner=off", "--format=json", "--timeout=15", "--no-deps"]
    what = ["--disable-pip", f"--vulnerability-service={service}", f"--requirement={requirements}"]
    done = subprocess.run(
        [program, *words, *what],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    return [each for each in found if "skip_reason" not in each] or None


def answering() -> str | None:
    """A service that knows what everybody knows."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(KNOWN + "\n")
        file.flush()
        for service in SERVICES:
            said = asked(service, Path(file.name))
            if said and said[0]["vulns"]:
                return service
    return None


def locks() -> list[Path]:
    """Every lock of ours: of what runs, tests, and makes releases and images."""
    return sorted([*ROOT.glob("*.lock"), *ROOT.glob("packaging/**/*.lock")])


def main(locked: Sequence[Path]) -> int:
    """Ask, and say what is known of each lock."""
    service = answering()
    if service is None:
        print(f"nothing was looked up: neither of {', '.join(SERVICES)} answers from here")
        return 3
    found = {looked_up(service, lock) for lock in locked}
    return 1 if 1 in found else max(found)


def looked_up(service: str, lock: Path) -> int:
    """Say what is known of one lock; the status."""
    said = asked(service, lock)
    if said is None:
        print(f"{lock.name} was not looked up: {service} does not answer any more")
        return 3
    wrong = [each for each in said if each["vulns"]]
    for each in wrong:
        for vulnerability in each["vulns"]:
            mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {vulnerability['id']}, mended in {mended}")
    counted = f"{len(said)} packages were looked up ({service})"
    print(f"{lock.name}: {counted}, {len(wrong)} have known vulnerabilities")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main([Path(each) for each in sys.argv[1:]] or locks()))
