//! The canonical embedding: vectors of complex slots to integer polynomials and back.
//!
//! Slot j is the value at zeta^(5^j), zeta = exp(i pi / N). With c_k = m_k + i m_(k + N/2) the value at zeta^(4 t + 1) is
//! sum_k c_k zeta^k w^(t k), w = zeta^4: a twist and one complex FFT of length N/2. The powers of 5 run through all
//! exponents that are 1 mod 4, so slot j is output t = (5^j mod 2N - 1) / 4.
//!
//! A vector of period p (p a power of two) is a polynomial in X^(N / 2p); it is encoded at ring dimension 2p.

use std::sync::{Arc, OnceLock};

pub use rustfft::num_complex::Complex64 as Complex;
use rustfft::{Fft, FftPlanner};
use zeroize::Zeroizing;

use super::error::CkksError;
use super::secret_slots::SecretSlots;
use crate::ring::{Limb, Ntt, simd};

/// An encoded plaintext: small integer coefficients of a polynomial in X^stride.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Plaintext {
    coefficients: Box<[i32]>,
    /// Values are multiplied by this.
    scale: f64,
}

/// log2 of the largest magnitude of a [`Plaintext`] coefficient.
pub(crate) const COEFFICIENT_BITS: u32 = 31;

impl Plaintext {
    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        4 * self.coefficients.len() as u64
    }

    /// The factor that values were multiplied by.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Evaluations modulo one prime, each of which stands for a run of equal ones in the full ring (see `ring::ntt`): a limb of as many
    /// words as there are coefficients.
    pub fn evaluate(&self, ntt: &Ntt) -> Limb {
        ntt.evaluated(&self.coefficients)
    }

    /// Evaluations modulo one prime, as a limb of the full ring.
    pub fn evaluate_full(&self, ntt: &Ntt, n: usize) -> Limb {
        let evaluations = self.evaluate(ntt);
        if evaluations.len() == n {
            return evaluations;
        }
        let mut limb = Limb::scratch(n);
        simd::spread_runs(&evaluations, n / evaluations.len(), &mut limb);
        limb
    }
}

/// Transforms for one ring dimension and, by periodicity, all smaller ones.
///
/// ```
/// use leveled::ckks::{CkksError, Complex, Encoder};
///
/// let encoder = Encoder::new(8);
/// assert_eq!(encoder.slots(), 128);
/// // Eight values, which repeat in the slots, to 20 bits.
/// let values: Vec<Complex> = (0..8).map(|slot| Complex::new(f64::from(slot), -0.5)).collect();
/// let plaintext = encoder.encode(&values, 2f64.powi(20))?;
/// let found = encoder.slots_of(&plaintext)?;
/// assert!(found.iter().zip(&values).all(|(found, value)| (found - value).norm() < 1e-5));
/// # Ok::<(), CkksError>(())
/// ```
#[derive(Clone)]
pub struct Encoder {
    log_n: u32,
    /// Tables for ring dimension 2^(k + 1), that is 2^k slots, made when they are first used.
    embeddings: Arc<[OnceLock<Embedding>]>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("log_n", &self.log_n).finish()
    }
}

struct Embedding {
    /// zeta^k for k below the number of slots.
    twist: Vec<Complex>,
    /// FFT output index of each slot.
    order: Vec<u32>,
    /// Evaluates: exponent sign +, as rustfft's inverse.
    evaluate: Arc<dyn Fft<f64>>,
    /// Interpolates: exponent sign -, as rustfft's forward, not divided by the length.
    interpolate: Arc<dyn Fft<f64>>,
}

impl Embedding {
    fn new(slots: usize) -> Self {
        let mut planner = FftPlanner::new();
        let two_n = 4 * slots;
        let angle = |k: usize| 2.0 * std::f64::consts::PI * k as f64 / two_n as f64;
        let mut power = 1;
        let order = (0..slots)
            .map(|_| {
                let index = (power - 1) / 4;
                power = power * 5 % two_n;
                index as u32
            })
            .collect();
        Self {
            twist: (0..slots).map(|k| Complex::cis(angle(k))).collect(),
            order,
            evaluate: planner.plan_fft_inverse(slots),
            interpolate: planner.plan_fft_forward(slots),
        }
    }

    /// Real coefficients m_0.. (low half, then high half) times `scale`, not rounded.
    fn interpolate(&self, slots: &[Complex], scale: f64) -> Vec<Complex> {
        let mut values = vec![Complex::default(); slots.len()];
        let mut scratch = vec![Complex::default(); self.interpolate.get_inplace_scratch_len()];
        self.interpolate_into(slots, scale, &mut values, &mut scratch);
        values
    }

