"""Where commands print."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from boots.model.plain import plain_lines


class Terminal(Console):
    """A console on which texts of others move no cursor: only Rich's own styles do.

    Names of files, vendor classes and whatever else came from a network are printed in many
    places; so this is seen to where all of them pass.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The parts that something is printed as."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else plain_lines(text), style, control)
