"""What the peers' measurements share: the command line, the timing of samples, the record, tables of text.

The record is the JSON that `bench_ops --json` writes, too: library, log_n, limbs, threads, repeats, and the median and the least
seconds of each operation.
"""

import argparse
import json
import random
import statistics
import sys
import time

LIMB_BITS = 38
TOLERANCE = 1e-2  # in a slot: inputs are [-1, 1]; rotate errs by about 1e-5 at the defaults, a wrong result by about 1
HOISTED = 8  # rotations of `rotate_hoisted_of_8`
# What every record has; a library may measure more.
OPERATIONS = ("add", "multiply_plain", "rotate", "rotate_hoisted_of_8", "square_relinearize", "rescale")


def arguments(doc):
    """A parser with the options of every measurement; `doc` is the script's."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log-n", type=int, default=15, help="log2 of the ring degree, 11 to 17 (default 15)")
    parser.add_argument("--limbs", type=int, default=19, help="data limbs of 38 bits, 3 to 63 (default 19)")
    parser.add_argument("--repeats", type=int, default=7, help="samples per operation (default 7)")
    parser.add_argument("--json", metavar="OUT", help="write the numbers to this file")
    return parser


def parse(parser):
    args = parser.parse_args()
    if not (11 <= args.log_n <= 17 and 3 <= args.limbs <= 63 and args.repeats >= 1):
        parser.error("need 11 <= log-n <= 17, 3 <= limbs <= 63, repeats >= 1")
    return args


def inputs(log_n):
    """Two vectors of slots in [-1, 1], the same for every library."""
    rng = random.Random(1)
    x, y = ([rng.uniform(-1, 1) for _ in range(1 << (log_n - 1))] for _ in range(2))
    return x, y


def sample(repeats, count, copy, operation):
    """Seconds of one operation, `repeats` times, and the last result. The first call does not count. Each starts from a copy that
    is made outside the timer; `operation` works in place or returns a result, and is `count` operations."""
    samples = []
    for repeat in range(repeats + 1):
        start = copy()
        begin = time.perf_counter()
        result = operation(start)
        elapsed = time.perf_counter() - begin
        if repeat:
            samples.append(elapsed / count)
    return samples, start if result is None else result


def slot_error(got, want):
    return max(abs(a - b) for a, b in zip(got, want, strict=True))


def check(library, name, error, shape, expected):
    """Ends the run if a result is wrong: its error in a slot, and (polynomials, limbs)."""
    if not error <= TOLERANCE or shape != expected:
        sys.exit(f"error: {library}'s {name} is wrong: slot error {error:.1e}, (polynomials, limbs) {shape}, expected {expected}")


def finish(library, args, samples, errors):
    """Writes the record if asked to, and prints it."""
    record = {
        "library": library,
        "log_n": args.log_n,
        "limbs": args.limbs,
        "threads": 1,
        "repeats": args.repeats,
        "seconds": {name: statistics.median(values) for name, values in samples.items()},
        "seconds_min": {name: min(values) for name, values in samples.items()},
        "slot_error": errors,
    }
    if args.json:
        with open(args.json, "w") as file:
            json.dump(record, file, indent=2)
            file.write("\n")
    print(f"{library}, N = 2^{args.log_n}, {args.limbs} limbs of {LIMB_BITS} bits, one thread, median of {args.repeats}")
    rows = [("operation", "ms", "min ms", "slot error")]
    rows += [
        (name, ms(record["seconds"][name]), ms(record["seconds_min"][name]), f"{errors[name]:.1e}" if name in errors else "")
        for name in samples
    ]
    print_table(rows)


def ms(seconds):
    return f"{seconds * 1e3:.3f}"


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:<{w}}" if i == 0 else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
