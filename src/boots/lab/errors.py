"""The one family of errors that the lab raises on purpose; each text says what to do about it."""


class LabError(RuntimeError):
    """The lab cannot do what was asked, for a reason that lies outside of it."""
