//! Parameters: what a user asks for ([`ParametersLiteral`]) and what has been validated ([`Parameters`]).
//!
//! The chain is a base prime q_0 and `levels` primes q_1.. of log2(D) + log2(W) bits: D the scale of data after a rescale,
//! W the scale of weights. A linear layer at level l encodes its weights at q_l / D, reads data at D^2 and leaves D q_l,
//! so that the rescale by q_l gives exactly D (method section 4). Fresh data need not be at D^2: a fresh ciphertext has
//! little noise, so at an input scale S the top prime needs only log2(S) + log2(W) - log2(D) bits.
//!
//! Without tower reuse every prime has log2(D) bits: a linear layer and the squaring after it divide by one each, and data
//! stay near D.

use std::fmt::Display;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::CkksError;
use super::gadget::{Band, Budget, SPECIAL_BITS};
pub use super::key_switching::KeySwitching;
use super::security::{Security, Table};
use super::security_policy::SecurityPolicy;
use crate::ring::modulus::VECTOR_BITS;
use crate::ring::primes::{MAX_LOG_N, ntt_primes, ntt_primes_below};
use crate::ring::simd::PACKED_BITS;
use crate::ring::{Factor, Ntt, RingError};

/// What a user asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParametersLiteral {
    /// log2 of the ring dimension N; there are N/2 slots.
    pub log_n: u32,
    /// Number of rescales.
    pub levels: usize,
    /// log2 of the data scale D.
    pub scale_bits: f64,
    /// log2 of the weight scale W; without tower reuse weights are at D.
    pub weight_bits: f64,
    /// Whether one prime pays for a linear layer and the squaring after it.
    pub tower_reuse: bool,
    /// log2 of the scale S of fresh ciphertexts; `None`: that of all later data, D^2, or D without tower reuse.
    pub input_bits: Option<f64>,
    /// log2 of the base prime: bounds what the last level can hold, |value| D < q_0 / 2.
    pub base_bits: u32,
    /// Choice of the special primes.
    pub key_switching: KeySwitching,
    /// With `key_switching: auto` the limbs of a digit for ciphertexts of 1, 2, .. limbs; none: as is cheapest for a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digit_limbs: Option<Vec<usize>>,
    /// What to do about parameters over the security limit.
    pub security: SecurityPolicy,
    /// log2 of the larger ring dimension whose primes these are, so that its ciphertexts can move here; none: they are no other ring's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prime_log_n: Option<u32>,
    /// log2 of the smaller ring dimension whose secret keys are of, and whose security limit they keep; none: this ring's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_log_n: Option<u32>,
}

/// Largest size of an RNS prime in bits.
const LARGEST_PRIME: u32 = 60;

/// Most levels that a chain may have.
pub(crate) const MOST_LEVELS: usize = 200;

impl Default for ParametersLiteral {
    /// Twenty levels that are 128-bit secure at N = 2^15.
    fn default() -> Self {
        Self {
            log_n: 15,
            levels: 20,
            scale_bits: 20.0,
            weight_bits: 18.0,
            tower_reuse: true,
            input_bits: None,
            base_bits: 28,
            key_switching: KeySwitching::default(),
            digit_limbs: None,
            security: SecurityPolicy::default(),
            prime_log_n: None,
            secret_log_n: None,
        }
    }
}

impl ParametersLiteral {
    /// log2 of the largest ring dimension that the primes suit.
    pub(super) fn prime_log_n(&self) -> u32 {
        self.prime_log_n.unwrap_or(self.log_n)
    }

