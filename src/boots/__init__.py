"""Boots: a network boot server.

The tree is a house; imports go down only (``tests/test_floors.py`` keeps it so)::

    F5  app, cli, settings      wiring and commands
    F4  serve/ lab/ osie/       sockets; virtual machines; the in-memory OS image
    F3  machines/ journal/      what we know of machines; what happened
    F2  policy/ transfer        pure: what to answer; one TFTP transfer
    F1  model/                  the shared words
    F0  wire/                   bytes <-> values, standard library only

The whole is explained in ``docs/architecture.md``.
"""

__version__ = "0.1.0"
