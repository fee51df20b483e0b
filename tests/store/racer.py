"""A process that publishes the same keys as others at the same time: python racer.py ROOT COUNT START; lost races."""

import sys
import time
from pathlib import Path

from popdyn.store import Store

from .toy_writer import content, key_of


class Counting(Store):
    lost = 0

    def _compare(self, *arguments):
        Counting.lost += 1
        return super()._compare(*arguments)


def publish(store, number):
    store.publish(key_of(number), lambda draft: (draft / "result.h5").write_bytes(content(number)[:2000]), {})


if __name__ == "__main__":
    root, count, start = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    store = Counting(root)
    time.sleep(max(start - time.time(), 0.0))
    for one in range(count):
        publish(store, one)
    print(Counting.lost)