    /// Checks what can be checked without primes.
    ///
    /// # Errors
    /// [`CkksError::Parameter`] for the first impossible value.
    pub fn check(&self) -> Result<(), CkksError> {
        let Self { log_n, levels, scale_bits, weight_bits, base_bits, .. } = *self;
        let refuse =
            |name, value: &dyn Display, reason| Err(CkksError::Parameter { name, value: value.to_string(), reason });
        let in_range = |name, bits: f64, low: f64, high: f64| match (low..=high).contains(&bits) {
            true => Ok(()),
            false => refuse(name, &bits, format!("{bits} bits is outside {low} to {high}; choose a size in between")),
        };
        if !(5..=MAX_LOG_N).contains(&log_n) {
            let reason = format!("choose a value from 5 (tests) or 12 (secure) to {MAX_LOG_N}");
            return refuse("log_n", &log_n, reason);
        }
        let prime_log_n = self.prime_log_n();
        if !(log_n..=MAX_LOG_N).contains(&prime_log_n) {
            let reason = format!("primes suit rings from this one, 2^{log_n}, to 2^{MAX_LOG_N}");
            return refuse("prime_log_n", &prime_log_n, reason);
        }
        if let Some(secret) = self.secret_log_n.filter(|secret| *secret > log_n) {
            let reason = format!("the secret of a ring is embedded in a larger one, and this one is 2^{log_n}");
            return refuse("secret_log_n", &secret, reason);
        }
        in_range("scale_bits", scale_bits, 10.0, 55.0)?;
        in_range("weight_bits", weight_bits, 8.0, 45.0)?;
        let most = 2.0 * scale_bits;
        if let Some(bits) = self.input_bits.filter(|bits| !(10.0..=most).contains(bits)) {
            let reason = format!(
                "the scale of the image has {bits} bits, outside 10 to 2 * scale_bits = {most}; choose a size in between"
            );
            return refuse("input_bits", &bits, reason);
        }
        // Without tower reuse the first rescale is by a prime of its own.
        let top_bits = self.input_bits.map_or(0.0, |input| input + self.weights_bits() - scale_bits);
        if !self.tower_reuse && top_bits > f64::from(LARGEST_PRIME) {
            let reason = format!(
                "the first prime would have {top_bits} bits, as input_bits has, more than the {LARGEST_PRIME} that an RNS prime may have; lower it"
            );
            return refuse("input_bits", &self.input_bits.unwrap_or(0.0), reason);
        }
        let smallest = prime_log_n + SMALLEST_PRIME;
        in_range("base_bits", f64::from(base_bits), f64::from(smallest.max(20)), f64::from(LARGEST_PRIME))?;
        let tower_bits = self.tower_bits();
        let (name, value) = if self.tower_reuse { ("weight_bits", weight_bits) } else { ("scale_bits", scale_bits) };
        if tower_bits > f64::from(LARGEST_PRIME) {
            let reason = format!(
                "a tower has scale_bits + weight_bits = {tower_bits} bits, more than the {LARGEST_PRIME} that an RNS prime may have; lower one of them"
            );
            return refuse(name, &value, reason);
        }
        if tower_bits.round() < f64::from(smallest) {
            let reason = format!(
                "a tower has {tower_bits} bits, less than the {smallest} that a prime has at N = 2^{prime_log_n}; raise it"
            );
            return refuse(name, &value, reason);
        }
        if f64::from(base_bits) < scale_bits + 2.0 {
            let reason = format!(
                "a base prime of {base_bits} bits has no room for logits at a scale of {scale_bits} bits; take at least scale_bits + 2, and log2 of the largest logit on top"
            );
            return refuse("base_bits", &base_bits, reason);
        }
        if !(1..=MOST_LEVELS).contains(&levels) {
            let reason =
                format!("a chain has 1 to {MOST_LEVELS} levels; remove the key to take what the network needs");
            return refuse("levels", &levels, reason);
        }
        if let Some(digits) = &self.digit_limbs
            && (digits.len() != levels + 1 || digits.contains(&0) || self.key_switching != KeySwitching::Automatic)
        {
            let reason = format!("with key_switching auto there are {} sizes of digits, each at least 1", levels + 1);
            return refuse("digit_limbs", &digits.len(), reason);
        }
        match self.key_switching {
            KeySwitching::SpecialPrimes(count) if !(1..=KeySwitching::MOST_SPECIAL_PRIMES).contains(&count) => {
                let most = KeySwitching::MOST_SPECIAL_PRIMES;
                let reason = format!("{count} special primes are not possible; choose 1 to {most}, or `auto`");
                refuse("key_switching", &count, reason)
            }
            _ => Ok(()),
        }
    }

    /// Bits of a prime above the base prime, on average.
    fn tower_bits(&self) -> f64 {
        self.scale_bits + if self.tower_reuse { self.weight_bits } else { 0.0 }
    }

    /// log2 of the scale of weights: without tower reuse that of data.
    fn weights_bits(&self) -> f64 {
        if self.tower_reuse { self.weight_bits } else { self.scale_bits }
    }

    /// log2 of how much larger the scale of data is at a key switch than after the rescale that follows.
    fn rescale_bits(&self) -> f64 {
        if self.tower_reuse { self.scale_bits } else { 0.0 }
    }
}

