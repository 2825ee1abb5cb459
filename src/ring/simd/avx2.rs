//! The kernels in doubles for AVX2 and FMA.

use pulp::x86::V3;

use super::operands::LANES;

super::doubles::instantiate!("avx2,fma,bmi1,bmi2,lzcnt,popcnt,fxsr", V3);

/// Lanes of 64 bits in a vector.
const HALF: usize = LANES / 2;

/// The half block that each half of a pattern reads, and the words of 32 bits of it that its lanes are; `None` if some half reads both.
fn halves(pattern: &[u64; LANES]) -> Option<[(usize, [u32; LANES]); 2]> {
    let half = |part: &[u64]| {
        let from = part[0] as usize / HALF;
        let inside = part.iter().all(|lane| *lane as usize / HALF == from);
        let word = |i: usize| 2 * (part[i / 2] as u32 % HALF as u32) + i as u32 % 2;
        inside.then(|| (from, std::array::from_fn(word)))
    };
    Some([half(&pattern[..HALF])?, half(&pattern[HALF..])?])
}

/// An automorphism takes even lanes to even or to odd ones, so that each half of a block comes from one half, permuted.
#[target_feature(enable = "avx2")]
pub fn permute_blocks(target: &mut [u64], source: &[u64], base: u32, blocks: &[u32], patterns: &[[u64; LANES]; LANES]) {
    let mut known = [[(0, [0; LANES]); 2]; LANES];
    for (known, pattern) in known.iter_mut().zip(patterns) {
        let Some(halves) = halves(pattern) else {
            return generic::permute_blocks(target, source, base, blocks, patterns);
        };
        *known = halves;
    }
    let avx2 = token().avx2;
    let source = source.as_chunks::<HALF>().0;
    for (target, &block) in target.as_chunks_mut::<HALF>().0.as_chunks_mut::<2>().0.iter_mut().zip(blocks) {
        let (first, halves) = ((block - base) as usize / LANES * 2, &known[block as usize % LANES]);
        for (target, (from, words)) in target.iter_mut().zip(halves) {
            let words = pulp::cast(*words);
            *target = pulp::cast(avx2._mm256_permutevar8x32_epi32(pulp::cast(source[first + from]), words));
        }
    }
}
