#!/usr/bin/env python3
"""Writes data/held_out_NAME.bin: by which a training image is known as one that the shipped networks' trainings held out, in whatever order a
data set has its images. For each of the 5,000 the first 8 bytes of the SHA-256 of its 3,072 values, sorted.

    ship_held_out.py DATA [--force]      DATA: the training files in the order in which the shipped networks were trained; needs NumPy
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "gpu_window"))
import images

arguments = [argument for argument in sys.argv[1:] if argument != "--force"]
if len(arguments) != 1:
    sys.exit(__doc__)
for name in images.SETS:
    pixels, _ = images.read_training(Path(arguments[0]), name)
    _, validation = images.split(*images.SHIPPED)
    held_out = {images.known(pixels[index]) for index in validation}
    if len(held_out) != len(validation):
        raise SystemExit(f"{name}: only {len(held_out)} of the held out images differ")
    path = Path(__file__).parent.parent / "data" / f"held_out_{name}.bin"
    listed = b"".join(sorted(held_out))
    if path.exists() and path.read_bytes() != listed and "--force" not in sys.argv:
        sys.exit(f"error: {path} names other images, those that the shipped networks' trainings held out; DATA has another order (--force replaces it)")
    path.write_bytes(listed)
    print(path, len(held_out))
