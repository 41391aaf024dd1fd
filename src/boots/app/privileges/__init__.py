"""What the serving process may do: whose it is, its capabilities, and what the kernel denies it.

`starting` is called once before anything is read or opened, `serving` once every socket is bound.
Both must be called while there is one thread: the kernel keeps these things for each by itself.
"""
