"""Time a command from its start to its end: `start_times.py COUNT COMMAND...`.

First with an empty cache each time, then with the cache that one run has left. Caches of drivers and of imagine are where
XDG_CACHE_HOME says. Prints the median and the fastest of each kind as soon as it is known.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time


def seconds(command, cache):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"XDG_CACHE_HOME": cache})
    return time.perf_counter() - start


def tell(label, times):
    print(f"{label:20} {statistics.median(times):10.2f} s {min(times):10.2f} s fastest", flush=True)


def main():
    count, command = int(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        caches = [os.path.join(folder, str(number)) for number in range(count)]
        for cache in caches:
            os.mkdir(cache)
        tell("from start, cold", [seconds(command, cache) for cache in caches])
        tell("from start, warm", [seconds(command, caches[0]) for _ in range(count)])


if __name__ == "__main__":
    main()
