//! Predicted memory of a program.

use super::linear::Work;
use super::program::{Operation, Program, Step};
use crate::ckks::Parameters;
use crate::ckks::keys::KeyRequest;

/// Program, tables, weights and clear-text copies.
const BASE_BYTES: u64 = 200 << 20;

/// Limbs that the evaluator's linear map takes beside its inputs and outputs: decomposed inputs, digits and babies of the limbs in hand,
/// partial sums, their reduction.
fn working_limbs(parameters: &Parameters, program: &Program, step: &Step, threads: usize) -> u64 {
    let limbs = step.value.limbs + 1;
    let map = &program.layers[step.layer].map;
    let (inputs, outputs) = (map.inputs() as u64, map.outputs() as u64);
    let values = 2 * limbs as u64 * (inputs + 2 * outputs) * 2;
    let transform = match map {
        Work::Diagonals(transform) => transform,
        Work::Combination(combination) => {
            let rotated = combination.sources().iter().filter(|s| s.steps != 0).count() as u64;
            let limb = 8 * parameters.n() as u64;
            return (2 * limbs as u64 * rotated).min(program.working_bytes / limb)
                + values
                + 2 * limbs as u64 * outputs;
        }
    };
    let shape = parameters.band(limbs).band.shape;
    let extended = (limbs + shape.special) as u64;
    let digits = shape.digits(limbs) as u64;
    let decomposed = inputs * (limbs as u64 + digits + digits * threads as u64);
    let babies = 2 * transform.used_babies().len() as u64 * threads as u64;
    let sums = 2 * transform.used_giants().len() as u64 * extended;
    decomposed + babies + sums + values + 8 * extended
}

/// Predicted peak in bytes, keys included, for `threads` threads with `weight_bytes` of memory for encoded weights.
pub fn predicted_bytes(
    parameters: &Parameters,
    program: &Program,
    keys: &KeyRequest,
    threads: usize,
    weight_bytes: u64,
) -> u64 {
    let limb = 8 * parameters.n() as u64;
    let linear = |step: &&Step| matches!(step.operation, Operation::Transform { .. } | Operation::Combine { .. });
    let working = program.steps.iter().filter(linear).map(|step| working_limbs(parameters, program, step, threads));
    BASE_BYTES
        + parameters.ntts().len() as u64 * 9 * limb
        + keys.bytes(parameters)
        + program.weight_bytes().sum::<u64>().min(weight_bytes).max(program.weight_bytes().max().unwrap_or(0))
        + working.max().unwrap_or(0) * limb
}
