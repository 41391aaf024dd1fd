"""Boots machines round after round, and prints a line of JSON for each round.

It is run by `python -m bench.soak` in the machines' network namespace; standard input says when
the next round begins, by its number and who is the server.
"""

import json
import sys

from bench.place import LOAD_NIC
from bench.soak.churn import HOUR, SMOKE, Churn
from boots.lab.fleet.kinds import Stage
from boots.lab.fleet.plan import Arrival
from boots.lab.fleet.report import Report
from boots.lab.fleet.simulate import Simulation, run

_COMING = 0.6  # of a round, in which all come; the rest is theirs to boot


def boot(number: int, churn: Churn) -> Report:
    """One round."""
    return run(
        Simulation(
            machines=churn.round(number),
            interface=LOAD_NIC,
            arrival=Arrival(over=churn.seconds * _COMING),
            seed=number,
            timeout=60.0,
        )
    )


def told(number: int, report: Report) -> dict[str, object]:
    """What the verdict needs of a round."""
    script = report.stages[Stage.SCRIPT.value]
    return {
        "number": number,
        "machines": report.machines,
        "booted": report.booted,
        "script_p99": script.p99_without_own_waits,
        "restarts": report.restarts,
        "saturated": report.saturated,
        "failures": [f"{each.machines}: {each.why}" for each in report.failures],
    }


def main() -> None:
    """Rounds, as long as standard input has numbers."""
    churn = SMOKE if sys.argv[1:] == ["--smoke"] else HOUR
    for line in sys.stdin:
        number = int(line)
        print(json.dumps(told(number, boot(number, churn))), flush=True)


if __name__ == "__main__":
    main()
