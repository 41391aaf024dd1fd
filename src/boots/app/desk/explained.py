"""`boots.policy.explain` in the words of the API."""

from collections.abc import Iterator

from boots.client.words import ExplainedChain, ExplainedStep
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import home, profile, token
from boots.policy.answer import Answer
from boots.policy.boot import Disk, Load, Silence
from boots.policy.explain import FIRMWARE, Chain, Step, chain
from boots.policy.got import File, Got, Refusal, Rendered, Script
from boots.policy.leaks import told_url
from boots.wire import dhcp


def chains(mac: Mac, served: Known, site: Site) -> tuple[ExplainedChain, ...]:
    """What each kind of firmware would be told."""
    return tuple(_chain(chain(each, mac, served, site), served, site) for each in FIRMWARE)


def rendered(served: Known, site: Site) -> tuple[str, ...]:
    """The names of the files that are made for it."""
    return tuple(profile.names(served, site))


def _chain(whole: Chain, served: Known, site: Site) -> ExplainedChain:
    scripts = [got for _, got in whole.fetched if isinstance(got, Script)]
    return ExplainedChain(
        firmware=whole.firmware.name,
        steps=tuple(_steps(whole)),
        script=token.hidden(scripts[-1].text) if scripts else "",
        private=bool(scripts) and home.is_for_few(scripts[-1], served, site),
    )


def _steps(whole: Chain) -> Iterator[ExplainedStep]:
    fetched = dict(whole.fetched)
    for step in whole.steps:
        yield _step(step, fetched)


def _step(step: Step, fetched: dict[str, Got]) -> ExplainedStep:
    reply = step.answer.reply
    kind = step.request.kind.name if step.request.kind else "BOOTP"
    port = "" if step.port == dhcp.SERVER_PORT else f" to port {step.port}"
    decision, url, why = decided(step.answer)
    return ExplainedStep(
        who=step.who,
        sends=kind + port,
        reply=reply.kind.name if reply is not None and reply.kind else "silence",
        address=str(reply.yiaddr) if reply is not None and int(reply.yiaddr) else "",
        address_why=step.answer.address_why if reply is not None else "",
        decision=decision,
        url=told_url(url),
        why=why,
        fetches=what_got(fetched[url]) if url in fetched else "",
    )


def decided(answer: Answer) -> tuple[str, str, str]:
    """A decision: the word for it, the URL to load, and the reason."""
    match answer.decision:
        case Load(url, why, doubt):
            return "load", url, f"{why} (doubtful: {doubt.why})" if doubt else why
        case Disk(why):
            return "disk", "", why
        case Silence(why):
            return "silence", "", why
        case None:
            return "", "", answer.why


def what_got(got: Got) -> str:
    """What somebody gets who asks for a file, in words."""
    match got:
        case File(_, path):
            return f"the file {path}"
        case Script(text, name, problem):
            if problem:
                return f"a script that only says: {problem}"
            return f"a script of {len(text)} bytes from profile {name}"
        case Rendered(_, content, source):
            return f"{len(content)} bytes made from {source}"
        case Refusal(_, why):
            return f"refused: {why}"
