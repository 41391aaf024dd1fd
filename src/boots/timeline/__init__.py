"""Floor 4: from single events to boots: what a machine went through, where it stands, and why."""
