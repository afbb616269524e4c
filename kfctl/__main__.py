"""`python -m kfctl` is the command `kfctl`."""

import sys

from kfctl.cli import main

sys.exit(main())
