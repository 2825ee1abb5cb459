"""Time Microsoft SEAL's CKKS primitives (through TenSEAL's `sealapi`) on one thread.

Set up, outside the repository:

    python3 -m venv VENV && VENV/bin/pip install tenseal

Use, with the table against our own numbers as the second step:

    VENV/bin/python scripts/peers/tenseal_ops.py --json seal.json
    cargo run --release --bin bench_ops -- --json ours.json
    VENV/bin/python scripts/peers/tenseal_ops.py --ours ours.json

Setting: ring degree N = 2^log_n, `--limbs` data limbs of 38 bits and one special prime of 38 bits, ciphertexts
of two polynomials at the top level, scale 2^38, SEAL's security check off (the check would refuse small N).

What one sample is (wall-clock; the median over `--repeats` samples is reported, after one untimed warm-up):

    add                 ciphertext += ciphertext
    multiply_plain      ciphertext *= plaintext already encoded, in NTT form, at the ciphertext's level
    rotate              rotation by one slot, with the Galois key of exactly that step
    square_relinearize  square, then relinearize
    rescale             rescale to the next level (drops one limb)
    ntt_forward         forward NTT of one limb: that of a whole ciphertext, divided by 2 * limbs

The in-place form is timed, on a copy made outside the timer, so SEAL is charged for no copy of its input.
Every result is decrypted and compared with the clear-text answer; a wrong one ends the run with exit code 1.

Reading the numbers: SEAL's evaluator starts no threads (an idle second one may be numpy's). SEAL key-switches with
one digit per limb and one special prime, so a ratio for rotate or square_relinearize also holds any difference in the
gadget decomposition. TenSEAL's 0.3.18 Linux x86-64 wheel (SEAL 4.3) holds no AVX code, so no Intel HEXL either: a
SEAL built with HEXL should be faster. On a shared machine the medians are noisy: read the minima beside them.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time

LIMB_BITS = 38
SCALE = 2.0**38
TOLERANCE = 1e-2  # in a slot: inputs are [-1, 1]; rotate errs by about 1e-5 at the defaults, a wrong result by about 1
# Our operation -> the SEAL operation it is compared with (SEAL has no hoisted rotation).
COMPARED = {
    "add": "add",
    "multiply_plain": "multiply_plain",
    "rotate": "rotate",
    "rotate_hoisted_of_8": "rotate",
    "square_relinearize": "square_relinearize",
    "rescale": "rescale",
}


def load_sealapi():
    try:
        import tenseal
        from tenseal import sealapi
    except ImportError as error:
        sys.exit(
            f"error: cannot import tenseal ({error}); this Python is {sys.version.split()[0]}.\n"
            "Install it with `pip install tenseal` in a virtual environment and run this script with that Python.\n"
            "tenseal 0.3.18 needs Python 3.11 or newer (wheels for 3.11 to 3.14)."
        )
    return sealapi, tenseal.__version__


def read_ours(path, log_n, limbs):
    """Our bench's JSON, refused unless it was measured at the same parameters."""
    try:
        with open(path) as file:
            ours = json.load(file)
        found = ours["log_n"], ours["limbs"]
        seconds = {name: float(ours["seconds"][name]) for name in COMPARED}
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"error: {path} is not a bench_ops JSON: {type(error).__name__}: {error}")
    if found != (log_n, limbs):
        sys.exit(
            f"error: {path} was measured at log_n {found[0]}, {found[1]} limbs; this run is at log_n {log_n}, "
            f"{limbs} limbs. Give matching --log-n and --limbs."
        )
    if ours.get("threads") != 1:
        print(f"warning: {path} was measured with threads = {ours.get('threads')}; SEAL runs on one", file=sys.stderr)
    return seconds


