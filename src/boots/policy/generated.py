"""Files that stand nowhere: made for one machine from its record, when it asks for them.

Each source is a function of its own module, `(name, known, site)` to what is made, to a file
that stands for the name, or to a refusal; None says that the name is not one of its.
"""

from collections.abc import Callable

from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import grub, profile, pxelinux, raspberry
from boots.policy.got import File, Refusal, Rendered

Source = Callable[[str, Known, Site], Rendered | File | Refusal | None]


def generate(name: str, known: Known, site: Site) -> Rendered | File | Refusal | None:
    """What the first source that knows this name makes of it; None when none does."""
    for source in _SOURCES:
        made = source(name, known, site)
        if made is not None:
            return made
    return None


_SOURCES: tuple[Source, ...] = (profile.source, grub.source, pxelinux.source, raspberry.source)
