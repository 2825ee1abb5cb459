//! Centred fast base conversion: from residues modulo r_1..r_m to residues modulo other primes.
//!
//! With R the product of the r_j and y_j = x_j (R/r_j)^-1 mod r_j, the representative of x in \[-R/2, R/2\] is
//! sum_j y_j R/r_j - v R, where v = round(sum_j y_j / r_j) (Halevi, Polyakov, Shoup 2018, section 2.2). The quotient is
//! computed in double precision; where it is wrong, x was within 2^-45 R of R/2 and comes out as x -+ R, which is as good.

use super::limb::Limb;
use super::modulus::{Factor, Modulus};
use super::ntt::Ntt;
use super::simd;

/// Constants of one conversion.
#[derive(Debug)]
pub struct BaseConversion {
    sources: Vec<Modulus>,
    /// (R/r_j)^-1 N^-1 mod r_j: the sources arrive from an unscaled inverse transform.
    inverses: Vec<Factor>,
    reciprocals: Vec<f64>,
    /// Bit length of the largest source; the quotient is far below it.
    source_bits: u32,
    targets: Vec<Target>,
}

#[derive(Debug)]
struct Target {
    modulus: Modulus,
    /// R/r_j mod the target for each source, then -R mod the target.
    factors: Vec<u64>,
    /// R^-1 mod the target (of no use when the target is among the sources).
    inverse: Factor,
}

/// Residues of the sources, multiplied by their inverses, and the quotient v.
#[derive(Debug)]
pub struct Prepared {
    limbs: Vec<Limb>,
}

impl BaseConversion {
    /// The conversion from `sources` to `targets`.
    pub fn new(sources: &[&Ntt], targets: &[&Ntt]) -> Self {
        let product_without = |modulus: &Modulus, skip: Option<usize>| {
            sources
                .iter()
                .enumerate()
                .filter(|(j, _)| Some(*j) != skip)
                .fold(1, |product, (_, r)| modulus.mul(product, modulus.reduce(r.modulus().value())))
        };
        Self {
            sources: sources.iter().map(|r| *r.modulus()).collect(),
            inverses: sources
                .iter()
                .enumerate()
                .map(|(j, r)| {
                    let m = r.modulus();
                    m.factor(m.mul(m.inverse(product_without(m, Some(j))), r.inverse_n().value))
                })
                .collect(),
            reciprocals: sources.iter().map(|r| 1.0 / r.modulus().value() as f64).collect(),
            source_bits: sources.iter().map(|r| r.modulus().bits()).max().unwrap_or(0),
            targets: targets
                .iter()
                .map(|t| {
                    let m = t.modulus();
                    let whole = product_without(m, None);
                    let mut factors: Vec<u64> = (0..sources.len()).map(|j| product_without(m, Some(j))).collect();
                    factors.push(m.neg(whole));
                    Target { modulus: *m, factors, inverse: m.factor(m.inverse(whole)) }
                })
                .collect(),
        }
    }

    /// Number of sources.
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// R^-1 modulo target number `target`.
    pub fn inverse(&self, target: usize) -> Factor {
        self.targets[target].inverse
    }

    /// Prepares one source limb, in place: `limb` comes from [`Ntt::inverse_unscaled`].
    pub fn scale_source(&self, source: usize, limb: &mut [u64]) {
        simd::multiply_by_factor(limb, self.inverses[source], &self.sources[source]);
    }

    /// Collects limbs that went through [`BaseConversion::scale_source`].
    pub fn prepare(&self, mut limbs: Vec<Limb>) -> Prepared {
        let n = limbs[0].len();
        let mut quotient = Limb::scratch(n);
        let words: Vec<&[u64]> = limbs.iter().map(|l| &l[..]).collect();
        simd::centered_quotients(&mut quotient, &words, &self.reciprocals, self.source_bits);
        limbs.push(quotient);
        Prepared { limbs }
    }

    /// Writes the coefficients modulo target number `target` to `out`.
    pub fn convert(&self, prepared: &Prepared, target: usize, out: &mut [u64]) {
        let Target { modulus, factors, .. } = &self.targets[target];
        let words: Vec<&[u64]> = prepared.limbs.iter().map(|l| &l[..]).collect();
        simd::linear_combination(out, &words, factors, self.source_bits, modulus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::ntt_primes;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn converts_the_centred_representative(seed: u64, count in 1usize..9, bits in 30u32..56) {
            let (log_n, n) = (5, 32usize);
            let primes = ntt_primes(log_n, bits, count, &[]).unwrap();
            let mut targets = ntt_primes(log_n, 45, 2, &primes).unwrap();
            targets.extend(ntt_primes(log_n, 58, 1, &primes).unwrap());
            let ntts = |list: &[u64]| -> Vec<Ntt> { list.iter().map(|q| Ntt::new(log_n, *q).unwrap()).collect() };
            let (sources, targets) = (ntts(&primes), ntts(&targets));
            let product: BigInt = primes.iter().map(|q| BigInt::from(*q)).product();
            // Signed values spread over [-R/2, R/2], away from the ends by 2^-40 R.
            let values: Vec<BigInt> = (0..n as u64)
                .map(|i| ((&product * BigInt::from((seed.wrapping_mul(2 * i + 1) >> 24) as i64 - (1 << 39))) >> 40u32) * 1_048_575 / 1_048_576)
                .collect();
            let residue = |v: &BigInt, q: u64| -> u64 { u64::try_from(((v % q) + q) % q).unwrap() };

            let conversion = BaseConversion::new(&sources.iter().collect::<Vec<_>>(), &targets.iter().collect::<Vec<_>>());
            let limbs = sources.iter().enumerate().map(|(j, ntt)| {
                let mut limb = Limb::from_slice(&values.iter().map(|v| residue(v, ntt.modulus().value())).collect::<Vec<_>>()).unwrap();
                ntt.forward(&mut limb);
                ntt.inverse_unscaled(&mut limb);
                conversion.scale_source(j, &mut limb);
                limb
            }).collect();
            let prepared = conversion.prepare(limbs);
            for (t, ntt) in targets.iter().enumerate() {
                let mut out = vec![0; n];
                conversion.convert(&prepared, t, &mut out);
                for (v, o) in values.iter().zip(&out) {
                    prop_assert_eq!(*o, residue(v, ntt.modulus().value()));
                }
                let m = ntt.modulus();
                prop_assert_eq!(m.mul_factor(residue(&product, m.value()), conversion.inverse(t)), 1);
            }
        }
    }
}
