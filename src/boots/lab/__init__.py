"""Floor 4: virtual networks and virtual machines: the demo, and what the end-to-end tests boot.

::

    isolation               namespaces of our own: nothing stays behind, nobody is disturbed
    network, topology       bridges, taps, veth pairs; the two networks that a machine can boot in
    link, damage            pure: what a bad link does to frames, by dice
    emulator, said          such a link between two interfaces; as a short text
    firmware, accelerator   what the virtual machine starts from, and what executes it
    machine, qmp            the virtual machine: its QEMU command line, its life
    capture, tail           evidence: the packets, the growing files
    stages, diagnosis       pure: how far a boot is, and why it went no further
    server, boot            the server as a process; one boot from power-on to power-off
    view, demo              the same boot, for people
    fleet                   made-up machines by the thousand that boot from a real server
"""
