//! Errors of the scheme.

use super::keys::KeyKind;
use crate::ring::RingError;

/// What can go wrong in the scheme.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CkksError {
    /// A problem of the ring below.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A parameter outside its range.
    #[error("{name} = {value} is impossible: {reason}")]
    Parameter {
        /// Name as in the configuration.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// Why, and what to choose instead.
        reason: String,
    },
    /// The modulus is too large for the ring dimension.
    #[error(
        "log2(QP) = {log2_qp:.1} bits exceed the {limit} bits that are 128-bit secure at N = 2^{log_n} ({table}); {advice}, or allow what is insecure (`security: none`, `--insecure`) and have every result marked so"
    )]
    Insecure {
        /// Size of the modulus with the special primes, in bits.
        log2_qp: f64,
        /// What the table allows, in bits.
        limit: u32,
        /// log2 of the ring dimension.
        log_n: u32,
        /// The table.
        table: &'static str,
        /// What to change.
        advice: String,
    },
    /// No gadget keeps the noise of key switching below that of rescaling within the security limit.
    #[error(
        "no special primes fit: at {limbs} limbs (log2 Q = {log2_q:.1}) the limit of {limit} bits leaves {left:.1} bits, but key switching needs {needed:.1}; use a larger ring, fewer levels or fewer scale or weight bits"
    )]
    NoGadget {
        /// Number of limbs.
        limbs: usize,
        /// Size of the ciphertext modulus in bits.
        log2_q: f64,
        /// Security limit in bits.
        limit: u32,
        /// Bits left for special primes.
        left: f64,
        /// Bits needed at least.
        needed: f64,
    },
    /// A number of values that no slots have.
    #[error("{found} values do not fit into {slots} slots: their number is a power of two from 8 to {slots}")]
    TooManySlots {
        /// Number of values.
        found: usize,
        /// Number of slots.
        slots: usize,
    },
    /// A plaintext is too large for its representation.
    #[error(
        "a plaintext coefficient of 2^{log2_coefficient:.1} at scale 2^{log2_scale:.1} exceeds 2^{limit}; use a smaller scale or smaller values"
    )]
    PlaintextOverflow {
        /// log2 of the largest coefficient (infinite for a value that is not a number).
        log2_coefficient: f64,
        /// log2 of the scale.
        log2_scale: f64,
        /// log2 of what can be represented.
        limit: u32,
    },
    /// Two operands at different scales.
    #[error("{operation}: the scales 2^{left:.6} and 2^{right:.6} differ; rescale or multiply so that they agree")]
    ScaleMismatch {
        /// The operation.
        operation: &'static str,
        /// log2 of the left scale.
        left: f64,
        /// log2 of the right scale.
        right: f64,
    },
    /// Two operands at different levels.
    #[error("{operation}: the levels {left} and {right} differ; drop the higher operand to the lower level")]
    LevelMismatch {
        /// The operation.
        operation: &'static str,
        /// Level of the left operand.
        left: usize,
        /// Level of the right operand.
        right: usize,
    },
    /// An operation needs more levels than are left.
    #[error("{operation} needs level {needed}, but the ciphertext is at level {level}; use a longer chain")]
    LevelTooLow {
        /// The operation.
        operation: &'static str,
        /// Level that is needed.
        needed: usize,
        /// Level of the ciphertext.
        level: usize,
    },
    /// A switching key is missing.
    #[error(
        "no key for Galois element {element} ({}) at level {level}; request it when the keys are generated",
        steps.map_or_else(|| "conjugation".to_owned(), |steps| format!("rotation by {steps}"))
    )]
    MissingGaloisKey {
        /// The Galois element.
        element: usize,
        /// The rotation, if it is one that was asked for by steps.
        steps: Option<i64>,
        /// Level of the ciphertext.
        level: usize,
    },
    /// The relinearization key is missing.
    #[error("no relinearization key at level {level}; request it when the keys are generated")]
    MissingRelinearizationKey {
        /// Level of the ciphertext.
        level: usize,
    },
    /// Secret keys or evaluators of other rings than those of a switch.
    #[error(
        "the switch is between other rings than those of the keys and evaluators given, N = 2^{large} and N = 2^{small}; make them with the parameters of the switch"
    )]
    RingSwitch {
        /// log2 of the dimension of what is to be switched from.
        large: u32,
        /// log2 of that of what is to be switched to.
        small: u32,
    },
    /// No ring to switch into was given.
    #[error(
        "a ciphertext of {limbs} limbs cannot move into a smaller ring: the evaluator has no key for it; give it a key for that many"
    )]
    NoRingSwitch {
        /// Limbs of the ciphertext.
        limbs: usize,
    },
    /// A key that does not belong to the parameters.
    #[error(
        "no key {kind:?} for {limbs} limbs can be made: {reason}; request it with the parameters of the secret key"
    )]
    KeyRequest {
        /// What the key is for.
        kind: KeyKind,
        /// Limbs that it is to serve.
        limbs: usize,
        /// What is wrong.
        reason: String,
    },
    /// Bytes that are no key of the parameters.
    #[error("this is no key of these parameters: {reason}; use the parameters that it was made with")]
    Key {
        /// What is wrong.
        reason: String,
    },
    /// A ciphertext that is not one of the parameters.
    #[error("this is no ciphertext of these parameters: {reason}; use the parameters that it was made with")]
    Ciphertext {
        /// What is wrong.
        reason: String,
    },
    /// An encryption with limbs that the chain does not have.
    #[error("a ciphertext of {found} limbs was asked for, but the chain has 1 to {most}")]
    Limbs {
        /// Limbs that were asked for.
        found: usize,
        /// Limbs of the chain.
        most: usize,
    },
    /// A scale that is no positive number.
    #[error("the scale {found} is impossible; give a finite number above zero")]
    Scale {
        /// The scale.
        found: f64,
    },
    /// Wrong number of inputs to a linear transform.
    #[error("a linear transform of {expected} input ciphertexts was given {found}")]
    Inputs {
        /// What the transform expects.
        expected: usize,
        /// What it was given.
        found: usize,
    },
    /// A linear map above this floor could not produce its diagonals.
    #[error("diagonal {index} cannot be produced: {reason}")]
    Diagonal {
        /// Number of the diagonal.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// A combination that cannot be built.
    #[error("this combination of ciphertexts is impossible: {reason}")]
    Combination {
        /// Why.
        reason: String,
    },
    /// The rotations of one input do not fit into the working memory.
    #[error(
        "the rotations of one ciphertext take {needed} bytes of working memory, but the limit is {limit}; raise it (`memory.working`) to {needed} or more"
    )]
    WorkingMemory {
        /// Bytes that are needed at least.
        needed: u64,
        /// Bytes that may be used.
        limit: u64,
    },
}
