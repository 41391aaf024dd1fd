"""Whatever is wrong with what is written, a reload takes nothing of it and goes on; all say why."""

import asyncio
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from typer.testing import CliRunner

from boots.app import world as worlds
from boots.app.reloading import Reloading
from boots.app.troubles import Troubles
from boots.app.world import World
from boots.cli import app
from boots.journal import events
from boots.journal.counting import MetricsSink
from boots.journal.events import AnyEvent, Entry
from boots.machines.files import Cache
from boots.settings import Settings, load

OWN = IPv4Interface("192.0.2.1/24")
RECORDS = """\
machines:
  - {name: a, mac: '52:54:00:00:00:01', address: 192.0.2.9/24}
"""
GOOD = {
    "boots.toml": """\
interfaces = ["lo"]
machines = ["machines"]
[boot]
profiles = "profiles"
[dhcp]
quirks = "quirks.yaml"
[enrol]
rules = "rules.yaml"
[http]
url = "http://192.0.2.1"
""",
    "machines/a.yaml": RECORDS,
    "profiles/mine.yaml": "script: mine.ipxe\n",
    "profiles/mine.ipxe": "#!ipxe\necho {{ name }}\n",
    "quirks.yaml": "quirks: []\n",
    "rules.yaml": "rules: []\n",
}
SECOND = "  - {name: b, mac: '52:54:00:00:00:02', address: 192.0.2.10/24}\n"
TWICE = "  - {name: b, mac: '52:54:00:00:00:01', address: 192.0.2.10/24}\n"

# What is written wrong, where, and what is said of it.
WRONG = {
    "records that are no YAML": ("machines/a.yaml", "machines: [", "a.yaml"),
    "a field that is none": ("machines/a.yaml", RECORDS.replace("address:", "adress:"), "adress"),
    "a MAC that two have": (
        "machines/a.yaml",
        RECORDS + TWICE,
        "52:54:00:00:00:01",
    ),
    "an address that is none": (
        "machines/a.yaml",
        RECORDS.replace("192.0.2.9", "192.0.2.999"),
        "192.0.2.999",
    ),
    "a second file that is wrong": ("machines/b.yaml", "machines: 7\n", "b.yaml"),
    "settings that are no TOML": ("boots.toml", "machines = [", "not TOML"),
    "a key that is none": ("boots.toml", GOOD["boots.toml"] + 'urll = "x"\n', "urll"),
    "a value that cannot be": (
        "boots.toml",
        GOOD["boots.toml"] + "[tftp]\nlargest_block = 9\n[log]\nlines = -1\n",
        "log.lines = -1",
    ),
    "a URL that will not do": (
        "boots.toml",
        GOOD["boots.toml"].replace("http://192.0.2.1", "ftp://x"),
        "http.url",
    ),
    "a subnet that is none": (
        "boots.toml",
        GOOD["boots.toml"] + '[[subnets]]\nnetwork = "192.0.2.0/99"\n',
        "192.0.2.0/99",
    ),
    "a profile that says nothing": ("profiles/mine.yaml", "kernal: x\n", "kernal"),
    "a profile that is no YAML": ("profiles/mine.yaml", "kernel: [\n", "mine.yaml"),
    "a profile's template that is none": (
        "profiles/mine.ipxe",
        "#!ipxe\necho {{ name\n",
        "mine.ipxe",
    ),
    "a script that is gone": ("profiles/mine.ipxe", None, "mine.ipxe"),
    "a quirk that does nothing known": (
        "quirks.yaml",
        "quirks:\n  - {name: x, match: {}, do: {fly: true}}\n",
        "quirks.yaml",
    ),
    "rules that are none": (
        "rules.yaml",
        "rules:\n  - {name: r, match: {colour: red}}\n",
        "colour",
    ),
    "a folder of records that is gone": ("machines", None, "machines"),
}


async def _nothing() -> None:
    """No certificate is renewed."""


class House:
    """A folder with all that is written, and a reload of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in GOOD.items():
            self.write(name, text)
        self.told: list[AnyEvent] = []
        self.troubles, self.metrics = Troubles(), MetricsSink()
        self.placed: list[World] = []
        self.cache = Cache()
        self.reloading = Reloading(
            self.read(), self.read, self.build, self.place, self.tell, renew=_nothing
        )

    def write(self, name: str, text: str | None) -> None:
        path = self.folder / name
        if text is None:
            path.rename(self.folder / "aside")
            return
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def read(self) -> Settings:
        return load(self.folder / "boots.toml", {}, {})

    def build(self, settings: Settings) -> World:
        return worlds.build(settings, {"lo": OWN}, self.cache)

    async def place(self, _settings: Settings, world: World) -> None:
        self.placed.append(world)

    def tell(self, event: AnyEvent) -> None:
        self.told.append(event)
        for sink in (self.troubles, self.metrics):
            sink.write([Entry(float(len(self.told)), event)])

    async def reload(self) -> AnyEvent:
        await self.reloading._reload()
        return self.told[-1]


def said(event: AnyEvent) -> list[str]:
    if isinstance(event, events.RecordsRefused):
        return list(event.faults)
    assert isinstance(event, events.SettingsRefused), event
    return [event.why]


def told_of(house: House) -> list[str]:
    return [each.what for each in house.troubles.standing()]


def counted(house: House, outcome: str) -> float:
    text = house.metrics.exposition("")[0].decode()
    (line,) = (
        line
        for line in text.splitlines()
        if line.startswith(f'boots_record_loads_total{{outcome="{outcome}"}}')
    )
    return float(line.split()[-1])


@pytest.mark.parametrize("case", WRONG)
def test_a_reload_refuses_it_whole_and_all_say_the_same(tmp_path: Path, case: str) -> None:
    name, text, word = WRONG[case]
    house = House(tmp_path)

    async def main() -> None:
        assert isinstance(await house.reload(), events.RecordsLoaded)
        # Something else is changed as well, and rightly: that is not taken either.
        if name != "machines/a.yaml" and text is not None:
            house.write("machines/a.yaml", RECORDS + SECOND)
        house.write(name, text)

        refused = said(await house.reload())

        assert word in " ".join(refused)
        assert 1 == len(house.placed), "the one in force is the one that was"
        assert any("refused: " in what and word in what for what in told_of(house))
        assert 1.0 == counted(house, "refused")

        checked = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "boots.toml")])
        assert checked.exit_code in {1, 2}
        assert [] == [fault for fault in refused if fault not in checked.output]

        if text is None:
            (tmp_path / "aside").rename(tmp_path / name)
        for good, right in GOOD.items():
            house.write(good, right)
        (tmp_path / "machines" / "b.yaml").unlink(missing_ok=True)
        assert isinstance(await house.reload(), events.RecordsLoaded)
        assert 2 == len(house.placed)
        assert [] == told_of(house)

    asyncio.run(main())
