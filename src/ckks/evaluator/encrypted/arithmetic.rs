//! Sums and products.

use rayon::prelude::*;

use super::Encrypted;
use super::key_switch::{Half, Pair};
use super::rotation::INPUTS_PER_KEY;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::encoder::{Complex, Plaintext};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check::{self, State};
use crate::ckks::keys::KeyKind;
use crate::ring::{Limb, Modulus, Polynomial, simd};

/// Multiplies a limb by 2^`shift`, which may be beyond a word.
pub(super) fn multiply_by_power(limb: &mut Limb, shift: u32, q: &Modulus) {
    if shift > 0 {
        simd::multiply_by_factor(limb, q.factor(q.pow(2, shift.into())), q);
    }
}

impl Encrypted {
    pub(super) fn state(&self, x: &Ciphertext) -> State {
        State { limbs: x.limbs(), scale: x.scale }
    }

    pub(super) fn modulus(&self, prime: usize) -> &Modulus {
        self.parameters.ntts()[prime].modulus()
    }

    /// Adds a polynomial to another one, both in the basis `primes`.
    pub(super) fn add_polynomial(&self, target: &mut Polynomial, addend: &Polynomial, primes: &[usize]) {
        target.limbs.par_iter_mut().zip(&addend.limbs).zip(primes).for_each(|((limb, addend), &prime)| {
            simd::add_assign(limb, addend, self.modulus(prime));
        });
    }

    /// Applies `f` to the two limbs of every prime.
    fn map(&self, x: &Ciphertext, f: impl Fn(usize, &mut [u64], &mut [u64]) + Sync) -> Ciphertext {
        let mut out = x.clone();
        out.c0.limbs.par_iter_mut().zip(&mut out.c1.limbs).enumerate().for_each(|(prime, (c0, c1))| f(prime, c0, c1));
        out
    }

    pub(super) fn add_ciphertext(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::compatible("add", self.state(x), self.state(y))?;
        Ok(self.map(x, |i, c0, c1| {
            simd::add_assign(c0, &y.c0.limbs[i], self.modulus(i));
            simd::add_assign(c1, &y.c1.limbs[i], self.modulus(i));
        }))
    }

    pub(super) fn sub_ciphertext(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::compatible("subtract", self.state(x), self.state(y))?;
        Ok(self.map(x, |i, c0, c1| {
            simd::sub_assign(c0, &y.c0.limbs[i], self.modulus(i));
            simd::sub_assign(c1, &y.c1.limbs[i], self.modulus(i));
        }))
    }

    pub(super) fn negate_ciphertext(&self, x: &Ciphertext) -> Ciphertext {
        self.map(x, |i, c0, c1| {
            simd::negate(c0, self.modulus(i));
            simd::negate(c1, self.modulus(i));
        })
    }

    pub(super) fn add_plaintext(&self, x: &Ciphertext, slots: &[Complex]) -> Result<Ciphertext, CkksError> {
        let plaintext = self.encoder.encode_shifted(slots, x.scale)?;
        Ok(self.map(x, |i, c0, _| simd::add_assign(c0, &self.evaluated(&plaintext, i), self.modulus(i))))
    }

    pub(super) fn multiply_plaintext(
        &self,
        x: &Ciphertext,
        slots: &[Complex],
        scale: f64,
    ) -> Result<Ciphertext, CkksError> {
        let plaintext = self.encoder.encode_shifted(slots, scale)?;
        let mut out = self.map(x, |i, c0, c1| {
            let factor = self.evaluated(&plaintext, i);
            simd::multiply_assign(c0, &factor, self.modulus(i));
            simd::multiply_assign(c1, &factor, self.modulus(i));
        });
        out.scale *= scale;
        Ok(out)
    }

    /// Multiplies a pair in the basis `primes` by 2^shift.
    pub(super) fn shift_left(&self, pair: &mut Pair, primes: &[usize], shift: u32) {
        let limbs = pair.0.limbs.par_iter_mut().zip(&mut pair.1.limbs).zip(primes);
        limbs.for_each(|((c0, c1), &prime)| {
            multiply_by_power(c0, shift, self.modulus(prime));
            multiply_by_power(c1, shift, self.modulus(prime));
        });
    }

    /// A plaintext times a power of two modulo one prime.
    fn evaluated(&self, (plaintext, shift): &(Plaintext, u32), prime: usize) -> Limb {
        let ntt = &self.parameters.ntts()[prime];
        let q = ntt.modulus();
        let mut limb = plaintext.evaluate_full(ntt, self.parameters.n());
        multiply_by_power(&mut limb, *shift, q);
        limb
    }

