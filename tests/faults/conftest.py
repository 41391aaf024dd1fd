"""OSIE and the namespace of whole boots are those of `tests/e2e`."""

from tests.e2e.conftest import namespace, osie

__all__ = ["namespace", "osie"]
