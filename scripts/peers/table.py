"""Run our `bench_ops`, SEAL and OpenFHE one after the other, and print one table.

    cargo build --release --bin bench_ops
    python3 scripts/peers/table.py --seal VENV1/bin/python --openfhe VENV2/bin/python --kernels avx2,avx512 --json peers.json

`--seal` and `--openfhe` are Pythons that have `tenseal` and `openfhe` (see `tenseal_ops.py`, `openfhe_ops.py`); a library without
one is left out. `--kernels` lists values of LEVELED_SIMD; each is a column of ours. Everything is measured with the same ring
degree and number of limbs, on one thread; run it on an otherwise idle machine. With `--read peers.json` nothing is measured: the
table of an earlier run is printed.

The table holds medians in milliseconds and how many times as fast ours is as the fastest of the others' settings; SEAL hoists no
rotations, so its price of one stands in that line, too.
"""

import json
import os
import subprocess
import sys
import tempfile

import bench

HERE = os.path.dirname(os.path.abspath(__file__))
DIGITS = (5, 3)  # settings of OpenFHE that are measured


def machine():
    """Processor and cores of this machine, as far as the system says."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return {"processor": names[0] if names else "unknown processor", "cores": os.cpu_count()}


def run(command, environment=None):
    """The record that a command writes to the file after its --json."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "record.json")
        print("+", " ".join(command), file=sys.stderr)
        try:
            done = subprocess.run(
                [*command, "--json", path], env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL
            )
        except OSError as error:
            sys.exit(f"error: cannot start {command[0]}: {error.strerror}")
        if done.returncode != 0:
            sys.exit(f"error: {' '.join(command)} ended with exit code {done.returncode}")
        return read(path)


def read(path):
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"error: cannot read {path}: {error}")


def measure(args):
    """Ours, then the others: records in the order of the table's columns."""
    shape = ["--log-n", str(args.log_n), "--limbs", str(args.limbs), "--repeats", str(args.repeats)]
    ours = []
    for kernels in args.kernels.split(","):
        record = run([args.bench, *shape, "--threads", "1"], {"LEVELED_SIMD": kernels} if kernels else None)
        if kernels and record.get("kernels") != kernels:
            sys.exit(f"error: this machine has no kernels `{kernels}`: {args.bench} used `{record.get('kernels')}`")
        ours.append(record)
    peers = []
    if args.seal:
        peers.append(run([args.seal, os.path.join(HERE, "tenseal_ops.py"), *shape]))
    if args.openfhe:
        openfhe = [args.openfhe, os.path.join(HERE, "openfhe_ops.py"), *shape]
        peers += [run([*openfhe, "--digits", str(digits)]) for digits in DIGITS]
    return {"machine": machine(), "ours": ours, "peers": peers}


def check(result, path):
    """Ends the run if records are none, or of different parameters."""
    try:
        records = [*result["ours"], *result["peers"]]
        shapes = {(record["log_n"], record["limbs"], record["threads"]) for record in records}
        complete = all(record["seconds"][name] > 0 for record in records for name in bench.OPERATIONS)
        result["machine"]["processor"], result["machine"]["cores"], [record["library"] for record in records]
    except (KeyError, TypeError) as error:
        sys.exit(f"error: {path} is no result of this script: {type(error).__name__}: {error}")
    if len(shapes) != 1 or not complete or not result["ours"]:
        sys.exit(f"error: {path} holds nothing to compare: {len(result['ours'])} records of ours, parameters {sorted(shapes)}")


def table(result):
    """The table in Markdown."""
    ours, peers = result["ours"], result["peers"]
    first = ours[0]
    header = ["operation", *(f"{record['library']} (ms)" for record in [*peers, *ours])]
    header += [f"peers' best / {record['library']}" for record in ours if peers]
    lines = [header, ["---", *["---:"] * (len(header) - 1)]]
    for name in bench.OPERATIONS:
        theirs, own = ([record["seconds"][name] for record in records] for records in (peers, ours))
        cells = [name, *(f"{seconds * 1e3:.3g}" for seconds in [*theirs, *own])]
        cells += [f"{min(theirs) / seconds:.2f}" for seconds in own if theirs]
        lines.append(cells)
    where = f"{result['machine']['processor']}, {result['machine']['cores']} cores"
    setting = f"N = 2^{first['log_n']}, {first['limbs']} limbs of {bench.LIMB_BITS} bits, one thread, medians"
    return f"{where}; {setting}\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main():
    parser = bench.arguments(__doc__)
    parser.add_argument("--seal", metavar="PYTHON", help="a Python with tenseal")
    parser.add_argument("--openfhe", metavar="PYTHON", help="a Python with openfhe")
    parser.add_argument("--kernels", default="", help="values of LEVELED_SIMD, with commas between (default: the best that there are)")
    parser.add_argument("--bench", default="target/release/bench_ops", help="our program (default target/release/bench_ops)")
    parser.add_argument("--read", metavar="FILE", help="print the table of an earlier --json instead of measuring")
    args = bench.parse(parser)
    result = read(args.read) if args.read else measure(args)
    check(result, args.read or "what was measured")
    if args.json:
        with open(args.json, "w") as file:
            json.dump(result, file, indent=2)
            file.write("\n")
    print(table(result))


if __name__ == "__main__":
    main()
