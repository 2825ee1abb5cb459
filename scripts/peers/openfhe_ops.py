"""Time OpenFHE's CKKS primitives (through its Python wheel) on one thread.

Set up, outside the repository. The wheel's suffix names the Ubuntu release and with it the Python: .22.4 wants Python
3.10, .24.4 Python 3.12; pip takes the one that fits.

    python3.10 -m venv VENV && VENV/bin/pip install openfhe

Use (`table.py` runs this and sets it beside the other libraries):

    VENV/bin/python scripts/peers/openfhe_ops.py --digits 5 --json openfhe5.json

Setting: ring degree N = 2^log_n, `--limbs` data limbs of 38 bits, ciphertexts of two polynomials at the top level, scaling
by hand (FIXEDMANUAL), hybrid key switching with `--digits` large digits, OpenFHE's security check off (HEStd_NotSet), as the
other libraries are measured. OpenFHE chooses number and size of its special primes by the digits.

What one sample is (wall-clock; the median over `--repeats` samples is reported, after one untimed warm-up):

    add                  ciphertext += ciphertext
    multiply_plain       ciphertext * plaintext already encoded, in evaluation form, at the ciphertext's level; the wheel
                         has no form in place
    rotate               rotation by one slot; the wheel has no form in place
    rotate_hoisted_of_8  eight rotations that share EvalFastRotationPrecompute, which counts, divided by 8
    square_relinearize   square with relinearization; the form in place loses its result in the wheel, so not that one
    rescale              rescale to the next level (drops one limb)

Forms in place work on a copy made outside the timer. Every result is decrypted and compared with the clear-text answer; a
wrong one ends the run with exit code 1. OMP_NUM_THREADS is set to 1 before OpenFHE is loaded.
"""

import os
import sys

import bench


def load_openfhe():
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        import openfhe
    except ImportError as error:
        sys.exit(
            f"error: cannot import openfhe ({error}); this Python is {sys.version.split()[0]}.\n"
            "Install it with `pip install openfhe` in a virtual environment and run this script with that Python.\n"
            "Its wheels are for the Python of an Ubuntu release: 3.10 (suffix .22.4) or 3.12 (.24.4), on Linux x86-64."
        )
    return openfhe


def measure(fhe, log_n, limbs, digits, repeats):
    """Samples in seconds and the largest decrypted error, per operation."""
    params = fhe.CCParamsCKKSRNS()
    params.SetRingDim(1 << log_n)
    params.SetBatchSize(1 << (log_n - 1))
    params.SetMultiplicativeDepth(limbs - 1)
    params.SetScalingModSize(bench.LIMB_BITS)
    params.SetFirstModSize(bench.LIMB_BITS)
    params.SetScalingTechnique(fhe.ScalingTechnique.FIXEDMANUAL)
    params.SetKeySwitchTechnique(fhe.KeySwitchTechnique.HYBRID)
    params.SetNumLargeDigits(digits)
    params.SetSecurityLevel(fhe.SecurityLevel.HEStd_NotSet)
    context = fhe.GenCryptoContext(params)
    for feature in (fhe.PKESchemeFeature.PKE, fhe.PKESchemeFeature.KEYSWITCH, fhe.PKESchemeFeature.LEVELEDSHE):
        context.Enable(feature)
    assert context.GetRingDimension() == 1 << log_n
    keys = context.KeyGen()
    context.EvalMultKeyGen(keys.secretKey)
    steps = range(1, bench.HOISTED + 1)
    context.EvalRotateKeyGen(keys.secretKey, list(steps))
    order = context.GetCyclotomicOrder()

    encode = context.MakeCKKSPackedPlaintext
    x, y = bench.inputs(log_n)
    cx, cy = (context.Encrypt(keys.publicKey, encode(values)) for values in (x, y))
    py = encode(y)
    product = context.EvalMult(cx, py)  # also brings the plaintext into evaluation form
    xy = [a * b for a, b in zip(x, y)]
    turned = {step: x[step:] + x[:step] for step in steps}

    def decrypt(cipher):
        plain = context.Decrypt(cipher, keys.secretKey)
        plain.SetLength(len(x))
        return plain.GetRealPackedValue()

    def hoisted(cipher):
        digits = context.EvalFastRotationPrecompute(cipher)
        return [context.EvalFastRotation(cipher, step, order, digits) for step in steps]

    # name: (input, operation, expected slots of the result or of each, operations per call, limbs of the result)
    operations = {
        "add": (cx, lambda c: context.EvalAddInPlace(c, cy), [a + b for a, b in zip(x, y)], 1, limbs),
        "multiply_plain": (cx, lambda c: context.EvalMult(c, py), xy, 1, limbs),
        "rotate": (cx, lambda c: context.EvalRotate(c, 1), turned[1], 1, limbs),
        "rotate_hoisted_of_8": (cx, hoisted, list(turned.values()), bench.HOISTED, limbs),
        "square_relinearize": (cx, context.EvalSquare, [a * a for a in x], 1, limbs),
        "rescale": (product, context.RescaleInPlace, xy, 1, limbs - 1),
    }
    samples, errors = {}, {}
    for name, (start, operation, expected, count, left) in operations.items():
        samples[name], result = bench.sample(repeats, count, start.Clone, operation)
        pairs = zip(result, expected, strict=True) if isinstance(result, list) else [(result, expected)]
        found = [(bench.slot_error(decrypt(cipher), slots), shape(cipher, limbs)) for cipher, slots in pairs]
        errors[name] = max(error for error, _ in found)
        for error, got in found:
            bench.check("OpenFHE", name, error, got, (2, left))
    return samples, errors


def shape(cipher, limbs):
    """Polynomials of a ciphertext, and its limbs: each level is one less."""
    return cipher.NumberCiphertextElements(), limbs - cipher.GetLevel()


def main():
    parser = bench.arguments(__doc__)
    parser.add_argument("--digits", type=int, default=5, help="large digits of the key switch (default 5)")
    args = bench.parse(parser)
    if not 1 <= args.digits <= args.limbs:
        parser.error("need 1 <= digits <= limbs")
    fhe = load_openfhe()
    samples, errors = measure(fhe, args.log_n, args.limbs, args.digits, args.repeats)
    bench.finish(f"OpenFHE {fhe.__version__}, {args.digits} digits", args, samples, errors)


if __name__ == "__main__":
    main()
