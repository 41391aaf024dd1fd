"""The process of an action."""

import subprocess
import sys

FEW = 64
# In a process of its own: one with threads, as a test has, should not fork.
BEGIN = f"""
import os, resource
from boots_agent.process import Result, start

def work(voice):
    return Result(int(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > {FEW}))

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW}, hard))
process = start(work, lambda: 0.0, "mark")
woken, _ = os.pipe()
while not process.wait(10.0, woken):
    list(process.messages())
list(process.messages())
print(process.result.code, end="")
"""


def test_it_may_open_more_files_than_a_process_has_by_itself() -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN], capture_output=True, text=True, check=True)
    assert "1" == done.stdout
