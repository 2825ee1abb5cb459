#!/usr/bin/env python3
"""Packs the training images of CIFAR without loss into parts: pack.py DATA OUT [--sets cifar10 cifar100] [--images-per-part 25000]"""

import argparse
from pathlib import Path

import images

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="directory of the official binary archives")
    parser.add_argument("out", type=Path)
    parser.add_argument("--sets", nargs="+", choices=images.SETS, default=list(images.SETS))
    parser.add_argument("--images-per-part", type=int, default=25_000)
    options = parser.parse_args()
    for name in options.sets:
        for path in images.pack(options.data, name, options.out, options.images_per_part):
            print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")
