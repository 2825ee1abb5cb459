"""Training images of CIFAR: official binary files, lossless parts of a bounded size, and which images are held out.

A part holds consecutive images: colour differences, each pixel minus its prediction from its neighbours (the median of LOCO-I,
Weinberger et al. 2000), compressed by bzip2: 4.6 bits a value, so that 25,000 images are about 42 MiB.
"""

import bz2
import hashlib
import json
from pathlib import Path

import numpy as np

SIDE, CHANNELS = 32, 3
SETS = {
    "cifar10": {
        "directory": "cifar-10-batches-bin",
        "files": [f"data_batch_{k}.bin" for k in range(1, 6)],
        "label_bytes": 1,
        "classes": 10,
        "mean": [125.3, 123.0, 113.9],
        "std": [63.0, 62.1, 66.7],
    },
    "cifar100": {
        "directory": "cifar-100-binary",
        "files": ["train.bin"],
        "label_bytes": 2,
        "classes": 100,
        "mean": [129.3, 124.1, 112.4],
        "std": [68.2, 65.4, 70.4],
    },
}


def read_training(data: Path, name: str):
    """Images `[images, 3, 32, 32]` and classes of the official training files; there is no way to read the test file."""
    kind = SETS[name]
    directory = data if data.name == kind["directory"] else data / kind["directory"]
    raw = np.concatenate([np.fromfile(directory / file, np.uint8) for file in kind["files"]])
    records = raw.reshape(-1, kind["label_bytes"] + CHANNELS * SIDE * SIDE)
    images = records[:, kind["label_bytes"] :].reshape(-1, CHANNELS, SIDE, SIDE)
    return np.ascontiguousarray(images), np.ascontiguousarray(records[:, kind["label_bytes"] - 1])


def residuals(images):
    """What bzip2 gets: `[3, images, 32, 32]`, bytes modulo 256."""
    planes = images.astype(np.int16).transpose(1, 0, 2, 3)
    planes = np.stack([planes[1], (planes[0] - planes[1] + 128) & 255, (planes[2] - planes[1] + 128) & 255])
    left, above, corner = np.zeros_like(planes), np.zeros_like(planes), np.zeros_like(planes)
    left[..., 1:] = planes[..., :-1]
    above[..., 1:, :] = planes[..., :-1, :]
    corner[..., 1:, 1:] = planes[..., :-1, :-1]
    return ((planes - predicted(left, above, corner)) & 255).astype(np.uint8)


def predicted(left, above, corner):
    """The median of left, above and left + above - corner."""
    low, high = np.minimum(left, above), np.maximum(left, above)
    return np.clip(left + above - corner, low, high)


def restored(found):
    """The images of `residuals`, pixel after pixel, all images at once."""
    planes = np.zeros((*found.shape[:2], SIDE + 1, SIDE + 1), np.int16)  # a border of zeros above and left
    for row in range(SIDE):
        for column in range(SIDE):
            left, above = planes[..., row + 1, column], planes[..., row, column + 1]
            value = found[..., row, column] + predicted(left, above, planes[..., row, column])
            planes[..., row + 1, column + 1] = value & 255
    green, red, blue = planes[..., 1:, 1:]
    images = np.stack([(red + green - 128) & 255, green, (blue + green - 128) & 255], 1)
    return images.astype(np.uint8)


def pack(data: Path, name: str, out: Path, images_per_part: int):
    """Writes `NAME.0.part` and so on; returns their paths."""
    images, labels = read_training(data, name)
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for start in range(0, len(images), images_per_part):
        chosen = slice(start, start + images_per_part)
        payload = bz2.compress(labels[chosen].tobytes() + residuals(images[chosen]).tobytes())
        head = {
            "set": name,
            "start": start,
            "count": len(images[chosen]),
            "of": len(images),
            "sha256": hashlib.sha256(images[chosen].tobytes() + labels[chosen].tobytes()).hexdigest(),
        }
        paths.append(out / f"{name}.{len(paths)}.part")
        paths[-1].write_bytes(json.dumps(head).encode() + b"\n" + payload)
    return paths


