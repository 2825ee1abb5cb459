#!/usr/bin/env python3
"""Kills programs of a submission at random times and checks that no file is left that a later step takes for whole.

    python3 scripts/fhe_suite/kills.py SUBMISSION --kills 100 --seed 1

After `drive.py` on the same --root and --instance: every program has been run there once, so each has what it reads.
"""

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

NAMES = ["single", "small", "medium", "large"]
PROGRAMS = [
    "client_key_generation", "server_preprocess_model", "client_encode_encrypt_input", "server_encrypted_compute",
    "client_decrypt_decode",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submission", type=Path)
    parser.add_argument("--instance", type=int, choices=range(4), default=0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--root", type=Path, default=Path("fhe_suite_root"))
    options = parser.parse_args()
    submission, draw = options.submission.resolve(), random.Random(options.seed)
    folders = [options.root / "io" / NAMES[options.instance], submission / "plan" / NAMES[options.instance]]
    leveled = submission / "leveled"

    def run(program):
        return subprocess.Popen([submission / program, str(options.instance)], cwd=options.root, start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def check(when):
        for file in (file for folder in folders for file in folder.rglob("*.lev")):
            inspected = subprocess.run([leveled, "inspect", file], capture_output=True, text=True)
            if inspected.returncode != 0:
                sys.exit(f"error: {when}: {inspected.stderr}")

    # Each program is killed in its turn, then runs to its end over what was left, so that the next one has what it reads.
    usual, killed = {}, {program: 0 for program in PROGRAMS}
    while sum(killed.values()) < options.kills:
        for program in PROGRAMS:
            if program in usual:
                process = run(program)
                try:
                    process.wait(draw.random() * usual[program])
                except subprocess.TimeoutExpired:
                    # The program and the `leveled` that it started, which are a session of their own.
                    subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=False)
                    process.wait()
                    killed[program] += 1
                    check(f"{program}, kill {sum(killed.values())}")
            start = time.monotonic()
            if run(program).wait() != 0:
                sys.exit(f"error: {program} fails after {sum(killed.values())} kills; has drive.py run?")
            usual[program] = time.monotonic() - start
    check("in the end")
    print(f"{sum(killed.values())} kills, no damaged file: {killed}")


if __name__ == "__main__":
    main()
