"""The one error that decoders raise."""


class Malformed(ValueError):
    """These bytes are not a message of the protocol; the text says what is wrong."""
