//! What a computation consists of, in the terms of the ring floor.

use std::collections::BTreeMap;

/// Operations of a computation. Units: operations on ciphertexts, except where limbs or bytes are named.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Operations {
    /// Additions and subtractions of ciphertexts (partial sums of transforms included) and of plaintexts.
    pub additions: u64,
    /// Products of ciphertext and plaintext.
    pub plain_products: u64,
    /// Products of ciphertext and integer.
    pub integer_products: u64,
    /// Products of ciphertexts, squarings included.
    pub products: u64,
    /// Rotations and conjugations.
    pub rotations: u64,
    /// Decompositions: a group of hoisted rotations counts once.
    pub hoisting_groups: u64,
    /// Rescales.
    pub rescales: u64,
    /// Transforms (NTT) of a limb, scaled to the full size.
    pub limb_transforms: f64,
    /// Multiply-accumulates of a limb pair (two products that share a factor).
    pub limb_products: f64,
    /// The same with a pair of a switching key, which comes from memory packed.
    pub key_products: f64,
    /// Products of a limb with a constant in a base conversion.
    pub limb_conversions: f64,
    /// Other passes over a limb: additions, permutations, scalings.
    pub limb_passes: f64,
    /// Products of a limb with a factor in a tile (see [`crate::ring::simd::grouped_products`]).
    pub tile_products: f64,
    /// Additions of a limb to a sum in a tile.
    pub tile_additions: f64,
    /// Products of a limb with an integer in a tile (see [`crate::ring::simd::weighted_products`]).
    pub tile_weights: f64,
    /// Products of a limb with a whole number in a panel (see [`crate::ring::simd::panel_products`]).
    pub panel_numbers: f64,
    /// Products of a limb with residues in a panel.
    pub panel_residues: f64,
    /// Bytes of switching keys read.
    pub key_bytes: f64,
}

impl Operations {
    /// Adds `other`.
    pub fn add(&mut self, other: &Self) {
        self.additions += other.additions;
        self.plain_products += other.plain_products;
        self.integer_products += other.integer_products;
        self.products += other.products;
        self.rotations += other.rotations;
        self.hoisting_groups += other.hoisting_groups;
        self.rescales += other.rescales;
        self.limb_transforms += other.limb_transforms;
        self.limb_products += other.limb_products;
        self.key_products += other.key_products;
        self.limb_conversions += other.limb_conversions;
        self.limb_passes += other.limb_passes;
        self.tile_products += other.tile_products;
        self.tile_additions += other.tile_additions;
        self.tile_weights += other.tile_weights;
        self.panel_numbers += other.panel_numbers;
        self.panel_residues += other.panel_residues;
        self.key_bytes += other.key_bytes;
    }

    /// Products modulo a prime, in pairs of limbs: what [`Operations::limb_products`] counts, wherever the operands come from.
    pub fn pair_products(&self) -> f64 {
        self.limb_products
            + self.key_products
            + (self.limb_conversions + self.tile_products + self.panel_residues) / 2.0
    }
}

/// Operations by the number of tasks that share them: more threads than tasks do not help.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Load(BTreeMap<usize, Operations>);

impl Load {
    /// Adds operations that are done in `tasks` tasks of one size.
    pub fn add(&mut self, tasks: usize, operations: &Operations) {
        self.0.entry(tasks.max(1)).or_default().add(operations);
    }

    /// Adds `other` `times` times.
    pub fn add_times(&mut self, times: usize, other: &Self) {
        for (tasks, operations) in &other.0 {
            (0..times).for_each(|_| self.add(*tasks, operations));
        }
    }

    /// Operations with their number of tasks.
    pub fn parts(&self) -> impl Iterator<Item = (usize, &Operations)> {
        self.0.iter().map(|(tasks, operations)| (*tasks, operations))
    }

    /// All operations.
    pub fn total(&self) -> Operations {
        self.0.values().fold(Operations::default(), |mut sum, operations| {
            sum.add(operations);
            sum
        })
    }
}
