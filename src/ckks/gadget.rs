//! Gadgets for hybrid key switching, chosen level by level.
//!
//! A gadget splits the limbs of a ciphertext into digits of `digit_limbs` limbs and has special primes of product P.
//! Two facts make key switching cheap here:
//!
//! * In this scheme's use key switches happen at scale D^2 or above (in the first layer: at the image's scale times that of
//!   its weights), and a rescale by about D W follows (without tower reuse: at D, and a rescale by W follows). Its noise,
//!   digit / P * sigma * sqrt(digits * N / 12) per coefficient, only has to stay below the rescale's rounding noise times
//!   D. So a digit may exceed P by about log2(D) - 5 bits.
//! * Security bounds log2(Q P) of each key alone. A key for fewer limbs may have more special primes, so digits grow and
//!   their number falls as the modulus shrinks: at half the limbs of a chain one digit suffices.
//!
//! A `Band` is the range of levels that share one gadget, and so their keys.

use super::error::CkksError;
use crate::ring::sampling::ERROR_STANDARD_DEVIATION;

/// Largest bit size of a special prime: keys modulo primes below 2^48 take 6 bytes a residue.
pub(super) const SPECIAL_BITS: u32 = 47;
/// How far the noise of a key switch stays below that of the rescale after it: a factor of four in standard deviation.
const NOISE_MARGIN_BITS: f64 = 2.0;
/// A gadget of the band above is kept while it costs at most this much more than the best one: keys are shared.
const SHARING_TOLERANCE: f64 = 1.25;

/// The shape of a gadget: what is needed to price it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Limbs in a digit.
    pub digit_limbs: usize,
    /// Number of special primes.
    pub special: usize,
    /// Bits of each special prime, which lies below two to that power.
    pub special_bits: u32,
}

/// Levels that share a gadget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Largest number of limbs that this band's keys serve.
    pub top: usize,
    /// Smallest number of limbs.
    pub bottom: usize,
    /// The gadget.
    pub shape: Shape,
}

/// Sizes that the choice of gadgets depends on, in bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// log2 of the largest ring dimension that the primes suit.
    pub prime_log_n: u32,
    /// log2 of each prime of the chain, from the base prime on.
    pub limb_bits: Vec<f64>,
    /// log2 of how much larger the scale of data is at a key switch than after the rescale that follows: of D with tower reuse.
    pub rescale_bits: f64,
    /// Largest log2(QP).
    pub limit: u32,
}

impl Shape {
    /// Number of digits of a ciphertext of `limbs` limbs.
    pub const fn digits(&self, limbs: usize) -> usize {
        limbs.div_ceil(self.digit_limbs)
    }

    /// Relative cost of a hoisted rotation with its share of the decomposition, in limb operations: keys are read from
    /// memory, which costs about as much as a transform of a limb for every three limbs.
    fn cost(&self, limbs: usize) -> f64 {
        let extended = (limbs + self.special) as f64;
        let digits = self.digits(limbs) as f64;
        let key_traffic = 2.0 * digits * extended;
        let transforms = digits * extended + 2.0 * extended;
        key_traffic + 0.75 * transforms
    }
}

impl Budget {
    fn log2_q(&self, limbs: usize) -> f64 {
        self.limb_bits[..limbs].iter().sum()
    }

    /// Bits that security leaves for special primes.
    fn left(&self, limbs: usize) -> f64 {
        f64::from(self.limit) - self.log2_q(limbs)
    }

    /// Largest log2 of a digit among those of a ciphertext of `limbs` limbs.
    fn digit_bits(&self, limbs: usize, digit_limbs: usize) -> f64 {
        self.limb_bits[..limbs].chunks(digit_limbs).map(|d| d.iter().sum()).fold(0.0, f64::max)
    }

    /// Smallest log2 P that keeps the noise of key switching a margin below that of rescaling at scale D^2.
    fn needed(&self, limbs: usize, digit_limbs: usize) -> f64 {
        let n = 2f64.powi(self.log_n as i32);
        let digits = limbs.div_ceil(digit_limbs) as f64;
        let switching = (ERROR_STANDARD_DEVIATION * (digits * n / 12.0).sqrt()).log2();
        let rounding = (n / 18.0).sqrt().log2();
        // The prime of fresh ciphertexts may have fewer bits than a rescale takes elsewhere.
        let rescale_bits = self.rescale_bits.min(self.limb_bits[limbs - 1]);
        self.digit_bits(limbs, digit_limbs) + switching - rounding - rescale_bits + NOISE_MARGIN_BITS
    }

