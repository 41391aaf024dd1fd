"""Floor 1: the words that everybody shares, as frozen values.

They know neither packets nor files.
"""
