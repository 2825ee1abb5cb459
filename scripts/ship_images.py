#!/usr/bin/env python3
"""Write a small, class-balanced part of an official CIFAR binary test file.

usage: ship_images.py {cifar10,cifar100} TEST_FILE OUT_FILE [PER_CLASS]

The first PER_CLASS images of each class are kept, in the order of TEST_FILE, in the same record layout
(label byte or bytes, then 3072 bytes). PER_CLASS is 20 for cifar10 and 2 for cifar100 unless given.
"""
import sys
from collections import Counter
from pathlib import Path

IMAGE_BYTES = 3 * 32 * 32
LAYOUTS = {"cifar10": (1, 10, 20), "cifar100": (2, 100, 2)}  # label bytes, classes, images per class


def main(dataset: str, test_file: Path, out_file: Path, per_class: int) -> None:
    label_bytes, classes, _ = LAYOUTS[dataset]
    record = label_bytes + IMAGE_BYTES
    data = test_file.read_bytes()
    if not data or len(data) % record:
        sys.exit(f"{test_file}: {len(data)} bytes, not a positive multiple of {record}")
    kept, seen = [], Counter()
    for start in range(0, len(data), record):
        label = data[start + label_bytes - 1]
        if seen[label] < per_class:
            seen[label] += 1
            kept.append(data[start : start + record])
    if len(kept) != classes * per_class:
        sys.exit(f"{test_file}: {len(kept)} images found, expected {per_class} of each of {classes} classes")
    out_file.write_bytes(b"".join(kept))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in LAYOUTS:
        sys.exit(__doc__)
    count = int(sys.argv[4]) if len(sys.argv) == 5 else LAYOUTS[sys.argv[1]][2]
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), count)
