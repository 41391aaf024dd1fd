"""Kernel arguments that look like secrets: every program of a machine reads its command line.

So do boot logs, crash reports, BMCs' consoles and whoever fetches the script.  What is looked for
are names that say so, values with a form that only secrets have, and URLs with a password.
"""

import functools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from boots.model.machine import Machine
from boots.model.urls import hidden, without_user
from boots.policy.ipxe_words import Unwritable

ADVICE = (
    "put it into user data, or into a template of the profile, which the machine alone can fetch;"
    " or name the argument in boot.secrets_allowed"
)

_NAMES = re.compile(
    r"(?:pass(?:word|wd|phrase)|rootpw|pwd)(?:-again)?$"
    r"|(?:^|[._/:-])(?:secret|token|psk|wep|wpa)$"
    r"|(?:api|access|secret|private|signing)[_-]?key$",
    re.IGNORECASE,
)
_WEAK_NAMES = re.compile(r"(?:^|[._/-])(?:key|auth|credentials?|bearer)$", re.IGNORECASE)
# Words may be as long as a rendered file: nothing here is sought anew from each letter of one.
_FORMS = (
    re.compile(r"-----BEGIN"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{22,}"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"[A-Za-z0-9_-]{11}\.eyJ[A-Za-z0-9_-]{8,}\."),
    re.compile(r"\bboots_[A-Za-z0-9_-]{43}\b"),
)
_IN_URL = re.compile(
    r"(?<![a-z0-9+.-])[0-9+.-]*[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"
    r"|\biscsi:[^\s/:@]+:[^\s/@]{1,255}@",
    re.IGNORECASE,
)
_IN_QUERY = re.compile(r"[?&]([^?=&#\s]+)=([^&#\s]+)")
_CREDENTIAL = re.compile(r"systemd\.set_credential(?:_binary)?=([^:]+):(.+)")
_GIVES = re.compile(
    r"(?:^|\|\||&&|;)[ \t]*(?:set|param)[ \t]+(?:--\S+[ \t]+\S+[ \t]+)?"
    r"([^\s:]+)(?::\S*)?[ \t]+(\S+)",
    re.MULTILINE,
)
_NO_SECRETS = re.compile(
    r"(?:|0|1|y|n|yes|no|on|off|true|false|none|null|ask|auto|prompt|optional|required"
    r"|[/$!*%{<(\[].*|file:.*|tpm.*)",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_BITS = 3.5  # of entropy in a letter: words have less


def secret_in(argument: str, allowed: Collection[str] = ()) -> str:
    """Why kernel arguments look like they hold a secret, without saying it; empty if they do not.

    `allowed` are names of arguments that may.
    """
    for word in argument.split():
        name, _, value = word.partition("=")
        if name.lower() not in {each.lower() for each in allowed}:
            for why in _found(word, name, value):
                return f'the kernel argument "{_plain(name)}" {why}'
    return ""


def secret_in_script(text: str) -> str:
    """The same of an iPXE script, which also gives settings and parameters their values."""
    given = (f"{name}={value}" for name, value in _GIVES.findall(text))
    return secret_in(text) or next(filter(None, map(secret_in, given)), "")


def of_machine(machine: Machine, allowed: tuple[str, ...]) -> dict[str, str]:
    """The kernel arguments of a record that look like secrets, each with why, which may be told."""
    texts = (text for each in machine.interfaces for text in each.netboot.kernel_args)
    return {text: why for text in texts if (why := _known(text, allowed))}


def refuse(arguments: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Refuse arguments of which one looks like it holds a secret.

    Raises:
        Unwritable: one does.
    """
    for text in arguments:
        why = _known(text, allowed)
        if why:
            raise Unwritable(f"{why}: {ADVICE}")


@functools.lru_cache(maxsize=1024)
def _known(text: str, allowed: tuple[str, ...]) -> str:
    """As `secret_in`; nearly all arguments are the same for every machine."""
    return secret_in(text, allowed)


def _found(word: str, name: str, value: str) -> Iterator[str]:
    if any(form.search(word) for form in _FORMS):
        yield "has the form of a token or a private key"
    if _IN_URL.search(word):
        yield "has a URL with a password in it"
    if _NAMES.search(name) and not _NO_SECRETS.fullmatch(value.strip("\"'")):
        yield "holds a secret, by its name"
    if _WEAK_NAMES.search(name) and _is_random(value):
        yield "holds a secret, by its name and the chance in it"
    for key, given in _IN_QUERY.findall(word):
        if _NAMES.search(key) and not _NO_SECRETS.fullmatch(given):
            yield f'has a secret in its URL, "{_plain(key)}"'
    credential = _CREDENTIAL.fullmatch(word)
    named = _NAMES.search(credential[1].rpartition(".")[0] or credential[1]) if credential else None
    if credential and named and not _NO_SECRETS.fullmatch(credential[2]):
        yield "hands a password to systemd"


def _is_random(value: str) -> bool:
    if not _RANDOM.fullmatch(value) or value.startswith("/"):
        return False
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts) > _BITS


def _plain(name: str) -> str:
    """A name as it may be told: what has no name may be a secret itself."""
    return name if re.fullmatch(r"[A-Za-z0-9._/:-]{1,40}", name) and not _hides(name) else "…"


def _hides(name: str) -> bool:
    return any(form.search(name) for form in _FORMS)


def told_url(url: str) -> str:
    """A URL as anybody may be told it: without a user, and one with a secret without its query.

    Ours have neither, and are told as they are; those are nearly all.
    """
    if "@" not in url and "?" not in url:
        return url
    if not _known(url, ()):
        return without_user(url)
    told = hidden(url)
    front, _, query = told.partition("?")
    left = secret_in(front) or secret_in(query.replace("…", "").replace("&", " ")) or "@" in query
    return f"{url.partition('://')[0]}://…" if left else told
