"""What the book knows of one MAC, however many addresses it had."""

from ipaddress import IPv4Address, IPv4Network

from boots.leases.book import Book
from boots.model.mac import Mac

NETWORK = IPv4Network("10.0.0.0/16")
OTHER = IPv4Network("10.9.0.0/16")
ONE, TWO = Mac("52:54:00:00:00:01"), Mac("52:54:00:00:00:02")


def at(number: int) -> IPv4Address:
    return NETWORK.network_address + number


def after_declining(times: int) -> Book:
    """A MAC took so many addresses, one a second, and declined each; another it kept."""
    book = Book()
    give(book, OTHER.network_address + 1, OTHER, now=0)
    for number in range(times):
        give(book, at(number), NETWORK, now=number)
        for entry in book.decline(ONE, at(number), number + 0.5, number + 60, "in use"):
            book.apply(entry)
    return book


def give(
    book: Book, address: IPv4Address, network: IPv4Network, now: float, mac: Mac = ONE
) -> None:
    for entry in book.grant(mac, address, network, now, now + 86_400):
        book.apply(entry)


def test_a_mac_is_known_by_few_of_the_addresses_that_it_had() -> None:
    book = after_declining(2000)

    assert 2001 == len(book.leases)
    assert len(book._addresses[ONE]) <= 16
    last = book.lease_of(ONE, NETWORK)
    assert last is not None
    assert at(1999) == last.address


def test_what_it_has_is_not_forgotten_for_what_it_had() -> None:
    book = after_declining(100)

    assert [OTHER.network_address + 1] == [lease.address for lease in book.all_of(ONE, 100)]


def test_what_was_forgotten_can_be_anothers() -> None:
    book = after_declining(100)
    for number in range(100):
        give(book, at(number), NETWORK, now=1000 + number, mac=TWO)
    give(book, OTHER.network_address + 1, OTHER, now=2000, mac=TWO)

    assert ONE not in book._addresses
    assert {TWO} == {lease.mac for lease in book.leases.values()}
