//! Rotated inputs of sums over ciphertexts.

use std::ops::Range;

use super::error::CkksError;

/// An input, rotated to the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rotated {
    /// Which input.
    pub input: usize,
    /// Slots to the left.
    pub steps: i64,
}

/// Whether sources are sorted and distinct, and read one of `inputs` inputs each.
///
/// # Errors
/// [`CkksError::Combination`].
pub(super) fn check(sources: &[Rotated], inputs: usize) -> Result<(), CkksError> {
    let fail = |reason| Err(CkksError::Combination { reason });
    if let Some(source) = sources.iter().find(|source| source.input >= inputs) {
        return fail(format!("it reads input {} of {inputs}", source.input));
    }
    match sources.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some([Rotated { input, steps }, ..]) => fail(format!(
            "rotated inputs are sorted and distinct, but input {input} by {steps} is not before the next one"
        )),
        _ => Ok(()),
    }
}

/// The distinct rotations, in slots to the left, for which keys are needed.
pub fn rotations(sources: &[Rotated]) -> Vec<i64> {
    let mut steps = switched(sources);
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// Rotations by something, in order.
pub(super) fn switched(sources: &[Rotated]) -> Vec<i64> {
    sources.iter().map(|source| source.steps).filter(|steps| *steps != 0).collect()
}

/// The sources of each input.
pub(super) fn by_input(sources: &[Rotated]) -> impl Iterator<Item = &[Rotated]> {
    sources.chunk_by(|a, b| a.input == b.input)
}

/// Ranges of sources, all of one input together, with at most `most` rotated ones in each if an input alone has no more.
pub fn blocks(sources: &[Rotated], most: usize) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut held = 0;
    let mut start = 0;
    for input in by_input(sources) {
        let rotated = switched(input).len();
        match blocks.last_mut() {
            Some(block) if held + rotated <= most => {
                block.end += input.len();
                held += rotated;
            }
            _ => {
                blocks.push(start..start + input.len());
                held = rotated;
            }
        }
        start += input.len();
    }
    blocks
}

/// Most rotations of one input: the smallest block.
pub fn largest_group(sources: &[Rotated]) -> usize {
    by_input(sources).map(|input| switched(input).len()).max().unwrap_or(0)
}