/// A band with its primes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBand {
    /// Levels and gadget.
    pub band: Band,
    /// Indices of the special primes in [`Parameters::ntts`].
    pub special: Vec<usize>,
}

impl KeyBand {
    /// Limbs that digit number `digit` of a ciphertext of `limbs` limbs covers.
    pub fn digit(&self, digit: usize, limbs: usize) -> std::ops::Range<usize> {
        let size = self.band.shape.digit_limbs;
        digit * size..((digit + 1) * size).min(limbs)
    }
}

/// Validated parameters with their tables; cheap to clone. Serialised as what was asked for, from which all else follows.
///
/// ```
/// use leveled::ckks::*;
///
/// // A ring for tests: N = 2^8 is not secure.
/// let parameters = Parameters::new(ParametersLiteral {
///     log_n: 8,
///     levels: 2,
///     scale_bits: 40.0,
///     weight_bits: 20.0,
///     tower_reuse: false,
///     base_bits: 50,
///     security: SecurityPolicy::None,
///     ..ParametersLiteral::default()
/// })?;
/// assert_eq!((parameters.slots(), parameters.max_limbs()), (128, 3));
/// assert!(!parameters.security().is_secure());
///
/// // The same under the security line is refused, with advice.
/// let literal = ParametersLiteral { security: SecurityPolicy::Bits128, ..parameters.literal().clone() };
/// assert!(matches!(Parameters::new(literal), Err(CkksError::Insecure { .. })));
/// # Ok::<(), CkksError>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "ParametersLiteral", try_from = "ParametersLiteral")]
pub struct Parameters(Arc<Inner>);

impl From<Parameters> for ParametersLiteral {
    fn from(parameters: Parameters) -> Self {
        parameters.literal().clone()
    }
}

impl TryFrom<ParametersLiteral> for Parameters {
    type Error = CkksError;
    fn try_from(literal: ParametersLiteral) -> Result<Self, CkksError> {
        Self::new(literal)
    }
}

#[derive(Debug)]
struct Inner {
    literal: ParametersLiteral,
    scale: f64,
    chain: usize,
    ntts: Vec<Ntt>,
    bands: Vec<KeyBand>,
    security: Security,
}

/// A prime has at least this many bits more than log2 N, so that there are some to choose from.
const SMALLEST_PRIME: u32 = 4;

/// Bits for special primes where no security table leaves enough and `security: none` allows to go beyond.
const UNLIMITED_SLACK: u32 = 100;

/// The bands under one limit, and the special primes of all.
struct Bands {
    bands: Vec<KeyBand>,
    special: Vec<u64>,
    /// log2 of the largest modulus of a key.
    log2_qp: f64,
}

impl Bands {
    /// `limb_bits`: log2 of each prime of the chain.
    fn new(literal: &ParametersLiteral, chain: &[u64], limb_bits: &[f64], limit: u32) -> Result<Self, CkksError> {
        let (prime_log_n, rescale_bits) = (literal.prime_log_n(), literal.rescale_bits());
        let budget = Budget { log_n: literal.log_n, prime_log_n, limb_bits: limb_bits.to_vec(), rescale_bits, limit };
        let shapes = match (literal.key_switching, &literal.digit_limbs) {
            (KeySwitching::Automatic, None) => budget.automatic()?,
            (KeySwitching::Automatic, Some(digit_limbs)) => budget.given(digit_limbs)?,
            (KeySwitching::SpecialPrimes(count), _) => budget.fixed(count)?,
        };
        let mut found = Self { bands: Vec::with_capacity(shapes.len()), special: Vec::new(), log2_qp: 0.0 };
        for band in shapes {
            // Primes of one band are distinct; bands may share them, since no operation mixes bands.
            let primes = ntt_primes_below(prime_log_n, band.shape.special_bits, band.shape.special, chain)?;
            let log2_p: f64 = primes.iter().map(|q| (*q as f64).log2()).sum();
            budget.check(&band, log2_p)?;
            found.log2_qp = found.log2_qp.max(limb_bits[..band.top].iter().sum::<f64>() + log2_p);
            let index = |q: &u64| {
                chain.len()
                    + found.special.iter().position(|p| p == q).unwrap_or_else(|| {
                        found.special.push(*q);
                        found.special.len() - 1
                    })
            };
            let special = primes.iter().map(index).collect();
            found.bands.push(KeyBand { band, special });
        }
        Ok(found)
    }
}

