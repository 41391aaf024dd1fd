"""What the client asks of workflows."""

from collections.abc import Iterator
from urllib.parse import quote

from boots.client.asking import Asking, Place, decoded, machine_path, once_header
from boots.client.workflows import (
    Certificates,
    EdgesList,
    Freeze,
    LogLine,
    LogLines,
    NewFreeze,
    NewRun,
    Retry,
    Run,
    RunLine,
    RunPlan,
    Runs,
    Settle,
    Undo,
)


class RunsClient(Asking):
    """Asks of workflows, and of what becomes of disks."""

    def runs(self, *, key: str = "", state: str = "", after: str = "", limit: int = 50) -> Runs:
        """A page of runs, the latest first; of one machine, or of all."""
        query = {"key": key, "state": state, "after": after, "limit": limit}
        return self._get("/v1/workflows", Runs, query)

    def all_runs(self, *, key: str = "", state: str = "") -> Iterator[RunLine]:
        """All runs, the latest first, page by page."""
        after = ""
        while True:
            page = self.runs(key=key, state=state, after=after, limit=1000)
            yield from page.runs
            if not page.next:
                return
            after = page.next

    def plan_run(self, wanted: NewRun) -> RunPlan:
        """What a new run would do, and what is wrong with it."""
        return self._send("POST", "/v1/workflows/plan", wanted, RunPlan)

    def create_run(self, wanted: NewRun, *, once: str = "") -> Run:
        """Begin one; asked again with the same word in `once`, nothing is done."""
        return self._send("POST", "/v1/workflows", wanted, Run, once_header(once))

    def run(self, identity: str) -> Run:
        """One run."""
        return self._get(_run(identity), Run)

    def cancel_run(self, identity: str) -> Run:
        """End it."""
        return self._send("POST", f"{_run(identity)}/cancel", None, Run)

    def settle_run(self, identity: str, step: int, *, again: bool) -> Run:
        """Have the action that it waits at (from 1) done again, or take it as done."""
        body = Settle(step=step, again=again)
        return self._send("POST", f"{_run(identity)}/settle", body, Run)

    def retry_run(self, identity: str, wanted: Retry, *, once: str = "") -> Run:
        """Take up one that is over, as a new run."""
        return self._send("POST", f"{_run(identity)}/retry", wanted, Run, once_header(once))

    def run_lines(self, identity: str, *, after: int = 0, limit: int = 200) -> LogLines:
        """A page of what its actions said."""
        query = {"after": after or "", "limit": limit}
        return self._get(f"{_run(identity)}/lines", LogLines, query)

    def all_run_lines(self, identity: str, *, after: int = 0) -> Iterator[LogLine]:
        """All that its actions said so far, page by page."""
        while True:
            page = self.run_lines(identity, after=after, limit=1000)
            yield from page.lines
            if not page.next:
                return
            after = page.next

    def follow_run(self, identity: str, *, after: int = 0) -> Iterator[Run | LogLine]:
        """A run as it changes, and what its actions say, until it is over.

        A stream that breaks off is taken up where it was.  The runs are without their template.
        """
        place = Place(after or None)
        for each in self._follow(f"{_run(identity)}/stream", {}, place):
            if each.kind == "line":
                line = decoded(each.data, LogLine, self.url)
                place.seen = line.id
                yield line
            elif each.kind == "run":
                run = decoded(each.data, Run, self.url)
                yield run
                if run.line.is_over:
                    return

    # --- disks

    def freeze(self) -> Freeze:
        """Whether disks may be armed and written at all."""
        return self._get("/v1/freeze", Freeze)

    def set_freeze(self, *, frozen: bool, why: str = "") -> Freeze:
        """Stop that, or allow it again."""
        return self._send("PUT", "/v1/freeze", NewFreeze(frozen=frozen, why=why), Freeze)

    def certificates(self, identity: str) -> Certificates:
        """What proves that a run erased disks."""
        return self._get(f"{_run(identity)}/certificate", Certificates)

    def edges(self, key: str) -> EdgesList:
        """What is kept of the ends of a machine's disks."""
        return self._get(f"{machine_path(key)}/edges", EdgesList)

    def undo(self, key: str, wanted: Undo, *, once: str = "") -> Run:
        """Put the ends of a disk back, by a run that does that."""
        path = f"{machine_path(key)}/undo-partition-table"
        return self._send("POST", path, wanted, Run, once_header(once))


def _run(identity: str) -> str:
    return f"/v1/workflows/{quote(identity, safe='')}"
