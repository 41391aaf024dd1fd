"""What pages cost: CPU of the whole process, the desk left out: `python -m tests.web.bench`."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.web.fleet import NOW, Fleet, mac_of

from boots.api.asked import Asked
from boots.client.words import EventLine, Me, Role
from boots.web.pages import OperatorPages


class Request:
    """As much of a request as a page reads."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.query: dict[str, str] = {}
        self.headers: dict[str, str] = {}


class Still(Fleet):
    """A desk that has every answer ready: what is left is the page."""

    def __init__(self, machines: int) -> None:
        super().__init__(machines)
        self.trouble()
        for number in range(400):
            said = {
                "event": "ConsoleLine",
                "text": f"[{number}] a line of a console",
                "source": "x",
            }
            self.tell(EventLine(id=0, at=NOW, mac=mac_of(1), kind="ConsoleLine", event=said))
        self._ready: dict[str, object] = {}

    def __getattribute__(self, name: str) -> object:
        found = super().__getattribute__(name)
        if name not in {"health", "machines", "machine", "boots", "events", "explain", "packets"}:
            return found
        ready = super().__getattribute__("_ready")

        async def answer(*given: object, **named: object) -> object:
            key = f"{name}{given}{named}"
            if key not in ready:
                ready[key] = await found(*given, **named)
            return ready[key]

        return answer


async def cost(page: Callable[[], Awaitable[object]], times: int = 20) -> float:
    """The least CPU that a page took, in milliseconds."""
    await page()
    costs = []
    for _ in range(times):
        began = time.process_time()
        await page()
        costs.append(time.process_time() - began)
    return min(costs) * 1000


async def costs(machines: int = 10_000) -> dict[str, float]:
    """What each page costs, by its path."""
    pages = OperatorPages(Still(machines), clock=lambda: NOW)
    found = {}
    for path, keys in (("/", {}), ("/machines/{name}", {"name": "rack-0001"}), ("/events", {})):
        handler = next(each.handler for each in pages.routes if each.path == path)
        asked = Asked(
            request=Request(path),
            me=Me(name="local", role=Role.ADMIN),
            keys=keys,
            still=asyncio.sleep,
            seal=lambda _: None,
        )
        found[path] = await cost(lambda handler=handler, asked=asked: handler(asked))
    return found


if __name__ == "__main__":
    for where, milliseconds in asyncio.run(costs()).items():
        print(f"{milliseconds:6.1f} ms  {where}")