    /// Checks that special primes of `log2_p` bits in all, a little less than was asked for, leave the noise of key switching
    /// below that of rescaling: they may take from the margin, no more.
    ///
    /// # Errors
    /// [`CkksError::NoGadget`].
    pub fn check(&self, band: &Band, log2_p: f64) -> Result<(), CkksError> {
        let needed = self.needed(band.top, band.shape.digit_limbs) - NOISE_MARGIN_BITS;
        if log2_p >= needed { Ok(()) } else { Err(self.none(band.top, log2_p, needed)) }
    }

    fn none(&self, limbs: usize, left: f64, needed: f64) -> CkksError {
        CkksError::NoGadget { limbs, log2_q: self.log2_q(limbs), limit: self.limit, left, needed }
    }

    /// Bits of a special prime at least.
    fn smallest(&self) -> f64 {
        f64::from(self.prime_log_n + 4)
    }

    /// The gadget with keys up to `limbs` limbs and digits of `digit_limbs` limbs, with as few special primes as the noise allows; none:
    /// security leaves no room for them.
    pub fn with_digits(&self, limbs: usize, digit_limbs: usize) -> Option<Shape> {
        let smallest = self.smallest();
        let needed = self.needed(limbs, digit_limbs).max(smallest);
        let special = (needed / f64::from(SPECIAL_BITS)).ceil() as usize;
        // Within the same number of primes take all the bits that security leaves: they lower the noise for free.
        let special_bits = ((self.left(limbs) / special as f64).floor() as u32).min(SPECIAL_BITS);
        let fits = f64::from(special_bits) * special as f64 >= needed && f64::from(special_bits) >= smallest;
        fits.then_some(Shape { digit_limbs, special, special_bits })
    }

    /// The cheapest gadget with keys up to `limbs` limbs.
    fn best(&self, limbs: usize) -> Result<Shape, CkksError> {
        let shapes = (1..=limbs).filter_map(|digit_limbs| self.with_digits(limbs, digit_limbs));
        shapes
            .min_by(|a, b| a.cost(limbs).total_cmp(&b.cost(limbs)))
            .ok_or_else(|| self.none(limbs, self.left(limbs), self.needed(limbs, 1).max(self.smallest())))
    }

    /// Why so many special primes of so many bits serve no keys up to `limbs` limbs.
    fn unsuitable(&self, limbs: usize, special: usize, special_bits: u32) -> CkksError {
        let (left, needed, smallest) = (self.left(limbs), self.needed(limbs, 1).max(self.smallest()), self.smallest());
        let advice = if left < needed {
            return self.none(limbs, left, needed);
        } else if f64::from(special_bits) < smallest {
            format!(
                "security leaves {left:.0} bits for them, which is {special_bits} for each, and a prime has at least {smallest}; take {} or fewer",
                (left / smallest) as usize
            )
        } else {
            let fewest = (needed / f64::from(SPECIAL_BITS)).ceil();
            format!(
                "they have {special_bits} bits each, and key switching needs {needed:.0} in all; take {fewest} or more"
            )
        };
        CkksError::Parameter {
            name: "key_switching",
            value: format!("{special} special primes"),
            reason: format!("{advice}, or `auto`"),
        }
    }

    /// Bands from the top of the chain to the bottom, chosen by cost.
    ///
    /// # Errors
    /// [`CkksError::NoGadget`] when not even single-limb digits fit under the limit.
    pub fn automatic(&self) -> Result<Vec<Band>, CkksError> {
        let mut bands: Vec<Band> = Vec::new();
        for limbs in (1..=self.limb_bits.len()).rev() {
            let best = self.best(limbs)?;
            match bands.last_mut() {
                Some(band) if band.shape.cost(limbs) <= SHARING_TOLERANCE * best.cost(limbs) => band.bottom = limbs,
                _ => bands.push(Band { top: limbs, bottom: limbs, shape: best }),
            }
        }
        Ok(bands)
    }

