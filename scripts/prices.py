"""Measure prices for every kind of kernels and write them to src/inference/prices/tables.rs, the program's stored ones.

    cargo build --release --bin bench_ops
    python3 scripts/prices.py

Run it on an otherwise idle machine that has all of them. `docs/forecast.md` says what prices are.
"""

import argparse
import json
import os
import subprocess
import sys

KERNELS = ("avx512", "avx512f", "avx2", "portable")
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "inference", "prices", "tables.rs")


def measured(bench, kernels):
    environment = {**os.environ, "LEVELED_SIMD": kernels}
    done = subprocess.run([bench, "--prices"], env=environment, stdout=subprocess.PIPE, check=True)
    prices = json.loads(done.stdout)
    if prices["instructions"] != kernels:
        sys.exit(f"error: this machine has no kernels `{kernels}`")
    return prices


def number(value):
    """Three digits, as rustfmt and clippy leave them."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0')}{'0' if mantissa.rstrip('0').endswith('.') else ''}e{int(exponent)}"


def constant(name, prices):
    fields = "".join(f"    {field}: {number(value)},\n" for field, value in prices.items())
    return f"pub(super) const {name}: PriceList = PriceList {{\n{fields}}};\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default="target/release/bench_ops", help="the program (default target/release/bench_ops)")
    args = parser.parse_args()
    text = "//! Stored prices, as `scripts/prices.py` wrote them.\n\nuse super::PriceList;\n"
    for kernels in KERNELS:
        prices = measured(args.bench, kernels)
        text += f"\n/// Cores that worked together.\npub(super) const {kernels.upper()}_CORES: usize = {prices['cores']};\n"
        for when in ("alone", "together"):
            text += "\n" + constant(f"{kernels.upper()}_{when.upper()}", prices[when])
    with open(TABLE, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
