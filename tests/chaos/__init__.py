"""The kill harness: the real pipeline, broken in every way we know, run again, and held against an undisturbed run.

    script       what the platforms will say: duplicates, corrections, bad records, several pulls; drawn from a seed
    ground       the declared files, secrets and loopback platforms that all runs share
    worker       one run of the pipeline in a process of its own, and where it is to die
    runner       starts workers, sees what they commit, and kills them
    picture      a lake as it can be compared: rows lost, rows doubled, entries that differ
    readers      a process that reads throughout and knows every state that may be seen
    sigkill | disk | objects | together      the faults, a file for each kind
    tally        what was tried and what came of it

`python -m tests.chaos --kills 500 --seed 1` runs all of it.
"""
