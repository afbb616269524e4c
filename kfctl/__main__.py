"""`python -m kfctl` is the command `kfctl`."""

from kfctl.cli import run

run()
