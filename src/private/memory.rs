//! Predicted memory of a plan.

use super::linear::Work;
use super::plan::Plan;
use crate::ckks::Parameters;

/// Program, tables, weights and clear-text copies.
const BASE_BYTES: u64 = 200 << 20;

/// Working set of the largest linear layer: decomposed inputs, digits and babies of the limbs in hand, partial sums, their reduction.
fn working_bytes(parameters: &Parameters, plan: &Plan, threads: usize) -> u64 {
    let limb = 8 * parameters.n() as u64;
    plan.layers
        .iter()
        .map(|layer| {
            let (inputs, outputs, limbs) =
                (layer.work.inputs() as u64, layer.work.outputs() as u64, layer.limbs as u64);
            let values = 2 * limbs * (inputs + 2 * outputs) * 2;
            let transform = match &layer.work {
                Work::Diagonals(transform) => transform,
                Work::Combination(combination) => {
                    let rotated = combination.sources().iter().filter(|s| s.steps != 0).count() as u64;
                    return (2 * limbs * rotated * limb).min(plan.working_bytes)
                        + (values + 2 * limbs * outputs) * limb;
                }
            };
            let shape = parameters.band(layer.limbs).band.shape;
            let extended = (layer.limbs + shape.special) as u64;
            let digits = shape.digits(layer.limbs) as u64;
            let raised = inputs * (layer.limbs as u64 + digits + digits * threads as u64);
            let babies = 2 * transform.used_babies().len() as u64 * threads as u64;
            let sums = 2 * transform.used_giants().len() as u64 * extended;
            (raised + babies + sums + values + 8 * extended) * limb
        })
        .max()
        .unwrap_or(0)
}

/// Predicted peak in bytes for `threads` threads with `diagonal_bytes` of memory for encoded diagonals.
pub fn predicted_bytes(plan: &Plan, threads: usize, diagonal_bytes: u64) -> u64 {
    let parameters = &plan.parameters;
    let tables = parameters.ntts().len() as u64 * 9 * 8 * parameters.n() as u64;
    BASE_BYTES
        + tables
        + plan.request.bytes(parameters)
        + plan.diagonal_bytes().min(diagonal_bytes).max(plan.largest_diagonal_bytes())
        + working_bytes(parameters, plan, threads)
}
