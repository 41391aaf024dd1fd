"""BMCs: machines on and off, and from the network once, by Redfish or IPMI."""
