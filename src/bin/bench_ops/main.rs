//! Times the evaluator's primitives, for comparison with another library by `scripts/peers/tenseal_ops.py`.

mod setup;

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use leveled::ckks::{CkksError, Evaluator};
use leveled::ring::{Polynomial, simd};
use rayon::prelude::*;
use serde::Serialize;
use setup::{HOISTED, Setup};

/// Times add, multiply_plain, rotate, square with relinearization and rescale.
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
}

/// Median seconds of each operation.
#[derive(Debug, Serialize)]
struct Seconds {
    add: f64,
    multiply_plain: f64,
    rotate: f64,
    rotate_hoisted_of_8: f64,
    square_relinearize: f64,
    rescale: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    log_n: u32,
    limbs: usize,
    threads: usize,
    seconds: Seconds,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.repeats > 0, "--repeats is 0; give 1 or more");
    ensure!(arguments.limbs > 1, "--limbs is {}; give 2 or more", arguments.limbs);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let seconds = pool.install(|| measure(&arguments))?;
    let Arguments { log_n, limbs, threads, json, .. } = arguments;
    let text = serde_json::to_string(&Report { log_n, limbs, threads, seconds })?;
    match json {
        Some(file) => std::fs::write(&file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?,
        None => println!("{text}"),
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<Seconds> {
    let (limbs, repeats) = (arguments.limbs, arguments.repeats);
    let Setup { parameters, evaluator, slots, ciphertext: x, .. } = Setup::new(arguments.log_n, limbs)?;
    // Encoded once and in evaluation form, as other libraries keep plaintexts.
    let plaintext = evaluator.encoder().encode(&slots, parameters.scale())?;
    let factor: Polynomial =
        parameters.ntts()[..limbs].iter().map(|ntt| plaintext.evaluate(ntt, parameters.n())).collect();

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
    Ok(Seconds {
        add: median(repeats, || evaluator.add(&x, &x))?,
        multiply_plain: median(repeats, multiply_plain)?,
        rotate: median(repeats, || evaluator.rotate(&x, 1))?,
        rotate_hoisted_of_8: median(repeats, || evaluator.rotate_hoisted(&x, &HOISTED))? / HOISTED.len() as f64,
        square_relinearize: median(repeats, || evaluator.square(&x))?,
        rescale: median(repeats, || evaluator.rescale(&x))?,
    })
}

/// Median seconds of `repeats` runs, after one that does not count.
fn median<T, E>(repeats: usize, mut operation: impl FnMut() -> Result<T, E>) -> Result<f64, E> {
    black_box(operation()?);
    let mut samples = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let start = Instant::now();
        let result = black_box(operation()?);
        samples.push(start.elapsed().as_secs_f64());
        drop(result);
    }
    samples.sort_by(f64::total_cmp);
    Ok(samples[samples.len() / 2])
}