    /// As [`Embedding::interpolate`], for a message.
    fn interpolate_secret(&self, slots: &[Complex], scale: f64) -> SecretSlots {
        let mut values = SecretSlots::zeros(slots.len());
        let mut scratch = SecretSlots::zeros(self.interpolate.get_inplace_scratch_len());
        self.interpolate_into(slots, scale, &mut values, &mut scratch);
        values
    }

    fn interpolate_into(&self, slots: &[Complex], scale: f64, values: &mut [Complex], scratch: &mut [Complex]) {
        for (slot, &index) in slots.iter().zip(&self.order) {
            values[index as usize] = *slot;
        }
        self.interpolate.process_with_scratch(values, scratch);
        let factor = scale / slots.len() as f64;
        for (value, twist) in values.iter_mut().zip(&self.twist) {
            *value *= twist.conj() * factor;
        }
    }

    fn evaluate(&self, mut values: Vec<Complex>) -> Vec<Complex> {
        let mut scratch = vec![Complex::default(); self.evaluate.get_inplace_scratch_len()];
        self.evaluate_in_place(&mut values, &mut scratch);
        self.ordered(&values).collect()
    }

    /// As [`Embedding::evaluate`], for what was decrypted.
    fn evaluate_secret(&self, mut values: SecretSlots) -> SecretSlots {
        let mut scratch = SecretSlots::zeros(self.evaluate.get_inplace_scratch_len());
        self.evaluate_in_place(&mut values, &mut scratch);
        self.ordered(&values).collect()
    }

    fn evaluate_in_place(&self, values: &mut [Complex], scratch: &mut [Complex]) {
        for (value, twist) in values.iter_mut().zip(&self.twist) {
            *value *= twist;
        }
        self.evaluate.process_with_scratch(values, scratch);
    }

    fn ordered<'v>(&'v self, values: &'v [Complex]) -> impl ExactSizeIterator<Item = Complex> + 'v {
        self.order.iter().map(|&index| values[index as usize])
    }
}

/// Bits of the scale that plaintexts of a transform keep, so that five are left for weights above 1.
const WEIGHT_BITS: u32 = COEFFICIENT_BITS - 5;

/// The nearest whole number, the even one of two, of a value below 2^31 in magnitude. The sum leaves no bits after the point, and its low
/// bits are the number; the baseline of the target has no instruction that rounds.
#[inline(always)]
pub(crate) fn nearest(x: f64) -> i32 {
    const WHOLE: f64 = (3u64 << 51) as f64;
    (x + WHOLE).to_bits() as i32
}

/// log2 of the largest power of two that is a double.
const LARGEST_SHIFT: f64 = 1023.0;

/// Whether slots may be multiplied by `scale`.
///
/// # Errors
/// [`CkksError::Scale`] unless it is a finite number above zero.
pub(crate) fn check_scale(scale: f64) -> Result<(), CkksError> {
    if scale.is_finite() && scale > 0.0 { Ok(()) } else { Err(CkksError::Scale { found: scale }) }
}

/// The scale at which plaintexts of a transform at `scale` are rounded, and the logarithm of the power of two that their products
/// are multiplied by to make up for the rest.
///
/// # Errors
/// As [`check_scale`].
pub(crate) fn split_scale(scale: f64) -> Result<(f64, u32), CkksError> {
    check_scale(scale)?;
    let shift = (scale.log2() - f64::from(WEIGHT_BITS)).ceil().clamp(0.0, LARGEST_SHIFT);
    Ok((scale / shift.exp2(), shift as u32))
}

/// Whether slots may repeat with this period, of so many.
///
/// # Errors
/// [`CkksError::TooManySlots`].
pub(crate) fn check_period(period: usize, slots: usize) -> Result<(), CkksError> {
    // The smallest transform that the ring floor offers has 16 coefficients.
    if !period.is_power_of_two() || period < 8 || period > slots {
        return Err(CkksError::TooManySlots { found: period, slots });
    }
    Ok(())
}

/// The largest magnitude; not a number if one of the values is none.
pub(crate) fn largest_magnitude<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |most, x| if most.is_nan() || x.abs() <= most { most } else { x.abs() })
}

/// Whether values of at most `largest` have coefficients below 2^`limit` at `scale`.
///
/// # Errors
/// [`CkksError::PlaintextOverflow`], also for what is no number, and for what is rounded to the limit.
pub(crate) fn check_magnitude(largest: f64, scale: f64, limit: u32) -> Result<(), CkksError> {
    let bound = scale * largest;
    if bound.is_nan() || bound >= f64::from(limit).exp2() - 1.0 {
        let (log2_coefficient, log2_scale) = (bound.log2(), scale.log2());
        return Err(CkksError::PlaintextOverflow { log2_coefficient, log2_scale, limit });
    }
    Ok(())
}

