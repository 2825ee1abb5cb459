//! Random polynomials: uniform, ternary and discrete Gaussian, from ChaCha20.
//!
//! Every random object has a seed of its own, derived by SHA-256 from a parent seed and a label. So objects can be made in
//! parallel and in any order, and a public uniform polynomial can be stored as its seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20::{ChaCha8Rng, ChaCha20Rng};
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::RingError;
use super::modulus::Modulus;

/// Standard deviation of the errors (homomorphic encryption standard, 2018).
pub const ERROR_STANDARD_DEVIATION: f64 = 3.2;

/// Errors beyond this many standard deviations have probability below 2^-64 and are not drawn.
const TAIL: f64 = 9.5;

/// The largest error.
pub const LARGEST_ERROR: i64 = (TAIL * ERROR_STANDARD_DEVIATION) as i64;

/// Coefficients of a secret key or of an error, from which the key follows: zeroized on drop.
pub type SecretCoefficients = Zeroizing<Vec<i32>>;

/// A 256-bit seed.
#[must_use]
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// A fresh seed from the operating system.
    ///
    /// # Errors
    /// [`RingError::Entropy`] if the operating system has none.
    pub fn from_entropy() -> Result<Self, RingError> {
        let mut seed = Self([0; 32]);
        getrandom::fill(&mut seed.0).map_err(|e| RingError::Entropy { reason: e.to_string() })?;
        Ok(seed)
    }

    /// A fixed seed, for tests and experiments that must be reproducible; never for real keys.
    pub fn from_number(number: u64) -> Self {
        Self([0; 32]).derive("reproducible", &[number])
    }

    /// The seed with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes: whoever has them can derive all that it gives.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The seed of an object that is named by a label and numbers.
    pub fn derive(&self, label: &str, numbers: &[u64]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update((label.len() as u64).to_le_bytes());
        hash.update(label.as_bytes());
        for number in numbers {
            hash.update(number.to_le_bytes());
        }
        Self(hash.finalize().into())
    }

    /// A generator of its own stream.
    pub fn generator(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.0)
    }

    /// A faster generator of its own stream, for draws on which no secrecy rests.
    pub fn fast_generator(&self) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.0)
    }

    /// Fills `out` with uniform residues modulo q (Lemire's unbiased multiplication).
    pub fn fill_uniform(&self, out: &mut [u64], q: &Modulus) {
        const WORDS: usize = 512;
        let mut generator = self.generator();
        // 2^64 mod q: products whose low word is below it would favour some residues.
        let threshold = q.value().wrapping_neg() % q.value();
        let mut bytes = [0u8; 8 * WORDS];
        for chunk in out.chunks_mut(WORDS) {
            let bytes = &mut bytes[..8 * chunk.len()];
            generator.fill_bytes(bytes);
            for (out, word) in chunk.iter_mut().zip(bytes.as_chunks::<8>().0) {
                let mut product = u128::from(u64::from_le_bytes(*word)) * u128::from(q.value());
                while (product as u64) < threshold {
                    product = u128::from(generator.next_u64()) * u128::from(q.value());
                }
                *out = (product >> 64) as u64;
            }
        }
    }

    /// `n` coefficients, each -1, 0 or 1 with equal probability.
    pub fn ternary(&self, n: usize) -> SecretCoefficients {
        let mut generator = self.generator();
        // Room for all from the start: a vector that grows leaves copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(n));
        let mut bytes = Zeroizing::new([0u8; 256]);
        while out.len() < n {
            generator.fill_bytes(&mut bytes[..]);
            let missing = n - out.len();
            // 255 is a multiple of 3, so the remainders of 0..=254 are uniform.
            out.extend(bytes.iter().filter(|b| **b < 255).map(|b| i32::from(b % 3) - 1).take(missing));
        }
        out
    }

    /// `n` coefficients from the rounded Gaussian with [`ERROR_STANDARD_DEVIATION`], by inversion of 63-bit numbers.
    ///
    /// Each draw looks at the whole table, so its time does not depend on its value.
    pub fn gaussian(&self, n: usize) -> SecretCoefficients {
        let table = gaussian_table();
        let mut generator = self.generator();
        let draw = |_| {
            let word = generator.next_u64();
            let (uniform, sign) = (word >> 1, (word & 1) as i32);
            let magnitude: i32 = table.iter().map(|&bound| i32::from(uniform >= bound)).sum();
            (magnitude ^ -sign) + sign
        };
        Zeroizing::new((0..n).map(draw).collect())
    }
}

/// Seeds that are handed out one after the other and never twice, not by clones either: they share the count.
#[derive(Debug, Clone)]
pub struct SeedStream {
    seed: Seed,
    handed_out: Arc<AtomicU64>,
}

impl SeedStream {
    /// The stream of a seed that nothing else derives from.
    pub fn new(seed: Seed) -> Self {
        Self { seed, handed_out: Arc::default() }
    }

    /// The next seed.
    pub fn next_seed(&self) -> Seed {
        self.seed.derive("next", &[self.handed_out.fetch_add(1, Ordering::Relaxed)])
    }

