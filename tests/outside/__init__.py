"""Files from outside, for tests of `kfctl import`."""

from pathlib import Path

HERE = Path(__file__).parent
TUTORIAL, OLD_JOBS, KSONNET = HERE / "tutorial", HERE / "tfjobs", HERE / "ksonnet"
