//! What a transform needs to know of a family of kernels.

use bytemuck::Pod;
use pulp::NullaryFnOnce;

use crate::ring::modulus::Modulus;

/// Butterflies of one family modulo one prime. Between butterflies residues are in whatever form suits the family.
pub trait Arithmetic: Copy {
    /// Proof that the processor has the instructions.
    type Token: Copy + Send + Sync + 'static;
    /// A register of residues.
    type Vector: Copy;
    /// As many words in memory.
    type Words: Pod;
    /// A constant factor in memory.
    type Root: Pod + Send + Sync;
    /// A constant factor for each lane, in memory.
    type Roots: Pod + Send + Sync;
    /// A constant factor for each lane, in registers.
    type Factor: Copy;

    /// Constants of the modulus; called with the instructions enabled.
    fn new(token: Self::Token, q: &Modulus) -> Self;
    /// Calls `body` with the instructions enabled.
    fn run(token: Self::Token, body: impl NullaryFnOnce<Output = ()>);

    /// The factor `w` modulo `q`.
    fn root(q: &Modulus, w: u64) -> Self::Root;
    /// Factors for all lanes from as many roots.
    fn roots(roots: &[Self::Root]) -> Self::Roots;
    /// One factor for all lanes.
    fn splat(self, root: Self::Root) -> Self::Factor;
    /// A factor for each lane.
    fn factors(self, roots: Self::Roots) -> Self::Factor;

    /// Words as [`Arithmetic::store`] left them.
    fn load(self, words: Self::Words) -> Self::Vector;
    /// Words for [`Arithmetic::load`].
    fn store(self, x: Self::Vector) -> Self::Words;
    /// Residues below q.
    fn enter(self, words: Self::Words) -> Self::Vector;
    /// Residues below q.
    fn leave(self, x: Self::Vector) -> Self::Words;

    /// `(u + v w, u - v w)`.
    fn forward(self, u: Self::Vector, v: Self::Vector, w: Self::Factor) -> (Self::Vector, Self::Vector);
    /// `(u + v, (u - v) w)`.
    fn inverse(self, u: Self::Vector, v: Self::Vector, w: Self::Factor) -> (Self::Vector, Self::Vector);
    /// The same residue, small again after sums of up to eight.
    fn settle(self, x: Self::Vector) -> Self::Vector;

    /// From eight vectors of consecutive residues to one vector for each position within groups of eight.
    fn gather(self, x: [Self::Vector; 8]) -> [Self::Vector; 8];
    /// The inverse of [`Arithmetic::gather`].
    fn scatter(self, x: [Self::Vector; 8]) -> [Self::Vector; 8];
}