    /// Takes so many seeds as handed out: those of an interrupted run that goes on.
    ///
    /// # Panics
    /// If there are not as many: none is handed out again.
    #[allow(clippy::expect_used, reason = "randomness that repeats gives the key away")]
    pub fn skip(&self, count: u64) {
        let skipped = |handed_out: u64| handed_out.checked_add(count);
        self.handed_out.fetch_update(Ordering::Relaxed, Ordering::Relaxed, skipped).expect("a stream has 2^64 seeds");
    }
}

/// Cumulative probabilities of the magnitudes 0, 1, .. of a discrete Gaussian, times 2^63. Those of the tail are small differences from 1,
/// so they are added up from its end.
fn gaussian_table() -> &'static [u64] {
    static TABLE: std::sync::OnceLock<Vec<u64>> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| {
        let weight = |k: i64| (-((k * k) as f64) / (2.0 * ERROR_STANDARD_DEVIATION.powi(2))).exp();
        let total: f64 = weight(0) + 2.0 * (1..=LARGEST_ERROR).map(weight).sum::<f64>();
        // The last magnitude needs no bound: it takes what is left.
        let mut tail = 0.0;
        let mut bounds: Vec<u64> = (1..=LARGEST_ERROR)
            .rev()
            .map(|k| {
                tail += 2.0 * weight(k);
                (1 << 63) - (tail / total * 2f64.powi(63)).round() as u64
            })
            .collect();
        bounds.reverse();
        bounds
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        (mean, (values.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn uniform_residues_have_the_uniform_moments() {
        for value in [12_289, 1_099_511_480_321, (1 << 60) - 93] {
            let q = Modulus::new(value | 1).unwrap();
            let mut out = vec![0; 1 << 16];
            Seed::from_number(1).fill_uniform(&mut out, &q);
            assert!(out.iter().all(|x| *x < q.value()));
            let (mean, deviation) = moments(out.iter().map(|x| *x as f64 / q.value() as f64));
            // Standard error of the mean: 0.289 / 256 = 0.0011.
            assert!((mean - 0.5).abs() < 0.006 && (deviation - 1.0 / 12f64.sqrt()).abs() < 0.004, "{mean} {deviation}");
        }
    }

    #[test]
    fn ternary_coefficients_are_uniform() {
        let t = Seed::from_number(2).ternary(1 << 16);
        for value in -1..=1 {
            let share = t.iter().filter(|x| **x == value).count() as f64 / t.len() as f64;
            assert!((share - 1.0 / 3.0).abs() < 0.01, "{value}: {share}");
        }
    }

    #[test]
    fn gaussian_errors_have_the_right_deviation_and_tail() {
        let e = Seed::from_number(3).gaussian(1 << 18);
        let (mean, deviation) = moments(e.iter().map(|x| f64::from(*x)));
        assert!(mean.abs() < 0.035 && (deviation - 3.2).abs() < 0.025, "{mean} {deviation}");
        let beyond = |k: i32| e.iter().filter(|x| x.abs() > k).count() as f64 / e.len() as f64;
        // P(|e| > 6) and P(|e| > 9) of the discrete Gaussian with sigma 3.2.
        assert!((beyond(6) - 0.0422).abs() < 0.003, "{}", beyond(6));
        assert!((beyond(9) - 0.0030).abs() < 0.0008, "{}", beyond(9));
        assert!(e.iter().all(|x| x.abs() <= 30));
        // Of 2^63 numbers so many are beyond each magnitude, by a calculation with 60 digits.
        let table = gaussian_table();
        let numbers =
            [(0, 8.073_499_201_425_509e18), (6, 3.817_957_512e17), (20, 1_163_930_509.7), (25, 11_488.1), (28, 3.6)];
        assert_eq!(table.len(), 30);
        for (k, expected) in numbers {
            let beyond = ((1u64 << 63) - table[k]) as f64;
            assert!((beyond - expected).abs() < 0.5 + 1e-9 * expected, "{k}: {beyond}");
        }
        assert!(table.is_sorted());
    }

    #[test]
    fn seeds_are_reproducible_distinct_and_not_printed() {
        let seed = Seed::from_number(7);
        assert_eq!(seed.ternary(100), seed.ternary(100));
        assert_ne!(seed.derive("a", &[1]).ternary(100), seed.derive("a", &[2]).ternary(100));
        assert_ne!(seed.derive("a", &[1]), seed.derive("b", &[1]));
        assert_ne!(Seed::from_entropy().unwrap(), Seed::from_entropy().unwrap());
        assert_eq!(format!("{seed:?}"), "Seed(..)");
    }

    #[test]
    fn a_stream_gives_no_seed_twice_and_neither_do_its_clones() {
        let stream = SeedStream::new(Seed::from_number(7));
        let clone = stream.clone();
        let seeds: Vec<Seed> = (0..3).flat_map(|_| [stream.next_seed(), clone.next_seed()]).collect();
        for (i, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..i].contains(seed));
        }
        // What is fixed is reproducible, and goes on where it was.
        let again = SeedStream::new(Seed::from_number(7));
        assert_eq!(again.next_seed(), seeds[0]);
        again.skip(2);
        assert_eq!(again.next_seed(), seeds[3]);
    }
}
