"""Runs one command and prints its exit code, wall time in seconds and peak memory in kilobytes.

A process that is started counts the memory of the one that starts it as its own peak; so this one is small.
"""

import os
import sys
import time

said, *argv = sys.argv[1:]
start = time.perf_counter()
pid = os.posix_spawnp(
    argv[0],
    argv,
    os.environ,
    file_actions=[(os.POSIX_SPAWN_OPEN, 1, said, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, 1, 2)],
)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - start
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss)
