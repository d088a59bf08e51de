"""Runs a command and writes what it took: `python -I -S launch.py REPORT COMMAND...`

A new process counts as large as the one that started it: this one is small. SIGTERM
kills the command.
"""

import json
import os
import signal
import sys
import time


def main() -> None:
    """Run, wait, report; the exit code is that of the command."""
    report, *command = sys.argv[1:]
    begin = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
    _, status, usage = os.wait4(child, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    taken = {
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss * unit / 1e6,
    }
    with open(report, "w", encoding="utf-8") as file:
        json.dump(taken, file)
    sys.exit(0 if os.waitstatus_to_exitcode(status) == 0 else 1)


if __name__ == "__main__":
    main()
