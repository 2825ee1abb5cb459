//! Sums and products.

use rayon::prelude::*;

use super::Encrypted;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::encoder::{COEFFICIENT_BITS, Complex};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check::{self, State};
use crate::ckks::keys::KeyKind;
use crate::ring::{Modulus, Polynomial, simd};

impl Encrypted {
    pub(super) fn state(&self, x: &Ciphertext) -> State {
        State { limbs: x.limbs(), scale: x.scale }
    }

    fn modulus(&self, prime: usize) -> &Modulus {
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

    pub(super) fn sum(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::compatible("add", self.state(x), self.state(y))?;
        Ok(self.map(x, |i, c0, c1| {
            simd::add_assign(c0, &y.c0.limbs[i], self.modulus(i));
            simd::add_assign(c1, &y.c1.limbs[i], self.modulus(i));
        }))
    }

    pub(super) fn difference(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::compatible("subtract", self.state(x), self.state(y))?;
        Ok(self.map(x, |i, c0, c1| {
            simd::sub_assign(c0, &y.c0.limbs[i], self.modulus(i));
            simd::sub_assign(c1, &y.c1.limbs[i], self.modulus(i));
        }))
    }

    pub(super) fn negative(&self, x: &Ciphertext) -> Ciphertext {
        self.map(x, |i, c0, c1| {
            simd::negate(c0, self.modulus(i));
            simd::negate(c1, self.modulus(i));
        })
    }

    pub(super) fn plain_sum(&self, x: &Ciphertext, slots: &[Complex]) -> Result<Ciphertext, CkksError> {
        // Coefficients have 31 bits; at a larger scale they are encoded at a smaller one and multiplied by a power of two.
        let largest = slots.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let excess = (x.scale * largest.max(f64::MIN_POSITIVE)).log2().ceil() - f64::from(COEFFICIENT_BITS - 1);
        let shift = excess.clamp(0.0, 62.0);
        let plaintext = self.encoder.encode(slots, x.scale / shift.exp2())?;
        let n = self.parameters.n();
        Ok(self.map(x, |i, c0, _| {
            let ntt = &self.parameters.ntts()[i];
            let mut addend = plaintext.evaluate(ntt, n);
            if shift > 0.0 {
                let factor = ntt.modulus().factor(1 << shift as u32);
                simd::multiply_by_factor(&mut addend, factor, ntt.modulus());
            }
            simd::add_assign(c0, &addend, ntt.modulus());
        }))
    }

    pub(super) fn plain_product(&self, x: &Ciphertext, slots: &[Complex], scale: f64) -> Result<Ciphertext, CkksError> {
        let plaintext = self.encoder.encode(slots, scale)?;
        let n = self.parameters.n();
        let mut out = self.map(x, |i, c0, c1| {
            let ntt = &self.parameters.ntts()[i];
            let factor = plaintext.evaluate(ntt, n);
            simd::multiply_assign(c0, &factor, ntt.modulus());
            simd::multiply_assign(c1, &factor, ntt.modulus());
        });
        out.scale *= scale;
        Ok(out)
    }

    pub(super) fn integer_product(&self, x: &Ciphertext, factor: i64) -> Ciphertext {
        self.map(x, |i, c0, c1| {
            let q = self.modulus(i);
            let factor = q.factor(q.reduce_i64(factor));
            simd::multiply_by_factor(c0, factor, q);
            simd::multiply_by_factor(c1, factor, q);
        })
    }

    pub(super) fn imaginary_product(&self, x: &Ciphertext) -> Ciphertext {
        self.map(x, |i, c0, c1| {
            let ntt = &self.parameters.ntts()[i];
            ntt.multiply_by_imaginary_unit(c0);
            ntt.multiply_by_imaginary_unit(c1);
        })
    }

    pub(super) fn dropped(&self, x: &Ciphertext, limbs: usize) -> Result<Ciphertext, CkksError> {
        check::can_drop(self.state(x), limbs)?;
        Ok(x.prefix(limbs))
    }

    pub(super) fn product(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::same_level("multiply", self.state(x), self.state(y))?;
        // d0 + d1 s + d2 s^2 = (x0 + x1 s)(y0 + y1 s).
        let mut d2 = x.c1.clone();
        let mut out = x.clone();
        out.c0.limbs.par_iter_mut().zip(&mut out.c1.limbs).zip(&mut d2.limbs).enumerate().for_each(
            |(i, ((c0, c1), d2))| {
                let q = self.modulus(i);
                let (y0, y1) = (&y.c0.limbs[i], &y.c1.limbs[i]);
                simd::multiply_assign(d2, y1, q);
                // c1 <- x0 y1 + x1 y0, c0 <- x0 y0.
                simd::multiply_assign(c1, y0, q);
                let mut cross = c0.clone();
                simd::multiply_assign(&mut cross, y1, q);
                simd::add_assign(c1, &cross, q);
                simd::multiply_assign(c0, y0, q);
            },
        );
        out.scale = x.scale * y.scale;
        self.relinearized(out, &d2)
    }

    pub(super) fn squared(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        let mut d2 = x.c1.clone();
        let mut out = x.clone();
        out.c0.limbs.par_iter_mut().zip(&mut out.c1.limbs).zip(&mut d2.limbs).enumerate().for_each(
            |(i, ((c0, c1), d2))| {
                let q = self.modulus(i);
                simd::multiply_assign(d2, &x.c1.limbs[i], q);
                simd::multiply_assign(c1, &x.c0.limbs[i], q);
                simd::multiply_by_factor(c1, q.factor(2), q);
                simd::multiply_assign(c0, &x.c0.limbs[i], q);
            },
        );
        out.scale = x.scale * x.scale;
        self.relinearized(out, &d2)
    }

    /// Adds the switched `d2`, the factor of s^2, to (d0, d1).
    fn relinearized(&self, mut x: Ciphertext, d2: &Polynomial) -> Result<Ciphertext, CkksError> {
        let limbs = x.limbs();
        let key = self
            .keys
            .get(&self.parameters, KeyKind::Relinearization, limbs)
            .ok_or(CkksError::MissingRelinearizationKey { level: limbs - 1 })?;
        let raised = self.switch(&self.raise(d2), key);
        let (c0, c1) = self.lower(raised, limbs);
        let primes: Vec<usize> = (0..limbs).collect();
        self.add_polynomial(&mut x.c0, &c0, &primes);
        self.add_polynomial(&mut x.c1, &c1, &primes);
        Ok(x)
    }
}