impl Encoder {
    /// An encoder for ring dimension 2^`log_n`.
    pub fn new(log_n: u32) -> Self {
        Self { log_n, embeddings: (0..log_n).map(|_| OnceLock::new()).collect() }
    }

    /// This encoder where it is one for ring dimension 2^`log_n`, else one that is.
    pub(super) fn for_ring(self, log_n: u32) -> Self {
        if self.log_n == log_n { self } else { Self::new(log_n) }
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        (1 << self.log_n) / 2
    }

    fn embedding(&self, period: usize) -> Result<&Embedding, CkksError> {
        self.check_period(period)?;
        Ok(self.embeddings[period.trailing_zeros() as usize].get_or_init(|| Embedding::new(period)))
    }

    /// Encodes slots that repeat with period `slots.len()`, a power of two from 8 to N/2.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`] if a coefficient does not fit into 32 bits (or is not a number),
    /// [`CkksError::TooManySlots`] for an impossible period, and [`CkksError::Scale`].
    pub fn encode(&self, slots: &[Complex], scale: f64) -> Result<Plaintext, CkksError> {
        check_scale(scale)?;
        let values = self.embedding(slots.len())?.interpolate(slots, scale);
        let mut coefficients = vec![0i32; 2 * slots.len()].into_boxed_slice();
        let (low, high) = coefficients.split_at_mut(slots.len());
        // Not a number must not pass: it fails every comparison.
        let limit = f64::from(i32::MAX);
        let mut fits = true;
        for ((low, high), value) in low.iter_mut().zip(high).zip(&values) {
            fits &= value.re.abs() < limit && value.im.abs() < limit;
            (*low, *high) = (nearest(value.re), nearest(value.im));
        }
        if !fits {
            return Err(overflow(&values, scale, COEFFICIENT_BITS));
        }
        Ok(Plaintext { coefficients, scale })
    }

    /// Encodes slots at `scale`, a large one if need be: at a scale smaller by a power of two, whose logarithm comes with it, so
    /// that coefficients keep [`COEFFICIENT_BITS`] - 1 bits of the largest slot.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub(crate) fn encode_shifted(&self, slots: &[Complex], scale: f64) -> Result<(Plaintext, u32), CkksError> {
        check_scale(scale)?;
        let largest = slots.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let excess = (scale * largest.max(f64::MIN_POSITIVE)).log2().ceil() - f64::from(COEFFICIENT_BITS - 1);
        let shift = excess.clamp(0.0, LARGEST_SHIFT);
        Ok((self.encode(slots, scale / shift.exp2())?, shift as u32))
    }

    /// Slots that repeat as polynomial coefficients (low half, then high half), not scaled and not rounded.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`] for an impossible period.
    pub fn interpolate(&self, slots: &[Complex]) -> Result<Vec<f64>, CkksError> {
        let values = self.embedding(slots.len())?.interpolate(slots, 1.0);
        Ok(values.iter().map(|v| v.re).chain(values.iter().map(|v| v.im)).collect())
    }

    /// The coefficients of real slots that repeat, as [`Encoder::interpolate`] gives them.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`] for an impossible period.
    pub(crate) fn interpolate_masks(&self, masks: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, CkksError> {
        let complex = |mask: &Vec<f64>| mask.iter().map(|x| Complex::new(*x, 0.0)).collect::<Vec<_>>();
        masks.iter().map(|mask| self.interpolate(&complex(mask))).collect()
    }

    /// The slots of unrounded coefficients as [`Encoder::interpolate`] gives them.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`] for coefficients of another ring.
    pub fn evaluate(&self, coefficients: &[f64]) -> Result<Vec<Complex>, CkksError> {
        let (low, high) = coefficients.split_at(coefficients.len() / 2);
        let values = low.iter().zip(high).map(|(re, im)| Complex::new(*re, *im)).collect();
        Ok(self.embedding(low.len())?.evaluate(values))
    }

    /// Encodes slots as coefficients of any size (up to 2^126): for data at large scales.
    ///
    /// `slots` may be shorter than N/2; the rest is zero.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`], [`CkksError::PlaintextOverflow`], [`CkksError::Scale`].
    pub fn encode_wide(&self, slots: &[Complex], scale: f64) -> Result<Zeroizing<Vec<i128>>, CkksError> {
        check_scale(scale)?;
        if slots.len() > self.slots() {
            return Err(CkksError::TooManySlots { found: slots.len(), slots: self.slots() });
        }
        let mut padded = SecretSlots::zeros(self.slots());
        padded[..slots.len()].copy_from_slice(slots);
        let values = self.embedding(self.slots())?.interpolate_secret(&padded, scale);
        let limit = 126f64.exp2();
        if !values.iter().all(|v| v.re.abs() < limit && v.im.abs() < limit) {
            return Err(overflow(&values, scale, 126));
        }
        let mut coefficients = Zeroizing::new(Vec::with_capacity(2 * values.len()));
        coefficients.extend(values.iter().map(|v| v.re.round() as i128));
        coefficients.extend(values.iter().map(|v| v.im.round() as i128));
        Ok(coefficients)
    }

    /// The one coefficient of a constant: the same real value in every slot.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], [`CkksError::Scale`].
    pub fn encode_constant(&self, value: f64, scale: f64) -> Result<i128, CkksError> {
        check_scale(scale)?;
        let scaled = value * scale;
        if scaled.abs() < 126f64.exp2() {
            Ok(scaled.round() as i128)
        } else {
            Err(overflow(&[Complex::new(scaled, 0.0)], scale, 126))
        }
    }

    /// Whether slots may repeat with this period.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`].
    pub fn check_period(&self, period: usize) -> Result<(), CkksError> {
        check_period(period, self.slots())
    }

    /// The slots that a plaintext really holds, one period of them: what was encoded, and the errors of rounding.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`] for a plaintext of another ring.
    pub fn slots_of(&self, plaintext: &Plaintext) -> Result<Vec<Complex>, CkksError> {
        let coefficients: Vec<f64> = plaintext.coefficients.iter().map(|c| f64::from(*c) / plaintext.scale).collect();
        self.evaluate(&coefficients)
    }

    /// The slots of a decrypted polynomial with the given coefficients, divided by `scale`.
    ///
    /// # Errors
    /// [`CkksError::TooManySlots`] unless there are N coefficients.
    pub fn decode(&self, coefficients: &[f64], scale: f64) -> Result<SecretSlots, CkksError> {
        if coefficients.len() != 2 * self.slots() {
            return Err(CkksError::TooManySlots { found: coefficients.len() / 2, slots: self.slots() });
        }
        let (low, high) = coefficients.split_at(self.slots());
        let values = low.iter().zip(high).map(|(re, im)| Complex::new(re / scale, im / scale)).collect();
        Ok(self.embedding(self.slots())?.evaluate_secret(values))
    }
}

