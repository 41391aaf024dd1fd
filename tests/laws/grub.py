"""How GRUB splits a script into words: a model of its own making, after ``yylex.l``.

Within single quotes all is literal; outside of them blanks part words, and line ends and
semicolons part commands.  Anything else that means something is not expected, and fails.
"""


def read(script: str) -> list[tuple[str, ...]]:
    """The commands of a script, each as its words."""
    commands: list[tuple[str, ...]] = []
    words: list[str] = []
    word: str | None = None
    quoted = False
    for each in script:
        if quoted:
            if each == "'":
                quoted = False
            else:
                word = (word or "") + each
        elif each == "'":
            quoted, word = True, word or ""
        elif each in " \n;":
            if word is not None:
                words.append(word)
                word = None
            if each != " " and words:
                commands.append(tuple(words))
                words = []
        else:
            assert each not in '"\\#&|<>{}\t\r', each
            word = (word or "") + each
    assert not quoted
    assert word is None
    assert not words
    return commands
