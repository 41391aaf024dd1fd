"""Floor 4: the operator's listener: who may ask what, and the JSON API."""
