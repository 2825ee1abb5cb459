#!/usr/bin/env python3
"""Kills programs of a submission at random times, and lets them find a full disk, and checks that no file is left that a later step takes
for whole.

    python3 scripts/fhe_suite/kills.py SUBMISSION --kills 100 --full 20 --seed 1

After `drive.py` on the same --root and --instance: every program has been run there once, so each has what it reads.
"""

import argparse
import random
import resource
import signal
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
    parser.add_argument("--full", type=int, default=20, help="times that the disk is full before a file is whole")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--root", type=Path, default=Path("fhe_suite_root"))
    options = parser.parse_args()
    submission, draw = options.submission.resolve(), random.Random(options.seed)
    folders = [options.root / "io" / NAMES[options.instance], submission / "plan" / NAMES[options.instance]]
    leveled = submission / "leveled"

    def run(program, room=None):
        """Starts a program; `room`: bytes that its files have at most, which stands for the end of the disk."""

        def limit():
            if room is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

        return subprocess.Popen([submission / program, str(options.instance)], cwd=options.root, start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE if room else subprocess.DEVNULL, text=True,
                                preexec_fn=limit)

    def check(when):
        for file in (file for folder in folders for file in folder.rglob("*.lev")):
            inspected = subprocess.run([leveled, "inspect", file], capture_output=True, text=True)
            if inspected.returncode != 0:
                sys.exit(f"error: {when}: {inspected.stderr}")

    def largest():
        """Bytes of the largest file that each program writes, as it is now."""
        io, plan = folders
        return {
            "client_key_generation": (io / "public_keys/keys.lev").stat().st_size,
            "server_preprocess_model": (plan / "keys.lev").stat().st_size,
            "client_encode_encrypt_input": (io / "ciphertexts_upload/images.lev").stat().st_size,
            "server_encrypted_compute": (io / "ciphertexts_download/logits.lev").stat().st_size,
        }

    def fills(program, size):
        process = run(program, draw.randrange(4096, size))
        words = process.communicate()[1]
        if process.returncode == 0 or "is there room on the disk" not in words:
            sys.exit(f"error: {program} ended with {process.returncode} on a full disk: {words}")
        left = [file for folder in folders for file in folder.rglob("*.partial")]
        if left:
            sys.exit(f"error: {program} left {left} on a full disk")
        check(f"{program}, a full disk")

    # Each program is killed in its turn, finds a full disk, then runs to its end over what was left, so that the next one has what it
    # reads.
    largest_files = largest()
    usual, killed, full = {}, {program: 0 for program in PROGRAMS}, 0
    while sum(killed.values()) < options.kills or full < options.full:
        for program in PROGRAMS:
            if program in usual and sum(killed.values()) < options.kills:
                process = run(program)
                try:
                    process.wait(draw.random() * usual[program])
                except subprocess.TimeoutExpired:
                    # The program and the `leveled` that it started, which are a session of their own.
                    subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=False)
                    process.wait()
                    killed[program] += 1
                    check(f"{program}, kill {sum(killed.values())}")
            if full < options.full and program in largest_files:
                fills(program, largest_files[program])
                full += 1
            start = time.monotonic()
            if run(program).wait() != 0:
                sys.exit(f"error: {program} fails after {sum(killed.values())} kills; has drive.py run?")
            usual[program] = time.monotonic() - start
    check("in the end")
    print(f"{sum(killed.values())} kills and {full} full disks, no damaged file: {killed}")


if __name__ == "__main__":
    main()
