"""`python -m kernel.cli`: the command where no console script is installed."""

from __future__ import annotations

import sys

from kernel.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
