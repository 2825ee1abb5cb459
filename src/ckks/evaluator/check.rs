//! Checks that all evaluators share.

use crate::ckks::error::CkksError;
use crate::ckks::rotated::{Rotated, largest_group};

/// Scales are equal if their ratio is off by less than this.
pub const SCALE_TOLERANCE: f64 = 1e-9;

/// Level and scale of an operand.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub limbs: usize,
    pub scale: f64,
}

/// Both operands are at one level.
pub(super) fn same_level(operation: &'static str, x: State, y: State) -> Result<(), CkksError> {
    if x.limbs != y.limbs {
        return Err(CkksError::LevelMismatch { operation, left: x.limbs - 1, right: y.limbs - 1 });
    }
    Ok(())
}

/// Both operands are at one level and scale.
pub(super) fn compatible(operation: &'static str, x: State, y: State) -> Result<(), CkksError> {
    same_level(operation, x, y)?;
    let off = (x.scale / y.scale - 1.0).abs();
    // Of scales that are no numbers, such as two of zero or of infinity, nothing is known.
    if off.is_nan() || off > SCALE_TOLERANCE {
        return Err(CkksError::ScaleMismatch { operation, left: x.scale.log2(), right: y.scale.log2() });
    }
    Ok(())
}

/// There is a limb to rescale by.
pub(super) fn can_rescale(operation: &'static str, x: State) -> Result<(), CkksError> {
    if x.limbs < 2 {
        return Err(CkksError::LevelTooLow { operation, needed: 1, level: x.limbs - 1 });
    }
    Ok(())
}

/// `limbs` is between one and what the operand has.
pub(super) fn can_drop(x: State, limbs: usize) -> Result<(), CkksError> {
    if limbs == 0 || limbs > x.limbs {
        return Err(CkksError::LevelTooLow {
            operation: "drop to a level",
            needed: limbs.saturating_sub(1),
            level: x.limbs - 1,
        });
    }
    Ok(())
}

/// The inputs of a transform are as many as it wants, at one level and scale, and can be rescaled.
pub(super) fn transform_inputs(expected: usize, inputs: &[State]) -> Result<State, CkksError> {
    let operation = "linear transform";
    match inputs.first() {
        Some(&first) if inputs.len() == expected => {
            inputs.iter().try_for_each(|x| compatible(operation, first, *x))?;
            can_rescale(operation, first)?;
            Ok(first)
        }
        _ => Err(CkksError::Inputs { expected, found: inputs.len() }),
    }
}

/// How many rotated ciphertexts of `limbs` limbs `working_bytes` hold; at least those of one input.
pub(super) fn rotated_in_memory(
    sources: &[Rotated],
    n: usize,
    limbs: usize,
    working_bytes: u64,
) -> Result<usize, CkksError> {
    let ciphertext = 2 * limbs as u64 * 8 * n as u64;
    let needed = largest_group(sources) as u64 * ciphertext;
    if needed > working_bytes {
        return Err(CkksError::WorkingMemory { needed, limit: working_bytes });
    }
    Ok((working_bytes / ciphertext) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_without_a_ratio_differ() {
        let compatible =
            |left, right| compatible("add", State { limbs: 2, scale: left }, State { limbs: 2, scale: right });
        assert_eq!(compatible(1024.0, 1024.0 + 1e-7), Ok(()));
        for (left, right) in [
            (1024.0, 1025.0),
            (0.0, 0.0),
            (f64::INFINITY, f64::INFINITY),
            (f64::INFINITY, 1.0),
            (f64::NAN, f64::NAN),
            (f64::NAN, 1.0),
        ] {
            let found = compatible(left, right);
            assert!(matches!(found, Err(CkksError::ScaleMismatch { .. })), "{left} and {right}: {found:?}");
        }
    }
}
