"""Command line of the service: `python -m service serve`, and what an operator does by hand (contract §1).

Exit codes: 0 done, 1 refused or failed with one line that says why, 2 wrong usage."""

from __future__ import annotations

import sys

from service.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
