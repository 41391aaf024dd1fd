"""Templates in the language of Go's text/template, with bounds on all that one may do.

`parse` reads a template, `render` makes its text of data: plain values (None, booleans, whole
numbers of 64 bits, floats, texts, lists, mappings by text).  What Tinkerbell's templates may call
is in the table of `functions`: those of Go, Sprig's that need nothing but their arguments, and
Tinkerbell's own.  A key that is not there is a mistake (Go's ``missingkey=error``).
"""

from boots.workflow.gotemplate.errors import Broken
from boots.workflow.gotemplate.evaluator import Rendered, render
from boots.workflow.gotemplate.parser import parse

__all__ = ["Broken", "Rendered", "parse", "render"]
