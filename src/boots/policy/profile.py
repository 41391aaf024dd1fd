"""Files that a profile has templates of, rendered for the machine that asks for them."""

from boots.model.machine import Known
from boots.model.site import Profile, Site
from boots.policy import templates
from boots.policy.got import Ground, Refusal, Rendered
from boots.policy.ipxe_words import Unwritable
from boots.policy.script import chosen

_MEDIA = {
    "json": "application/json",
    "ign": "application/json",
    "xml": "application/xml",
}


def names(known: Known, site: Site) -> list[str]:
    """The names of the files that are rendered for this machine."""
    profile = _profile(known, site)
    return sorted(profile.templates) if profile else []


def source(name: str, known: Known, site: Site) -> Rendered | Refusal | None:
    """A rendered file; its name alone will do, and so will one below the profile's files.

    What a boot program found beside itself it looks for there, too.
    """
    profile = _profile(known, site)
    if profile is None:
        return None
    own = name.removeprefix(f"profiles/{profile.name}/")
    text = profile.templates.get(own)
    if text is None:
        return None
    try:
        made = templates.render(text, templates.variables(profile, known, site))
    except templates.Broken as error:
        whole = error.within(f'the template {own} of profile "{profile.name}"')
        return Refusal(Ground.BROKEN, whole)
    media = _MEDIA.get(own.rpartition(".")[2], "text/plain")
    return Rendered(name, made.encode(), profile.name, media, private=True)


def _profile(known: Known, site: Site) -> Profile | None:
    try:
        return chosen(known, site)
    except Unwritable:
        return None
