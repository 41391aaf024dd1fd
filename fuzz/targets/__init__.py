"""Every target, of all modules of this folder."""

import importlib
import pkgutil

from fuzz.target import Target


def every() -> dict[str, Target]:
    """All targets by name, in the order of modules and of their tables.

    Raises:
        ValueError: two have one name.
    """
    found: dict[str, Target] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        targets: tuple[Target, ...] = importlib.import_module(f"{__name__}.{module}").TARGETS
        for target in targets:
            if target.name in found:
                raise ValueError(f"two targets are called {target.name}")
            found[target.name] = target
    return found
