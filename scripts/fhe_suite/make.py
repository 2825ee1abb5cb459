#!/usr/bin/env python3
"""Makes a submission to the FHE benchmarking suite's workload `ml-inference`: the programs, `leveled`, and a plan for each instance.

    cargo build --release
    python3 scripts/fhe_suite/make.py SUBMISSION
"""

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTANCES = {"single": 1, "small": 15, "medium": 1000, "large": 10000}


def seconds(leveled, experiment, images):
    """Predicted seconds of an instance, by the plan."""
    plans = json.loads(subprocess.run([leveled, "plan", experiment, "--json"], check=True, capture_output=True).stdout)
    plan, = plans
    return -(-images // plan["batch"]) * plan["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submission", type=Path, help="directory to make")
    parser.add_argument("--leveled", type=Path, default=HERE / "../../target/release/leveled", help="the program")
    parser.add_argument("--packed", type=Path, default=HERE / "packed.yaml", help="experiment for few images")
    parser.add_argument("--tiled", type=Path, default=HERE / "tiled.yaml", help="experiment for many images")
    parser.add_argument("--instances", nargs="+", choices=INSTANCES, default=list(INSTANCES))
    parser.add_argument("--insecure", action="store_true", help="allow plans that are not 128-bit secure, for tests")
    options = parser.parse_args()

    options.submission.mkdir(parents=True, exist_ok=True)
    for program in sorted((HERE / "programs").iterdir()):
        shutil.copy(program, options.submission)
    leveled = options.submission / "leveled"
    shutil.copy(options.leveled, leveled)
    if options.insecure:
        (options.submission / "insecure").touch()
    for name in options.instances:
        images = INSTANCES[name]
        faster = {"single": options.packed}.get(name, options.tiled)
        if name == "small":
            faster = min((options.packed, options.tiled), key=lambda plan: seconds(leveled.resolve(), plan, images))
        plan = options.submission / "plan" / name
        shutil.rmtree(plan, ignore_errors=True)
        subprocess.run([leveled.resolve(), "server", "prepare", faster, "--out", plan], check=True, stdout=subprocess.DEVNULL)
        size = os.path.getsize(plan / "client.lev")
        print(f"{name}: {images} images by {faster.name}, {size} bytes for the client")


if __name__ == "__main__":
    main()
