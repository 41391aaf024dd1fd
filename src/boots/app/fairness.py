"""Whom the doors for datagrams take up: who is known, and how many a second."""

import time
from collections.abc import Callable

from boots.app.answers import Answers
from boots.journal.limited import Limited
from boots.model import limits
from boots.model.limits import Limit
from boots.serve.fair import Fair
from boots.settings import Settings


class Fairness:
    """Makes what the doors of one interface ask, each with counts of its own."""

    def __init__(self, settings: Settings, answers: Answers, limited: Limited) -> None:
        self._settings = settings
        self._answers = answers
        self._limited = limited

    def dhcp(self) -> Callable[[bytes], bool]:
        """By MAC."""
        strangers = limits.DHCP_STRANGERS.of(self._settings.dhcp.strangers)
        return self._fair(limits.DHCP_OF_ONE, strangers, self._answers.owners.is_known)

    def tftp(self) -> Callable[[str], bool]:
        """By address."""
        strangers = limits.TFTP_STRANGERS.of(self._settings.tftp.strangers)
        return self._fair(limits.TFTP_OF_ONE, strangers, self._answers.owners.is_at)

    def syslog(self) -> Callable[[str], bool]:
        """By address."""
        return self._fair(limits.SYSLOG_OF_ONE, limits.SYSLOG_STRANGERS, self._answers.owners.is_at)

    def ndp(self) -> Callable[[bytes], bool]:
        """By MAC."""
        return self._fair(limits.NDP_OF_ONE, limits.NDP_STRANGERS, self._answers.owners.is_known)

    def _fair(
        self, of_one: Limit, strangers: Limit, is_known: Callable[..., bool]
    ) -> Callable[..., bool]:
        return Fair(self._limited, of_one, strangers, is_known, time.monotonic).admits
