//! Keys: secret, public, and the switching keys of relinearization and rotation.

mod kind;
mod public;
mod records;
mod request;
mod secret;
mod set;
mod switching;
mod words;

pub use kind::KeyKind;
pub use public::PublicKey;
pub(super) use records::{limb_bytes, prime_bits};
pub use request::KeyRequest;
pub use secret::SecretKey;
pub(super) use secret::evaluate_small;
pub use set::EvaluationKeys;
pub use switching::SwitchingKey;
