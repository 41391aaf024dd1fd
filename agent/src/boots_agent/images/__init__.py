"""Images of operating systems, from where they lie to a disk.

`boots_agent.images.writer.write_image` is the whole of it for those who call.
"""
