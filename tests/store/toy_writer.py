"""A process that publishes toy results until it is killed: python toy_writer.py ROOT FIRST COUNT [pause]."""

import hashlib
import sys
import time
from pathlib import Path

from popdyn.store import Store


def key_of(number):
    return hashlib.sha256(b"toy %d" % number).hexdigest()


def content(number):
    return hashlib.sha256(b"content %d" % number).digest() * 4000


def publish(store, number, pause=0.0):
    def write(directory):
        with (directory / "result.h5").open("wb") as file:
            for start in range(0, 128000, 16000):
                file.write(content(number)[start : start + 16000])
                file.flush()
                time.sleep(pause)
        (directory / "log.txt").write_text(f"by {time.time_ns()}\n")

    return store.publish(key_of(number), write, {"number": number})


if __name__ == "__main__":
    root, first, count, *pause = sys.argv[1:]
    store = Store(Path(root))
    for number in range(int(first), int(first) + int(count)):
        publish(store, number, float(pause[0]) if pause else 0.0)
        print(number, flush=True)
