//! Products, rescaling and rotations with their noise.

use super::Simulated;
use super::slots::SimulatedCiphertext;
use crate::ckks::encoder::{Complex, check_scale};
use crate::ckks::error::CkksError;
use crate::ckks::noise;

impl Simulated {
    pub(super) fn add_plaintext(
        &self,
        x: &SimulatedCiphertext,
        slots: &[Complex],
    ) -> Result<SimulatedCiphertext, CkksError> {
        check_scale(x.scale)?;
        self.encoder.check_period(slots.len())?;
        let mut out = x.clone();
        for ((re, im), z) in out.re.iter_mut().zip(&mut out.im).zip(slots.iter().cycle()) {
            *re += z.re;
            *im += z.im;
        }
        Ok(out)
    }

    pub(super) fn multiply_plaintext(
        &self,
        x: &SimulatedCiphertext,
        slots: &[Complex],
        scale: f64,
    ) -> Result<SimulatedCiphertext, CkksError> {
        let encoded = self.encoder.slots_of(&self.encoder.encode_shifted(slots, scale)?.0)?;
        let mut out = x.clone();
        for ((re, im), w) in out.re.iter_mut().zip(&mut out.im).zip(encoded.iter().cycle()) {
            let z = Complex::new(*re, *im) * w;
            (*re, *im) = (z.re, z.im);
        }
        out.scale *= scale;
        Ok(out)
    }

    pub(super) fn multiply_ciphertext(&self, x: &SimulatedCiphertext, y: &SimulatedCiphertext) -> SimulatedCiphertext {
        let mut out = x.clone();
        for (i, (re, im)) in out.re.iter_mut().zip(&mut out.im).enumerate() {
            let z = Complex::new(*re, *im) * Complex::new(y.re[i], y.im[i]);
            (*re, *im) = (z.re, z.im);
        }
        out.scale = x.scale * y.scale;
        out.mix_seeds(y);
        self.switched(out)
    }

    pub(super) fn rescale_ciphertext(&self, x: &SimulatedCiphertext) -> SimulatedCiphertext {
        let scale = x.scale / self.parameters.prime(x.limbs - 1) as f64;
        let mut out = SimulatedCiphertext { limbs: x.limbs - 1, scale, ..x.clone() };
        out.add_noise(self.deviation(noise::rounding(self.parameters.log_n()), scale));
        out
    }

    pub(super) fn rotated(&self, x: &SimulatedCiphertext, steps: i64) -> SimulatedCiphertext {
        if steps.rem_euclid(self.parameters.slots() as i64) == 0 {
            return x.clone();
        }
        self.switched(x.rotated_slots(steps))
    }

    /// Adds the noise of a key switch.
    pub(super) fn switched(&self, mut x: SimulatedCiphertext) -> SimulatedCiphertext {
        x.add_noise(self.deviation(noise::key_switch(&self.parameters, x.limbs), x.scale));
        x
    }
}
