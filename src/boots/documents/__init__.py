"""Floor 2, pure: YAML and JSON texts to plain values, and what is wrong with them, for people."""
