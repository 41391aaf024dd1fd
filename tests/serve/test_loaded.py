"""What a request needs is loaded before it comes: to load a module takes longer than one may."""

import subprocess
import sys

_ASKED = """
import sys
from fuzz.targets.http import _bench
bench = _bench(trusts=False)
bench.ask(b"GET /undionly.kpxe HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
before = set(sys.modules)
bench.ask(b"CONNECT /% HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")
print(sorted(set(sys.modules) - before))
"""


def test_an_odd_host_loads_no_module() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", _ASKED], capture_output=True, text=True, check=True
    )
    assert "[]\n" == asked.stdout
