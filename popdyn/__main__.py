"""`python -m popdyn`."""

from __future__ import annotations

import sys

from popdyn.cli import main

sys.exit(main())
