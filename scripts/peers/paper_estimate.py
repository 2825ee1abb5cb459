"""Estimate the seconds that the article's algorithm (arXiv 2509.22857) takes for one image with Microsoft SEAL.

    cargo run --release -- plan --operations --json > operations.json
    for limbs in 4 8 12 16 21; do VENV/bin/python scripts/peers/tenseal_ops.py --limbs $limbs --json seal$limbs.json; done
    python3 scripts/peers/paper_estimate.py --operations operations.json seal*.json

It multiplies the operation counts of each layer by what SEAL takes for one operation at that layer's number of limbs.
It is an estimate: nobody ran the article's program here. Assumptions:

*  Counts: those of `leveled plan --operations`, whose totals are the article's. Products are the clustered ones, unless
   --classical is given.
*  Levels: with every optimisation of the article, each convolution and the classifier consume one prime. Layer k of n
   (from 0) reads n + 1 - k limbs: rotations, products and additions take place there; squarings one limb lower.
*  Rescales: one for every output channel of a layer; a layer without squarings, the classifier, has one for each output
   (10 for the networks of the article).
*  Rotations: SEAL hoists none, so each costs a whole one. Hoisting is in the article's counts, and not in SEAL.
*  Prices: medians of `tenseal_ops.py` (38-bit limbs, one digit for each limb, one special prime; SEAL's price depends on the
   number of limbs, hardly on their size). Between measured numbers of limbs and beyond them a power law: seconds are
   proportional to limbs^p through the two nearest measurements. With one measurement p is 2 for rotate and
   square_relinearize and 1 for the others.
*  Encoding of weights, encryption, decryption, and memory traffic beyond what one operation alone has, are free.
*  Threads: perfect, so T threads take a T-th of the time (--threads, default 2). Real ones take longer.
"""

import argparse
import json
import math
import sys

QUADRATIC = ("rotate", "square_relinearize")
PRICED = ("rotate", "square_relinearize", "add", "multiply_plain", "rescale")
CLASSES = 10


def load(path, what):
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot read {what} from {path}: {error}")


def measurements(paths, log_n):
    """Seconds of each operation by number of limbs."""
    seconds = {name: {} for name in PRICED}
    for path in paths:
        record = load(path, "SEAL's times")
        try:
            if record["log_n"] != log_n:
                sys.exit(f"error: {path} was measured at N = 2^{record['log_n']}, not 2^{log_n}; measure again with --log-n {log_n}")
            for name in PRICED:
                seconds[name][int(record["limbs"])] = float(record["seconds"][name])
        except (KeyError, TypeError, ValueError) as error:
            sys.exit(f"error: {path} is not a JSON of tenseal_ops.py: {type(error).__name__}: {error}")
    if any(value <= 0 for table in seconds.values() for value in table.values()):
        sys.exit("error: a time of 0 s cannot be scaled; measure with more --repeats")
    return seconds


def price(name, table, limbs):
    """Seconds of an operation at a number of limbs, by a power law through the two nearest measurements."""
    if limbs in table:
        return table[limbs]
    known = sorted(table)
    if len(known) == 1:
        return table[known[0]] * (limbs / known[0]) ** (2 if name in QUADRATIC else 1)
    above = next((i for i, x in enumerate(known) if x > limbs), len(known) - 1)
    low, high = known[max(above - 1, 0)], known[max(above, 1)]
    power = math.log(table[high] / table[low]) / math.log(high / low)
    return table[low] * (limbs / low) ** power


def layer_seconds(operations, limbs, prices, classical):
    def cost(name, at):
        return price(name, prices[name], at)

    products = operations["classical_products" if classical else "clustered_products"]
    return {
        "rotations": operations["rotations"] * cost("rotate", limbs),
        "products": products * cost("multiply_plain", limbs),
        "additions": operations["additions"] * cost("add", limbs),
        "rescales": (operations["squarings"] or CLASSES) * cost("rescale", limbs),
        "squarings": operations["squarings"] * cost("square_relinearize", limbs - 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seal", nargs="+", help="JSON files of tenseal_ops.py, one for each number of limbs")
    parser.add_argument("--operations", required=True, metavar="FILE", help="output of `leveled plan --operations --json`")
    parser.add_argument("--log-n", type=int, default=15, help="log2 of the ring degree (default 15)")
    parser.add_argument("--threads", type=int, default=2, help="perfect threads (default 2)")
    parser.add_argument("--classical", action="store_true", help="one product for each weight")
    parser.add_argument("--json", metavar="OUT", help="write the numbers to this file")
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("need at least one thread")
    prices = measurements(args.seal, args.log_n)
    results = []
    for network in load(args.operations, "operation counts"):
        try:
            layers = network["layers"]
            parts = [
                layer_seconds(layer["operations"], len(layers) + 1 - index, prices, args.classical)
                for index, layer in enumerate(layers)
            ]
            result = {"network": network["network"], "width": network["width"], "clusters": network["clusters"]}
        except (KeyError, TypeError) as error:
            sys.exit(f"error: {args.operations} is not the output of `leveled plan --operations --json`: {error}")
        result["convolution"] = "classical" if args.classical else "clustered"
        result["log_n"], result["threads"] = args.log_n, args.threads
        result["by_operation"] = {name: sum(part[name] for part in parts) / args.threads for name in parts[0]}
        result["by_layer"] = {
            layer["name"]: sum(part.values()) / args.threads for layer, part in zip(layers, parts, strict=True)
        }
        result["seconds"] = sum(result["by_operation"].values())
        results.append(result)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(results, file, indent=2)
            file.write("\n")
    measured = ", ".join(str(limbs) for limbs in sorted(prices["add"]))
    print(f"Estimated seconds for one image, N = 2^{args.log_n}, {args.threads} perfect threads, SEAL measured at {measured} limbs")
    names = list(results[0]["by_operation"]) if results else []
    print(f"{'network':<10}{'K':>6}" + "".join(f"{name:>12}" for name in [*names, "all"]))
    for result in results:
        clusters = "-" if args.classical else result["clusters"]
        cells = [*result["by_operation"].values(), result["seconds"]]
        print(f"{result['network']:<10}{clusters:>6}" + "".join(f"{cell:>12.0f}" for cell in cells))


if __name__ == "__main__":
    main()