impl Parameters {
    /// Validates a literal and builds its tables.
    ///
    /// # Errors
    /// [`CkksError`] for impossible values, for a modulus over the security limit, and when primes run out.
    pub fn new(literal: ParametersLiteral) -> Result<Self, CkksError> {
        literal.check()?;
        let (log_n, prime_log_n) = (literal.log_n, literal.prime_log_n());
        // A secret of a smaller ring is as secure as there.
        let secret_log_n = literal.secret_log_n.unwrap_or(log_n);
        let mut primes = prime_of(prime_log_n, literal.base_bits, &[])?;
        for bits in limb_bits(&literal) {
            let prime = prime_of(prime_log_n, bits, &primes).map_err(|error| match error {
                RingError::TooFewPrimes { .. } if !literal.tower_reuse => CkksError::Parameter {
                    name: "scale_bits",
                    value: literal.scale_bits.to_string(),
                    reason: format!(
                        "without tower reuse each of {} rescales needs a prime of this size, and at N = 2^{prime_log_n} only {} are 1 \
                         modulo 2N; raise scale_bits, and base_bits above it",
                        literal.levels,
                        primes.len() - 1
                    ),
                },
                error => error.into(),
            })?;
            primes.extend(prime);
        }
        let chain = primes.len();
        let log2 = |q: &u64| (*q as f64).log2();
        let log2_q: f64 = primes.iter().map(log2).sum();

        let table = Table::Guidelines2024;
        let insecure = |log2_qp, limit, advice: &str| CkksError::Insecure {
            log2_qp,
            limit,
            log_n: secret_log_n,
            table: table.name(),
            advice: advice.into(),
        };
        let limb_bits: Vec<f64> = primes.iter().map(log2).collect();
        let bands = |limit| Bands::new(&literal, &primes, &limb_bits, limit);
        let within = match table.limit(secret_log_n) {
            None => Err(insecure(log2_q, 0, "choose a ring dimension from 2^12 to 2^17")),
            Some(limit) if log2_q > f64::from(limit) => Err(match smallest_log_n(log2_q) {
                Some(larger) => insecure(log2_q, limit, &format!("the smallest ring for this chain is N = 2^{larger}")),
                None => insecure(log2_q, limit, "use fewer levels"),
            }),
            // Whatever made the bands, the line is what counts.
            Some(limit) => bands(limit).and_then(|bands| {
                let over = bands.log2_qp > f64::from(limit);
                if over { Err(insecure(bands.log2_qp, limit, "use fewer special primes")) } else { Ok(bands) }
            }),
        };
        let Bands { bands, special, log2_qp } = match (within, literal.security) {
            (Ok(within), _) => within,
            (Err(error), SecurityPolicy::Bits128) => return Err(error),
            (Err(_), SecurityPolicy::None) => {
                let special = match literal.key_switching {
                    KeySwitching::SpecialPrimes(count) => count as u32 * SPECIAL_BITS,
                    KeySwitching::Automatic => 0,
                };
                bands(log2_q as u32 + UNLIMITED_SLACK.max(special))?
            }
        };
        primes.extend(special);
        let ntts = primes.iter().map(|q| Ntt::new(log_n, *q)).collect::<Result<_, _>>()?;
        let security = Security { log_n: secret_log_n, log2_qp };
        let scale = literal.scale_bits.exp2();
        Ok(Self(Arc::new(Inner { literal, scale, chain, ntts, bands, security })))
    }

    /// The same with other digits, see [`ParametersLiteral::digit_limbs`].
    ///
    /// # Errors
    /// As [`Parameters::new`].
    pub fn with_digits(&self, digit_limbs: Vec<usize>) -> Result<Self, CkksError> {
        Self::new(ParametersLiteral { digit_limbs: Some(digit_limbs), ..self.literal().clone() })
    }

    /// What was asked for.
    pub fn literal(&self) -> &ParametersLiteral {
        &self.0.literal
    }

    /// log2 of the ring dimension.
    pub fn log_n(&self) -> u32 {
        self.0.literal.log_n
    }

    /// Ring dimension N.
    pub fn n(&self) -> usize {
        1 << self.log_n()
    }

    /// Number of slots, N/2.
    pub fn slots(&self) -> usize {
        self.n() / 2
    }

    /// The data scale D after every rescale.
    pub fn scale(&self) -> f64 {
        self.0.scale
    }

