//! Client and server as two parties with files between them ([`wire`](crate::wire), `docs/files.md`).
//!
//! The server writes a [`ClientBundle`]; a client makes keys for it ([`generate_keys`]), encrypts images ([`encrypt`]) and decrypts
//! what comes back ([`decrypt`]). A [`Server`] has a plan and a client's evaluation keys and no secret.

mod bundle;
mod client;
mod digits;
mod error;
mod inspection;
mod keys;
mod packets;
mod server;

pub use bundle::{ClientBundle, PlanId};
pub use client::{Answer, decrypt, encrypt, generate_keys, read_secret};
pub use digits::Digits;
pub use error::PartyError;
pub use inspection::Inspection;
pub use keys::prepare_keys;
pub use server::{EvaluatedLayer, Server};
