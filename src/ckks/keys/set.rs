//! A set of switching keys.

use std::collections::HashMap;

use super::kind::KeyKind;
use super::request::KeyRequest;
use super::secret::SecretKey;
use super::switching::SwitchingKey;
use crate::ckks::error::CkksError;
use crate::ckks::parameters::Parameters;

/// The switching keys of one computation.
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
/// let secret = SecretKey::generate(&parameters)?;
/// // A rotation by one slot of ciphertexts of up to three limbs.
/// let mut request = KeyRequest::new();
/// request.add_rotation(&parameters, 1, 3);
/// let keys = EvaluationKeys::generate(&secret, &request, |_| ())?;
/// assert_eq!((keys.len(), keys.bytes()), (1, request.bytes(&parameters)));
/// assert!(keys.get(&parameters, KeyKind::Relinearization, 3).is_none());
/// # Ok::<(), CkksError>(())
/// ```
#[must_use]
#[derive(Debug, Default)]
pub struct EvaluationKeys {
    keys: HashMap<(KeyKind, usize), SwitchingKey>,
}

impl EvaluationKeys {
    /// Makes all requested keys; `made` is told after each one how many are there.
    ///
    /// # Errors
    /// [`CkksError::KeyRequest`] for a request that was not made for the parameters of the secret key: no key has a modulus
    /// beyond theirs, for which security was checked.
    pub fn generate(secret: &SecretKey, request: &KeyRequest, mut made: impl FnMut(usize)) -> Result<Self, CkksError> {
        let mut keys = HashMap::with_capacity(request.len());
        Self::generate_each(secret, request, |kind, band, key| {
            keys.insert((kind, band), key);
            made(keys.len());
            Ok::<(), CkksError>(())
        })?;
        Ok(Self { keys })
    }

    /// Makes all requested keys, one after the other: purpose, band and key go to `take`, which may write them down where there is no
    /// room for all.
    ///
    /// # Errors
    /// As [`EvaluationKeys::generate`], and what `take` says.
    pub fn generate_each<E: From<CkksError>>(
        secret: &SecretKey,
        request: &KeyRequest,
        mut take: impl FnMut(KeyKind, usize, SwitchingKey) -> Result<(), E>,
    ) -> Result<(), E> {
        request.check(secret.parameters())?;
        request
            .iter()
            .try_for_each(|(kind, band, limbs)| take(kind, band, SwitchingKey::generate(secret, kind, band, limbs)))
    }

    /// A set of keys that were made before, each with its purpose and band.
    pub fn of(keys: impl IntoIterator<Item = (KeyKind, usize, SwitchingKey)>) -> Self {
        Self { keys: keys.into_iter().map(|(kind, band, key)| ((kind, band), key)).collect() }
    }

    /// The key of `kind` for ciphertexts of `limbs` limbs, if there is one.
    pub fn get(&self, parameters: &Parameters, kind: KeyKind, limbs: usize) -> Option<&SwitchingKey> {
        self.keys.get(&(kind, parameters.band_index(limbs))).filter(|key| key.limbs() >= limbs)
    }

    /// Size in bytes in memory.
    pub fn bytes(&self) -> u64 {
        self.keys.values().map(SwitchingKey::bytes).sum()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
