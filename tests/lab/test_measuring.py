"""What a boot took, read of its console."""

from boots.lab.measuring import Taken, middle, read

CONSOLE = """\
[    0.000000] Linux version
OSIE: version 0.1.0 (cloud), kernel 6.1.0-57-cloud-amd64, 469 MiB, 5.67 s after the kernel
OSIE: network up: eth0 192.168.77.10/24 (boot interface 52:54:00:77:00:01)
OSIE: agent 0.1.0 says hello to http://192.168.77.1:8080/52:54:00:77:00:01, 12.27 s after the kernel, 389 of 469 MiB free
OSIE: inventory sent: 1 CPU
"""  # noqa: E501


def test_a_console_says_when_and_with_what_memory() -> None:
    assert Taken(5.67, 12.27, 80, 469) == read(CONSOLE)


def test_a_boot_without_a_hello_is_none() -> None:
    assert None is read(CONSOLE[: CONSOLE.index("OSIE: agent")])
    assert None is read("")


def test_the_middle_is_of_each_figure_by_itself() -> None:
    boots = [Taken(1, 9, 80, 469), Taken(2, 5, 81, 469), Taken(9, 7, 90, 469)]
    assert Taken(2, 7, 81, 469) == middle(boots)
