//! What the tests of the evaluators share.

use std::sync::Arc;

use crate::ckks::SecurityPolicy;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::decryption::decrypt;
use crate::ckks::encoder::{Complex, Encoder};
use crate::ckks::encryption::Encryptor;
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::Encrypted;
use crate::ckks::keys::{EvaluationKeys, KeyKind, KeyRequest, SecretKey};
use crate::ckks::linear_transform::DiagonalSource;
use crate::ckks::parameters::{KeySwitching, Parameters, ParametersLiteral};
use crate::ckks::{PrecisionReport, SecretSlots, noise};
use crate::ring::sampling::Seed;

/// Rotations that the tests use; the giant steps 16, 8, 0 and -32 follow each other by 8 and 32.
pub const STEPS: [i64; 8] = [1, -1, 5, 8, 16, 32, 48, -32];

/// Errors in slots are at most this many deviations, the rounding of a ciphertext for instance: it is a polynomial times the
/// secret key, so a slot's deviation is that of all slots times its own share of the key, sqrt(ln N) = 2.4 at most for the key of
/// these tests, and eight of a slot's own are never met.
pub const LARGEST_ERROR: f64 = 20.0;

pub struct World {
    pub parameters: Parameters,
    pub encoder: Encoder,
    pub encryptor: Encryptor,
    pub evaluator: Encrypted,
}

/// Worlds whose bands differ: automatic, one special prime (small digits), three (large digits).
pub fn worlds() -> Vec<World> {
    [KeySwitching::Automatic, KeySwitching::SpecialPrimes(1), KeySwitching::SpecialPrimes(2)]
        .map(|k| World::new(8, 5, k))
        .into_iter()
        .collect()
}

/// Slots with parts from -1 to 1.
pub fn slots(seed: u64, count: usize) -> Vec<Complex> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 32) as f64 / 2f64.powi(31) - 1.0
    };
    (0..count).map(|_| Complex::new(next(), next())).collect()
}

impl World {
    /// Towers of 42 bits.
    pub fn new(log_n: u32, levels: usize, key_switching: KeySwitching) -> Self {
        Self::with(log_n, levels, 18.0, key_switching)
    }

    /// Parameters, a reproducible secret key, and all keys of [`STEPS`] at every level.
    pub fn with(log_n: u32, levels: usize, weight_bits: f64, key_switching: KeySwitching) -> Self {
        let parameters = Parameters::new(ParametersLiteral {
            log_n,
            levels,
            scale_bits: 24.0,
            weight_bits,
            base_bits: 40,
            key_switching,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        })
        .unwrap();
        let encoder = Encoder::new(log_n);
        let encryptor = Encryptor::new(SecretKey::reproducible(&parameters, &Seed::from_number(1)));
        let mut request = KeyRequest::new();
        for limbs in 1..=parameters.max_limbs() {
            request.add(&parameters, KeyKind::Relinearization, limbs);
            request.add_conjugation(&parameters, limbs);
            STEPS.iter().for_each(|s| request.add_rotation(&parameters, *s, limbs));
        }
        let keys = EvaluationKeys::generate(encryptor.secret(), &request, |_| ()).unwrap();
        assert_eq!((keys.len(), keys.bytes()), (request.len(), request.bytes(&parameters)));
        let evaluator = Encrypted::new(parameters.clone(), encoder.clone(), Arc::new(keys));
        Self { parameters, encoder, encryptor, evaluator }
    }

    pub fn encrypt(&self, slots: &[Complex], scale: f64, limbs: usize) -> Ciphertext {
        self.encryptor.encrypt(slots, scale, limbs).unwrap().expand()
    }

    pub fn decrypt(&self, x: &Ciphertext) -> SecretSlots {
        decrypt(&self.encoder, self.encryptor.secret(), x).unwrap()
    }

    /// D^2, the scale that a linear layer reads.
    pub fn square_scale(&self) -> f64 {
        self.parameters.scale().powi(2)
    }

    /// Asserts that `x` decrypts to `expected` with errors within `deviations` of a coefficient deviation.
    pub fn assert_close(&self, x: &Ciphertext, expected: &[Complex], coefficient_deviation: f64, what: &str) {
        let decrypted = self.decrypt(x);
        let report = PrecisionReport::new(&decrypted, expected).unwrap();
        let deviation = noise::slot_deviation(self.parameters.log_n(), coefficient_deviation) / x.scale;
        assert!(report.deviation < 1.5 * deviation, "{what}: {} against {deviation}", report.deviation);
        assert!(report.min > -(LARGEST_ERROR * deviation).log2(), "{what}: {report} with deviation {deviation}");
    }

    pub fn slot_count(&self) -> usize {
        self.parameters.slots()
    }
}

pub fn zip(x: &[Complex], y: &[Complex], f: impl Fn(Complex, Complex) -> Complex) -> Vec<Complex> {
    x.iter().zip(y).map(|(a, b)| f(*a, *b)).collect()
}

/// Dense diagonals with given values.
pub struct Values(pub Vec<Vec<Complex>>);

impl DiagonalSource for Values {
    fn period(&self) -> usize {
        self.0[0].len()
    }
    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError> {
        Ok(self.0[index].clone())
    }
}
