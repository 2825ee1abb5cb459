//! From a ring into the one of half its dimension (method section 9).
//!
//! Z[X] / (X^N + 1) contains the ring of half the dimension as the polynomials in X^2. A ciphertext moves there by one key switch to a
//! secret of that ring, s'(X^2), and by keeping the coefficients of even index: c0 + c1 s' for those is the even part of the message.
//! Slot j of the result is the mean of slots j and j + N / 4, so values that repeat after half of the slots stay what they are.
//!
//! The key of that switch is in the large ring and of a secret of the small one: two samples of the small ring. So the limit of
//! the small ring holds for it, and from the level on where that leaves room for special primes the switch is possible.

use serde::{Deserialize, Serialize};

use super::error::CkksError;
use super::keys::SecretKey;
use super::keys::SwitchingKey;
use super::noise;
use super::parameters::{Parameters, ParametersLiteral};

/// Parameters of a switch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct RingSwitch {
    /// Of the key switch: in the large ring, under the limit of the small one.
    through: Parameters,
    /// Of the small ring.
    target: Parameters,
}

/// A switch as somebody wrote it down.
#[derive(Deserialize)]
struct Unchecked {
    through: Parameters,
    target: Parameters,
}

impl TryFrom<Unchecked> for RingSwitch {
    type Error = CkksError;

    /// # Errors
    /// [`CkksError::Parameter`] unless the limit of the small ring holds for the key, and one chain in both.
    fn try_from(Unchecked { through, target }: Unchecked) -> Result<Self, CkksError> {
        let (large, small, limbs) = (through.log_n(), target.log_n(), target.max_limbs());
        let limited = through.literal().secret_log_n == Some(small) && large == small + 1;
        if limited && through.max_limbs() == limbs && share_chain(&through, &target, limbs) {
            return Ok(Self { through, target });
        }
        let reason = format!(
            "a switch from 2^{large} to 2^{small} is in a ring of twice the dimension, under the limit of the small one, and of one chain"
        );
        Err(CkksError::Parameter {
            name: "secret_log_n",
            value: format!("{:?}", through.literal().secret_log_n),
            reason,
        })
    }
}

/// Whether the first `limbs` primes, of which both have as many, are the same.
fn share_chain(a: &Parameters, b: &Parameters, limbs: usize) -> bool {
    (0..limbs).all(|prime| a.prime(prime) == b.prime(prime))
}

impl RingSwitch {
    /// Whether keys or evaluators of these parameters are of the two rings of the switch.
    ///
    /// # Errors
    /// [`CkksError::RingSwitch`] for others.
    pub(super) fn check(&self, large: &Parameters, small: &Parameters) -> Result<(), CkksError> {
        let limbs = self.limbs();
        let same = |a: &Parameters, b: &Parameters| {
            a.log_n() == b.log_n() && a.max_limbs() >= limbs && share_chain(a, b, limbs)
        };
        if same(large, &self.through) && same(small, &self.target) {
            return Ok(());
        }
        Err(CkksError::RingSwitch { large: large.log_n(), small: small.log_n() })
    }

    /// Whether evaluators of these parameters move a ciphertext of `limbs` limbs.
    ///
    /// # Errors
    /// [`CkksError::NoRingSwitch`] for other limbs, [`CkksError::RingSwitch`] for evaluators of other rings.
    pub(super) fn check_move(&self, limbs: usize, large: &Parameters, small: &Parameters) -> Result<(), CkksError> {
        if limbs != self.limbs() {
            return Err(CkksError::NoRingSwitch { limbs });
        }
        self.check(large, small)
    }

    /// For ciphertexts of `limbs` limbs of the ring of `from`.
    ///
    /// # Errors
    /// As [`Parameters::new`]: a modulus over the limit of the small ring, among others.
    pub fn new(from: &Parameters, limbs: usize) -> Result<Self, CkksError> {
        let refuse = |most: usize| {
            let reason = format!("a ciphertext that moves into a smaller ring has 2 to {most} limbs here");
            Err(CkksError::Parameter { name: "limbs", value: limbs.to_string(), reason })
        };
        if !(2..=from.max_limbs()).contains(&limbs) {
            return refuse(from.max_limbs());
        }
        let large = from.literal();
        let prime_log_n = Some(large.prime_log_n());
        // A fresh ciphertext is as any other there.
        let shared =
            ParametersLiteral { levels: limbs - 1, input_bits: None, prime_log_n, digit_limbs: None, ..large.clone() };
        let small = large.log_n - 1;
        let through = Parameters::new(ParametersLiteral { secret_log_n: Some(small), ..shared.clone() })?;
        let target = Parameters::new(ParametersLiteral { log_n: small, ..shared })?;
        // Only a fresh image has a prime of another size on top.
        if !(share_chain(&through, from, limbs) && share_chain(&target, from, limbs)) {
            return refuse(from.max_limbs() - 1);
        }
        Ok(Self { through, target })
    }

    /// The same into a ring with other digits, see [`ParametersLiteral::digit_limbs`].
    ///
    /// # Errors
    /// As [`Parameters::new`].
    pub fn with_digits(&self, digit_limbs: Vec<usize>) -> Result<Self, CkksError> {
        Ok(Self { target: self.target.with_digits(digit_limbs)?, ..self.clone() })
    }

    /// Limbs of the ciphertexts that it takes and makes.
    pub fn limbs(&self) -> usize {
        self.target.max_limbs()
    }

    /// Parameters of the key switch, in the large ring.
    pub fn through(&self) -> &Parameters {
        &self.through
    }

    /// Parameters of the small ring.
    pub fn target(&self) -> &Parameters {
        &self.target
    }

    /// log2(QP) of the largest key that is of the small ring's secret: in that ring, or of the switch.
    pub fn log2_qp(&self) -> f64 {
        self.through.security().log2_qp.max(self.target.security().log2_qp)
    }

    /// Deviation of a coefficient's error: of the key switch with a secret of N / 2 coefficients.
    pub fn noise(&self) -> f64 {
        noise::switching(&self.through, self.limbs()).hypot(noise::rounding(self.target.log_n()))
    }

    /// Bytes of the key in memory.
    pub fn key_bytes(&self) -> u64 {
        SwitchingKey::predicted_bytes(&self.through, self.through.band_index(self.limbs()), self.limbs())
    }
}

/// The key of a switch.
#[must_use]
#[derive(Debug)]
pub struct RingSwitchingKey {
    pub(super) switch: RingSwitch,
    pub(super) key: SwitchingKey,
}

impl RingSwitchingKey {
    /// Makes the key from the secret key of the large ring to that of the small one.
    ///
    /// # Errors
    /// [`CkksError::RingSwitch`] for keys of other rings than those of the switch.
    pub fn generate(switch: &RingSwitch, large: &SecretKey, small: &SecretKey) -> Result<Self, CkksError> {
        switch.check(large.parameters(), small.parameters())?;
        let key = SwitchingKey::between_rings(&switch.through, switch.limbs(), large, small);
        Ok(Self { switch: switch.clone(), key })
    }

    /// A key that was made before.
    pub(crate) fn of(switch: &RingSwitch, key: SwitchingKey) -> Self {
        Self { switch: switch.clone(), key }
    }

    /// The key itself.
    pub(crate) fn into_key(self) -> SwitchingKey {
        self.key
    }

    /// The switch that it is for.
    pub fn switch(&self) -> &RingSwitch {
        &self.switch
    }

    /// Size in bytes in memory.
    pub fn bytes(&self) -> u64 {
        self.key.bytes()
    }
}
