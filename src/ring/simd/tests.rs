use proptest::prelude::*;

use super::dispatch::*;
use super::factors::Factors;
use super::instructions::{Instructions, instructions};
use super::integer_matrix::{IntegerMatrix, TILES};
use super::sum_program::{SumProgram, TILE, Tile};
use super::{CHUNK, Term};
use crate::ring::modulus::Modulus;
use crate::ring::packed_terms::{pack, pack_shared, packed_words, shared_words};
use crate::ring::primes::{ntt_primes, ntt_primes_below};

fn moduli() -> Vec<Modulus> {
    [20, 29, 39, 40, 47, 48, 49, 50, 55, 60]
        .into_iter()
        .flat_map(|bits| ntt_primes(8, bits, 2, &[]).unwrap())
        // The largest of each form of the kernels.
        .chain([46, 48, 50].into_iter().flat_map(|bits| ntt_primes_below(8, bits, 1, &[]).unwrap()))
        .map(|q| Modulus::new(q).unwrap())
        .collect()
}

/// Pseudo-random residues with the extreme ones among them.
fn residues(q: &Modulus, seed: u64, n: usize) -> Vec<u64> {
    let mut state = seed | 1;
    (0..n)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            match i % 11 {
                0 => q.value() - 1,
                1 => 0,
                _ => q.reduce(state >> 3),
            }
        })
        .collect()
}

