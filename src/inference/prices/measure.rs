//! Measures prices on the machine at hand, in about a second.
//!
//! Every kernel runs on operands that lie where they lie in an evaluation: limbs that the caches hold, keys that come from
//! memory. Times are processor times of a thread, so other processes disturb them little; each is the median of many.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::{PriceList, Prices, REFERENCE_LOG_N};
use crate::ring::arena::Pages;
use crate::ring::automorphism::rotation_element;
use crate::ring::packed_terms::packed_words;
use crate::ring::primes::ntt_primes;
use crate::ring::simd::{
    self, Factors, IntegerMatrix, PANEL_ROWS, PanelPart, PanelTerm, SumProgram, TILE, TILES, Term, Tile,
};
use crate::ring::{Automorphism, BaseConversion, Limb, Ntt, PackedTerms, RingError};

/// Bits of the primes: those of the default parameters.
const PRIME_BITS: u32 = 42;

/// Digits of a key switch, and primes in a digit: common numbers.
const DIGITS: usize = 5;
const DIGIT_LIMBS: usize = 4;

/// Rotated inputs that a linear transform has at hand, and plaintexts that it multiplies at a time.
const BABIES: usize = 16;
const PLAINTEXTS: usize = 4;

/// Limbs that passes go over, half of them sources: the ciphertexts of a few steps.
const PASSED: usize = 128;

/// Bytes of keys that are read in turn: more than caches hold.
const KEY_BYTES: usize = 96 << 20;

/// Sources and outputs of a combination; bits of an integer weight.
const SOURCES: usize = 288;
const OUTPUTS: usize = 32;
const WEIGHT_BITS: u32 = 8;

/// Wall-clock time of a kernel, and its fewest samples.
const BUDGET: Duration = Duration::from_millis(25);
const FEWEST: usize = 5;

/// Measures the prices of this machine, for the kernels in use.
///
/// # Errors
/// None for the primes that it takes.
pub fn measure() -> Result<Prices, RingError> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let shared = Shared::new()?;
    let alone = shared.price(1);
    let together = if cores > 1 { shared.price(cores) } else { alone };
    Ok(Prices { instructions: simd::instructions().name().to_owned(), cores, alone, together })
}

/// What all threads read.
struct Shared {
    ntts: Vec<Ntt>,
    conversion: BaseConversion,
    automorphism: Automorphism,
    babies: Vec<[Limb; 2]>,
    sources: Vec<Limb>,
    keys: Pages,
    singles: SumProgram,
    groups: SumProgram,
    matrix: IntegerMatrix,
}

/// Members of a group of [`Shared::groups`]; those of [`Shared::singles`] have one.
const MEMBERS: usize = 9;

impl Shared {
    fn new() -> Result<Self, RingError> {
        let primes = ntt_primes(REFERENCE_LOG_N, PRIME_BITS, DIGIT_LIMBS + 1, &[])?;
        let ntts = primes.iter().map(|q| Ntt::new(REFERENCE_LOG_N, *q)).collect::<Result<Vec<_>, _>>()?;
        let digit: Vec<&Ntt> = ntts[1..].iter().collect();
        let conversion = BaseConversion::new(&digit, &[&ntts[0]]);
        let mut keys = Pages::zeros(KEY_BYTES / 8);
        // Every half of a word is a residue of few bits, and no page is left to be shared.
        keys.fill(0x0015_0023_0015_0023);
        let bits = ntts[0].modulus().bits();
        let program = |members: usize| {
            let mut program = SumProgram::new(SOURCES, OUTPUTS, bits);
            for output in 0..OUTPUTS {
                let source = |group: usize, member: usize| ((output * 7 + group * 31 + member * 5) % SOURCES) as u16;
                let groups: Vec<Vec<u16>> =
                    (0..SOURCES / MEMBERS).map(|g| (0..members).map(|m| source(g, m)).collect()).collect();
                program.push(groups.iter().enumerate().map(|(g, members)| ((g % OUTPUTS) as u32, &members[..])));
            }
            program
        };
        let weights: Vec<i16> = (0..SOURCES).map(|i| (i % 200) as i16 - 100).collect();
        Ok(Self {
            conversion,
            automorphism: Automorphism::new(REFERENCE_LOG_N, rotation_element(REFERENCE_LOG_N, 3)),
            sources: (0..PASSED as u64 / 2).map(limb).collect(),
            babies: (0..BABIES as u64).map(|baby| [limb(2 * baby), limb(2 * baby + 1)]).collect(),
            keys,
            singles: program(1),
            groups: program(MEMBERS),
            matrix: IntegerMatrix::new(SOURCES, WEIGHT_BITS, (0..OUTPUTS).map(|_| &weights[..]))?,
            ntts,
        })
    }

