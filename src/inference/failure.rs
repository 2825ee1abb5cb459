//! How likely an answer is to fail: another class than in the clear, or an overflow (formulas: `docs/noise.md`).

use crate::ckks::noise::upper_tail;

/// Step and range of the integral below: the integrand is smooth, so that the trapezoidal rule is exact to rounding.
const STEP: f64 = 1.0 / 32.0;
const FROM: f64 = -40.0;
const TO: f64 = 12.0;

/// The probability that the largest logit is not that of the clear-text class, if every logit has an independent normal error of
/// deviation `deviation`. `leads`: by how much the clear-text logit of that class exceeds each of the others.
///
/// It is the integral over z of phi(z) (1 - product over the others of Phi(z + lead / deviation)). With the margin as the only lead
/// it is the tail of margin / (sqrt(2) deviation); with all leads at the margin it is the most that a margin allows.
pub fn wrong_class(leads: &[f64], deviation: f64) -> f64 {
    // Not a number must not pass for certainty.
    if leads.iter().any(|lead| lead.is_nan()) || deviation.is_nan() || deviation < 0.0 {
        return 1.0;
    }
    if deviation == 0.0 {
        return if leads.iter().any(|lead| *lead < 0.0) { 1.0 } else { 0.0 };
    }
    let steps = ((TO - FROM) / STEP) as usize;
    let integrand = |step: usize| {
        let z = FROM + step as f64 * STEP;
        // A bound has the same lead for all the others.
        let alike = leads.chunk_by(|a, b| a == b);
        let log = |alike: &[f64]| alike.len() as f64 * (-upper_tail(z + alike[0] / deviation)).ln_1p();
        let log_of_right: f64 = alike.map(log).sum();
        -log_of_right.exp_m1() * (-z * z / 2.0).exp()
    };
    let sum: f64 = (0..=steps).map(integrand).sum();
    (sum * STEP / (2.0 * std::f64::consts::PI).sqrt()).min(1.0)
}

/// The deviation of the errors of logits about their mean: an error that all share changes no class. None: fewer than two.
pub fn logit_deviation(errors: &[f64]) -> Option<f64> {
    let (count, mean) = (errors.len() as f64, errors.iter().sum::<f64>() / errors.len() as f64);
    let squares: f64 = errors.iter().map(|error| (error - mean).powi(2)).sum();
    (errors.len() > 1).then(|| (squares / (count - 1.0)).sqrt())
}

/// The probability that noise carries one of `count` coefficients beyond what the modulus holds, if each is `room` away from that at
/// least and its noise is normal with deviation `deviation`, in the same unit.
pub fn overflow(count: usize, room: f64, deviation: f64) -> f64 {
    if room.is_nan() || deviation.is_nan() || deviation < 0.0 {
        return 1.0;
    }
    if deviation == 0.0 {
        return if room < 0.0 { 1.0 } else { 0.0 };
    }
    // 1 - (1 - p)^count, for small p too.
    -(count as f64 * (-upper_tail(room / deviation)).ln_1p()).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::decryption::decrypt;
    use crate::ckks::keys::SecretKey;
    use crate::ckks::parameters::ParametersLiteral;
    use crate::ckks::{Complex, Encoder, Encrypted, Encryptor, Evaluator, Parameters, SecurityPolicy, noise};
    use crate::ring::sampling::Seed;
    use std::sync::Arc;

    #[test]
    fn limits_of_the_formulas() {
        let tail = |x| upper_tail(x);
        for margin in [0.0, 0.3, 1.0, 3.0, 8.0, 20.0] {
            // Two classes: the difference of two errors.
            let two = wrong_class(&[margin], 0.5);
            let expected = tail(margin / 0.5 / 2f64.sqrt());
            assert!((two / expected - 1.0).abs() < 1e-9, "{margin}: {two:e} {expected:e}");
            // Ten classes: more than two, less than the union bound.
            let ten = wrong_class(&[margin; 9], 0.5);
            assert!(ten > two && ten <= 9.0 * expected * (1.0 + 1e-9), "{margin}: {ten:e}");
        }
        // No margin at all: any of ten.
        assert!((wrong_class(&[0.0; 9], 1.0) - 0.9).abs() < 1e-9);
        assert!((wrong_class(&[-5.0], 1.0) - tail(-5.0 / 2f64.sqrt())).abs() < 1e-9);
        assert_eq!((wrong_class(&[1.0], 0.0), wrong_class(&[-1.0], 0.0)), (0.0, 1.0));
        assert_eq!((wrong_class(&[f64::NAN], 1.0), wrong_class(&[1.0], f64::NAN)), (1.0, 1.0));
        assert_eq!((overflow(4, 1.0, 0.0), overflow(4, -1.0, 0.0), overflow(4, f64::NAN, 1.0)), (0.0, 1.0, 1.0));
        assert!((overflow(1, 0.0, 1.0) - 0.5).abs() < 1e-12);
        assert!((overflow(1000, 8.0, 1.0) / (1000.0 * tail(8.0)) - 1.0).abs() < 1e-9);
        assert_eq!(logit_deviation(&[3.0, 3.0, 3.0]), Some(0.0));
        assert_eq!(logit_deviation(&[1.0, -1.0]), Some(2f64.sqrt()));
        assert_eq!(logit_deviation(&[1.0]), None);
    }

    /// Values so close to what the base prime holds that the rounding of a rescale carries some beyond it.
    #[test]
    fn overflows_are_as_frequent_as_the_formula_says() {
        const DRAWS: usize = 3000;
        let log_n = 6;
        let parameters = Parameters::new(ParametersLiteral {
            log_n,
            levels: 1,
            scale_bits: 20.0,
            weight_bits: 18.0,
            base_bits: 24,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        })
        .unwrap();
        let encryptor = Encryptor::new(SecretKey::reproducible(&parameters, &Seed::from_number(11)));
        let evaluator = Encrypted::new(parameters.clone(), Encoder::new(log_n), Arc::default());
        let bound = (parameters.log2_q(1) - 1.0).exp2() / parameters.scale();
        let coefficient = noise::rounding(log_n) / parameters.scale();
        for deviations in [-0.5, 0.0, 0.7, 1.5] {
            // The same value in all slots is one coefficient; the others are zero, far from the bound.
            let value = bound - deviations * coefficient;
            // Encryption refuses what is this close, so one half is added afterwards.
            let half = vec![Complex::new(value / 2.0, 0.0); parameters.slots()];
            let scale = parameters.scale() * parameters.prime(1) as f64;
            let wrapped = (0..DRAWS)
                .filter(|_| {
                    let fresh = encryptor.encrypt(&half, scale, 2).unwrap().expand();
                    let rescaled = evaluator.rescale(&evaluator.add_plain(&fresh, &half).unwrap()).unwrap();
                    decrypt(encryptor.encoder(), encryptor.secret(), &rescaled).unwrap()[0].re < 0.0
                })
                .count();
            let expected = DRAWS as f64 * overflow(1, bound - value, coefficient);
            let deviation = (expected * (1.0 - expected / DRAWS as f64)).sqrt();
            assert!((wrapped as f64 - expected).abs() < 4.5 * deviation, "{wrapped} wrapped, {expected:.0} expected");
        }
    }
}
