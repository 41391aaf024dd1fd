"""Floor 4: images of operating systems, prepared once so that machines fetch only what they lack.

What is written here is read by the agent's `boots_agent.images.index`; unpacking is the agent's,
too, so both sides take the same forms.
"""
