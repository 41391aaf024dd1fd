"""A machine goes from a ticket to its system; what agents may and may not, over loopback HTTP."""

from tests.app.runs.yard import Yard, in_yard

from boots.model.order import Netboot


@in_yard
async def test_a_machine_goes_from_an_empty_disk_to_its_system(yard: Yard) -> None:
    run = await yard.provision()
    assert "PREPARING" == run.line.state
    order = yard.orders.of("file-1")
    assert order is not None
    assert (Netboot.ON, "osie") == (order.netboot, order.profile)
    agent = await yard.boots()
    assert {"do": "wait", "why": "the run is being prepared"} == await agent.next()
    await yard.tells()
    look = await agent.next()
    assert ("inventory", [], False) == (look["kind"], look["armed"], look["terminal"])
    await agent.do(look)
    write = await agent.next()
    assert ["DISK-1"] == [each["serial"] for each in write["armed"]]
    await agent.do(write)
    go = await agent.next()
    assert go["terminal"]
    order = yard.orders.of("file-1")
    assert order is not None
    assert Netboot.OFF is order.netboot
    await agent.do(go)
    assert "POST" == await yard.state(run.line.id)
    assert yard.home().removeprefix(yard.base) == go["machine"]["phone_home"].partition(":8080")[2]
    async with yard.client.post(yard.home(), data=b"pub_key_rsa=x") as answer:
        assert 204 == answer.status
    assert "SUCCESS" == await yard.state(run.line.id)
