//! Times the evaluator's primitives, for comparison with other libraries by `scripts/peers/table.py`, or the prices of forecasts.

mod setup;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use leveled::ckks::{CkksError, Evaluator};
use leveled::inference::prices::measure as measure_prices;
use leveled::ring::simd::Instructions;
use leveled::ring::{Polynomial, simd};
use rayon::prelude::*;
use serde::Serialize;
use setup::{HOISTED, Setup};

/// Times add, multiply_plain, rotate, square with relinearization and rescale; or measures the prices that forecasts are made with.
#[derive(Debug, Parser)]
struct Arguments {
    /// log2 of the ring dimension.
    #[arg(long, default_value_t = 15)]
    log_n: u32,
    /// Limbs of the ciphertexts, of 38 bits each.
    #[arg(long, default_value_t = 19)]
    limbs: usize,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Samples of each operation; the median is reported.
    #[arg(long, default_value_t = 9)]
    repeats: usize,
    /// File for the result; standard output if not given.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measure the prices of this machine instead, for the kernels in use.
    #[arg(long, conflicts_with_all = ["log_n", "limbs", "threads", "repeats"])]
    prices: bool,
}

/// Seconds of each operation.
#[derive(Debug, Serialize)]
struct Seconds {
    add: f64,
    multiply_plain: f64,
    rotate: f64,
    rotate_hoisted_of_8: f64,
    square_relinearize: f64,
    rescale: f64,
}

/// The form that the scripts in `scripts/peers` share.
#[derive(Debug, Serialize)]
struct Report {
    library: String,
    /// Kernels that were timed, as `LEVELED_SIMD` names them.
    kernels: &'static str,
    log_n: u32,
    limbs: usize,
    threads: usize,
    repeats: usize,
    /// Medians.
    seconds: Seconds,
    seconds_min: Seconds,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    Instructions::chosen()?;
    let text = if arguments.prices { serde_json::to_string_pretty(&measure_prices()?)? } else { timed(&arguments)? };
    match arguments.json {
        Some(file) => std::fs::write(&file, text + "\n").with_context(|| format!("cannot write {}", file.display())),
        None => {
            println!("{text}");
            Ok(())
        }
    }
}

/// The report on the operations.
fn timed(arguments: &Arguments) -> Result<String> {
    ensure!(arguments.repeats > 0, "--repeats is 0; give 1 or more");
    ensure!(arguments.limbs > 1, "--limbs is {}; give 2 or more", arguments.limbs);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let samples = pool.install(|| measure(arguments))?;
    let Arguments { log_n, limbs, threads, repeats, .. } = *arguments;
    let kernels = simd::instructions().name();
    let library = format!("leveled {}, {kernels}", env!("CARGO_PKG_VERSION"));
    let [seconds, seconds_min] = [repeats / 2, 0].map(|rank| samples.seconds(rank));
    Ok(serde_json::to_string(&Report { library, kernels, log_n, limbs, threads, repeats, seconds, seconds_min })?)
}

/// Sorted samples of each operation.
struct Samples {
    add: Vec<f64>,
    multiply_plain: Vec<f64>,
    rotate: Vec<f64>,
    rotate_hoisted: Vec<f64>,
    square_relinearize: Vec<f64>,
    rescale: Vec<f64>,
}

impl Samples {
    /// The samples with this rank.
    fn seconds(&self, rank: usize) -> Seconds {
        Seconds {
            add: self.add[rank],
            multiply_plain: self.multiply_plain[rank],
            rotate: self.rotate[rank],
            rotate_hoisted_of_8: self.rotate_hoisted[rank] / HOISTED.len() as f64,
            square_relinearize: self.square_relinearize[rank],
            rescale: self.rescale[rank],
        }
    }
}

fn measure(arguments: &Arguments) -> Result<Samples> {
    let (limbs, repeats) = (arguments.limbs, arguments.repeats);
    let Setup { parameters, evaluator, slots, ciphertext: x, .. } = Setup::new(arguments.log_n, limbs)?;
    // Encoded once and in evaluation form, as other libraries keep plaintexts.
    let plaintext = evaluator.encoder().encode(&slots, parameters.scale())?;
    let factor: Polynomial =
        parameters.ntts()[..limbs].iter().map(|ntt| plaintext.evaluate_full(ntt, parameters.n())).collect();

    // In place, as SEAL is timed; residues stay below their primes however often it runs.
    let (mut product0, mut product1) = (x.c0().clone(), x.c1().clone());
    let multiply_plain = || {
        let limbs = product0.limbs.par_iter_mut().zip(&mut product1.limbs);
        limbs.zip(&factor.limbs).zip(parameters.ntts()).for_each(|(((c0, c1), factor), ntt)| {
            simd::multiply_assign(c0, factor, ntt.modulus());
            simd::multiply_assign(c1, factor, ntt.modulus());
        });
        Ok::<(), CkksError>(())
    };
    Ok(Samples {
        add: sorted(repeats, || evaluator.add(&x, &x))?,
        multiply_plain: sorted(repeats, multiply_plain)?,
        rotate: sorted(repeats, || evaluator.rotate(&x, 1))?,
        rotate_hoisted: sorted(repeats, || evaluator.rotate_hoisted(&x, &HOISTED))?,
        square_relinearize: sorted(repeats, || evaluator.square(&x))?,
        rescale: sorted(repeats, || evaluator.rescale(&x))?,
    })
}

/// Seconds of `repeats` runs, sorted, after one that does not count.
fn sorted<T, E>(repeats: usize, mut operation: impl FnMut() -> Result<T, E>) -> Result<Vec<f64>, E> {
    black_box(operation()?);
    let mut samples = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let start = Instant::now();
        let result = black_box(operation()?);
        samples.push(start.elapsed().as_secs_f64());
        drop(result);
    }
    samples.sort_by(f64::total_cmp);
    Ok(samples)
}
