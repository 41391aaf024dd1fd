"""Files that stand nowhere: made for one machine from its record, when it asks for them.

Each source is a function of its own module, `(name, known, site) -> Rendered | Refusal | None`;
None says that the name is not one of its.
"""

from collections.abc import Callable

from boots.model.machine import Known
from boots.model.site import Site
from boots.policy.got import Refusal, Rendered

Source = Callable[[str, Known, Site], Rendered | Refusal | None]


def generate(name: str, known: Known, site: Site) -> Rendered | Refusal | None:
    """What the first source that knows this name makes of it; None when none does."""
    for source in _SOURCES:
        made = source(name, known, site)
        if made is not None:
            return made
    return None


_SOURCES: tuple[Source, ...] = ()
