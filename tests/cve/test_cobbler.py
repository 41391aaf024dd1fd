"""Cobbler's faults: who gets in, what a name opens, and what a template may do."""

import asyncio

import msgspec
import pytest
from tests.api.bench import bench
from tests.app.desks import Office, at_desk
from tests.cve.test_peers_faults import WHERE
from tests.policy.made import known

from boots.client.words import NewToken, Role
from boots.model.machine import Metadata
from boots.model.site import Profile
from boots.policy import templates
from boots.policy.boot import fetch
from boots.policy.got import Rendered

_REACHING = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ values.__init__.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('id') }}",
    "{% extends '/etc/passwd' %}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ ''|attr('__class__') }}",
    "{{ ('{0.__class__}').format(1) }}",
)


@at_desk
async def test_cve_2022_0860_a_token_that_expired_or_was_taken_away_opens_nothing(
    office: Office,
) -> None:
    """Cobbler: accounts that had expired or were locked still got in."""
    desk = office.desk
    short = await desk.make_token(NewToken(name="a", role=Role.ADMIN, seconds=60), "me")
    long = await desk.make_token(NewToken(name="b", role=Role.ADMIN), "me")
    assert all([await desk.whose(each.secret) for each in (short, long)])
    office.now += 60
    assert None is await desk.whose(short.secret)
    assert await desk.whose(long.secret)
    await desk.drop_token(long.token.id, "me")
    assert None is await desk.whose(long.secret)


@pytest.mark.parametrize("secret", ["-1", "None", "0", "", "shared", "x" * 600, "ä"])
def test_ghsa_m26c_fcgh_cp6h_no_value_that_can_be_known_is_a_token(secret: str) -> None:
    """Cobbler: the shared secret of its own parts was -1 wherever its file could not be read."""
    schemes = ("Bearer ", "bearer  ", "Basic ", "")

    async def asked() -> set[int]:
        async with bench(tokens_required=True) as at:
            given = [{"Authorization": f"{scheme}{secret}"} for scheme in schemes]
            given += [{"Cookie": f"boots_token={secret}"}, {}]
            return {(await at.ask("GET", "/v1/machines", **each)).status for each in given}

    assert {401} == asyncio.run(asked())


@at_desk
async def test_ghsa_m26c_fcgh_cp6h_what_is_kept_of_a_token_is_none_itself(office: Office) -> None:
    made = await office.desk.make_token(NewToken(name="a", role=Role.ADMIN), "me")
    for digest in office.keeping.tokens:
        assert None is await office.desk.whose(digest)
        assert made.secret not in digest
    for each in await asyncio.to_thread(lambda: [*office.folder.iterdir()]):
        assert made.secret.encode() not in each.read_bytes()


@pytest.mark.parametrize("template", _REACHING)
@pytest.mark.parametrize("ipxe", [False, True])
def test_cve_2022_0860_a_template_reaches_no_python_and_no_file(
    template: str, *, ipxe: bool
) -> None:
    """Cobbler: templates ran whatever Python they named (also CVE-2021-45082, -40323)."""
    with pytest.raises(templates.Broken):
        templates.render(template, {"values": {}}, ipxe=ipxe)


@pytest.mark.parametrize("value", ["{{ 7 * 7 }}", "{% raw %}", "{#", "${7*7}", "#set $x=1"])
def test_cve_2022_0860_a_value_is_never_a_template(value: str) -> None:
    profile = Profile(name="own", kernel="k", templates={"ks": "a {{ values.a }} b"})
    where = msgspec.structs.replace(WHERE, profiles={"own": profile})
    got = fetch("ks", known(metadata=Metadata(values={"a": value})), where)
    assert isinstance(got, Rendered)
    assert f"a {value} b".encode() == got.content