    /// The scale of data that linear layers read: D^2, or about D without tower reuse.
    pub fn data_scale(&self) -> f64 {
        self.0.scale * self.0.literal.rescale_bits().exp2()
    }

    /// The scale of fresh ciphertexts.
    pub fn input_scale(&self) -> f64 {
        self.0.literal.input_bits.map_or_else(|| self.data_scale(), f64::exp2)
    }

    /// Number of limbs of a fresh ciphertext: levels + 1.
    pub fn max_limbs(&self) -> usize {
        self.0.chain
    }

    /// SHA-256 of all that keys and ciphertexts depend on: ring, primes, scales and bands.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut put = |number: u64| hash.update(number.to_le_bytes());
        put(self.log_n().into());
        put(self.max_limbs() as u64);
        (0..self.ntts().len()).for_each(|prime| put(self.prime(prime)));
        [self.scale(), self.data_scale(), self.input_scale()].iter().for_each(|scale| put(scale.to_bits()));
        for KeyBand { band, special } in self.bands() {
            let Band { bottom, top, shape } = band;
            [*bottom, *top, shape.digit_limbs, special.len()].iter().chain(special).for_each(|&x| put(x as u64));
        }
        hash.finalize().into()
    }

    /// The fingerprint as numbers from which seeds derive.
    pub(super) fn fingerprint_words(&self) -> Vec<u64> {
        self.fingerprint().iter().map(|byte| u64::from(*byte)).collect()
    }

    /// Highest level.
    pub fn max_level(&self) -> usize {
        self.0.chain - 1
    }

    /// Prime number `index` of the chain (then of the special primes).
    pub fn prime(&self, index: usize) -> u64 {
        self.0.ntts[index].modulus().value()
    }

    /// The largest of the first `limbs` primes.
    pub fn largest_prime(&self, limbs: usize) -> u64 {
        (0..limbs).map(|index| self.prime(index)).max().unwrap_or(1)
    }

    /// The product of these primes modulo prime `modulus`; all by their numbers.
    pub fn product_modulo(&self, primes: &[usize], modulus: usize) -> Factor {
        let q = self.0.ntts[modulus].modulus();
        q.factor(primes.iter().fold(1, |product, &prime| q.mul(product, q.reduce(self.prime(prime)))))
    }

    /// Transforms of all primes: the chain, then the special primes.
    pub fn ntts(&self) -> &[Ntt] {
        &self.0.ntts
    }

    /// log2 of the product of the first `limbs` primes.
    pub fn log2_q(&self, limbs: usize) -> f64 {
        (0..limbs).map(|i| (self.prime(i) as f64).log2()).sum()
    }

    /// The bands, highest first.
    pub fn bands(&self) -> &[KeyBand] {
        &self.0.bands
    }

    /// Index of the band that serves ciphertexts of `limbs` limbs.
    pub fn band_index(&self, limbs: usize) -> usize {
        self.0.bands.iter().position(|b| limbs >= b.band.bottom).unwrap_or(self.0.bands.len() - 1)
    }

    /// The band that serves ciphertexts of `limbs` limbs.
    pub fn band(&self, limbs: usize) -> &KeyBand {
        &self.0.bands[self.band_index(limbs)]
    }

    /// Prime indices of the extended basis of `limbs` limbs: the chain, then the band's special primes.
    pub fn extended(&self, limbs: usize) -> Vec<usize> {
        (0..limbs).chain(self.band(limbs).special.iter().copied()).collect()
    }

    /// Scale at which a linear layer on `limbs` limbs encodes its weights, so that data at D^2 comes out at D.
    pub fn weight_scale(&self, limbs: usize) -> f64 {
        self.prime(limbs - 1) as f64 / self.scale()
    }

    /// As [`Parameters::weight_scale`], for data at `scale`.
    pub fn weight_scale_for(&self, limbs: usize, scale: f64) -> f64 {
        self.prime(limbs - 1) as f64 * self.scale() / scale
    }

    /// Security of the largest modulus in use.
    pub fn security(&self) -> Security {
        self.0.security
    }
}

/// The smallest ring dimension whose limit (stricter table) leaves room for `log2_q` bits and one special prime.
pub fn smallest_log_n(log2_q: f64) -> Option<u32> {
    (12..=MAX_LOG_N).find(|&l| Table::Guidelines2024.limit(l).is_some_and(|limit| log2_q + 25.0 <= f64::from(limit)))
}

