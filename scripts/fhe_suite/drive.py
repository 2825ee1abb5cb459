#!/usr/bin/env python3
"""Runs a submission as the suite does: every program as a process, in order, timed; predictions beside the labels.

    python3 scripts/fhe_suite/drive.py SUBMISSION --instance 0 --runs 3 --json single.json

It runs in the directory --root, which gets `datasets/` and `io/` as the suite has them. Images are those of an official CIFAR-10
binary file, by default the shipped ones (200) and, for more, data/full.
"""

import argparse
import json
import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ["single", "small", "medium", "large"]
IMAGES = [1, 15, 1000, 10000]
RECORD = 3073
SHIPPED = HERE / "../../data/cifar10_test_200.bin"
FULL = HERE / "../../data/full/cifar-10-batches-bin/test_batch.bin"


def write_dataset(folder, data, count):
    """The suite's texts of the first `count` images: pixels channel by channel from 0 to 1, and labels."""
    records = data.read_bytes()
    if len(records) < RECORD * count:
        raise SystemExit(f"error: {data} has {len(records) // RECORD} images, the instance needs {count}; give --data")
    folder.mkdir(parents=True, exist_ok=True)
    labels = []
    with open(folder / "test_pixels.txt", "w", encoding="ascii") as pixels:
        for start in range(0, RECORD * count, RECORD):
            labels.append(records[start])
            pixels.write(" ".join(repr(value / 255) for value in records[start + 1 : start + RECORD]) + "\n")
    (folder / "test_labels.txt").write_text("".join(f"{label}\n" for label in labels), encoding="ascii")
    return labels


def size(folder):
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("submission", type=Path)
    parser.add_argument("--instance", type=int, choices=range(4), default=0)
    parser.add_argument("--images", type=int, help="images, if not as many as the instance has")
    parser.add_argument("--runs", type=int, default=1, help="times that steps 5 to 9 run with the same keys")
    parser.add_argument("--data", type=Path, help="official CIFAR-10 binary file of the test images")
    parser.add_argument("--root", type=Path, default=Path("fhe_suite_root"), help="directory to work in")
    parser.add_argument("--json", type=Path, help="where the measurements go")
    options = parser.parse_args()

    name, count = NAMES[options.instance], options.images or IMAGES[options.instance]
    submission = options.submission.resolve()
    if not (submission / "leveled").is_file():
        raise SystemExit(f"error: {options.submission} is no submission; make it: python3 scripts/fhe_suite/make.py {options.submission}")
    options.root.mkdir(parents=True, exist_ok=True)
    io = options.root / "io" / name
    data = options.data or (SHIPPED if count <= 200 else FULL)
    labels = write_dataset(options.root / "datasets" / name / "intermediate", data, count)

    def step(program, hidden=None):
        """Wall seconds of a program; `hidden`: a folder that it must do without."""
        away = hidden and hidden.with_name(hidden.name + ".hidden")
        if hidden:
            os.rename(hidden, away)
        try:
            start = time.monotonic()
            ended = subprocess.run([submission / program, str(options.instance)], cwd=options.root, stdout=subprocess.DEVNULL)
            seconds = time.monotonic() - start
        finally:
            if hidden:
                os.rename(away, hidden)
        if ended.returncode != 0:
            raise SystemExit(f"error: {program} ended with {ended.returncode}")
        print(f"{program:<28} {seconds:10.2f} s", flush=True)
        return seconds

    secret = io / "secret_key"
    found = {"instance": name, "images": count, "runs": []}
    found["client_key_generation"] = step("client_key_generation")
    found["server_preprocess_model"] = step("server_preprocess_model", secret)
    found["public_key_bytes"] = size(io / "public_keys")
    for _ in range(options.runs):
        seconds = {}
        for program in ("client_preprocess_input", "client_encode_encrypt_input"):
            seconds[program] = step(program)
        seconds["server_encrypted_compute"] = step("server_encrypted_compute", secret)
        for program in ("client_decrypt_decode", "client_postprocess"):
            seconds[program] = step(program)
        predictions = [int(line) for line in (io / "encrypted_model_predictions.txt").read_text("ascii").split()]
        if len(predictions) != count:
            raise SystemExit(f"error: {len(predictions)} predictions for {count} images")
        right = sum(found == label for found, label in zip(predictions, labels))
        run = {"seconds": seconds, "total_seconds": sum(seconds.values()), "right": right, "predictions": predictions}
        run["upload_bytes"], run["download_bytes"] = size(io / "ciphertexts_upload"), size(io / "ciphertexts_download")
        found["runs"].append(run)
        print(f"{right} of {count} right; {run['total_seconds']:.2f} s, {run['total_seconds'] / count:.3f} s an image")
    print(f"keys {found['public_key_bytes']}, upload {run['upload_bytes']}, download {run['download_bytes']} bytes")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
