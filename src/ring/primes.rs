//! Primes that are 1 modulo 2N, close to a power of two.

use super::error::RingError;
use super::modulus::{MAX_BITS, Modulus};

/// Smallest supported log2 of the ring dimension.
pub const MIN_LOG_N: u32 = 4;
/// Largest supported log2 of the ring dimension.
pub const MAX_LOG_N: u32 = 17;

/// Whether `n` is a prime below 2^60, the largest [`Modulus`] (Miller-Rabin with the first twelve primes, which are proven to suffice for 64
/// bits; Sorenson and Webster 2015).
pub fn is_prime(n: u64) -> bool {
    const SMALL: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if n < 2 {
        return false;
    }
    for p in SMALL {
        if n.is_multiple_of(p) {
            return n == p;
        }
    }
    let Some(modulus) = Modulus::new(n) else { return false };
    let shift = (n - 1).trailing_zeros();
    let odd = (n - 1) >> shift;
    SMALL.iter().all(|&base| {
        let mut x = modulus.pow(base, odd);
        if x == 1 || x == n - 1 {
            return true;
        }
        for _ in 1..shift {
            x = modulus.mul(x, x);
            if x == n - 1 {
                return true;
            }
        }
        false
    })
}

/// `count` distinct primes near 2^`bits` that are 1 modulo 2N and not in `taken`.
///
/// Primes are taken from above and below 2^`bits` in turn, so that the product of any number of them stays near
/// 2^(`bits` * number): each step takes the side that brings the running product closer.
///
/// # Errors
/// [`RingError::TooFewPrimes`] when the interval (2^(bits-1), 2^(bits+1)) holds fewer, and
/// [`RingError::Dimension`] for an unsupported ring.
pub fn ntt_primes(log_n: u32, bits: u32, count: usize, taken: &[u64]) -> Result<Vec<u64>, RingError> {
    let two_n = two_n(log_n)?;
    let too_few = |found| RingError::TooFewPrimes { wanted: count, found, bits, two_n };
    if bits > MAX_BITS || bits < log_n + 2 {
        return Err(too_few(0));
    }
    let centre = 1u64 << bits;
    // A modulus must stay below 2^60.
    let top = if bits == MAX_BITS { centre } else { centre * 2 };
    let usable = |q: &u64| is_prime(*q) && !taken.contains(q);
    let mut above = (1..).map(|k| centre + k * two_n + 1 - two_n).take_while(|q| *q < top).filter(usable).peekable();
    let mut below = (1..centre / 2 / two_n).map(|k| centre - k * two_n + 1).filter(usable).peekable();
    let mut primes = Vec::new();
    let mut drift = 0f64;
    while primes.len() < count {
        let ratio = |q: &u64| (*q as f64 / centre as f64).log2();
        let up = above.peek().map(|q| (drift + ratio(q)).abs());
        let down = below.peek().map(|q| (drift + ratio(q)).abs());
        let from_above = match (up, down) {
            (None, None) => return Err(too_few(primes.len())),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(u), Some(d)) => u <= d,
        };
        let next = if from_above { above.next() } else { below.next() };
        let Some(q) = next else { return Err(too_few(primes.len())) };
        drift += ratio(&q);
        primes.push(q);
    }
    Ok(primes)
}

/// The `count` largest primes below 2^`bits` that are 1 modulo 2N and not in `taken`: their product is below
/// 2^(`bits` * number).
///
/// # Errors
/// As [`ntt_primes`], for the interval (2^(bits-1), 2^bits).
pub fn ntt_primes_below(log_n: u32, bits: u32, count: usize, taken: &[u64]) -> Result<Vec<u64>, RingError> {
    let two_n = two_n(log_n)?;
    let too_few = |found| RingError::TooFewPrimes { wanted: count, found, bits, two_n };
    if bits > MAX_BITS || bits < log_n + 2 {
        return Err(too_few(0));
    }
    let top = 1u64 << bits;
    let candidates = (1..=top / 2 / two_n).map(|k| top - k * two_n + 1);
    let primes: Vec<u64> = candidates.filter(|q| is_prime(*q) && !taken.contains(q)).take(count).collect();
    if primes.len() < count { Err(too_few(primes.len())) } else { Ok(primes) }
}

/// 2N for a supported ring.
fn two_n(log_n: u32) -> Result<u64, RingError> {
    if (MIN_LOG_N..=MAX_LOG_N).contains(&log_n) {
        Ok(2 << log_n)
    } else {
        Err(RingError::Dimension { log_n, min: MIN_LOG_N, max: MAX_LOG_N })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_small_primes_and_carmichael_numbers() {
        let sieve: Vec<u64> = (0..2000).filter(|&n| n > 1 && (2..n).all(|d| n % d != 0)).collect();
        assert_eq!((0..2000).filter(|&n| is_prime(n)).collect::<Vec<_>>(), sieve);
        for composite in [561, 41_041, 3_215_031_751, 3_474_749_660_383, 341_550_071_728_321] {
            assert!(!is_prime(composite), "{composite}");
        }
        assert!(is_prime(1_152_921_504_606_846_883));
    }

    #[test]
    fn products_stay_near_powers_of_two_for_every_ring() {
        for log_n in 12..=16 {
            for bits in [25, 30, 39, 40, 49, 55, 60] {
                let count = if bits < 30 { 3 } else { 12 };
                let primes = ntt_primes(log_n, bits, count, &[]).unwrap();
                let mut seen = primes.clone();
                seen.sort_unstable();
                seen.dedup();
                assert_eq!(seen.len(), count);
                let mut log2 = 0.0;
                for (i, q) in primes.iter().enumerate() {
                    assert!(is_prime(*q) && q % (2 << log_n) == 1 && *q < 1 << 60);
                    log2 += (*q as f64).log2();
                    let tolerance = if bits < 30 { 0.6 } else { 0.05 };
                    let expected = f64::from(bits) * (i + 1) as f64;
                    assert!(bits == 60 || (log2 - expected).abs() < tolerance, "{log_n} {bits} {i} {log2}");
                }
            }
        }
    }

    #[test]
    fn skips_taken_primes_and_reports_scarcity() {
        let first = ntt_primes(12, 40, 4, &[]).unwrap();
        let next = ntt_primes(12, 40, 4, &first).unwrap();
        assert!(next.iter().all(|q| !first.contains(q)));
        let error = ntt_primes(15, 18, 100, &[]).unwrap_err();
        assert!(error.to_string().contains("ask for fewer primes"), "{error}");
        assert!(matches!(ntt_primes(3, 30, 1, &[]), Err(RingError::Dimension { .. })));
    }

    #[test]
    fn the_largest_primes_below_a_power_of_two() {
        for (log_n, bits, count) in [(15, 47, 6), (15, 21, 2), (12, 30, 4)] {
            let primes = ntt_primes_below(log_n, bits, count, &[]).unwrap();
            assert!(primes.windows(2).all(|pair| pair[1] < pair[0]) && primes[0] < 1 << bits);
            assert!(primes.iter().all(|q| is_prime(*q) && q % (2 << log_n) == 1 && *q > 1 << (bits - 1)));
            // None in between was passed over.
            let between = (primes[count - 1]..1 << bits).step_by(2 << log_n).filter(|q| is_prime(*q)).count();
            assert_eq!(between, count);
            let rest = ntt_primes_below(log_n, bits, 1, &primes[..1]).unwrap();
            assert_eq!(rest[0], primes[1]);
        }
        assert!(matches!(ntt_primes_below(15, 19, 9, &[]), Err(RingError::TooFewPrimes { wanted: 9, .. })));
    }
}
