//! Encryption, with the secret key or by public key.
//!
//! Every encryption needs randomness of its own: two messages under the same reveal their difference. So an encryptor takes no
//! seed but hands out its own, one after the other.

use rayon::prelude::*;

use super::ciphertext::Ciphertext;
use super::encoder::{Complex, Encoder};
use super::error::CkksError;
use super::keys::{PublicKey, SecretKey, evaluate_small};
use super::parameters::Parameters;
use crate::ring::sampling::{LARGEST_ERROR, Seed, SeedStream};
use crate::ring::{Limb, Polynomial, RingError, SecretLimb, simd};

/// A symmetric encryption whose uniform half is a seed: half the bytes to send.
#[must_use]
#[derive(Debug, Clone)]
pub struct SeededCiphertext {
    pub(super) parameters: Parameters,
    pub(super) c0: Polynomial,
    pub(super) seed: Seed,
    pub(super) scale: f64,
}

impl SeededCiphertext {
    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.c0.bytes() + 32
    }

    /// The factor that slots are multiplied by.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Number of limbs.
    pub fn limbs(&self) -> usize {
        self.c0.len()
    }

    /// The full ciphertext.
    pub fn expand(self) -> Ciphertext {
        let Self { parameters, c0, seed, scale } = self;
        let mut c1 = Polynomial::scratch(parameters.n(), c0.len());
        c1.limbs.par_iter_mut().enumerate().for_each(|(i, limb)| fill_uniform(&parameters, &seed, i, limb));
        Ciphertext { c0, c1, scale }
    }
}

/// The uniform limb of a public seed modulo prime number `prime`.
fn fill_uniform(parameters: &Parameters, seed: &Seed, prime: usize, limb: &mut Limb) {
    seed.derive("uniform", &[prime as u64]).fill_uniform(limb, parameters.ntts()[prime].modulus());
}

/// Evaluations of slots at `scale` plus small errors, modulo the first `limbs` primes. `largest_noise`: of a coefficient, in the end.
fn message(
    parameters: &Parameters,
    encoder: &Encoder,
    (slots, scale, limbs): (&[Complex], f64, usize),
    error: &[i32],
    largest_noise: f64,
) -> Result<Polynomial, CkksError> {
    if !(1..=parameters.max_limbs()).contains(&limbs) {
        return Err(CkksError::Limbs { found: limbs, most: parameters.max_limbs() });
    }
    if encoder.slots() != parameters.slots() {
        return Err(CkksError::TooManySlots { found: encoder.slots(), slots: parameters.slots() });
    }
    let message = encoder.encode_wide(slots, scale)?;
    // What is beyond half of the modulus, with its noise, would decrypt to something else.
    let largest = message.iter().fold(0, |largest, m| m.unsigned_abs().max(largest)) as f64;
    let log2_half = parameters.log2_q(limbs) - 1.0;
    if (largest + largest_noise).log2() >= log2_half {
        return Err(CkksError::PlaintextOverflow {
            log2_coefficient: largest.log2(),
            log2_scale: scale.log2(),
            limit: log2_half as u32,
        });
    }
    let limbs: Vec<Limb> = (0..limbs)
        .into_par_iter()
        .map(|i| {
            let ntt = &parameters.ntts()[i];
            let mut limb = Limb::scratch(message.len());
            for ((out, m), e) in limb.iter_mut().zip(&message[..]).zip(error) {
                *out = ntt.modulus().reduce_i128(m + i128::from(*e));
            }
            ntt.forward(&mut limb);
            limb
        })
        .collect();
    Ok(limbs.into_iter().collect())
}

/// Encrypts under a secret key.
///
/// ```
/// use leveled::ckks::*;
///
/// # let parameters = Parameters::new(ParametersLiteral {
/// #     log_n: 8,
/// #     levels: 2,
/// #     scale_bits: 40.0,
/// #     weight_bits: 20.0,
/// #     tower_reuse: false,
/// #     base_bits: 50,
/// #     security: SecurityPolicy::None,
/// #     ..ParametersLiteral::default()
/// # })?;
/// let encryptor = Encryptor::new(SecretKey::generate(&parameters)?);
/// let slots = vec![Complex::new(0.25, -1.0); parameters.slots()];
/// let sent = encryptor.encrypt(&slots, parameters.input_scale(), parameters.max_limbs())?;
/// let bytes = sent.bytes();
/// let ciphertext = sent.expand();
/// assert!(bytes < ciphertext.bytes() && ciphertext.level() == 2);
///
/// let found = decrypt(encryptor.encoder(), encryptor.secret(), &ciphertext)?;
/// assert!((found[7] - slots[7]).norm() < 1e-6);
/// # Ok::<(), CkksError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encryptor {
    secret: SecretKey,
    encoder: Encoder,
}

