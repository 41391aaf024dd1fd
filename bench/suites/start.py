"""Seconds from the start of a server to its first answer, to the last machine of its records."""

from dataclasses import replace

from bench import place
from bench.cases import BOOTS, STARTED, Case, Subject
from bench.place import Command, Place
from bench.subjects import boots, dnsmasq, kea
from bench.suites.dhcp import Dhcp


def cases(quick: bool) -> list[Case]:
    """Boots from YAML it has seen, YAML it has not, and JSON; its peers from their own files."""
    return [
        Case(
            "start",
            f"{machines:,} machines",
            STARTED,
            (
                seen_before(boots(machines, form="yaml")),
                replace(boots(machines), name=f"{BOOTS}, JSON"),
                never_seen(machines),
                dnsmasq(machines),
                kea(machines, persist=True),
            ),
            first_answer(machines),
            warm_up=0,
            rounds=1 if quick else 3,
        )
        for machines in ((1000,) if quick else (1000, 100_000))
    ]


def first_answer(machines: int) -> Dhcp:
    """An exchange of the last machine, asked for until there is an answer.

    Asked more often, dnsmasq would answer a queue of its own making when it has 100,000.
    """
    return Dhcp(
        machines=1,
        first=machines - 1,
        exchanges=1,
        mix="uefi",
        wait=20 if machines < 10_000 else 150,
        tries=1000,
    )


def never_seen(machines: int) -> Subject:
    """Boots with YAML that it must parse."""
    cold = boots(machines, form="yaml")
    return replace(cold, name=f"{BOOTS}, YAML never seen", patience=180)


def seen_before(subject: Subject) -> Subject:
    """The same after it was started once, so that it has kept what it parsed."""

    def command(here: Place) -> Command:
        made = subject.command(here)
        with place.serving(here, made, subject.ports, patience=180):
            pass
        return made

    return replace(subject, command=command)
