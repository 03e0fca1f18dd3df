"""A cluster from real parts on loopback, broken while it syncs three cities, and held against an undisturbed run.

    packages     PostgreSQL and Redis from Debian, installed when missing and allowed
    servers      both, with data folders and ports of their own
    settings     what the files in deploy/ say, with this cluster's addresses and folders in them
    topology     one API server, scheduler and DAG processor and two workers, each on a machine of its own: a folder
    faults       what is done to them
    lakes        two lakes held against each other
    told         what was done, when, and what came of it

`python -m tests.cluster` runs all of it.
"""