    /// Mean prices of `threads` threads that run the same kernels side by side.
    fn price(&self, threads: usize) -> PriceList {
        let barrier = Barrier::new(threads);
        let lists: Vec<PriceList> = std::thread::scope(|scope| {
            let worker = |rank| {
                let barrier = &barrier;
                scope.spawn(move || Worker::new(self, barrier, rank).price())
            };
            let workers: Vec<_> = (0..threads).map(worker).collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        let mean = |of: fn(&PriceList) -> f64| lists.iter().map(of).sum::<f64>() / lists.len().max(1) as f64;
        PriceList {
            transform: mean(|list| list.transform),
            product: mean(|list| list.product),
            key_product: mean(|list| list.key_product),
            key_byte: mean(|list| list.key_byte),
            conversion: mean(|list| list.conversion),
            pass: mean(|list| list.pass),
            tile_product: mean(|list| list.tile_product),
            tile_addition: mean(|list| list.tile_addition),
            tile_weight: mean(|list| list.tile_weight),
            panel_number: mean(|list| list.panel_number),
            panel_residue: mean(|list| list.panel_residue),
        }
    }
}

/// A limb of small residues.
fn limb(number: u64) -> Limb {
    let mut limb = Limb::zero(1 << REFERENCE_LOG_N);
    for (i, word) in (0..).zip(limb.iter_mut()) {
        *word = (i * 0x9E37_79B9 + number * 0x85EB) & 0x3F_FFFF_FFFF;
    }
    limb
}

/// One thread's operands.
struct Worker<'s> {
    shared: &'s Shared,
    barrier: &'s Barrier,
    rank: usize,
}

impl<'s> Worker<'s> {
    fn new(shared: &'s Shared, barrier: &'s Barrier, rank: usize) -> Self {
        Self { shared, barrier, rank }
    }

    /// Median seconds of an operation, which is told how often it ran; all threads start together.
    fn median(&self, mut operation: impl FnMut(usize)) -> f64 {
        let first = self.rank * 1000;
        operation(first);
        self.barrier.wait();
        let begin = Instant::now();
        let mut samples = Vec::new();
        while samples.len() < FEWEST || begin.elapsed() < BUDGET {
            let start = thread_seconds();
            operation(first + samples.len() + 1);
            samples.push(thread_seconds() - start);
        }
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    }

