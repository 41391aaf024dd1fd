"""Floor 3: what happened, as typed events, and the sinks that write them down."""
