"""Why something cannot be looked into."""


class DoctorError(Exception):
    """This cannot be asked here; the text says why and what to do."""
