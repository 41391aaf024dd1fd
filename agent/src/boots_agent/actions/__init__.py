"""The actions that OSIE runs by itself, each a function of a `Context`.  `table` names them."""
