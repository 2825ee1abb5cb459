#!/usr/bin/env python3
"""Files as pieces of a bounded size, and back.

    parts.py split OUT FILE...    one tar archive in pieces OUT/piece.0, ...; files that do not fit into all pieces are left out, and named
    parts.py join DIR OUT         the files of DIR/piece.*, unpacked into OUT
"""

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

PIECE = 15 * 2**20
PIECES = 4


def split(out: Path, files, piece=PIECE, pieces=PIECES):
    """Writes the pieces and `pieces.json`; returns the files left out."""
    archive, left_out = io.BytesIO(), []
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for file in files:
            # A header, padding, and the end of the archive.
            if archive.tell() + file.stat().st_size + 12 * 1024 > piece * pieces:
                left_out.append(file)
            else:
                tar.add(file, arcname=file.name)
    whole = archive.getvalue()
    out.mkdir(parents=True, exist_ok=True)
    cut = [whole[start : start + piece] for start in range(0, len(whole), piece)]
    for index, part in enumerate(cut):
        (out / f"piece.{index}").write_bytes(part)
    (out / "pieces.json").write_text(json.dumps({"pieces": len(cut), "sha256": hashlib.sha256(whole).hexdigest()}))
    return left_out


def join(directory: Path, out: Path):
    """Unpacks; returns the paths."""
    about = json.loads((directory / "pieces.json").read_text())
    whole = b"".join((directory / f"piece.{index}").read_bytes() for index in range(about["pieces"]))
    if hashlib.sha256(whole).hexdigest() != about["sha256"]:
        raise SystemExit(f"{directory}: the pieces are not those that were written; fetch them again")
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        tar.extractall(out, filter="data")
        return [out / name for name in tar.getnames()]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["split", out, *files] if files:
            for file in split(Path(out), [Path(file) for file in files]):
                print(f"LEFT OUT, no room in {PIECES} pieces: {file}")
        case ["join", directory, out]:
            print(*join(Path(directory), Path(out)), sep="\n")
        case _:
            sys.exit(__doc__)
