"""The process that talks to one BMC once: a wish from standard input, an outcome to the output."""

import sys
from pathlib import Path

import msgspec
from msgspec.structs import replace

from boots.bmc.words import Outcome, State, Trouble, Wish
from boots.model.bmc import HIDDEN, IPMI, Bmc, NoAddress, address

_LONGEST = 4_096  # of a file with a password; longer ones hold something else
_INSTALL = "install boots-netboot[bmc]"


def outcome(wish: Wish) -> Outcome:
    """Do as wished.  Never raises, and never says a password."""
    bmc = wish.bmc
    try:
        bmc = with_password(bmc)
        return Outcome(state=_control(bmc, wish))
    except NoAddress as wrong:
        problem, advice = wrong.problem, wrong.advice
    except Trouble as trouble:
        problem, advice = trouble.problem, trouble.advice
    except ImportError as missing:
        library = (missing.name or "a library").partition(".")[0]
        problem, advice = f"{library} is not installed", _INSTALL
    except Exception as error:  # noqa: BLE001  # whatever a library makes of what a BMC says
        problem = f"the BMC said what cannot be understood ({type(error).__name__}: {error})"
        advice = "check that the URL is that of a BMC, and its firmware"
    return Outcome(problem=_without(problem, bmc.password), advice=advice)


def with_password(bmc: Bmc) -> Bmc:
    """A BMC with its password at hand: the first line of the file, if one is named.

    Raises:
        Trouble: the file cannot be read, or holds none.
    """
    if not bmc.password_file:
        return bmc
    advice = "let the file hold the password alone, and let the server's user read it"
    try:
        with Path(bmc.password_file).open("rb") as file:
            text = file.read(_LONGEST + 1).decode()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise Trouble(f"the file of the password cannot be read: {why}", advice) from None
    password, _, rest = text.partition("\n")
    if not password.strip() or rest.strip() or len(text) > _LONGEST:
        raise Trouble("the file of the password does not hold one line", advice)
    return replace(bmc, password=password.removesuffix("\r"))


def _control(bmc: Bmc, wish: Wish) -> State:
    """By the BMC's protocol; each needs a library that may not be installed."""
    if address(bmc.url).protocol == IPMI:
        from boots.bmc import ipmi  # noqa: PLC0415

        return ipmi.control(bmc, wish.action, wish.seconds)
    from boots.bmc import redfish  # noqa: PLC0415

    return redfish.control(bmc, wish.action, wish.seconds)


def _without(text: str, password: str) -> str:
    """A text from which a password is taken out: nobody knows what a library repeats.

    The shortest ones stand in any text, and then say nothing.
    """
    return text.replace(password, HIDDEN) if len(password) > 3 else text


def main() -> None:
    """Read a wish, do it, write what came of it."""
    wish = msgspec.json.decode(sys.stdin.buffer.read(), type=Wish)
    sys.stdout.buffer.write(msgspec.json.encode(outcome(wish)))


if __name__ == "__main__":
    main()