    fn price(&self) -> PriceList {
        let Shared { ntts, conversion, automorphism, babies, sources, .. } = self.shared;
        let (ntt, q) = (&ntts[0], ntts[0].modulus());
        let mut own: Vec<Limb> = (0..PASSED as u64 / 2).map(limb).collect();
        let (mut c0, mut c1) = (limb(1), limb(2));

        let transform = self.median(|_| {
            ntt.forward(&mut c0);
            ntt.inverse(&mut c0);
        }) / 2.0;

        let plaintexts = &own[..PLAINTEXTS];
        let product = self.median(|turn| {
            let chosen = babies.iter().cycle().skip(PLAINTEXTS * turn % BABIES);
            let terms: Vec<Term> = plaintexts
                .iter()
                .zip(chosen)
                .map(|(shared, [first, second])| Term { shared, pair: (first, second) })
                .collect();
            simd::multiply_accumulate((&mut c0, &mut c1), &terms, true, q);
        }) / PLAINTEXTS as f64;

        let words: &[u32] = bytemuck::cast_slice(&self.shared.keys);
        let part = packed_words(c0.len(), DIGITS, q);
        let parts = words.len() / part;
        let digits: Vec<&[u64]> = own[..DIGITS].iter().map(|digit| &digit[..]).collect();
        let mut switch = |number: usize| {
            let words = &words[number % parts * part..][..part];
            PackedTerms { words, terms: DIGITS }.multiply_accumulate((&mut c0, &mut c1), &digits, q);
        };
        let cached = self.median(|_| switch(self.rank));
        let streamed = self.median(&mut switch);

        let prepared = conversion.prepare(babies[..DIGIT_LIMBS].iter().map(|[limb, _]| limb.clone()).collect());
        let conversion = self.median(|_| conversion.convert(&prepared, 0, &mut c0)) / (DIGIT_LIMBS + 1) as f64;

        let count = own.len();
        let added = self.median(|turn| simd::add_assign(&mut own[turn % count], &sources[turn % count], q));
        let permuted = self.median(|turn| automorphism.apply(&sources[turn % count], &mut own[turn % count]));

        let tiles = |count: usize| vec![Tile([7; TILE]); count];
        let (inputs, mut outputs) = ([tiles(SOURCES), tiles(SOURCES)], [tiles(OUTPUTS), tiles(OUTPUTS)]);
        let mut factors = Factors::default();
        factors.clear(TILE);
        (0..OUTPUTS).for_each(|factor| factors.push(&[factor as u64 + 3; TILE]));
        // From one tile to a limb.
        let limb_of_tiles = (c0.len() / TILE) as f64;
        let mut sum = |program: &SumProgram| {
            let seconds = self.median(|_| {
                // Many runs, so that the clock's own time does not count.
                for _ in 0..16 {
                    simd::grouped_products(&mut outputs[0], &inputs[0], &factors, program, true, q);
                }
            });
            seconds / 16.0 * limb_of_tiles / (OUTPUTS * (SOURCES / MEMBERS)) as f64
        };
        let (single, group) = (sum(&self.shared.singles), sum(&self.shared.groups));
        let tile_addition = (group - single) / (MEMBERS - 1) as f64;

        let weighted = self.median(|_| {
            for _ in 0..16 {
                let out = outputs.each_mut().map(|tiles| &mut tiles[..]);
                let inputs = inputs.each_ref().map(|tiles| &tiles[..]);
                simd::weighted_products(out, inputs, [&factors; TILES], &self.shared.matrix, q);
            }
        });
        let (panel_number, panel_residue) = self.panel_prices();
        black_box((&c0, &c1, &own, &outputs));
        PriceList {
            transform,
            product,
            key_product: cached / DIGITS as f64,
            key_byte: (streamed - cached).max(0.0) / (4 * part) as f64,
            conversion,
            pass: f64::midpoint(added, permuted),
            tile_product: (single - tile_addition).max(0.0),
            tile_addition: tile_addition.max(0.0),
            tile_weight: weighted / 16.0 * limb_of_tiles / (TILES * OUTPUTS * SOURCES) as f64,
            panel_number,
            panel_residue,
        }
    }

    /// Prices of products with whole numbers and with residues in a panel.
    fn panel_prices(&self) -> (f64, f64) {
        let q = self.shared.ntts[0].modulus();
        let terms: Vec<PanelTerm> = (0..SOURCES as u32).map(|i| PanelTerm { source: i, column: i }).collect();
        let mut sources = vec![Tile([7; TILE]); SOURCES];
        simd::panel_operands(bytemuck::cast_slice_mut(&mut sources), q);
        // As long against their limit as weights of a network.
        let number = |i: usize, row: usize| ((i * 37 + row * 11) % 101) as i64 - 50;
        let numbers: Vec<[i64; PANEL_ROWS]> = (0..SOURCES).map(|i| std::array::from_fn(|row| number(i, row))).collect();
        let points = simd::reduction_points(numbers.iter(), q.value());
        let numbers: Vec<[u64; PANEL_ROWS]> = numbers.into_iter().map(simd::whole_numbers).collect();
        let mut residues = vec![[12_345; PANEL_ROWS]; SOURCES];
        simd::panel_operands(residues.as_flattened_mut(), q);
        let whole = PanelPart { terms: &terms, weights: &numbers };
        let masked = PanelPart { terms: &terms, weights: &residues };
        let nothing = PanelPart { terms: &[], weights: &[] };
        let mut out = [Tile::default(); PANEL_ROWS];
        let mut price = |whole: PanelPart<'_>, points: &[u32], residues: PanelPart<'_>| {
            let seconds = self.median(|_| {
                for _ in 0..64 {
                    simd::panel_products(&mut out, &sources, whole, points, residues, q);
                }
            });
            let tiles = (1 << REFERENCE_LOG_N) / TILE;
            seconds / 64.0 * tiles as f64 / (PANEL_ROWS * SOURCES) as f64
        };
        let prices = (price(whole, &points, nothing), price(nothing, &[], masked));
        black_box(&out);
        prices
    }
}

/// Processor time of this thread.
#[cfg(target_os = "linux")]
fn thread_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time`, which lives here, and nowhere else.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    // There is such a clock in every kernel that has threads.
    debug_assert_eq!(failed, 0);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// Time since some moment, where a thread's own is not told.
#[cfg(not(target_os = "linux"))]
fn thread_seconds() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}
