"""A fleet of modelled machines that boot from a real server with real packets.

::

    kinds                          data: the clients, what they say and how long they wait
    dhcp, tftp, http, scripts      pure: one step each, as a state machine
    booting                        pure: which steps a boot has, one after the other
    plan, report                   pure: which machines there are; what came of them
    place, ports, cost             the system: addresses, sockets for DHCP, CPU time
    engine                         carries out all boots at once
    simulate                       the whole, as a function; view shows it to people
"""
