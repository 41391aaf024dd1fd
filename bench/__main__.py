"""``python -m bench``: measure, print the table, keep the figures."""

import argparse
import json
import sys
from pathlib import Path

from bench import cases, machine, table
from bench.cases import Case, Result
from bench.programs import BUILT
from bench.suites import boots, dhcp, eyes, http, memory, start, tftp
from boots.lab import isolation

RESULTS = Path(__file__).parent / "results" / "latest.json"
PARTS = BUILT / "latest.json"


SUITES = (dhcp.cases, tftp.cases, http.cases, boots.cases, start.cases, memory.cases, eyes.cases)


def all_cases(*, quick: bool) -> list[Case]:
    """Every case of every suite."""
    return [case for suite in SUITES for case in suite(quick)]


def main() -> None:
    """Read the words, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("words", nargs="*", help="suites, or parts of the names of cases")
    parser.add_argument("--only", action="append", default=[], help="this subject (again for more)")
    parser.add_argument("--against", type=Path, help="the src of another tree of Boots, in turn")
    parser.add_argument("--rounds", type=int, help="rounds in turns (5; 1 with --quick)")
    parser.add_argument(
        "--quick", action="store_true", help="fewer cases and a quarter of the load"
    )
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    parser.add_argument("--json", type=Path, help="where the figures are kept")
    options = parser.parse_args()
    wanted = cases.chosen(all_cases(quick=options.quick), options.words)
    wanted = [case for each in wanted if (case := cases.only(each, options.only)).subjects]
    if options.against:
        wanted = [cases.against(case, options.against.absolute()) for case in wanted]
    if options.list:
        for case in wanted:
            print(f"{case.suite}: {case.name}: {', '.join(s.name for s in case.subjects)}")
        return
    isolation.enter([sys.executable, "-m", "bench", *sys.argv[1:]])
    rounds = options.rounds or (1 if options.quick else 5)
    done: list[Result] = []
    about = machine.about()
    whole = not (options.quick or options.words or options.only or options.against)
    target = options.json or (RESULTS if whole else PARTS)
    target.parent.mkdir(parents=True, exist_ok=True)
    for case in wanted:
        done.append(cases.run(case, rounds, 0.25 if options.quick else 1.0, cases.say))
        table.show(done[-1])
        target.write_text(json.dumps(table.kept(about, done), indent=1) + "\n")
    cases.say(f"figures kept in {target}")


if __name__ == "__main__":
    main()
