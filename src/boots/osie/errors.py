"""What goes wrong while an image is built, told so that a person knows what to do."""


class BuildError(Exception):
    """The image cannot be built; the text says why and what to do about it."""
