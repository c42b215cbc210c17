"""`python -m service.cli` is the `keepgoing` command."""

import sys

from service.cli.main import main

sys.exit(main())
