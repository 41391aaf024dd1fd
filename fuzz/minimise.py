"""Makes a finding smaller, as long as it stays the same finding."""

from collections.abc import Callable

Same = Callable[[bytes], bool]
"""Whether an input shows the finding."""


def minimised(data: bytes, is_same: Same, most: int = 2000) -> bytes:
    """The smallest input that was found in `most` attempts: parts are left out, then blanked."""
    left = [most]

    def still(made: bytes) -> bool:
        left[0] -= 1
        return left[0] >= 0 and is_same(made)

    size = len(data)
    while size := size // 2:
        at = 0
        while at < len(data):
            made = data[:at] + data[at + size :]
            if still(made):
                data = made
            else:
                at += size
    for at, each in enumerate(data):
        made = data[:at] + b"0" + data[at + 1 :]
        if each != ord("0") and still(made):
            data = made
    return data


def telling(run: Callable[[bytes], None], data: bytes) -> tuple[str, str, int] | None:
    """What an input raises, and where; None if nothing."""
    try:
        run(data)
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None:
            return type(error).__name__, "", 0
        return type(error).__name__, trace.tb_frame.f_code.co_filename, trace.tb_lineno
    return None
