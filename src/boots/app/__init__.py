"""Floor 5: wiring.  Here settings, records, policy, doors and journal meet, and nowhere else."""
