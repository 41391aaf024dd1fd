"""More processes for files and scripts, so that more than one core serves them.

::

    words     what the main process and a worker tell each other
    channel   a socket pair that carries these words
    replica   what a worker knows of the machines beside their records
    spawn     a worker as a process
    crew      all workers, as the main process sees them: started, told, replaced, ended
    worker    a worker, as it sees itself: ``python -m boots.app.workers.worker``

The main process keeps DHCP, syslog, router solicitations, leases, loops, the journal and its
sinks.  A worker has TFTP and HTTP doors of its own; the kernel deals clients out.
"""
