#!/usr/bin/env python3
"""Writes data/held_out_NAME.bin: by which a training image is known as one that the shipped networks' trainings held out, in whatever order a
data set has its images. For each of the 5,000 the first 8 bytes of the SHA-256 of its 3,072 values, sorted.

    ship_held_out.py DATA      DATA: the training files in the order in which the shipped networks were trained; needs NumPy
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "gpu_window"))
import images

for name in images.SETS:
    pixels, _ = images.read_training(Path(sys.argv[1]), name)
    _, validation = images.split(*images.SHIPPED)
    held_out = {images.known(pixels[index]) for index in validation}
    if len(held_out) != len(validation):
        raise SystemExit(f"{name}: only {len(held_out)} of the held out images differ")
    path = Path(__file__).parent.parent / "data" / f"held_out_{name}.bin"
    path.write_bytes(b"".join(sorted(held_out)))
    print(path, len(held_out))
