"""Floor 4: the operator's pages: rendered here, alive by server-sent events, plain without."""
