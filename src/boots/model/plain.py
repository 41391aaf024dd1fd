"""Texts of others for one line of a terminal or a log."""


def plain(text: str) -> str:
    """A text without what moves a cursor, turns it around or begins a line."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def plain_lines(text: str) -> str:
    """The same for several lines."""
    return "\n".join(map(plain, text.split("\n")))
