"""From any released schema to the present one; `env.py` is how Alembic is run, in a process."""
