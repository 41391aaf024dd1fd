"""What the HTTP door and the operator's listener are both made of, on aiohttp."""
