"""Hostile neighbours of a server, and what known machines notice of them.

::

    attacks    what is done to the server: data
    hostile    the attacks that need connections, each as a function
    witness    known machines that boot meanwhile, as a program: how long it takes them
    __main__   one attack after the other, and the table
"""
