//! Run-time choice of the kernels.

use super::factors::Factors;
use super::instructions::{Instructions, instructions};
use super::integer_matrix::{IntegerMatrix, TILES, TilePair};
use super::operands::{CHUNK, LANES, Term, chunk_words, operand_words};
use super::panel::{PANEL_ROWS, PanelPart};
use super::sum_program::{SumProgram, Tile};
use super::{portable, wide};
use crate::ring::modulus::{Factor, Modulus, VECTOR_BITS};

#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, avx512f};

macro_rules! dispatch {
    ($instructions:expr, $name:ident ( $($argument:expr),* )) => {
        match $instructions {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Instructions::available` lists this variant only after detecting its CPU features, and
            // `instructions` returns listed variants only.
            Instructions::Avx512Ifma => unsafe { avx512::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Instructions::Avx512 => unsafe { avx512f::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Instructions::Avx2 => unsafe { avx2::$name($($argument),*) },
            _ => portable::$name($($argument),*),
        }
    };
}

/// Declares the public entry of a kernel and, for the tests, the entry with an explicit instruction set.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident / $with:ident ( $($argument:ident : $type:ty),* ) checks $check:expr;
     wide if $wide:expr => $fallback:expr) => {
        $(#[$doc])*
        pub fn $name($($argument: $type),*) {
            $with(instructions(), $($argument),*);
        }

        pub(super) fn $with(instructions: Instructions, $($argument: $type),*) {
            assert!($check, concat!(stringify!($name), ": operands of different lengths"));
            if $wide {
                $fallback;
            } else {
                dispatch!(instructions, $name($($argument),*));
            }
        }
    };
    ($(#[$doc:meta])* $name:ident / $with:ident ( $($argument:ident : $type:ty),* ) checks $check:expr; wide never) => {
        $(#[$doc])*
        pub fn $name($($argument: $type),*) {
            $with(instructions(), $($argument),*);
        }

        pub(super) fn $with(instructions: Instructions, $($argument: $type),*) {
            assert!($check, concat!(stringify!($name), ": operands of different lengths"));
            dispatch!(instructions, $name($($argument),*));
        }
    };
}

kernel! {
    /// `x <- x + y mod q`; both below q.
    add_assign / add_assign_with(x: &mut [u64], y: &[u64], q: &Modulus) checks x.len() == y.len(); wide never
}
kernel! {
    /// `x <- x - y mod q`; both below q.
    sub_assign / sub_assign_with(x: &mut [u64], y: &[u64], q: &Modulus) checks x.len() == y.len(); wide never
}
kernel! {
    /// `x <- -x mod q`; x below q.
    negate / negate_with(x: &mut [u64], q: &Modulus) checks true; wide never
}
kernel! {
    /// `x <- x * factor mod q`; x below 2^52 (any word for a modulus of more than 50 bits).
    multiply_by_factor / multiply_by_factor_with(x: &mut [u64], factor: Factor, q: &Modulus) checks true;
    wide if !q.is_vectorizable() => wide::multiply_by_factor(x, factor, q)
}
kernel! {
    /// `x <- (x - y) * factor mod q`; x and y below q.
    subtract_and_multiply / subtract_and_multiply_with(x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus)
    checks x.len() == y.len();
    wide if !q.is_vectorizable() => wide::subtract_and_multiply(x, y, factor, q)
}
kernel! {
    /// `x <- x * y mod q`; both below q.
    multiply_assign / multiply_assign_with(x: &mut [u64], y: &[u64], q: &Modulus) checks x.len() == y.len();
    wide if !q.is_vectorizable() => wide::multiply_assign(x, y, q)
}
kernel! {
    /// `x <- x + sum of a * b mod q` over the pairs (a, b) of `products`; all below q.
    add_products / add_products_with(x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus)
    checks products.iter().all(|(a, b)| a.len() == x.len() && b.len() == x.len());
    wide if !q.is_vectorizable() => wide::add_products(x, products, q)
}
kernel! {
    /// `out.k <- [out.k +] sum of shared * pair.k mod q` for k = 0, 1; all below q.
    ///
    /// `accumulate` says whether the previous contents of `out` are added. Reduction happens once per output.
    multiply_accumulate / multiply_accumulate_with(
        out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus
    )
    checks out.0.len() == out.1.len()
        && terms.iter().all(|t| t.shared.len() == out.0.len() && t.pair.0.len() == out.0.len() && t.pair.1.len() == out.0.len());
    wide if !q.is_vectorizable() => wide::multiply_accumulate(out, terms, accumulate, q)
}
kernel! {
    /// `out.k <- sum over d of shared[d] * pair.k of term d mod q` for k = 0, 1, the pairs of `terms` terms packed in
    /// `words`: for every [`CHUNK`] positions one packed pair after the other.
    multiply_accumulate_packed / multiply_accumulate_packed_with(
        out: (&mut [u64], &mut [u64]), shared: &[&[u64]], words: &[u32], terms: usize, q: &Modulus
    )
    checks out.0.len() == out.1.len() && out.0.len().is_multiple_of(CHUNK) && shared.len() <= terms
        && words.len() == out.0.len() / CHUNK * terms * chunk_words(q)
        && shared.iter().all(|s| s.len() == out.0.len());
    wide if !q.is_vectorizable() => wide::multiply_accumulate_packed(out, shared, words, terms, q)
}
kernel! {
    /// `out.k <- sum over d of shared operand d * pairs[d].k mod q` for k = 0, 1, the shared operands packed in `words`: for every
    /// [`CHUNK`] of their values one operand after the other. Each value stands for `run` positions in a row.
    multiply_packed_runs / multiply_packed_runs_with(
        out: (&mut [u64], &mut [u64]), pairs: &[(&[u64], &[u64])], words: &[u32], run: usize, q: &Modulus
    )
    checks out.0.len() == out.1.len() && run.is_power_of_two() && out.0.len().is_multiple_of(CHUNK * run)
        && words.len() == out.0.len() / (CHUNK * run) * pairs.len() * operand_words(q)
        && pairs.iter().all(|(a, b)| a.len() == out.0.len() && b.len() == out.0.len());
    wide if !q.is_vectorizable() => wide::multiply_packed_runs(out, pairs, words, run, q)
}
kernel! {
    /// The largest of `largest` and the residues that are packed in `words`, in the form of [`multiply_accumulate_packed`].
    largest_packed / largest_packed_with(largest: &mut u64, words: &[u32], q: &Modulus)
    checks words.len().is_multiple_of(chunk_words(q)); wide never
}
kernel! {
    /// `out <- [out +] what program says of sources and factors mod q`, for one tile of each; all below q.
    grouped_products / grouped_products_with(
        out: &mut [Tile], sources: &[Tile], factors: &Factors, program: &SumProgram, accumulate: bool,
        q: &Modulus
    )
    checks out.len() == program.outputs() && sources.len() == program.sources() && factors.len() == program.factors();
    wide if !q.is_vectorizable() || !program.suits(q) => wide::grouped_products(out, sources, factors, program, accumulate, q)
}
kernel! {
    /// `out <- out + factor * (row of the matrix times sources) mod q`, for [`TILES`] tiles, every output with a factor of
    /// its own; all below q.
    weighted_products / weighted_products_with(
        out: [&mut [Tile]; TILES], sources: TilePair<'_>, factors: [&Factors; TILES], matrix: &IntegerMatrix, q: &Modulus
    )
    checks out.iter().all(|o| o.len() == matrix.outputs()) && sources.iter().all(|s| s.len() == matrix.sources())
        && factors.iter().all(|f| f.len() == matrix.outputs());
    wide if !matrix.suits(q) => wide::weighted_products(out, sources, factors, matrix, q)
}
kernel! {
    /// Words below q in the form in which [`panel_products`] takes sources, and residues as weights.
    panel_operands / panel_operands_with(words: &mut [u64], q: &Modulus) checks words.len().is_multiple_of(LANES);
    wide if !q.is_vectorizable() => wide::panel_operands(words, q)
}
kernel! {
    /// `out <- out + rows of a matrix times sources mod q`: products with whole numbers, reduced as `points` says (see
    /// [`reduction_points`](super::reduction_points)), and with residues. `out` below q; sources and weights in the form of the kernels.
    panel_products / panel_products_with(
        out: &mut [Tile; PANEL_ROWS], sources: &[Tile], whole: PanelPart<'_>, points: &[u32], residues: PanelPart<'_>, q: &Modulus
    )
    checks points.last().map_or(0, |last| *last as usize) == whole.terms.len();
    wide if !q.is_vectorizable() => wide::panel_products(out, sources, whole, points, residues, q)
}
kernel! {
    /// `out <- sum of sources[j] * factors[j] mod q`; sources below 2^`source_bits`, factors below q.
    linear_combination / linear_combination_with(
        out: &mut [u64], sources: &[&[u64]], factors: &[u64], source_bits: u32, q: &Modulus
    )
    checks sources.len() == factors.len() && sources.iter().all(|s| s.len() == out.len());
    wide if !q.is_vectorizable() || source_bits > VECTOR_BITS => wide::linear_combination(out, sources, factors, source_bits, q)
}
kernel! {
    /// `out <- values mod q` for signed values.
    reduce_signed / reduce_signed_with(out: &mut [u64], values: &[i32], q: &Modulus) checks out.len() == values.len();
    wide if !q.is_vectorizable() => wide::reduce_signed(out, values, q)
}
kernel! {
    /// `out[i] <- round(sum of sources[j][i] * reciprocals[j])`: how often the product of the source moduli must be
    /// subtracted so that a fast base conversion is centred. Sources below 2^`source_bits`.
    centered_quotients / centered_quotients_with(
        out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], source_bits: u32
    )
    checks sources.len() == reciprocals.len() && sources.iter().all(|s| s.len() == out.len());
    wide if source_bits > VECTOR_BITS => wide::centered_quotients(out, sources, reciprocals, source_bits)
}
kernel! {
    /// Permutes aligned blocks of eight words: block b of `target` is block `(blocks[b] - base) / 8` of `source`, its lanes
    /// permuted by `patterns[blocks[b] % 8]`.
    permute_blocks / permute_blocks_with(
        target: &mut [u64], source: &[u64], base: u32, blocks: &[u32], patterns: &[[u64; LANES]; LANES]
    )
    checks target.len() == source.len() && blocks.len() * LANES == target.len() && base.is_multiple_of(LANES as u32)
        && blocks.iter().all(|&b| (b.wrapping_sub(base) as usize) < source.len());
    wide never
}
