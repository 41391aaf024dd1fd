"""What all tests share: coroutines run on a loop of their own, and properties take their time."""

import asyncio
import inspect

import pytest
from hypothesis import settings

SECONDS = 5
OF_ATTACKS = 20  # what they try at a running server takes its time

# How long an example takes says how busy the machine is; what must be fast has a test that says so.
settings.register_profile("boots", deadline=None)
settings.load_profile("boots")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    coroutine = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    seconds = OF_ATTACKS if pyfuncitem.path.parent.name == "attacks" else SECONDS
    asyncio.run(asyncio.wait_for(coroutine, seconds))
    return True
