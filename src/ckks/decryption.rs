//! Decryption.

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::ciphertext::Ciphertext;
use super::encoder::Encoder;
use super::error::CkksError;
use super::keys::SecretKey;
use super::secret_slots::SecretSlots;
use crate::ring::modulus::Modulus;
use crate::ring::{SecretPolynomial, simd};

/// The centred coefficients of c0 + c1 s, as floating-point numbers.
///
/// Each coefficient is written in mixed radix with centred digits, so small values are exact and large ones have the
/// relative precision of a double.
fn coefficients(secret: &SecretKey, ciphertext: &Ciphertext) -> Zeroizing<Vec<f64>> {
    let parameters = secret.parameters();
    let limbs = ciphertext.limbs();
    // With the public c0 and c1 the message and its noise give the key away.
    let mut message = SecretPolynomial::new(ciphertext.c0.clone());
    message.limbs.par_iter_mut().enumerate().for_each(|(i, limb)| {
        let ntt = &parameters.ntts()[i];
        simd::add_assign(limb, &secret.product(&ciphertext.c1.limbs[i], i), ntt.modulus());
        ntt.inverse(limb);
    });
    let radix = MixedRadix::new((0..limbs).map(|i| *parameters.ntts()[i].modulus()).collect());
    let digits = || Zeroizing::new(Vec::with_capacity(limbs));
    let value = |digits: &mut Zeroizing<Vec<i64>>, k| radix.value(|i| message.limbs[i][k], digits);
    Zeroizing::new((0..parameters.n()).into_par_iter().map_init(digits, value).collect())
}

/// Moduli as a mixed radix with centred digits.
struct MixedRadix {
    moduli: Vec<Modulus>,
    /// `inverses[i][j]` is q_j^-1 mod q_i for j < i.
    inverses: Vec<Vec<u64>>,
}

impl MixedRadix {
    fn new(moduli: Vec<Modulus>) -> Self {
        let inverse = |q: &Modulus, of: &Modulus| q.inverse(q.reduce(of.value()));
        let inverses =
            moduli.iter().enumerate().map(|(i, q)| moduli[..i].iter().map(|of| inverse(q, of)).collect()).collect();
        Self { moduli, inverses }
    }

    /// The number with these residues; `digits` becomes its digits.
    fn value(&self, residue: impl Fn(usize) -> u64, digits: &mut Vec<i64>) -> f64 {
        digits.clear();
        let (mut value, mut weight) = (0.0, 1.0);
        // The same exactly, and the next weight, while they fit.
        let (mut exact, mut exact_weight) = (Some(0i128), Some(1i128));
        for (i, q) in self.moduli.iter().enumerate() {
            let mut residue = residue(i);
            // Most values are small: their residues modulo further primes follow from the first digits, and further digits are zero.
            if exact.is_some_and(|exact| q.reduce_i128(exact) == residue) {
                residue = 0;
            } else {
                for (digit, inverse) in digits.iter().zip(&self.inverses[i]) {
                    residue = q.mul(q.sub(residue, q.reduce_i64(*digit)), *inverse);
                }
            }
            let digit = q.centered(residue);
            digits.push(digit);
            // The weights of long chains are beyond a double's range, where the digits of small values are zero.
            if digit != 0 {
                value += digit as f64 * weight;
                let term = exact_weight.and_then(|weight| weight.checked_mul(digit.into()));
                exact = exact.zip(term).and_then(|(exact, term)| exact.checked_add(term));
            }
            weight *= q.value() as f64;
            exact_weight = exact_weight.and_then(|weight| weight.checked_mul(q.value().into()));
        }
        value
    }
}

/// Decrypts and decodes all slots.
///
/// # Errors
/// [`CkksError::Ciphertext`] for what is no ciphertext of the key's parameters; [`CkksError::TooManySlots`] for an
/// encoder of another ring than theirs.
pub fn decrypt(encoder: &Encoder, secret: &SecretKey, ciphertext: &Ciphertext) -> Result<SecretSlots, CkksError> {
    ciphertext.check(secret.parameters())?;
    encoder.decode(&coefficients(secret, ciphertext), ciphertext.scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ring::primes::ntt_primes;

    proptest! {
        #[test]
        fn numbers_of_any_size_come_back_from_their_residues(bits in 25u32..=60, size in 1u32..127, number: i128) {
            let primes = ntt_primes(8, bits, 6, &[]).unwrap();
            let radix = MixedRadix::new(primes.into_iter().map(|q| Modulus::new(q).unwrap()).collect());
            // Half of what six primes hold, at most.
            let number = number >> (127 - size.min(6 * bits - 8));
            let mut digits = Vec::new();
            let value = radix.value(|i| radix.moduli[i].reduce_i128(number), &mut digits);
            prop_assert!((value - number as f64).abs() <= 1e-15 * (number as f64).abs());
            // From the last digit on, modulo a prime that is none of them: the digits are those of the number.
            let p = Modulus::new(ntt_primes(8, 59, 8, &[]).unwrap()[7]).unwrap();
            let horner = digits.iter().zip(&radix.moduli).rev().fold(0, |sum, (digit, q)| {
                p.add(p.mul(sum, p.reduce(q.value())), p.reduce_i64(*digit))
            });
            prop_assert_eq!(horner, p.reduce_i128(number));
        }

        #[test]
        fn residues_without_a_small_number_have_the_digits_that_give_them(seed: [u64; 6], equal in 0usize..6) {
            let primes = ntt_primes(8, 40, 6, &[]).unwrap();
            let radix = MixedRadix::new(primes.into_iter().map(|q| Modulus::new(q).unwrap()).collect());
            // As of a small number up to some prime, then of none.
            let residues: Vec<u64> = (0..6).map(|i| radix.moduli[i].reduce(seed[if i < equal { 0 } else { i }] >> 8)).collect();
            let mut digits = Vec::new();
            radix.value(|i| residues[i], &mut digits);
            for (p, residue) in radix.moduli.iter().zip(residues) {
                let back = digits.iter().zip(&radix.moduli).rev().fold(0, |sum, (digit, q)| {
                    p.add(p.mul(sum, p.reduce(q.value())), p.reduce_i64(*digit))
                });
                prop_assert_eq!(back, residue);
            }
        }
    }
}
