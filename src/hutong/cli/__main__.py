"""`python -m hutong.cli`, the same as `hutong`."""

from hutong.cli import main

main()
