"""Time Microsoft SEAL's CKKS primitives (through TenSEAL's `sealapi`) on one thread.

Set up, outside the repository:

    python3 -m venv VENV && VENV/bin/pip install tenseal

Use (`table.py` runs this and sets it beside the other libraries):

    VENV/bin/python scripts/peers/tenseal_ops.py --json seal.json

Setting: ring degree N = 2^log_n, `--limbs` data limbs of 38 bits and one special prime of 38 bits, ciphertexts
of two polynomials at the top level, scale 2^38, SEAL's security check off (the check would refuse small N).

What one sample is (wall-clock; the median over `--repeats` samples is reported, after one untimed warm-up):

    add                  ciphertext += ciphertext
    multiply_plain       ciphertext *= plaintext already encoded, in NTT form, at the ciphertext's level
    rotate               rotation by one slot, with the Galois key of exactly that step
    rotate_hoisted_of_8  the same: SEAL hoists no rotations
    square_relinearize   square, then relinearize
    rescale              rescale to the next level (drops one limb)
    ntt_forward          forward NTT of one limb: that of a whole ciphertext, divided by 2 * limbs

The in-place form is timed, on a copy made outside the timer, so SEAL is charged for no copy of its input.
Every result is decrypted and compared with the clear-text answer; a wrong one ends the run with exit code 1.

Reading the numbers: SEAL's evaluator starts no threads (an idle second one may be numpy's). SEAL key-switches with
one digit per limb and one special prime, so a ratio for rotate or square_relinearize also holds any difference in the
gadget decomposition. TenSEAL's 0.3.18 Linux x86-64 wheel (SEAL 4.3) holds no AVX code, so no Intel HEXL either: a
SEAL built with HEXL should be faster. On a shared machine the medians are noisy: read the minima beside them.
"""

import os
import sys
import tempfile

import bench

SCALE = 2.0**bench.LIMB_BITS


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
    params.set_coeff_modulus(seal.CoeffModulus.Create(n, [bench.LIMB_BITS] * (limbs + 1)))  # the last is the special prime
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

    def decrypt(cipher):
        plain = seal.Plaintext()
        decryptor.decrypt(cipher, plain)
        return encoder.decode_double(plain)

    x, y = bench.inputs(log_n)
    cx, cy, py = encrypt(x), encrypt(y), encode(y)
    assert py.is_ntt_form() and py.parms_id() == cx.parms_id() and cx.coeff_modulus_size() == limbs
    product = copy(cx)  # at scale 2^76: the input of rescale
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
        samples[name], cipher = bench.sample(repeats, count, lambda: copy(start), operation)
        errors[name] = bench.slot_error(decrypt(cipher), expected)
        bench.check("SEAL", name, errors[name], (cipher.size(), cipher.coeff_modulus_size()), shape)
    samples["rotate_hoisted_of_8"], errors["rotate_hoisted_of_8"] = samples["rotate"], errors["rotate"]
    return samples, errors, seal_version(params)


def main():
    args = bench.parse(bench.arguments(__doc__))
    seal, tenseal_version = load_sealapi()
    samples, errors, version = measure(seal, args.log_n, args.limbs, args.repeats)
    bench.finish(f"SEAL {version} (tenseal {tenseal_version})", args, samples, errors)


if __name__ == "__main__":
    main()
