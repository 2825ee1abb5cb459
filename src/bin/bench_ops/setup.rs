//! What a measurement of the scheme starts from; `benches/ckks.rs` shares it.

use std::sync::Arc;

use leveled::ckks::keys::KeyKind;
use leveled::ckks::{
    Ciphertext, CkksError, Complex, Encrypted, Encryptor, EvaluationKeys, KeyRequest, Parameters, ParametersLiteral,
    SecretKey,
};
use leveled::ring::sampling::Seed;

/// Rotations that share one decomposition.
pub const HOISTED: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// log2 of the scales of data and weights; a prime has the sum.
const SCALE_BITS: f64 = 20.0;
const WEIGHT_BITS: f64 = 18.0;

/// Keys and a ciphertext whose limbs have 38 bits.
pub struct Setup {
    /// The parameters.
    pub parameters: Parameters,
    /// The secret key.
    #[allow(dead_code, reason = "the benches make keys from it, the binary does not")]
    pub secret: SecretKey,
    /// An evaluator with the keys for squares and for [`HOISTED`].
    pub evaluator: Encrypted,
    /// Values in all slots.
    pub slots: Vec<Complex>,
    /// Their encryption, at the top level.
    pub ciphertext: Ciphertext,
}

impl Setup {
    /// Makes keys and a ciphertext.
    ///
    /// # Errors
    /// [`CkksError`] for parameters that are impossible or not secure.
    pub fn new(log_n: u32, limbs: usize) -> Result<Self, CkksError> {
        let parameters = Parameters::new(ParametersLiteral {
            log_n,
            levels: limbs.saturating_sub(1),
            scale_bits: SCALE_BITS,
            weight_bits: WEIGHT_BITS,
            base_bits: 38,
            ..ParametersLiteral::default()
        })?;
        let mut request = KeyRequest::new();
        request.add(&parameters, KeyKind::Relinearization, limbs);
        HOISTED.iter().for_each(|steps| request.add_rotation(&parameters, *steps, limbs));
        let secret = SecretKey::reproducible(&parameters, &Seed::from_number(1));
        let keys = Arc::new(EvaluationKeys::generate(&secret, &request, |_| ())?);
        let encryptor = Encryptor::new(secret.clone());
        let slots: Vec<Complex> = (0..parameters.slots()).map(|i| Complex::new((i as f64).sin(), 0.0)).collect();
        let ciphertext = encryptor.encrypt(&slots, parameters.scale(), limbs)?.expand();
        let evaluator = Encrypted::new(parameters.clone(), encryptor.encoder().clone(), keys);
        Ok(Self { parameters, secret, evaluator, slots, ciphertext })
    }
}
