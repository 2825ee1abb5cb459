//! The RNS-CKKS scheme: parameters, keys, encoder and evaluators.

pub mod ciphertext;
pub mod combination;
pub mod decryption;
pub mod encoder;
pub mod encryption;
pub mod error;
pub mod evaluator;
pub mod gadget;
mod key_switching;
pub mod keys;
pub mod linear_transform;
mod matrix;
pub mod noise;
pub mod parameters;
pub mod precision;
mod records;
pub mod ring_switch;
pub mod rotated;
pub mod scalar_matrix;
pub mod secret_slots;
pub mod security;
mod security_policy;

#[cfg(test)]
pub(crate) mod clear;
#[cfg(test)]
mod secrets_tests;

pub use ciphertext::Ciphertext;
pub use combination::Combination;
pub use decryption::decrypt;
pub use encoder::{Complex, Encoder, Plaintext};
pub use encryption::{Encryptor, PublicEncryptor, SeededCiphertext};
pub use error::CkksError;
pub use evaluator::{Counting, Encrypted, Evaluator, Simulated, SimulatedCiphertext};
pub use key_switching::KeySwitching;
pub use keys::{EvaluationKeys, KeyKind, KeyRequest, PublicKey, SecretKey, SwitchingKey};
pub use linear_transform::LinearTransform;
pub use parameters::{Parameters, ParametersLiteral};
pub use precision::PrecisionReport;
pub use ring_switch::{RingSwitch, RingSwitchingKey};
pub use secret_slots::SecretSlots;
pub use security::Security;
pub use security_policy::SecurityPolicy;