fn overflow(values: &[Complex], scale: f64, limit: u32) -> CkksError {
    let largest = values
        .iter()
        .flat_map(|v| [v.re.abs(), v.im.abs()])
        .fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) });
    CkksError::PlaintextOverflow { log2_coefficient: largest.log2(), log2_scale: scale.log2(), limit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::ntt_primes;
    use proptest::prelude::*;

    fn slots(seed: u64, count: usize) -> Vec<Complex> {
        let mut state = seed | 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 32) as f64 / 2f64.powi(31) - 1.0
        };
        (0..count).map(|_| Complex::new(next(), next())).collect()
    }

    fn as_f64(c: &[i128]) -> Vec<f64> {
        c.iter().map(|x| *x as f64).collect()
    }

    #[test]
    fn halves_go_to_the_even_number() {
        let most = f64::from(i32::MAX);
        let near = |x: f64| [x.next_down(), x, x.next_up(), -x];
        let halves = (0..1 << 10).flat_map(|i| near(f64::from(i) + 0.5));
        for x in halves.chain([0.0, -0.0, 1e-300, most, -most, most - 0.5, 0.5 - most]) {
            assert_eq!(nearest(x), x.round_ties_even() as i32, "{x}");
        }
    }

    proptest! {
        #[test]
        fn values_go_to_the_nearest_number(x in -2147483647.0..2147483647.0) {
            prop_assert_eq!(nearest(x), x.round_ties_even() as i32);
        }

        #[test]
        fn decoding_inverts_encoding(seed: u64, log_n in 5u32..12, log_scale in 10i32..40) {
            let encoder = Encoder::new(log_n);
            let values = slots(seed, encoder.slots());
            let scale = 2f64.powi(log_scale);
            let decoded = encoder.decode(&as_f64(&encoder.encode_wide(&values, scale).unwrap()), scale).unwrap();
            // Rounding: each coefficient is off by at most 1/2, so a slot by at most N/2.
            let bound = (1 << log_n) as f64 / 2.0 / scale + 1e-12;
            for (a, b) in values.iter().zip(decoded.iter()) {
                prop_assert!((a - b).norm() <= bound);
            }
        }

        #[test]
        fn products_of_polynomials_are_products_of_slots(seed: u64) {
            let (log_n, scale) = (6, 2f64.powi(30));
            let encoder = Encoder::new(log_n);
            let (a, b) = (slots(seed, 32), slots(!seed, 32));
            let (pa, pb) = (encoder.encode_wide(&a, scale).unwrap(), encoder.encode_wide(&b, scale).unwrap());
            let mut product = vec![0f64; 64];
            for i in 0..64 {
                for j in 0..64 {
                    let p = (pa[i] * pb[j]) as f64;
                    if i + j < 64 { product[i + j] += p } else { product[i + j - 64] -= p }
                }
            }
            for ((x, y), z) in a.iter().zip(&b).zip(encoder.decode(&product, scale * scale).unwrap().iter()) {
                prop_assert!((x * y - z).norm() < 1e-6);
            }
        }

        #[test]
        fn periodic_slots_encode_at_the_smaller_dimension(seed: u64, log_period in 3u32..7) {
            let (log_n, scale) = (7, 2f64.powi(20));
            let encoder = Encoder::new(log_n);
            let period = 1usize << log_period;
            let values = slots(seed, period);
            let repeated: Vec<Complex> = values.iter().cycle().take(64).copied().collect();
            let (small, large) = (encoder.encode(&values, scale).unwrap(), encoder.encode(&repeated, scale).unwrap());
            let stride = 64 / period;
            for (i, c) in large.coefficients.iter().enumerate() {
                let expected = if i % stride == 0 { small.coefficients[i / stride] } else { 0 };
                // Half-way cases may round differently.
                prop_assert!((c - expected).abs() <= 1);
            }
            let ntt = Ntt::new(log_n, ntt_primes(log_n, 40, 1, &[]).unwrap()[0]).unwrap();
            let limb = small.evaluate_full(&ntt, 128);
            let spread = Plaintext { coefficients: (0..128).map(|i| if i % stride == 0 { small.coefficients[i / stride] } else { 0 }).collect(), scale };
            prop_assert_eq!(limb, spread.evaluate_full(&ntt, 128));
        }
    }

    #[test]
    fn rotation_is_the_automorphism_by_five() {
        let encoder = Encoder::new(6);
        let values = slots(3, 32);
        let coefficients = as_f64(&encoder.encode_wide(&values, 2f64.powi(40)).unwrap());
        let apply = |g: usize| {
            let mut out = vec![0.0; 64];
            for (i, c) in coefficients.iter().enumerate() {
                let j = i * g % 128;
                if j < 64 { out[j] += c } else { out[j - 64] -= c }
            }
            encoder.decode(&out, 2f64.powi(40)).unwrap()
        };
        for (j, v) in apply(5).iter().enumerate() {
            assert!((v - values[(j + 1) % 32]).norm() < 1e-9);
        }
        for (v, w) in apply(127).iter().zip(&values) {
            assert!((v - w.conj()).norm() < 1e-9);
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let encoder = Encoder::new(6);
        let huge = vec![Complex::new(1e6, 0.0); 32];
        assert!(encoder.encode(&huge, 2f64.powi(20)).unwrap_err().to_string().contains("exceeds 2^31"));
        let nan = vec![Complex::new(f64::NAN, 0.0); 32];
        assert!(encoder.encode(&nan, 1024.0).is_err() && encoder.encode_wide(&nan, 1024.0).is_err());
        assert!(
            encoder
                .encode_wide(&huge.repeat(2), 2.0)
                .unwrap_err()
                .to_string()
                .contains("64 values do not fit into 32 slots: their number is a power of two from 8 to 32")
        );
        assert!(encoder.encode_constant(f64::INFINITY, 2.0).is_err());
        assert_eq!(encoder.encode_constant(-1.5, 4.0).unwrap(), -6);
    }

    #[test]
    fn what_is_no_scale_encodes_nothing() {
        let encoder = Encoder::new(6);
        let values = slots(1, 32);
        for scale in [0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let refused = [
                encoder.encode(&values, scale).map(|_| ()),
                encoder.encode_shifted(&values, scale).map(|_| ()),
                encoder.encode_wide(&values, scale).map(|_| ()),
                encoder.encode_constant(1.0, scale).map(|_| ()),
                split_scale(scale).map(|_| ()),
            ];
            for (number, refused) in refused.into_iter().enumerate() {
                // One that is not a number equals none.
                let expected = format!("{:?}", CkksError::Scale { found: scale });
                assert_eq!(format!("{:?}", refused.unwrap_err()), expected, "{number}");
            }
        }
    }
}