    pub(super) fn multiply_by_integer(&self, x: &Ciphertext, factor: i64) -> Ciphertext {
        self.map(x, |i, c0, c1| {
            let q = self.modulus(i);
            let factor = q.factor(q.reduce_i64(factor));
            simd::multiply_by_factor(c0, factor, q);
            simd::multiply_by_factor(c1, factor, q);
        })
    }

    pub(super) fn multiply_by_imaginary_unit(&self, x: &Ciphertext) -> Ciphertext {
        self.map(x, |i, c0, c1| {
            let ntt = &self.parameters.ntts()[i];
            ntt.multiply_by_imaginary_unit(c0);
            ntt.multiply_by_imaginary_unit(c1);
        })
    }

    pub(super) fn drop_limbs(&self, x: &Ciphertext, limbs: usize) -> Result<Ciphertext, CkksError> {
        check::can_drop(self.state(x), limbs)?;
        Ok(x.prefix(limbs))
    }

    pub(super) fn multiply_ciphertext(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::same_level("multiply", self.state(x), self.state(y))?;
        // d0 + d1 s + d2 s^2 = (x0 + x1 s)(y0 + y1 s).
        Ok(self.multiply_and_relinearize(&[(x, y)])?.remove(0))
    }

    pub(super) fn square_ciphertexts(&self, inputs: &[&Ciphertext]) -> Result<Vec<Ciphertext>, CkksError> {
        for pair in inputs.windows(2) {
            check::same_level("square", self.state(pair[0]), self.state(pair[1]))?;
        }
        let pairs: Vec<_> = inputs.iter().map(|x| (*x, *x)).collect();
        let mut squares = Vec::with_capacity(inputs.len());
        for pairs in pairs.chunks(INPUTS_PER_KEY) {
            squares.extend(self.multiply_and_relinearize(pairs)?);
        }
        Ok(squares)
    }

    /// Switches d2 = x1 y1 and adds the rest of the product limb by limb as the switched parts come out of the cache.
    fn multiply_and_relinearize(&self, pairs: &[(&Ciphertext, &Ciphertext)]) -> Result<Vec<Ciphertext>, CkksError> {
        let limbs = pairs.first().map_or(1, |(x, _)| x.limbs());
        let key = self
            .keys
            .get(&self.parameters, KeyKind::Relinearization, limbs)
            .ok_or(CkksError::MissingRelinearizationKey { level: limbs - 1 })?;
        let d2: Vec<Polynomial> = pairs
            .iter()
            .map(|(x, y)| {
                let product = |(i, (x1, y1)): (usize, (&Limb, &Limb))| {
                    let mut product = x1.clone();
                    simd::multiply_assign(&mut product, y1, self.modulus(i));
                    product
                };
                let limbs: Vec<Limb> = x.c1.limbs.par_iter().zip(&y.c1.limbs).enumerate().map(product).collect();
                limbs.into_iter().collect()
            })
            .collect();
        let d2: Vec<&Polynomial> = d2.iter().collect();
        let switched = self.switch_hoisted(&d2, &[key]).into_iter().flatten();
        let relinearized = switched.zip(pairs).map(|(pair, (x, y))| {
            let (c0, c1) = self.mod_down(pair, limbs, |half, i, mut limb| {
                let [x0, x1, y0, y1]: [&[u64]; 4] = [&x.c0, &x.c1, &y.c0, &y.c1].map(|c| &c.limbs[i][..]);
                let products: &[_] = if half == Half::First { &[(x0, y0)] } else { &[(x0, y1), (x1, y0)] };
                simd::add_products(&mut limb, products, self.modulus(i));
                limb
            });
            Ciphertext { c0, c1, scale: x.scale * y.scale }
        });
        Ok(relinearized.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::Ntt;
    use crate::ring::primes::ntt_primes;

    #[test]
    fn powers_beyond_a_word_multiply_too() {
        let prime = ntt_primes(8, 40, 1, &[]).unwrap()[0];
        let ntt = Ntt::new(8, prime).unwrap();
        let constant: Vec<i32> = (0..256).map(|place| if place == 0 { 3 } else { 0 }).collect();
        let mut limb = ntt.evaluated(&constant);
        multiply_by_power(&mut limb, 69, ntt.modulus());
        let expected = (0..69).fold(3, |x, _| 2 * x % prime);
        assert!(limb.iter().all(|word| *word == expected));
    }
}
