"""The words of workflows: a template once it is rendered and read, its tasks and actions."""

from collections.abc import Mapping

from boots.model.word import Word

HOUR = 3600
"""Seconds that an action may take which says nothing of it, as in 2020."""


class Action(Word, frozen=True):
    """One step: an image's name says what is done, the environment how.

    `timeout` is in seconds.  `environment` and `volumes` are whole: the task's are in them.
    `retries` and `idempotent` are ours: how often a failure is tried again, and that it does no
    harm to do it twice.
    """

    name: str
    image: str
    timeout: int = HOUR
    command: tuple[str, ...] = ()
    on_timeout: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()
    pid: str = ""
    namespaces: Mapping[str, str] = {}
    volumes: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    retries: int = 0
    idempotent: bool = False


class Task(Word, frozen=True):
    """Actions for one worker: a machine, by its MAC or agent id."""

    name: str
    worker: str
    actions: tuple[Action, ...]


class Template(Word, frozen=True):
    """What is done, in order.  `global_timeout` is in seconds, 0 for none."""

    name: str
    tasks: tuple[Task, ...]
    version: str = "0.1"
    id: str = ""
    global_timeout: int = 0
