"""What a machine would be told to load, as URLs: boot files, scripts, and what these load."""

import re
from collections.abc import Callable, Iterable, Iterator

from boots.policy.boot import Load
from boots.policy.explain import Chain
from boots.policy.got import Got, Script

_MOST = 24
_LOADS = re.compile(r"^(?:kernel|initrd|imgfetch|chain|sanboot)\b.*$", re.MULTILINE)
_URL = re.compile(r"(?:https?|tftp)://[^\s|]+")


def of_chains(
    chains: Iterable[Chain], is_refused: Callable[[Got], bool] = lambda _: False
) -> list[str]:
    """Every URL of these boots once, in their order; not those that only the client can fill.

    Nor those of what is refused to us, as it is for the machine's own addresses.
    """
    whole = list(chains)
    refused = {url for each in whole for url, got in each.fetched if is_refused(got)}
    found = dict.fromkeys(url for each in whole for url in _of_chain(each) if url not in refused)
    return [url for url in found if "${" not in url][:_MOST]


def _of_chain(whole: Chain) -> Iterator[str]:
    for step in whole.steps:
        if isinstance(step.answer.decision, Load):
            yield step.answer.decision.url
    for _, got in whole.fetched:
        if isinstance(got, Script):
            for line in _LOADS.findall(got.text):
                yield from _URL.findall(line)[:1]  # what stands behind it are arguments