impl Encryptor {
    /// An encryptor under a secret key. However many there are for one key and its clones, no two encryptions share randomness.
    pub fn new(secret: SecretKey) -> Self {
        let encoder = Encoder::new(secret.parameters().log_n());
        Self { secret, encoder }
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The secret key.
    pub fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// Encrypts slots at `scale` with `limbs` limbs. There may be fewer than the ring has: the rest is zero, where
    /// plaintexts (`Encoder::encode`, `Evaluator::add_plain`) repeat.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`]; [`CkksError::PlaintextOverflow`] for values that `limbs` limbs do not hold;
    /// [`CkksError::Limbs`], [`CkksError::Scale`].
    pub fn encrypt(&self, slots: &[Complex], scale: f64, limbs: usize) -> Result<SeededCiphertext, CkksError> {
        let parameters = self.secret.parameters();
        let seed = self.secret.encryption_seed();
        let error = seed.derive("error", &[]).gaussian(parameters.n());
        // The public half must not reveal the seed of the error: it has a seed of its own.
        let public = seed.derive("public", &[]);
        let of = (slots, scale, limbs);
        let mut c0 = message(parameters, &self.encoder, of, &error, LARGEST_ERROR as f64)?;
        c0.limbs.par_iter_mut().enumerate().for_each(|(i, c0)| {
            let q = parameters.ntts()[i].modulus();
            let mut product = SecretLimb::new(Limb::scratch(parameters.n()));
            fill_uniform(parameters, &public, i, &mut product);
            simd::multiply_assign(&mut product, self.secret.limb(i), q);
            simd::sub_assign(c0, &product, q);
        });
        Ok(SeededCiphertext { parameters: parameters.clone(), c0, seed: public, scale })
    }
}

/// Encrypts under a public key.
#[derive(Debug, Clone)]
pub struct PublicEncryptor {
    public: PublicKey,
    encoder: Encoder,
    seeds: SeedStream,
}

impl PublicEncryptor {
    /// An encryptor whose randomness comes from the operating system's entropy.
    ///
    /// # Errors
    /// [`RingError::Entropy`] if there is none.
    pub fn new(public: PublicKey) -> Result<Self, RingError> {
        let encoder = Encoder::new(public.parameters().log_n());
        Ok(Self { public, encoder, seeds: SeedStream::new(Seed::from_entropy()?) })
    }

    /// Encrypts slots at `scale` with `limbs` limbs, as [`Encryptor::encrypt`] does.
    ///
    /// # Errors
    /// As [`Encryptor::encrypt`].
    pub fn encrypt(&self, slots: &[Complex], scale: f64, limbs: usize) -> Result<Ciphertext, CkksError> {
        let parameters = self.public.parameters();
        let n = parameters.n();
        let seed = self.seeds.next_seed();
        let ternary = seed.derive("mask", &[]).ternary(n);
        let errors = [0, 1].map(|part| seed.derive("error", &[part]).gaussian(n));
        // e v + e_0 + e_1 s, v and s ternary.
        let largest_noise = LARGEST_ERROR as f64 * (2 * n + 1) as f64;
        let mut c0 = message(parameters, &self.encoder, (slots, scale, limbs), &errors[0], largest_noise)?;
        let primes: Vec<usize> = (0..limbs).collect();
        let mask = evaluate_small(parameters, &ternary, &primes);
        let mut c1 = evaluate_small(parameters, &errors[1], &primes);
        c0.limbs.par_iter_mut().zip(&mut c1.limbs).enumerate().for_each(|(i, (c0, c1))| {
            let q = parameters.ntts()[i].modulus();
            let term = simd::Term { shared: &mask.limbs[i], pair: (&self.public.b.limbs[i], &self.public.a.limbs[i]) };
            simd::multiply_accumulate((c0, c1), &[term], true, q);
        });
        // The mask hides the error now.
        Ok(Ciphertext { c0, c1: std::mem::take(&mut c1), scale })
    }
}