def seal_version(params):
    """SEAL's version, from the header that it writes before any serialized object (bytes 3 and 4)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "params")
        params.save(path)
        with open(path, "rb") as file:
            header = file.read(5)
    return f"{header[3]}.{header[4]}"


def measure(seal, log_n, limbs, repeats):
    """Samples in seconds and the largest decrypted error, per operation; and SEAL's version."""
    n = 1 << log_n
    params = seal.EncryptionParameters(seal.SCHEME_TYPE.CKKS)
    params.set_poly_modulus_degree(n)
    params.set_coeff_modulus(seal.CoeffModulus.Create(n, [LIMB_BITS] * (limbs + 1)))  # the last is the special prime
    context = seal.SEALContext(params, True, seal.SEC_LEVEL_TYPE.NONE)
    if not context.parameters_set():
        sys.exit(f"error: SEAL refuses these parameters: {context.parameters_error_message()}")

    keygen = seal.KeyGenerator(context)
    public, relin, galois = seal.PublicKey(), seal.RelinKeys(), seal.GaloisKeys()
    keygen.create_public_key(public)
    keygen.create_relin_keys(relin)
    keygen.create_galois_keys([3], galois)  # Galois elements, not steps: 3 generates rotation by one slot
    assert galois.has_key(3) and not galois.has_key(9)
    encoder = seal.CKKSEncoder(context)
    encryptor = seal.Encryptor(context, public)
    decryptor = seal.Decryptor(context, keygen.secret_key())
    evaluator = seal.Evaluator(context)

    def encode(values):
        plain = seal.Plaintext()
        encoder.encode(values, context.first_parms_id(), SCALE, plain)
        return plain

    def encrypt(values):
        cipher = seal.Ciphertext()
        encryptor.encrypt(encode(values), cipher)
        return cipher

    def copy(cipher):
        out = seal.Ciphertext()
        evaluator.mod_switch_to(cipher, cipher.parms_id(), out)  # to its own level: a plain copy
        return out

    def error(cipher, expected):
        plain = seal.Plaintext()
        decryptor.decrypt(cipher, plain)
        return max(abs(got - want) for got, want in zip(encoder.decode_double(plain), expected, strict=True))

    rng = random.Random(1)
    x = [rng.uniform(-1, 1) for _ in range(n // 2)]
    y = [rng.uniform(-1, 1) for _ in range(n // 2)]
    cx, cy, py = encrypt(x), encrypt(y), encode(y)
    assert py.is_ntt_form() and py.parms_id() == cx.parms_id() and cx.coeff_modulus_size() == limbs
    product = copy(cx)  # at scale 2^80: the input of rescale
    evaluator.multiply_plain_inplace(product, py)
    coefficients = copy(cx)  # out of NTT form: the input of ntt_forward
    evaluator.transform_from_ntt_inplace(coefficients)
    xy = [a * b for a, b in zip(x, y)]

    def square_relinearize(cipher):
        evaluator.square_inplace(cipher)
        evaluator.relinearize_inplace(cipher, relin)

    # name: (input, operation in place, expected slots, operations per call, (polynomials, limbs) of the result)
    operations = {
        "add": (cx, lambda c: evaluator.add_inplace(c, cy), [a + b for a, b in zip(x, y)], 1, (2, limbs)),
        "multiply_plain": (cx, lambda c: evaluator.multiply_plain_inplace(c, py), xy, 1, (2, limbs)),
        "rotate": (cx, lambda c: evaluator.rotate_vector_inplace(c, 1, galois), x[1:] + x[:1], 1, (2, limbs)),
        "square_relinearize": (cx, square_relinearize, [a * a for a in x], 1, (2, limbs)),
        "rescale": (product, evaluator.rescale_to_next_inplace, xy, 1, (2, limbs - 1)),
        "ntt_forward": (coefficients, evaluator.transform_to_ntt_inplace, x, 2 * limbs, (2, limbs)),
    }
    samples, errors = {}, {}
    for name, (start, operation, expected, count, shape) in operations.items():
        samples[name] = []
        for repeat in range(repeats + 1):
            cipher = copy(start)
            begin = time.perf_counter()
            operation(cipher)
            elapsed = time.perf_counter() - begin
            if repeat:  # the first is the warm-up
                samples[name].append(elapsed / count)
        errors[name] = error(cipher, expected)
        if not errors[name] <= TOLERANCE or (cipher.size(), cipher.coeff_modulus_size()) != shape:
            sys.exit(f"error: SEAL's {name} is wrong: slot error {errors[name]:.1e}, {cipher.size()} polynomials, "
                     f"{cipher.coeff_modulus_size()} limbs (expected {shape})")
    return samples, errors, seal_version(params)


def ms(seconds):
    return f"{seconds * 1e3:.3f}"


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:<{w}}" if i == 0 else f"{cell:>{w}}" for i, (cell, w) in enumerate(zip(row, widths))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log-n", type=int, default=15, help="log2 of the ring degree, 11 to 17 (default 15)")
    parser.add_argument("--limbs", type=int, default=19, help="data limbs of 38 bits, 3 to 63 (default 19)")
    parser.add_argument("--repeats", type=int, default=7, help="samples per operation (default 7)")
    parser.add_argument("--json", metavar="OUT", help="write the numbers to this file")
    parser.add_argument("--ours", metavar="FILE", help="a JSON of our bench_ops; prints the comparison")
    args = parser.parse_args()
    if not (11 <= args.log_n <= 17 and 3 <= args.limbs <= 63 and args.repeats >= 1):
        parser.error("need 11 <= log-n <= 17, 3 <= limbs <= 63, repeats >= 1")

    ours = read_ours(args.ours, args.log_n, args.limbs) if args.ours else None
    seal, tenseal_version = load_sealapi()
    samples, errors, version = measure(seal, args.log_n, args.limbs, args.repeats)
    median = {name: statistics.median(values) for name, values in samples.items()}
    least = {name: min(values) for name, values in samples.items()}

    if args.json:
        record = {
            "library": f"SEAL {version} (tenseal {tenseal_version})",
            "log_n": args.log_n,
            "limbs": args.limbs,
            "threads": 1,
            "repeats": args.repeats,
            "seconds": median,
            "seconds_min": least,
            "slot_error": errors,
        }
        with open(args.json, "w") as file:
            json.dump(record, file, indent=2)
            file.write("\n")

    print(f"SEAL {version} (tenseal {tenseal_version}), N = 2^{args.log_n}, {args.limbs} limbs of {LIMB_BITS} bits "
          f"and one special prime, one thread, median of {args.repeats}")
    if ours is None:
        rows = [("operation", "SEAL ms", "min ms", "slot error")]
        rows += [(name, ms(median[name]), ms(least[name]), f"{errors[name]:.1e}") for name in median]
    else:
        rows = [("operation", "SEAL ms", "SEAL min ms", "ours ms", "SEAL / ours")]
        for name, peer in COMPARED.items():
            ratio = f"{median[peer] / ours[name]:.2f}" if ours[name] > 0 else "-"
            rows.append((name, ms(median[peer]), ms(least[peer]), ms(ours[name]), ratio))
    print_table(rows)
    if ours is not None:
        print("SEAL / ours above 1: ours is faster. rotate_hoisted_of_8 is set against SEAL's plain rotate.")


if __name__ == "__main__":
    main()
