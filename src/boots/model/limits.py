"""What one client, and all together, may have of each door: data.

`docs/reference/limits.md` has this table; a test compares the two.  What is beyond a limit is
counted by ``boots_limited_total`` and told by the event `LimitReached`, once a second at most.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Limit(NamedTuple):
    """One limit of a door: `most` of `what`, and what becomes of more.

    `burst` is how many may come at once where `most` is for each second; `setting` names what
    changes it.
    """

    door: str
    name: str
    most: int
    what: str
    then: str
    burst: int = 0
    setting: str = ""

    def of(self, most: int) -> "Limit":
        """The same where a setting, or few open files, give another number.

        Of more a second, as many times more may come at once.
        """
        return self._replace(most=most, burst=round(most * self.burst / self.most))


KIB, MIB = 1 << 10, 1 << 20

# Bytes of a connection in one turn of the loop, no limit that anybody notices: a quarter of a MB,
# asyncio's own, takes 6 ms if it comes in chunks of one byte.
READ_AT_ONCE = 64 * KIB

DHCP_OF_ONE = Limit(
    "dhcp",
    "one-machine",
    250,
    "messages a second of one MAC with a record or a lease",
    "they are dropped unread; a machine that boots sends ten",
)
DHCP_STRANGERS = Limit(
    "dhcp",
    "strangers",
    500,
    "messages a second of all other MACs together, on each interface",
    "they are dropped unread, so that machines with a record never wait for them",
    burst=1_000,
    setting="dhcp.strangers",
)
TFTP_OF_ONE = Limit(
    "tftp",
    "one-machine",
    200,
    "requests a second of the address of one machine",
    "they are dropped unread",
)
TFTP_STRANGERS = Limit(
    "tftp",
    "strangers",
    100,
    "requests a second of all addresses that no machine has",
    "they are dropped unread: each answer to an address made up takes a place in the kernel's"
    " table of neighbours, without which nobody is answered",
    burst=256,
    setting="tftp.strangers",
)
TFTP_TRANSFERS = Limit(
    "tftp",
    "transfers",
    4_096,
    "transfers at once",
    "the oldest that has heard nothing of its client ends; if there is none the request is refused",
)
TFTP_TRANSFERS_OF_ONE = Limit(
    "tftp", "transfers-of-one", 64, "transfers at once to one address", "the request is refused"
)
SYSLOG_OF_ONE = Limit(
    "syslog",
    "one-machine",
    2_000,
    "lines a second of the address of one machine",
    "they are dropped unread",
)
SYSLOG_STRANGERS = Limit(
    "syslog",
    "strangers",
    200,
    "lines a second of all addresses that no machine has",
    "they are dropped unread",
    burst=1_000,
)
NDP_OF_ONE = Limit(
    "ndp",
    "one-machine",
    10,
    "router solicitations a second of one machine",
    "they are dropped unread",
)
NDP_STRANGERS = Limit(
    "ndp",
    "strangers",
    100,
    "router solicitations a second of all other MACs together",
    "they are dropped unread",
)
HTTP_CONNECTIONS = Limit(
    "http",
    "connections",
    4_096,
    "connections at once, of each interface, HTTP and HTTPS apart",
    "the oldest on which nothing is being answered ends, those of strangers first; if there is"
    " none the new one is closed",
    setting="http.connections",
)
HTTP_CONNECTIONS_OF_ONE = Limit(
    "http",
    "connections-of-one",
    512,
    "connections at once of one address; proxies that are trusted may have all",
    "the new one is closed",
)
HTTP_FIRST_WORD = Limit(
    "http",
    "first-word",
    20,
    "seconds until a connection has asked something, head and all",
    "it is closed",
)
HTTP_BODIES = Limit(
    "http",
    "bodies",
    64,
    "bodies above 64 KiB that are being received",
    "503, to be asked again, as agents do",
)
HTTP_BODIES_OF_ONE = Limit(
    "http",
    "bodies-of-one",
    8,
    "such bodies of one address",
    "503, to be asked again, as agents do",
)
HTTP_INVENTORIES = Limit(
    "http",
    "inventories",
    2,
    "MiB of inventories a second, of all machines together",
    "503, to be asked again, as agents do; a server's inventory has some KiB",
    burst=16,
)
HTTP_METRICS = Limit(
    "http",
    "metrics",
    5,
    "answers of `/metrics` a second",
    "the last one is given once more",
)
HTTPS_HANDSHAKES = Limit(
    "https",
    "handshakes",
    256,
    "TLS handshakes at once",
    "further ones wait; those that have taken 5 s give way to them",
)
OPERATOR_CONNECTIONS = Limit(
    "operator",
    "connections",
    512,
    "connections at once",
    "the oldest on which nothing is being answered ends; if there is none the new one is closed",
)
OPERATOR_FIRST_WORD = Limit(
    "operator",
    "first-word",
    20,
    "seconds until a connection has asked something, head and all",
    "it is closed",
)
OPERATOR_HANDSHAKES = Limit(
    "operator",
    "handshakes",
    64,
    "TLS handshakes at once",
    "further ones wait; those that have taken 5 s give way to them",
)
OPERATOR_STREAMS = Limit("operator", "streams", 64, "streams of events at once", "503")
OPERATOR_PAGES = Limit("operator", "live-pages", 64, "pages that are alive at once", "503")
OPERATOR_OF_ONE = Limit(
    "operator",
    "requests-of-one",
    100,
    "requests a second of one token that is good, or else of one address",
    "429, to be asked again after a second",
    burst=400,
)
OPERATOR_REFUSALS = Limit(
    "operator",
    "refusals",
    500,
    "refusals a day in the audit log of those without a good token, and as many of those whose"
    " token may not",
    "further ones are not written down, and the server's events tell of them",
    burst=60,
)

LIMITS: Sequence[Limit] = (
    *(DHCP_OF_ONE, DHCP_STRANGERS),
    *(TFTP_OF_ONE, TFTP_STRANGERS, TFTP_TRANSFERS, TFTP_TRANSFERS_OF_ONE),
    *(SYSLOG_OF_ONE, SYSLOG_STRANGERS, NDP_OF_ONE, NDP_STRANGERS),
    *(HTTP_CONNECTIONS, HTTP_CONNECTIONS_OF_ONE, HTTP_FIRST_WORD),
    *(HTTP_BODIES, HTTP_BODIES_OF_ONE, HTTP_INVENTORIES, HTTP_METRICS),
    HTTPS_HANDSHAKES,
    *(OPERATOR_CONNECTIONS, OPERATOR_FIRST_WORD, OPERATOR_HANDSHAKES),
    *(OPERATOR_STREAMS, OPERATOR_PAGES, OPERATOR_OF_ONE, OPERATOR_REFUSALS),
)