/// A prime of so many bits that is not in `taken`: near that power of two, so that scales drift little, but below it where the next bit
/// costs what vector kernels and packed keys give.
fn prime_of(log_n: u32, bits: u32, taken: &[u64]) -> Result<Vec<u64>, RingError> {
    if [VECTOR_BITS, PACKED_BITS].contains(&bits) {
        ntt_primes_below(log_n, bits, 1, taken)
    } else {
        ntt_primes(log_n, bits, 1, taken)
    }
}

/// Bits of the primes above the base prime. A fractional sum of scale and weight bits is met on average.
fn limb_bits(literal: &ParametersLiteral) -> Vec<u32> {
    let sum = literal.tower_bits();
    let mut bits: Vec<u32> = (1..=literal.levels)
        .map(|level| ((sum * level as f64).round() - (sum * (level - 1) as f64).round()) as u32)
        .collect();
    if let (Some(input), Some(top)) = (literal.input_bits, bits.last_mut()) {
        let smallest = f64::from(literal.prime_log_n() + SMALLEST_PRIME);
        *top = (input + literal.weights_bits() - literal.scale_bits).round().max(smallest) as u32;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::noise;
    use proptest::prelude::*;

    fn literal() -> ParametersLiteral {
        ParametersLiteral::default()
    }

    #[test]
    fn fractional_bits_and_a_small_top_prime_are_met() {
        let literal = ParametersLiteral { scale_bits: 20.25, weight_bits: 18.25, input_bits: Some(22.0), ..literal() };
        let p = Parameters::new(literal).unwrap();
        assert!((p.log2_q(20) - 28.0 - 19.0 * 38.5).abs() < 0.6, "{}", p.log2_q(20));
        assert!((p.log2_q(21) - p.log2_q(20) - 20.0).abs() < 0.3);
        // Weights keep their scale without tower reuse, too.
        let plain = ParametersLiteral {
            scale_bits: 30.0,
            input_bits: Some(34.0),
            base_bits: 40,
            tower_reuse: false,
            levels: 4,
            security: SecurityPolicy::None,
            ..self::literal()
        };
        let plain = Parameters::new(plain).unwrap();
        assert!((plain.weight_scale_for(5, plain.input_scale()).log2() - 30.0).abs() < 0.5);
        let out = p.input_scale() * p.weight_scale_for(21, p.input_scale()) / p.prime(20) as f64;
        assert!((out / p.scale() - 1.0).abs() < 2f64.powi(-50));
    }

    #[test]
    fn key_switching_of_fresh_ciphertexts_stays_below_the_rounding_of_their_rescale() {
        for (levels, scale_bits, weight_bits, base_bits, input) in [
            (7, 30.0, 20.0, 36, 24.0),
            (18, 28.0, 16.0, 34, 24.0),
            (7, 36.0, 14.0, 42, 24.0),
            (7, 22.0, 19.0, 28, 34.0),
        ] {
            let own =
                ParametersLiteral { levels, scale_bits, weight_bits, base_bits, input_bits: Some(input), ..literal() };
            let p = Parameters::new(own).unwrap();
            let limbs = p.max_limbs();
            let switching = noise::switching(&p, limbs) / p.prime(limbs - 1) as f64;
            let ratio = switching / noise::rounding(p.log_n());
            assert!(ratio < 1.0, "{scale_bits} {weight_bits} {input}: {ratio}");
        }
    }

    #[test]
    fn primes_keep_to_the_bits_of_vector_kernels_and_packed_keys() {
        for sum in [VECTOR_BITS, PACKED_BITS] {
            let weight_bits = f64::from(sum) - 28.0;
            let own = ParametersLiteral { levels: 12, scale_bits: 28.0, weight_bits, base_bits: sum, ..literal() };
            let p = Parameters::new(own).unwrap();
            assert!((0..p.max_limbs()).all(|index| p.prime(index).ilog2() == sum - 1), "{sum}");
        }
    }

    #[test]
    fn resnet20_fits_under_the_stricter_limit_with_exact_scales() {
        let p = Parameters::new(literal()).unwrap();
        assert!(p.security().log2_qp <= 868.0 && p.security().is_secure());
        assert_eq!((p.max_limbs(), p.max_level(), p.slots()), (21, 20, 16384));
        for limbs in 2..=21 {
            let out = p.scale() * p.scale() * p.weight_scale(limbs) / p.prime(limbs - 1) as f64;
            assert!((out / p.scale() - 1.0).abs() < 2f64.powi(-50));
            assert!(p.band(limbs).band.bottom <= limbs && limbs <= p.band(limbs).band.top);
            let extended = p.extended(limbs);
            let mut distinct = extended.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), extended.len());
        }
    }

    #[test]
    fn the_line_holds_where_small_special_primes_lie_far_apart() {
        // Three special primes of 21 bits: the closest ones have 63.3 bits in all.
        let literal = ParametersLiteral {
            levels: 25,
            scale_bits: 18.0,
            weight_bits: 12.0,
            base_bits: 55,
            key_switching: KeySwitching::SpecialPrimes(3),
            ..literal()
        };
        let security = Parameters::new(literal.clone()).unwrap().security();
        assert!(security.is_secure() && security.log2_qp > 866.0, "{security:?}");
        // One more of them is too many.
        let four = ParametersLiteral { key_switching: KeySwitching::SpecialPrimes(4), ..literal };
        let error = Parameters::new(four.clone()).unwrap_err().to_string();
        assert!(error.contains("a prime has at least 19; take 3 or fewer"), "{error}");
        assert!(Parameters::new(ParametersLiteral { security: SecurityPolicy::None, ..four }).is_ok());
    }

    #[test]
    fn without_security_secure_parameters_stay_what_they_are() {
        let at = |literal: ParametersLiteral| Parameters::new(literal).unwrap();
        let (secure, free) = (at(literal()), at(ParametersLiteral { security: SecurityPolicy::None, ..literal() }));
        assert_eq!((secure.bands(), secure.security()), (free.bands(), free.security()));
        // Only what does not fit goes beyond.
        let long = ParametersLiteral { levels: 25, security: SecurityPolicy::None, ..literal() };
        assert!(at(long).security().log2_qp > 868.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_set_is_over_the_line(
            log_n in 12u32..16, scale in 40u32..130, weight in 32u32..100, base in 20u32..61, spare in 18.0f64..130.0,
            special in 0usize..6, input in prop::option::of(20u32..100), tower_reuse: bool
        ) {
            // As many levels as leave little for special primes.
            let limit = f64::from(Table::Guidelines2024.limit(log_n).unwrap());
            let prime_bits = f64::from(scale + if tower_reuse { weight } else { 0 }) / 4.0;
            let levels = ((limit - f64::from(base) - spare) / prime_bits) as usize;
            let key_switching = match special {
                0 => KeySwitching::Automatic,
                count => KeySwitching::SpecialPrimes(count),
            };
            let literal = ParametersLiteral {
                log_n,
                levels,
                scale_bits: f64::from(scale) / 4.0,
                weight_bits: f64::from(weight) / 4.0,
                tower_reuse,
                input_bits: input.map(|bits| f64::from(bits) / 2.0),
                base_bits: base,
                key_switching,
                ..literal()
            };
            let made = Parameters::new(literal);
            // Too many that are refused end the test.
            prop_assume!(made.is_ok());
            let p = made.unwrap();
            prop_assert!(p.security().log2_qp <= limit && p.security().is_secure());
            // What is reported is what the largest key has.
            let key = |b: &KeyBand| (0..b.band.top).chain(b.special.iter().copied()).map(|i| (p.prime(i) as f64).log2()).sum();
            let largest = p.bands().iter().map(key).fold(0.0, f64::max);
            prop_assert!((p.security().log2_qp - largest).abs() < 1e-9);
        }
    }

    #[test]
    fn too_many_bits_are_refused_with_the_smallest_ring_that_fits() {
        let error = Parameters::new(ParametersLiteral { levels: 25, ..literal() }).unwrap_err().to_string();
        assert!(error.contains("868") && error.contains("N = 2^16") && error.contains("security: none"), "{error}");
        let insecure =
            Parameters::new(ParametersLiteral { levels: 25, security: SecurityPolicy::None, ..literal() }).unwrap();
        assert!(!insecure.security().is_secure());
        assert!(Parameters::new(ParametersLiteral { log_n: 8, ..literal() }).is_err());
    }

    #[test]
    fn without_tower_reuse_every_prime_has_the_size_of_the_scale() {
        let literal = ParametersLiteral { tower_reuse: false, security: SecurityPolicy::None, ..literal() };
        let error = Parameters::new(literal.clone()).unwrap_err().to_string();
        assert!(error.starts_with("scale_bits = 20 is impossible: without tower reuse each of 20 rescales"), "{error}");
        assert!(error.ends_with("raise scale_bits, and base_bits above it"), "{error}");
        let p = Parameters::new(ParametersLiteral { scale_bits: 28.0, base_bits: 34, ..literal }).unwrap();
        assert!((p.log2_q(21) - 34.0 - 20.0 * 28.0).abs() < 1.0, "{}", p.log2_q(21));
        assert_eq!((p.data_scale(), p.input_scale()), (p.scale(), p.scale()));
        // Data at key switches are no larger than after a rescale, so digits may not exceed P.
        let band = p.band(21);
        let digit: f64 = band.digit(0, 21).map(|i| (p.prime(i) as f64).log2()).sum();
        let special: f64 = band.special.iter().map(|&i| (p.prime(i) as f64).log2()).sum();
        assert!(special > digit, "{special} {digit}");
    }

    #[test]
    fn special_primes_that_do_not_fit_are_insecure_or_say_how_many_do() {
        for count in [5, 6, 12, 40] {
            let with = |security| {
                let key_switching = KeySwitching::SpecialPrimes(count);
                Parameters::new(ParametersLiteral { key_switching, security, ..ParametersLiteral::default() })
            };
            assert!(!with(SecurityPolicy::None).unwrap().security().is_secure(), "{count}");
            assert!(with(SecurityPolicy::Bits128).is_err());
        }
        let fixed = |count, literal: ParametersLiteral| {
            let key_switching = KeySwitching::SpecialPrimes(count);
            Parameters::new(ParametersLiteral { key_switching, ..literal }).unwrap_err().to_string()
        };
        let many = fixed(5, ParametersLiteral::default());
        assert!(many.starts_with("key_switching = 5 special primes is impossible: security leaves "), "{many}");
        assert!(many.ends_with("take 4 or fewer, or `auto`"), "{many}");
        // Half the ring, few levels and large primes: there is room, and one prime is too small.
        let large = ParametersLiteral {
            levels: 4,
            scale_bits: 50.0,
            base_bits: 52,
            tower_reuse: false,
            ..ParametersLiteral::default()
        };
        let few = fixed(1, large);
        assert!(few.contains("they have 47 bits each") && few.ends_with("take 2 or more, or `auto`"), "{few}");
    }

    #[test]
    fn impossible_values_are_named() {
        for (literal, name) in [
            (ParametersLiteral { log_n: 3, ..literal() }, "log_n"),
            (ParametersLiteral { levels: 0, ..literal() }, "levels"),
            (ParametersLiteral { scale_bits: 3.0, ..literal() }, "scale_bits"),
            (ParametersLiteral { scale_bits: f64::NAN, ..literal() }, "scale_bits"),
            (ParametersLiteral { weight_bits: 50.0, ..literal() }, "weight_bits"),
            (ParametersLiteral { scale_bits: 40.0, weight_bits: 30.0, base_bits: 50, ..literal() }, "weight_bits"),
            (ParametersLiteral { input_bits: Some(50.0), ..literal() }, "input_bits"),
            (
                ParametersLiteral {
                    tower_reuse: false,
                    scale_bits: 40.0,
                    weight_bits: 40.0,
                    input_bits: Some(70.0),
                    base_bits: 50,
                    ..literal()
                },
                "input_bits",
            ),
            (ParametersLiteral { base_bits: 20, ..literal() }, "base_bits"),
            (ParametersLiteral { base_bits: 61, ..literal() }, "base_bits"),
            (ParametersLiteral { scale_bits: 17.0, tower_reuse: false, ..literal() }, "scale_bits"),
            (ParametersLiteral { key_switching: KeySwitching::SpecialPrimes(0), ..literal() }, "key_switching"),
        ] {
            let error = Parameters::new(literal).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} = ")), "{error}");
        }
        // Only a tower that both share holds their sum.
        let apart = ParametersLiteral { scale_bits: 42.0, weight_bits: 19.5, base_bits: 50, ..literal() };
        assert!(
            apart.check().unwrap_err().to_string().contains("scale_bits + weight_bits = 61.5 bits, more than the 60")
        );
        assert_eq!(ParametersLiteral { tower_reuse: false, ..apart }.check(), Ok(()));
    }
}
