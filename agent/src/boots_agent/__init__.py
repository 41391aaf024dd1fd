"""The agent: tells the server what the machine is made of, then does what it is told.

It runs inside OSIE with nothing but Python's standard library and imports nothing from Boots.
"""

__version__ = "0.1.0"