fn dot(q: &Modulus, pairs: impl Iterator<Item = (u64, u64)>) -> u64 {
    pairs.fold(0, |sum, (a, b)| q.add(sum, q.mul(q.reduce(a), q.reduce(b))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_form_gives_the_residues_of_exact_arithmetic(seed: u64, terms in 0usize..70, odd_length: bool) {
        let n = if odd_length { 77 } else { 128 };
        for q in moduli() {
            let a: Vec<Vec<u64>> = (0..3 * terms as u64 + 3).map(|k| residues(&q, seed ^ k.wrapping_mul(0x5851_F42D_4C95_7F2D), n)).collect();
            let factor = q.factor(seed);
            for instructions in Instructions::available() {
                let check = |x: &[u64], f: &dyn Fn(usize) -> u64| x.iter().enumerate().all(|(i, &v)| v == f(i));

                let mut x = a[0].clone();
                add_assign_with(instructions, &mut x, &a[1], &q);
                prop_assert!(check(&x, &|i| q.add(a[0][i], a[1][i])));
                sub_assign_with(instructions, &mut x, &a[1], &q);
                prop_assert_eq!(&x, &a[0]);
                negate_with(instructions, &mut x, &q);
                prop_assert!(check(&x, &|i| q.neg(a[0][i])));

                let mut x = a[0].clone();
                multiply_by_factor_with(instructions, &mut x, factor, &q);
                prop_assert!(check(&x, &|i| q.mul(a[0][i], factor.value)));
                let mut x = a[0].clone();
                subtract_and_multiply_with(instructions, &mut x, &a[1], factor, &q);
                prop_assert!(check(&x, &|i| q.mul(q.sub(a[0][i], a[1][i]), factor.value)));
                let mut x = a[0].clone();
                multiply_assign_with(instructions, &mut x, &a[1], &q);
                prop_assert!(check(&x, &|i| q.mul(a[0][i], a[1][i])));

                let list: Vec<Term> = (0..terms).map(|t| Term { shared: &a[3 * t], pair: (&a[3 * t + 1], &a[3 * t + 2]) }).collect();
                for accumulate in [false, true] {
                    let (mut x, mut y) = (a[1].clone(), a[2].clone());
                    multiply_accumulate_with(instructions, (&mut x, &mut y), &list, accumulate, &q);
                    let start = |v: u64| if accumulate { v } else { 0 };
                    prop_assert!(check(&x, &|i| q.add(start(a[1][i]), dot(&q, list.iter().map(|t| (t.shared[i], t.pair.0[i]))))));
                    prop_assert!(check(&y, &|i| q.add(start(a[2][i]), dot(&q, list.iter().map(|t| (t.shared[i], t.pair.1[i]))))));
                }

                let products: Vec<(&[u64], &[u64])> = list.iter().map(|t| (t.shared, t.pair.0)).collect();
                let mut x = a[2].clone();
                add_products_with(instructions, &mut x, &products, &q);
                prop_assert!(check(&x, &|i| q.add(a[2][i], dot(&q, products.iter().map(|(a, b)| (a[i], b[i]))))));

                if n % CHUNK == 0 && terms > 0 {
                    let mut words = vec![0; packed_words(n, terms, &q)];
                    for (t, term) in list.iter().enumerate() {
                        pack(&mut words, t, terms, term.pair, &q);
                    }
                    let mut largest = 0;
                    largest_packed_with(instructions, &mut largest, &words, &q);
                    let packed = list.iter().flat_map(|t| t.pair.0.iter().chain(t.pair.1));
                    prop_assert_eq!(Some(largest), packed.copied().max());
                    let shared: Vec<&[u64]> = list[1..].iter().map(|t| t.shared).collect();
                    let (mut x, mut y) = (a[1].clone(), a[2].clone());
                    multiply_accumulate_packed_with(instructions, (&mut x, &mut y), &shared, &words, terms, &q);
                    let pairs = || shared.iter().zip(&list);
                    prop_assert!(check(&x, &|i| dot(&q, pairs().map(|(s, t)| (s[i], t.pair.0[i])))));
                    prop_assert!(check(&y, &|i| dot(&q, pairs().map(|(s, t)| (s[i], t.pair.1[i])))));
                }

                // Sources of a base conversion are residues of other moduli, up to 50 bits for the vector kernels.
                let sources: Vec<Vec<u64>> = a.iter().map(|v| v.iter().map(|x| x.wrapping_mul(seed | 1) >> 14).collect()).collect();
                let sources: Vec<&[u64]> = sources.iter().map(|v| &v[..]).collect();
                let factors: Vec<u64> = (0..sources.len()).map(|j| a[j][5]).collect();
                let mut x = vec![0; n];
                linear_combination_with(instructions, &mut x, &sources, &factors, 50, &q);
                prop_assert!(check(&x, &|i| dot(&q, sources.iter().zip(&factors).map(|(s, f)| (s[i], *f)))));

                let mut signed: Vec<i32> = a[0].iter().map(|&v| v as i32).collect();
                signed[3..6].copy_from_slice(&[i32::MIN, i32::MAX, -1]);
                reduce_signed_with(instructions, &mut x, &signed, &q);
                prop_assert!(check(&x, &|i| i128::from(signed[i]).rem_euclid(i128::from(q.value())) as u64));
            }
        }
    }

        #[test]
        fn packed_runs_multiply_like_spread_values(
            log_n in 4u32..12, log_run in 0u32..8, terms in 0usize..70, bits in 25u32..60, seed: u64
        ) {
            let (n, run) = (1usize << log_n, 1usize << log_run.min(log_n - 4));
            let q = Modulus::new(ntt_primes(log_n, bits, 1, &[]).unwrap()[0]).unwrap();
            let limb = |salt: usize, length: usize| -> Vec<u64> {
                let word = |i| (seed ^ (salt as u64) << 32 ^ i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (0..length).map(|i| if i == 5 { q.value() - 1 } else { q.reduce(word(i) >> 2) }).collect()
            };
            let list: Vec<[Vec<u64>; 3]> =
                (0..terms).map(|t| [limb(3 * t, n / run), limb(3 * t + 1, n), limb(3 * t + 2, n)]).collect();
            let mut words = vec![0; shared_words(n / run, terms, &q)];
            list.iter().enumerate().for_each(|(t, [shared, ..])| pack_shared(&mut words, t, terms, shared, &q));
            let pairs: Vec<(&[u64], &[u64])> = list.iter().map(|[_, b, a]| (&b[..], &a[..])).collect();
            for instructions in Instructions::available() {
                let (mut b, mut a) = (vec![7; n], vec![9; n]);
                multiply_packed_runs_with(instructions, (&mut b, &mut a), &pairs, &words, run, &q);
                for i in 0..n {
                    let dot = |k: usize| list.iter().fold(0, |s, l| q.add(s, q.mul(l[0][i / run], l[k][i])));
                    prop_assert_eq!((b[i], a[i]), (dot(1), dot(2)), "{:?}, runs of {}", instructions, run);
                }
            }
        }

    #[test]
    fn quotients_are_the_same_in_every_form_and_centre_the_conversion(seed: u64, count in 1usize..12) {
        let moduli: Vec<Modulus> = ntt_primes(8, 40, count, &[]).unwrap().into_iter().map(|q| Modulus::new(q).unwrap()).collect();
        let sources: Vec<Vec<u64>> = moduli.iter().map(|q| residues(q, seed ^ q.value(), 77)).collect();
        let sources: Vec<&[u64]> = sources.iter().map(|v| &v[..]).collect();
        let reciprocals: Vec<f64> = moduli.iter().map(|q| 1.0 / q.value() as f64).collect();
        for instructions in Instructions::available() {
            let mut out = vec![0; 77];
            centered_quotients_with(instructions, &mut out, &sources, &reciprocals, 41);
            for (i, &v) in out.iter().enumerate() {
                let sum: f64 = sources.iter().zip(&reciprocals).map(|(s, r)| s[i] as f64 * r).sum();
                prop_assert_eq!(v, sum.round_ties_even() as u64);
            }
        }
    }
}

#[test]
fn a_name_of_no_kernels_is_refused() {
    let refusal = Instructions::named("avx3").unwrap_err().to_string();
    assert!(refusal.starts_with("LEVELED_SIMD is \"avx3\", but this processor has the kernels portable"), "{refusal}");
    assert!(Instructions::named("").is_err());
    for instructions in Instructions::available() {
        assert_eq!(Instructions::named(instructions.name()), Ok(instructions));
    }
}

#[test]
fn the_named_instruction_set_is_in_use_or_else_the_fastest() {
    let wanted = std::env::var("LEVELED_SIMD").ok();
    let fastest = *Instructions::available().last().unwrap();
    let named = wanted.and_then(|name| Instructions::available().into_iter().find(|found| found.name() == name));
    assert_eq!(instructions(), named.unwrap_or(fastest));
}

/// Factors of the first words of tiles.
fn factors(tiles: &[Tile], distinct: usize) -> Factors {
    let mut factors = Factors::default();
    factors.clear(distinct);
    tiles.iter().for_each(|tile| factors.push(&tile.0[..distinct]));
    factors
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn grouped_products_are_sums_of_products(
        seed: u64, outputs in prop::collection::vec(prop::collection::vec((0u32..9, prop::collection::vec(0u16..40, 1..30)), 0..40), 0..4),
        accumulate: bool
    ) {
        for q in moduli() {
            let tiles = |salt: u64, count: usize| -> Vec<Tile> {
                residues(&q, seed ^ salt, count * TILE).as_chunks().0.iter().copied().map(Tile).collect()
            };
            let (sources, words, before) = (tiles(1, 40), tiles(2, 9), tiles(3, outputs.len()));
            let mut program = SumProgram::new(40, 9, q.bits());
            outputs.iter().for_each(|groups| program.push(groups.iter().map(|(f, m)| (*f, &m[..]))));
            for distinct in [1, 2, 4, 8, 16] {
                let factors = factors(&words, distinct);
                let expected: Vec<Tile> = outputs.iter().zip(&before).map(|(groups, before)| Tile(std::array::from_fn(|i| {
                    let start = if accumulate { before.0[i] } else { 0 };
                    groups.iter().fold(start, |sum, (factor, members)| {
                        let total = members.iter().fold(0, |t, m| q.add(t, sources[usize::from(*m)].0[i]));
                        q.add(sum, q.mul(total, factors.tile(*factor as usize)[i]))
                    })
                }))).collect();
                for instructions in Instructions::available() {
                    let mut out = before.clone();
                    grouped_products_with(instructions, &mut out, &sources, &factors, &program, accumulate, &q);
                    prop_assert_eq!(&out, &expected);
                }
            }
        }
    }
}

#[test]
fn long_sums_are_reduced_in_time() {
    // The largest residues everywhere, and more groups and members than fit without reduction.
    for bits in [41, 46, 50] {
        let q = Modulus::new(ntt_primes_below(8, bits, 1, &[]).unwrap()[0]).unwrap();
        let top = [Tile([q.value() - 1; TILE]); 2];
        let members = vec![1u16; 5000];
        let mut program = SumProgram::new(2, 2, bits);
        let singles: Vec<(u32, &[u16])> = members.iter().map(|m| (1, std::slice::from_ref(m))).collect();
        program.push(singles.into_iter().chain([(0, &members[..])]));
        for instructions in Instructions::available() {
            let mut out = [Tile::default()];
            grouped_products_with(instructions, &mut out, &top, &factors(&top, TILE), &program, false, &q);
            // (-1)(-1), ten thousand times.
            assert_eq!(out, [Tile([10_000 % q.value(); TILE])], "{bits} bits");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn weighted_products_are_matrix_products(
        seed: u64, outputs in 1usize..15, sources in 0usize..40, bits in 2u32..17, extreme: bool
    ) {
        let half = 1i64 << (bits - 1);
        let random = |o: usize, s: usize| ((seed.rotate_left((o * 40 + s) as u32 % 61) as i64).rem_euclid(2 * half) - half) as i16;
        let weight = |o, s| if extreme { (half - 1) as i16 } else { random(o, s) };
        let rows: Vec<Vec<i16>> = (0..outputs).map(|o| (0..sources).map(|s| weight(o, s)).collect()).collect();
        let matrix = IntegerMatrix::new(sources, bits, rows.iter().map(|row| &row[..])).unwrap();
        for q in moduli() {
            let tiles = |salt: u64, count: usize| -> Vec<Tile> {
                residues(&q, seed ^ salt, count * TILE).as_chunks().0.iter().copied().map(Tile).collect()
            };
            let mut x: [Vec<Tile>; TILES] = [tiles(1, sources), tiles(2, sources)];
            if extreme {
                x[0].fill(Tile([q.value() - 1; TILE]));
            }
            let before: [Vec<Tile>; TILES] = [tiles(3, outputs), tiles(4, outputs)];
            let words: [Vec<Tile>; TILES] = [tiles(5, outputs), tiles(6, outputs)];
            let factors = [factors(&words[0], TILE), factors(&words[1], TILE)];
            for instructions in Instructions::available() {
                let mut out = before.clone();
                let [out0, out1] = &mut out;
                weighted_products_with(instructions, [out0, out1], [&x[0], &x[1]], factors.each_ref(), &matrix, &q);
                for (tile, out) in out.iter().enumerate() {
                    for (o, out) in out.iter().enumerate() {
                        for i in 0..TILE {
                            let sum = (0..sources).fold(0, |sum, s| {
                                q.add(sum, q.mul(q.reduce_i64(i64::from(rows[o][s])), x[tile][s].0[i]))
                            });
                            prop_assert_eq!(out.0[i], q.add(before[tile][o].0[i], q.mul(sum, words[tile][o].0[i])));
                        }
                    }
                }
            }
        }
    }
}
