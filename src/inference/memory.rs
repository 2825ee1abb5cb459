//! Predicted memory of a program.

use super::linear::Work;
use super::program::{Program, Step, ValueId};
use crate::ckks::Parameters;
use crate::ckks::rotated::Rotated;
use crate::ckks::scalar_matrix::PLAINTEXT_BYTES;
use crate::ring::arena::limb_bytes;

/// Program, tables, weights and clear-text copies.
const BASE_BYTES: u64 = 200 << 20;

/// Limbs that the evaluator's linear map takes beside its inputs and outputs: decomposed inputs, digits and babies of the limbs in hand,
/// partial sums, their reduction.
fn working_limbs(parameters: &Parameters, program: &Program, step: &Step, threads: usize) -> u64 {
    let limbs = step.value.limbs + 1;
    let map = &program.layers[step.layer].map;
    let (inputs, outputs) = (map.inputs() as u64, map.outputs() as u64);
    let values = 2 * limbs as u64 * (inputs + 2 * outputs) * 2;
    let rotated = |sources: &[Rotated]| {
        let rotated = sources.iter().filter(|source| source.steps != 0).count() as u64;
        (2 * limbs as u64 * rotated).min(program.working_bytes / (8 * parameters.n() as u64))
    };
    let transform = match map {
        Work::Diagonals(transform) => transform,
        Work::Matrix(matrix) => {
            let plaintexts = (16 * matrix.period() * matrix.masked_products()).min(PLAINTEXT_BYTES);
            return rotated(matrix.sources()) + (plaintexts / limb_bytes(parameters.n())) as u64;
        }
        Work::Combination(combination) => {
            return rotated(combination.sources()) + values + 2 * limbs as u64 * outputs;
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

/// Most limbs that all values take together which some step reads, makes, or leaves for a later one.
fn most_limbs(program: &Program) -> u64 {
    let last_uses = program.last_uses();
    let limbs = |id: usize| {
        let value = program.value(ValueId(id));
        2 * (value.ciphertexts * value.limbs) as u64
    };
    let mut live = limbs(0);
    let mut most = live;
    for (index, step) in program.steps.iter().enumerate() {
        live += limbs(index + 1);
        // What a map makes has one limb more until it is rescaled.
        let extra = if step.operation.weight_scale().is_some() { 2 * step.value.ciphertexts as u64 } else { 0 };
        most = most.max(live + extra);
        let mut read: Vec<usize> = step.operands.iter().map(|operand| operand.0).collect();
        read.sort_unstable();
        read.dedup();
        live -= read.iter().filter(|id| last_uses[**id] == Some(index)).map(|id| limbs(*id)).sum::<u64>();
    }
    most
}

/// Predicted peak in bytes for `threads` threads, with `held_bytes` for keys and encoded weights.
pub fn predicted_bytes(parameters: &Parameters, program: &Program, held_bytes: u64, threads: usize) -> u64 {
    let limb = limb_bytes(parameters.n()) as u64;
    let linear = program.steps.iter().filter(|step| step.operation.weight_scale().is_some());
    let working = linear.map(|step| working_limbs(parameters, program, step, threads)).max().unwrap_or(0);
    // One ciphertext for each channel and position: values outweigh what works on them.
    let tiled = program.layers.iter().any(|layer| matches!(layer.map, Work::Matrix(_)));
    let working = working + if tiled { most_limbs(program) } else { 0 };
    BASE_BYTES + parameters.ntts().len() as u64 * 9 * limb + held_bytes + working * limb
}
