//! Encryption (symmetric with a seed, or by public key) and decryption.

use rayon::prelude::*;

use super::ciphertext::Ciphertext;
use super::encoder::{Complex, Encoder};
use super::error::CkksError;
use super::keys::{PublicKey, SecretKey};
use super::parameters::Parameters;
use crate::ring::sampling::Seed;
use crate::ring::{Limb, Polynomial, simd};

/// A symmetric encryption whose uniform half is a seed: half the bytes to send.
#[derive(Debug, Clone)]
pub struct SeededCiphertext {
    c0: Polynomial,
    seed: Seed,
    scale: f64,
}

impl SeededCiphertext {
    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.c0.bytes() + 32
    }

    /// The full ciphertext.
    pub fn expand(&self, parameters: &Parameters) -> Ciphertext {
        let mut c1 = Polynomial::scratch(parameters.n(), self.c0.len());
        fill_uniform(parameters, &self.seed, &mut c1);
        Ciphertext { c0: self.c0.clone(), c1, scale: self.scale }
    }
}

fn fill_uniform(parameters: &Parameters, seed: &Seed, polynomial: &mut Polynomial) {
    polynomial.limbs.par_iter_mut().enumerate().for_each(|(i, limb)| {
        seed.derive("uniform", &[i as u64]).fill_uniform(limb, parameters.ntts()[i].modulus());
    });
}

/// Evaluations of wide coefficients plus small errors, modulo the first `limbs` primes.
fn evaluate(parameters: &Parameters, message: &[i128], error: &[i64], limbs: usize) -> Polynomial {
    let limbs: Vec<Limb> = (0..limbs)
        .into_par_iter()
        .map(|i| {
            let ntt = &parameters.ntts()[i];
            let mut limb = Limb::scratch(message.len());
            for ((out, m), e) in limb.iter_mut().zip(message).zip(error) {
                *out = ntt.modulus().reduce_i128(m + i128::from(*e));
            }
            ntt.forward(&mut limb);
            limb
        })
        .collect();
    limbs.into_iter().collect()
}

/// Encrypts slots at `scale` with `limbs` limbs under the secret key.
///
/// # Errors
/// [`CkksError::TooManySlots`], [`CkksError::PlaintextOverflow`].
pub fn encrypt_symmetric(
    parameters: &Parameters,
    encoder: &Encoder,
    secret: &SecretKey,
    slots: &[Complex],
    scale: f64,
    limbs: usize,
    seed: &Seed,
) -> Result<SeededCiphertext, CkksError> {
    let message = encoder.encode_wide(slots, scale)?;
    let error = seed.derive("error", &[]).gaussian(parameters.n());
    // The public half must not reveal the seed of the error: it has a seed of its own.
    let public = seed.derive("public", &[]);
    let mut c0 = evaluate(parameters, &message, &error, limbs);
    let mut c1 = Polynomial::scratch(parameters.n(), limbs);
    fill_uniform(parameters, &public, &mut c1);
    c0.limbs.par_iter_mut().zip(&mut c1.limbs).enumerate().for_each(|(i, (c0, c1))| {
        let q = parameters.ntts()[i].modulus();
        simd::multiply_assign(c1, secret.limb(i), q);
        simd::sub_assign(c0, c1, q);
    });
    Ok(SeededCiphertext { c0, seed: public, scale })
}

/// Encrypts slots at `scale` with `limbs` limbs under the public key.
///
/// # Errors
/// [`CkksError::TooManySlots`], [`CkksError::PlaintextOverflow`].
pub fn encrypt_public(
    parameters: &Parameters,
    encoder: &Encoder,
    public: &PublicKey,
    slots: &[Complex],
    scale: f64,
    limbs: usize,
    seed: &Seed,
) -> Result<Ciphertext, CkksError> {
    let message = encoder.encode_wide(slots, scale)?;
    let n = parameters.n();
    let zero = vec![0i128; n];
    let mask = evaluate(parameters, &zero, &seed.derive("mask", &[]).ternary(n), limbs);
    let mut c0 = evaluate(parameters, &message, &seed.derive("error", &[0]).gaussian(n), limbs);
    let mut c1 = evaluate(parameters, &zero, &seed.derive("error", &[1]).gaussian(n), limbs);
    c0.limbs.par_iter_mut().zip(&mut c1.limbs).enumerate().for_each(|(i, (c0, c1))| {
        let q = parameters.ntts()[i].modulus();
        let term = simd::Term { shared: &mask.limbs[i], pair: (&public.b.limbs[i], &public.a.limbs[i]) };
        simd::multiply_accumulate((c0, c1), &[term], true, q);
    });
    Ok(Ciphertext { c0, c1, scale })
}

/// The centred coefficients of c0 + c1 s, as floating-point numbers.
///
/// Each coefficient is written in mixed radix with centred digits, so small values are exact and large ones have the
/// relative precision of a double.
pub fn decrypt_coefficients(parameters: &Parameters, secret: &SecretKey, ciphertext: &Ciphertext) -> Vec<f64> {
    let limbs = ciphertext.limbs();
    let mut message = ciphertext.c0.clone();
    message.limbs.par_iter_mut().enumerate().for_each(|(i, limb)| {
        let ntt = &parameters.ntts()[i];
        let mut product = ciphertext.c1.limbs[i].clone();
        simd::multiply_assign(&mut product, secret.limb(i), ntt.modulus());
        simd::add_assign(limb, &product, ntt.modulus());
        ntt.inverse(limb);
    });
    let moduli: Vec<_> = (0..limbs).map(|i| *parameters.ntts()[i].modulus()).collect();
    // inverses[i][j] = q_j^-1 mod q_i for j < i.
    let inverses: Vec<Vec<u64>> =
        (0..limbs).map(|i| (0..i).map(|j| moduli[i].inverse(moduli[i].reduce(moduli[j].value()))).collect()).collect();
    (0..parameters.n())
        .into_par_iter()
        .map(|k| {
            let mut digits = Vec::with_capacity(limbs);
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
        })
        .collect()
}

/// Decrypts and decodes all slots.
pub fn decrypt(
    parameters: &Parameters,
    encoder: &Encoder,
    secret: &SecretKey,
    ciphertext: &Ciphertext,
) -> Vec<Complex> {
    encoder.decode(&decrypt_coefficients(parameters, secret, ciphertext), ciphertext.scale)
}
