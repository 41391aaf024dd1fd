"""Coroutines as tests: each on a loop of its own, and none waits for long."""

import asyncio
import inspect

import pytest

SECONDS = 5
OF_ATTACKS = 20  # what they try at a running server takes its time


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    coroutine = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    seconds = OF_ATTACKS if pyfuncitem.path.parent.name == "attacks" else SECONDS
    asyncio.run(asyncio.wait_for(coroutine, seconds))
    return True
