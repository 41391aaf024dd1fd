"""Floor 3: where records come from, in all their forms, and the index that answers come from."""
