//! Decryption.

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::ciphertext::Ciphertext;
use super::encoder::Encoder;
use super::error::CkksError;
use super::keys::SecretKey;
use super::secret_slots::SecretSlots;
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
    let moduli: Vec<_> = (0..limbs).map(|i| *parameters.ntts()[i].modulus()).collect();
    // inverses[i][j] = q_j^-1 mod q_i for j < i.
    let inverses: Vec<Vec<u64>> =
        (0..limbs).map(|i| (0..i).map(|j| moduli[i].inverse(moduli[i].reduce(moduli[j].value()))).collect()).collect();
    let value = |digits: &mut Zeroizing<Vec<i64>>, k: usize| {
        digits.clear();
        let (mut value, mut weight) = (0.0, 1.0);
        for (i, q) in moduli.iter().enumerate() {
            let mut residue = message.limbs[i][k];
            for (digit, inverse) in digits.iter().zip(&inverses[i]) {
                residue = q.mul(q.sub(residue, q.reduce_i64(*digit)), *inverse);
            }
            let digit = q.centered(residue);
            digits.push(digit);
            // The weights of long chains are beyond a double's range, where the digits of small values are zero.
            if digit != 0 {
                value += digit as f64 * weight;
            }
            weight *= q.value() as f64;
        }
        value
    };
    let digits = || Zeroizing::new(Vec::with_capacity(limbs));
    Zeroizing::new((0..parameters.n()).into_par_iter().map_init(digits, value).collect())
}

/// Decrypts and decodes all slots.
///
/// # Errors
/// [`CkksError::Ciphertext`] for what is no ciphertext of the key's parameters.
pub fn decrypt(encoder: &Encoder, secret: &SecretKey, ciphertext: &Ciphertext) -> Result<SecretSlots, CkksError> {
    ciphertext.check(secret.parameters())?;
    encoder.decode(&coefficients(secret, ciphertext), ciphertext.scale)
}
