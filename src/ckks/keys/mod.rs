//! Keys: secret, public, and the switching keys of relinearization and rotation.

mod kind;
mod public;
mod request;
mod secret;
mod set;
mod switching;

pub use kind::KeyKind;
pub use public::PublicKey;
pub use request::KeyRequest;
pub use secret::SecretKey;
pub(super) use secret::evaluate_small;
pub use set::EvaluationKeys;
pub use switching::SwitchingKey;
