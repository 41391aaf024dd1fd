"""What is said to the person who wrote the settings."""


class SettingsError(Exception):
    """The settings hold a mistake; the text says where, what, and what to write instead."""
