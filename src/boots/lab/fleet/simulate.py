"""A simulation as a function: a fleet and its conditions go in, a report comes out."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from boots.lab.fleet.booting import Orders
from boots.lab.fleet.cost import Meter, cpu_of
from boots.lab.fleet.engine import Conditions, Engine
from boots.lab.fleet.place import Place, allow_sockets
from boots.lab.fleet.plan import Arrival, Machine, Relay
from boots.lab.fleet.ports import Direct, Port, Relayed
from boots.lab.fleet.report import Report, Spent, report

Watch = Callable[[Engine, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What to simulate, on which interface.

    `loss` is the share of DHCP and TFTP packets that are lost, each way, `timeout` the seconds
    after which a boot has failed, counted from the last power-on.  `server_pids` are the
    processes whose CPU time is counted.
    """

    machines: Sequence[Machine]
    interface: str
    orders: Orders = field(default_factory=Orders)
    arrival: Arrival = field(default_factory=Arrival)
    relay: Relay | None = None
    loss: float = 0.0
    seed: int = 1
    timeout: float = 120.0
    server_pids: tuple[int, ...] = ()


def run(simulation: Simulation, watch: Watch = lambda _engine, _now: None) -> Report:
    """Boot a fleet; `watch` is called many times a second.

    All that it changes on this system is undone when it returns.

    Raises:
        PlaceError: the interface does not exist, rights are missing, a port is taken, or the
            system allows for too few sockets.
    """
    allow_sockets(len(simulation.machines))
    chance = random.Random(simulation.seed)  # noqa: S311  # nothing here is a secret
    arrivals = list(simulation.arrival.times(len(simulation.machines), chance))
    with Place(simulation.interface) as place:
        port = _port(simulation, place)
        try:
            before = cpu_of(simulation.server_pids)
            engine = Engine(
                place=place,
                port=port,
                conditions=Conditions(simulation.loss, simulation.timeout),
                chance=chance,
                clock=time.monotonic,
                watch=watch,
                meter=Meter(),
                routed=simulation.relay is not None,
            )
            engine.run(simulation.machines, simulation.orders, arrivals)
            after = cpu_of(simulation.server_pids)
        finally:
            port.close()
    known = before is not None and after is not None
    spent = Spent(
        seconds=engine.meter.seconds,
        cpu=engine.meter.cpu,
        saturated=engine.meter.saturated,
        server_cpu=(after or 0) - (before or 0) if known else None,
    )
    stories = [(slot.power_on, slot.story) for slot in engine.slots]
    return report(stories, simulation.orders.until, spent, simulation.loss)


def _port(simulation: Simulation, place: Place) -> Port:
    if simulation.relay is None:
        return Direct(place)
    return Relayed(simulation.relay.giaddr, simulation.relay.server)
