"""Floor 4: what lasts: records made through the API, orders, events, boots, tokens; two engines."""
