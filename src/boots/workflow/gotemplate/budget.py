"""How much one rendering may do, so that no template runs away."""

from boots.workflow.gotemplate.errors import Refused

MOST_OUTPUT = 256 * 1024
"""Letters of the text that is made, as with Tinkerbell."""

MOST_STEPS = 1_000_000
"""Nodes evaluated, entries gone over and the weight of what functions take and give: 1 to 2 s."""

DEEPEST = 100
"""Templates within templates."""


class Budget:
    """Counts down; whoever spends too much is refused."""

    __slots__ = ("_output", "_steps")

    def __init__(self, steps: int = MOST_STEPS, output: int = MOST_OUTPUT) -> None:
        self._steps = steps
        self._output = output

    def spend(self, steps: int = 1) -> None:
        """Do so much.

        Raises:
            Refused: it is too much.
        """
        self._steps -= steps
        if self._steps < 0:
            raise Refused("the template does not come to an end", "make its ranges smaller")

    def write(self, letters: int) -> None:
        """Write so much.

        Raises:
            Refused: it is too much.
        """
        self._output -= letters
        if self._output < 0:
            raise Refused(
                "the text that it makes is longer than 256 KiB", "make its ranges smaller"
            )
