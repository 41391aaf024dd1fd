"""Regular expressions as Go has them (RE2's language), which cannot run away.

No pattern takes longer than its own length times that of the text: all ways are followed at once
(Thompson's construction), so nothing is tried again.  Python's `re` would need twice the time for
each further letter of ``(a+)+b``, and templates come from people who did not write Boots.
"""

from boots.workflow.gotemplate.regex.program import Program, compiled
from boots.workflow.gotemplate.regex.running import Match, search

__all__ = ["Match", "Program", "compiled", "search"]
