"""Power as operators have it: by the desk, from a record that names a BMC."""

from pathlib import Path

import pytest
from tests.app.desks import Office, at_desk
from tests.bmc.conftest import Emulator
from tests.bmc.running import PASSWORD

from boots.api.desk import Refused
from boots.client.words import NewPower, PowerAction, Provision
from boots.journal import events
from boots.model.order import Netboot

MAC = "52:54:00:00:00:0b"


def records(emulator: Emulator, password: str = PASSWORD) -> str:
    """A machine whose record names a system of the emulator that is off."""
    bmc = emulator.bmc("Off")
    return f"""\
machines:
  - name: one
    mac: {MAC}
    address: 192.168.1.14/24
    bmc:
      url: {bmc.url}
      username: {bmc.username}
      password: {password}
      verify: {bmc.authority}
"""


def test_a_machine_is_provisioned_with_one_word(emulator: Emulator, tmp_path: Path) -> None:
    async def test(office: Office) -> None:
        assert "off" == (await office.desk.power("one")).state
        done = await office.desk.provision("one", Provision(profile="osie"), "ann")
        assert (Netboot.ONCE, "") == (done.order.netboot, done.note)
        assert done.power is not None
        assert "on" == (await office.desk.power("one")).state
        switched = events.PowerSwitched(mac=MAC, machine="one", action="netboot", by="ann")
        assert switched in office.told
        assert PASSWORD not in str((done, office.told, await office.desk.machine("one")))

    emulator.told()
    at_desk(test, records(emulator))(tmp_path)
    assert ["On"] == emulator.told()


def test_what_a_bmc_refuses_is_said_and_what_was_ordered_stands(
    emulator: Emulator, tmp_path: Path
) -> None:
    async def test(office: Office) -> None:
        with pytest.raises(Refused, match="its BMC does not do it") as refused:
            await office.desk.switch("one", NewPower(action=PowerAction.ON), "ann")
        assert 502 == refused.value.status
        [failed] = [each for each in office.told if isinstance(each, events.PowerSwitched)]
        assert failed.problem
        done = await office.desk.provision("one", Provision(profile="osie"), "ann")
        assert "its BMC could not start it" in done.note
        assert Netboot.ONCE is office.orders.every()["one"].netboot

    at_desk(test, records(emulator, password="wrong"))(tmp_path)
