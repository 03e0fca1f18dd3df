"""The kill harness: the real pipeline, broken in every way we know, run again, and held against an undisturbed run.

    script       what the platforms will say: duplicates, corrections, bad records, several pulls; drawn from a seed
    ground       the declared files, secrets and loopback platforms that all runs share
    worker       one run of the pipeline in a process of its own, and where it is to die
    runner       starts workers, sees what they commit, and kills them
    picture      a lake as it can be compared: rows lost, rows doubled, entries that differ
    readers      a process that reads throughout and knows every state that may be seen
    bench        what all cases share, and how each of them ends
    sigkill      kills, at every commit and at any moment, and of a worker whose task runs on
    disk         a full disk, a read-only one
    objects      an object store that fails (through `proxy`) or is killed
    together     two syncs and a backfill at once
    tally        what was tried and what came of it

`python -m tests.chaos --kills 500 --seed 1` runs all of it.
"""