    /// Bands with given digits: `digit_limbs` has the limbs of a digit for ciphertexts of 1, 2, .. limbs. Digits that security leaves no
    /// room for are smaller. Neighbours with the same digits share a band.
    ///
    /// # Errors
    /// [`CkksError::NoGadget`] when not even single-limb digits fit under the limit.
    pub fn given(&self, digit_limbs: &[usize]) -> Result<Vec<Band>, CkksError> {
        let mut bands: Vec<Band> = Vec::new();
        for limbs in (1..=self.limb_bits.len()).rev() {
            let wanted = digit_limbs.get(limbs - 1).map_or(1, |wanted| (*wanted).clamp(1, self.limb_bits.len()));
            let shape = (1..=wanted).rev().find_map(|digit_limbs| self.with_digits(limbs, digit_limbs));
            let shape =
                shape.ok_or_else(|| self.none(limbs, self.left(limbs), self.needed(limbs, 1).max(self.smallest())))?;
            match bands.last_mut() {
                Some(band) if band.shape.digit_limbs == shape.digit_limbs => band.bottom = limbs,
                _ => bands.push(Band { top: limbs, bottom: limbs, shape }),
            }
        }
        Ok(bands)
    }

    /// One band for all levels with a given number of special primes; digits as large as the noise allows.
    ///
    /// # Errors
    /// [`CkksError::Parameter`] when `special` primes are too many or too few; [`CkksError::NoGadget`] when no number of them is right.
    pub fn fixed(&self, special: usize) -> Result<Vec<Band>, CkksError> {
        let limbs = self.limb_bits.len();
        let left = self.left(limbs);
        let special_bits = ((left / special.max(1) as f64).floor() as u32).min(SPECIAL_BITS);
        let bits = f64::from(special_bits) * special as f64;
        let digit_limbs = (1..=limbs)
            .rev()
            .find(|&d| special > 0 && special_bits > self.prime_log_n + 3 && self.needed(limbs, d) <= bits)
            .ok_or_else(|| self.unsuitable(limbs, special, special_bits))?;
        Ok(vec![Band { top: limbs, bottom: 1, shape: Shape { digit_limbs, special, special_bits } }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resnet20() -> Budget {
        let mut limb_bits = vec![28.0];
        limb_bits.resize(21, 38.0);
        Budget { log_n: 15, prime_log_n: 15, limb_bits, rescale_bits: 20.0, limit: 868 }
    }

    #[test]
    fn bands_cover_all_levels_within_the_limit_and_the_noise() {
        let budget = resnet20();
        let bands = budget.automatic().unwrap();
        assert_eq!((bands[0].top, bands.last().unwrap().bottom), (21, 1));
        for pair in bands.windows(2) {
            assert_eq!(pair[0].bottom, pair[1].top + 1);
            assert!(pair[0].shape.digits(pair[0].top) >= pair[1].shape.digits(pair[1].top));
        }
        for band in &bands {
            let p = (band.shape.special as u32 * band.shape.special_bits) as f64;
            assert!(budget.log2_q(band.top) + p <= 868.0, "{band:?}");
            assert!(p >= budget.needed(band.top, band.shape.digit_limbs), "{band:?}");
        }
        // Where the modulus has halved, one digit is enough.
        assert_eq!(bands.last().unwrap().shape.digits(bands.last().unwrap().top), 1);
    }

    #[test]
    fn given_digits_are_met_where_security_has_room_for_them() {
        let budget = resnet20();
        let automatic = budget.automatic().unwrap();
        let mut wanted: Vec<usize> = vec![3; 21];
        wanted[..5].fill(usize::MAX);
        let bands = budget.given(&wanted).unwrap();
        let found: Vec<_> = bands.iter().map(|band| (band.top, band.bottom, band.shape.digit_limbs)).collect();
        // Three limbs do not fit at the top; what is larger than the chain is the chain.
        assert_eq!(found, [(21, 21, 2), (20, 6, 3), (5, 1, 21)]);
        for band in &bands {
            let p = f64::from(band.shape.special as u32 * band.shape.special_bits);
            assert!(budget.log2_q(band.top) + p <= 868.0 && p >= budget.needed(band.top, band.shape.digit_limbs));
        }
        // Those that are cheapest for a rotation, level by level, are the automatic ones.
        let of_level = |limbs: usize| automatic.iter().find(|band| limbs >= band.bottom).unwrap().shape.digit_limbs;
        let same = budget.given(&(1..=21).map(of_level).collect::<Vec<_>>()).unwrap();
        assert_eq!(same, automatic);
    }

    #[test]
    fn too_long_a_chain_has_no_gadget() {
        let mut budget = resnet20();
        budget.limb_bits.push(80.0);
        let error = budget.automatic().unwrap_err().to_string();
        assert!(error.contains("22 limbs") && error.contains("larger ring"), "{error}");
        assert!(budget.given(&[1; 22]).is_err());
        assert!(resnet20().fixed(40).is_err());
        assert_eq!(resnet20().fixed(2).unwrap()[0].shape.digit_limbs, 2);
    }
}
