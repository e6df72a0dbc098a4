"""The long form of fuzzing: `make fuzz`, or `python tests/support/fuzz.py --cases 1000000 --seed 1`.

Each case has its own seed, so that one that fails is had again by `--seed N --only TARGET --cases 1`.
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from random import Random
from types import FrameType
from typing import NoReturn

sys.path[:0] = [str(Path(__file__).parents[2])]

from fuzz_targets import TARGETS  # noqa: E402

CPU_SECONDS = 5.0  # that one case may take
FASTER = {  # how often each has its turn
    "header": 5,
    "signatures": 1,
    "mail": 2,
    "frame": 1,
    "zip": 2,
    "xml": 3,
    "ubl": 2,
    "list": 2,
    "transactions": 1,
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", choices=TARGETS)
    given = arguments.parse_args()
    turns = [given.only] if given.only else [name for name, times in FASTER.items() for _ in range(times)]
    counted = dict.fromkeys(turns, 0)
    signal.signal(signal.SIGVTALRM, _hangs)
    began = time.process_time()
    for number in range(given.cases):
        seed = given.seed + number
        name = turns[seed % len(turns)]
        case = TARGETS[name].case(Random(seed))
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        try:
            TARGETS[name].check(case)
        except BaseException:
            sys.stderr.write(f"\n{name}, --seed {seed}: {case!r}\n")
            raise
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        counted[name] += 1
        if number % 10_000 == 9_999:
            sys.stdout.write(f"{number + 1:,} cases, {time.process_time() - began:.0f} s\n")
            sys.stdout.flush()
    listed = ", ".join(f"{name} {cases:,}" for name, cases in counted.items())
    sys.stdout.write(f"{given.cases:,} cases, no failure, {time.process_time() - began:.0f} s of CPU ({listed})\n")
    return 0


def _hangs(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TimeoutError(f"more than {CPU_SECONDS} s of CPU for one case")


if __name__ == "__main__":
    sys.exit(main())