def unpack(directory: Path, name: str):
    """Images and classes from all parts of a set; an error unless they are whole."""
    found = []
    for path in directory.glob(f"{name}.*.part"):
        line, payload = path.read_bytes().split(b"\n", 1)
        head = json.loads(line)
        raw = np.frombuffer(bz2.decompress(payload), np.uint8)
        labels = raw[: head["count"]]
        images = restored(raw[head["count"] :].reshape(CHANNELS, head["count"], SIDE, SIDE))
        if hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest() != head["sha256"]:
            raise SystemExit(f"{path}: the images are not those that were packed; copy the part again")
        found.append((head["start"], head["of"], images, labels))
    found.sort(key=lambda part: part[0])
    count = sum(len(labels) for _, _, _, labels in found)
    if not found or count != found[0][1]:
        raise SystemExit(f"{directory}: {count} images of {name}, not all of them; bring the other parts")
    return np.concatenate([part[2] for part in found]), np.concatenate([part[3] for part in found])


def split(images: int, validation: int, seed: int):
    """Indices to train on and those held out: the trainer's (src/training/split.rs)."""
    order = np.arange(images)
    draws = chacha8(seed, images)  # one for each position but the first
    for last, draw in zip(range(images - 1, 0, -1), draws):
        other = int(draw) * (last + 1) >> 64
        order[last], order[other] = order[other], order[last]
    kept = max(images - validation, 0)
    return np.sort(order[:kept]), np.sort(order[kept:])


# Images of the split by which the shipped networks were trained, those held out, and the seed.
SHIPPED = (50_000, 5_000, 0)


def known(image):
    """By which an image is known in whatever order a data set has its images: the start of the SHA-256 of its values."""
    return hashlib.sha256(image.tobytes()).digest()[:8]


def held_out(images, name: str, validation: int, seed: int):
    """As `split`, of these images: the shipped networks' held out ones are known by their values, as the trainer has it."""
    training, places = split(len(images), validation, seed)
    if (len(images), validation, seed) != SHIPPED:
        return training, places
    file = Path(__file__).parents[2] / "data" / f"held_out_{name}.bin"
    if not file.is_file():
        raise SystemExit(f"no {file}: bring data/{file.name} of the repository, which says what shipped networks' trainings held out")
    listed = file.read_bytes()
    listed = {listed[start : start + 8] for start in range(0, len(listed), 8)}
    values = [known(image) for image in images]
    if all(values[place] in listed for place in places):
        return training, places
    first = {value: place for place, value in reversed(list(enumerate(values))) if value in listed}
    if len(first) != len(listed):
        return training, places
    chosen = np.sort(np.fromiter(first.values(), int))
    return np.setdiff1d(np.arange(len(images)), chosen), chosen


def chacha8(seed: int, count: int):
    """Draws of 64 bits of the generator ChaCha8 on stream 0, seeded as the crate rand_core does from a number."""
    key = []
    for _ in range(8):
        seed = (seed * 6364136223846793005 + 11634580027462260723) % 2**64
        xorshifted, turn = ((seed >> 18 ^ seed) >> 27) % 2**32, seed >> 59
        key.append((xorshifted >> turn | xorshifted << (32 - turn)) % 2**32)
    blocks = np.arange(-(-count // 8), dtype=np.uint32)
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *key, 0, 0, 0, 0]
    start = [np.full(len(blocks), word, np.uint32) for word in start]
    start[12] = blocks
    words = [word.copy() for word in start]

    def quarter(a, b, c, d):
        for (x, y, z), turn in zip([(a, b, d), (c, d, b)] * 2, [16, 12, 8, 7]):
            words[x] += words[y]
            words[z] ^= words[x]
            words[z] = words[z] << np.uint32(turn) | words[z] >> np.uint32(32 - turn)

    for _ in range(4):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
    words = np.stack([word + first for word, first in zip(words, start)], 1).astype(np.uint64)
    return (words[:, 0::2] | words[:, 1::2] << np.uint64(32)).ravel()[:count]
