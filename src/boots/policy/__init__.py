"""Floor 2: pure.  Who is asking, what we know of the machine, the site -> what to run next.

Nothing here knows a socket, a clock or a file; nothing raises over what came from the network:
every answer, also a refusal, is a value that carries its reason.
"""
