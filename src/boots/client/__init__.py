"""Floor 4: what the operator's API says, and a typed client of it."""
