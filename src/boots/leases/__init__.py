"""Floor 3: addresses of the pools: who has which until when, and the file that remembers it."""
