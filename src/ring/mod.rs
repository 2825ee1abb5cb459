//! Modular arithmetic, number theoretic transform, RNS polynomials, sampling and the kernels under them.

pub mod arena;
pub mod automorphism;
pub mod base_conversion;
pub mod error;
pub mod limb;
pub mod modulus;
pub mod ntt;
pub mod packed_terms;
pub mod polynomial;
pub mod primes;
pub mod sampling;
pub mod simd;

pub use automorphism::Automorphism;
pub use base_conversion::BaseConversion;
pub use error::RingError;
pub use limb::{Limb, SecretLimb};
pub use modulus::{Factor, Modulus};
pub use ntt::Ntt;
pub use packed_terms::PackedTerms;
pub use polynomial::{Polynomial, SecretPolynomial};
