"""Floor 4: asks a network as its machines would, and says what stands in their way.

The sockets here are of its own; it takes no address from anybody and changes nothing.
"""
