//! Measured noise of every operation against the formulas of `docs/noise.md`, from both sides, encrypted and simulated.

use std::sync::Arc;

use super::testing::{Values, World, slots, zip};
use super::{Evaluator, Simulated};
use crate::ckks::PublicKey;
use crate::ckks::clear::{conjugate, rotate};
use crate::ckks::combination::{Combination, Group, Integers, Plaintexts, Rotated};
use crate::ckks::encoder::{Complex, split_scale};
use crate::ckks::encryption::PublicEncryptor;
use crate::ckks::linear_transform::{Diagonal, Fold, LinearTransform};
use crate::ckks::noise::{
    encoding, key_switch, public_encryption, rounding, slot_deviation, switching, symmetric_encryption,
};
use crate::ckks::parameters::KeySwitching;

const LOG_N: u32 = 13;
const SLOTS: usize = 1 << (LOG_N - 1);

/// How far the deviation of either part of `count` independent errors may be off. An error is at worst a product of two
/// independent complex normal numbers; the square of a part of it has a variance of five times its mean squared, so that the
/// deviation of `count` of them is known to sqrt(5 / 4 / count). Five times that.
fn tolerance(count: usize) -> f64 {
    5.0 * (1.25 / count as f64).sqrt()
}

/// Deviation of independent errors together.
fn together(deviations: impl IntoIterator<Item = f64>) -> f64 {
    deviations.into_iter().map(|d| d * d).sum::<f64>().sqrt()
}

/// Root of the mean squared magnitude.
fn rms(x: &[Complex]) -> f64 {
    (x.iter().map(Complex::norm_sqr).sum::<f64>() / x.len() as f64).sqrt()
}

/// In units of values: deviation of a part of a slot, for a coefficient deviation.
fn at(coefficient: f64, scale: f64) -> f64 {
    slot_deviation(LOG_N, coefficient) / scale
}

/// The same for the rounding of plaintexts that repeat with `period`.
fn encoded(period: usize, scale: f64) -> f64 {
    slot_deviation(period.ilog2() + 1, encoding()) / scale
}

/// A fresh symmetric encryption.
fn fresh(scale: f64) -> f64 {
    at(symmetric_encryption().hypot(encoding()), scale)
}

/// One result, and what it should be.
struct Case<C> {
    what: String,
    found: C,
    clear: Vec<Complex>,
    /// Of the errors' real and imaginary parts.
    deviations: [f64; 2],
    /// Independent errors among the slots.
    count: usize,
}

/// An evaluator with its way in and out.
#[allow(clippy::type_complexity, reason = "an alias would need a lifetime of its own")]
struct Bench<'a, E: Evaluator> {
    evaluator: &'a E,
    encrypt: &'a dyn Fn(&[Complex], f64, usize) -> E::Ciphertext,
    decrypt: &'a dyn Fn(&E::Ciphertext) -> Vec<Complex>,
    /// Whether plaintexts that are added have errors of encoding: the simulation leaves them out.
    encodes_addends: bool,
    cases: Vec<Case<E::Ciphertext>>,
}

impl<E: Evaluator> Bench<'_, E> {
    /// A case whose errors are the same in both parts and independent in all slots.
    fn case(&mut self, what: &str, found: E::Ciphertext, clear: Vec<Complex>, deviation: f64) {
        let case = Case { what: what.to_owned(), found, clear, deviations: [deviation; 2], count: SLOTS };
        self.cases.push(case);
    }

    /// Asserts that every case decrypts to what it should be, with the errors that it should have.
    fn check(&self, title: &str) {
        for Case { what, found, clear, deviations, count } in &self.cases {
            let decrypted = (self.decrypt)(found);
            let errors = zip(&decrypted, clear, |x, y| x - y);
            let measured = [errors.iter().map(|e| e.re).collect::<Vec<_>>(), errors.iter().map(|e| e.im).collect()]
                .map(|part| together(part) / (SLOTS as f64).sqrt());
            for (part, (found, expected)) in ["real", "imaginary"].iter().zip(measured.iter().zip(deviations)) {
                let ratio = found / expected;
                assert!(
                    (ratio - 1.0).abs() < tolerance(*count),
                    "{title}, {what}, {part} parts: {found:e} is {ratio} times {expected:e}"
                );
            }
        }
    }

    /// Operations on one and on two ciphertexts of `limbs` limbs.
    fn operations(&mut self, limbs: usize) {
        let e = self.evaluator;
        let parameters = e.parameters();
        let (a, b) = (slots(1, SLOTS), slots(2, SLOTS));
        let size = rms(&a);
        let scale = parameters.scale();
        let encrypt = self.encrypt;
        let (x, y) = (encrypt(&a, scale, limbs), encrypt(&b, scale, limbs));
        let switch = |scale: f64| at(key_switch(parameters, limbs), scale);
        let own = fresh(scale);

        self.case("encrypt", x.clone(), a.clone(), own);
        self.case("add", e.add(&x, &y).unwrap(), zip(&a, &b, |p, q| p + q), together([own, own]));
        self.case("subtract", e.subtract(&x, &y).unwrap(), zip(&a, &b, |p, q| p - q), together([own, own]));
        self.case("negate", e.negate(&x), zip(&a, &a, |p, _| -p), own);
        self.case("multiply_integer", e.multiply_integer(&x, -7), zip(&a, &a, |p, _| -7.0 * p), 7.0 * own);
        let turned = e.multiply_imaginary_unit(&x);
        self.case("multiply_imaginary_unit", turned.clone(), zip(&a, &a, |p, _| p * Complex::i()), own);
        let [before, after] = [&x, &turned].map(|x| (self.decrypt)(x));
        let largest = zip(&before, &after, |p, q| p * Complex::i() - q).iter().map(|z| z.norm()).fold(0.0, f64::max);
        assert!(largest < 1e-12, "the imaginary unit adds errors of {largest}");
        self.case("drop_to", e.drop_to(&x, limbs - 1).unwrap(), a.clone(), own);

        // Constants keep 30 bits of the largest slot.
        for bits in [24, 54, 120] {
            let scale = f64::from(bits).exp2();
            // The last is beyond what the modulus of few limbs holds, and its errors beyond what doubles of the simulation do.
            if parameters.log2_q(limbs) < f64::from(bits + 4) || (bits > 100 && !self.encodes_addends) {
                continue;
            }
            let x = encrypt(&a, scale, limbs);
            for period in [SLOTS, SLOTS / 4] {
                let repeated: Vec<Complex> = b[..period].iter().cycle().take(SLOTS).copied().collect();
                let shift = f64::from((bits + 1 - 30).max(0)).exp2();
                let constant = if self.encodes_addends { encoded(period, scale / shift) } else { 0.0 };
                let sum = e.add_plain(&x, &b[..period]).unwrap();
                self.case("add_plain", sum, zip(&a, &repeated, |p, q| p + q), together([fresh(scale), constant]));
                self.cases.last_mut().unwrap().count = period;
            }
        }
        // The weights' errors exceed those of the data, and the other way round.
        for bits in [18, 29] {
            let scale = f64::from(bits).exp2();
            for period in [SLOTS, SLOTS / 4] {
                let repeated: Vec<Complex> = b[..period].iter().cycle().take(SLOTS).copied().collect();
                let product = e.multiply_plain(&x, &b[..period], scale).unwrap();
                let deviation = together([own * rms(&repeated), size * encoded(period, scale)]);
                self.case("multiply_plain", product, zip(&a, &repeated, |p, q| p * q), deviation);
                self.cases.last_mut().unwrap().count = period;
            }
        }

        // Errors of the data, and at a small scale those of the key switch.
        for bits in [24, 12] {
            let scale = f64::from(bits).exp2();
            let own = fresh(scale);
            let messages: Vec<Vec<Complex>> = (0..5).map(|k| slots(10 + k, SLOTS)).collect();
            let inputs: Vec<E::Ciphertext> = messages.iter().map(|m| encrypt(m, scale, limbs)).collect();
            let product = |p: f64, q: f64, of_one: f64| together([own * p, own * q, of_one, switch(scale * scale)]);
            let (x, y) = (&inputs[0], &inputs[1]);
            let (p, q) = (rms(&messages[0]), rms(&messages[1]));
            // The product of both errors: of a part sqrt 2 own^2.
            let both = 2f64.sqrt() * own * own;
            let clear = zip(&messages[0], &messages[1], |p, q| p * q);
            self.case("multiply", e.multiply(x, y).unwrap(), clear, product(p, q, both));
            // A square has its one error twice.
            let squared = |p: f64| together([2.0 * own * p, 2.0 * own * own, switch(scale * scale)]);
            self.case("square", e.square(x).unwrap(), zip(&messages[0], &messages[0], |p, q| p * q), squared(p));
            let all = e.square_all(&inputs.iter().collect::<Vec<_>>()).unwrap();
            for (square, m) in all.into_iter().zip(&messages) {
                self.case("square_all", square, zip(m, m, |p, q| p * q), squared(rms(m)));
            }
        }

        let data_scale = parameters.data_scale();
        let large = encrypt(&a, data_scale * parameters.weight_scale(limbs), limbs);
        let rescaled = e.rescale(&large).unwrap();
        assert!((e.scale(&rescaled) / scale - 1.0).abs() < 2f64.powi(-40));
        self.case("rescale", rescaled, a.clone(), at(rounding(LOG_N), scale));

        let x = encrypt(&a, data_scale, limbs);
        let switched = together([fresh(data_scale), switch(data_scale)]);
        self.case("rotate", e.rotate(&x, 5).unwrap(), rotate(&a, 5), switched);
        self.case("rotate by nothing", e.rotate(&x, 0).unwrap(), a.clone(), fresh(data_scale));
        let steps = [1, 0, -32];
        for (x, steps) in e.rotate_hoisted(&x, &steps).unwrap().into_iter().zip(steps) {
            self.case("rotate_hoisted", x, rotate(&a, steps), if steps == 0 { fresh(data_scale) } else { switched });
        }
        self.case("conjugate", e.conjugate(&x).unwrap(), conjugate(&a), switched);
    }

    /// A transform with all diagonals of two inputs and one output, of data at `scale`.
    fn transform(&mut self, limbs: usize, period: usize, (scale, weight_scale): (f64, f64), folds: &[Fold]) {
        let e = self.evaluator;
        let parameters = e.parameters();
        let (inputs, babies, giants) = (2, vec![0, 1, -1, 5], vec![0, 8, 16, -32]);
        let mut diagonals = Vec::new();
        for giant in 0..giants.len() {
            for baby in 0..babies.len() {
                diagonals.extend((0..inputs).map(|input| Diagonal { output: 0, input, giant, baby }));
            }
        }
        let values: Vec<Vec<Complex>> = (0..diagonals.len()).map(|k| slots(100 + k as u64, period)).collect();
        let x: Vec<Vec<Complex>> = (0..inputs as u64).map(|k| slots(50 + k, SLOTS)).collect();

        // Before the folds: the data's errors and the babies' times the weights, the weights' times the data, and giant steps.
        let product_scale = scale * split_scale(weight_scale).unwrap().0;
        let all = together(values.iter().map(|v| rms(v)));
        let rotated = diagonals.iter().zip(&values).filter(|(d, _)| babies[d.baby] != 0);
        let rotated = together(rotated.map(|(_, v)| rms(v)));
        let data = together(diagonals.iter().map(|d| rms(&x[d.input])));
        let late = at(key_switch(parameters, limbs), product_scale);
        let transform = LinearTransform {
            inputs,
            outputs: 1,
            babies,
            giants,
            diagonals,
            folds: folds.to_vec(),
            source: Box::new(Values(values)),
        };
        let steps = transform.giant_chains()[0].iter().filter(|(_, steps)| *steps != 0).count();
        let mut errors = [together([
            fresh(scale) * all,
            at(switching(parameters, limbs), scale) * rotated,
            data * encoded(period, split_scale(weight_scale).unwrap().0),
            late * (steps as f64).sqrt(),
        ]); 2];
        for fold in folds {
            let image = match fold {
                Fold::Rotation(_) => errors.map(|d| d * 2f64.sqrt()),
                Fold::Conjugation => [2.0 * errors[0], 0.0],
            };
            errors = image.map(|d| together([d, late]));
        }
        let clear = transform.apply_clear(&x).remove(0);
        let encrypted: Vec<E::Ciphertext> = x.iter().map(|x| (self.encrypt)(x, scale, limbs)).collect();
        let encoded = e.encode_transform(&Arc::new(transform), weight_scale).unwrap();
        let found = e.apply_transform(&encrypted.iter().collect::<Vec<_>>(), &encoded).unwrap().remove(0);
        let end = at(rounding(LOG_N), e.scale(&found));
        let what = format!("apply_transform {folds:?} of period {period}");
        let deviations = errors.map(|d| together([d, end]));
        self.cases.push(Case { what, found, clear, deviations, count: SLOTS });
    }

    /// A combination of groups, or of integers, or of both, of data at `scale`.
    fn combination(
        &mut self,
        limbs: usize,
        (groups, integers, real_part): (bool, bool, bool),
        (scale, weight_scale): (f64, f64),
    ) {
        let e = self.evaluator;
        let parameters = e.parameters();
        let period = SLOTS / 4;
        let mut plaintexts = Plaintexts::new(vec![slots(70, period), slots(71, period)]);
        let numbers: Vec<u32> =
            [0.5, -0.25, 0.8, 1.0].iter().map(|f| plaintexts.push([(0, *f), (1, 0.1 - *f / 2.0)])).collect();
        let sources = [(0, -1), (0, 0), (0, 5), (1, 0), (2, 1), (2, 8)];
        let sources: Vec<Rotated> = sources.iter().map(|&(input, steps)| Rotated { input, steps }).collect();
        let mut combination = Combination::new(3, sources, plaintexts).unwrap();
        if groups {
            let members: [&[u16]; 3] = [&[0, 1, 5], &[2], &[3, 4]];
            combination.push(members.iter().zip(&numbers).map(|(m, p)| Group { plaintext: *p, members: m })).unwrap();
        } else {
            combination.push([]).unwrap();
        }
        if integers {
            let weights = vec![3, -7, 0, 5, 1, -2];
            combination.push_integers(Integers { bits: 4, plaintexts: vec![numbers[3]], weights }).unwrap();
        }
        if real_part {
            combination.take_real_part();
        }
        let x: Vec<Vec<Complex>> = (0..3).map(|k| slots(80 + k, SLOTS)).collect();

        // What each source is multiplied by, slot by slot; and the data that the plaintexts' errors meet.
        let sums = combination.weighted_sums(0);
        let source_errors = combination.sources().iter().enumerate().map(|(index, source)| {
            let mut factors = vec![Complex::default(); period];
            for (plaintext, terms) in &sums {
                let factor: f64 = terms.iter().filter(|(s, _)| *s == index).map(|(_, factor)| factor).sum();
                factors.iter_mut().zip(plaintext).for_each(|(sum, p)| *sum += p * factor);
            }
            let switch = if source.steps == 0 { 0.0 } else { at(key_switch(parameters, limbs), scale) };
            rms(&factors) * together([fresh(scale), switch])
        });
        let rounded = encoded(period, split_scale(weight_scale).unwrap().0);
        let plaintext_errors = sums.iter().map(|(_, terms)| rms(&combination.sum_clear(&x, terms)) * rounded);
        let before = together(source_errors.chain(plaintext_errors));
        let clear = combination.apply_clear(&x).remove(0);
        let encrypted: Vec<E::Ciphertext> = x.iter().map(|x| (self.encrypt)(x, scale, limbs)).collect();
        let inputs: Vec<&E::Ciphertext> = encrypted.iter().collect();
        let encoded = e.encode_combination(&Arc::new(combination), weight_scale).unwrap();
        let found = e.apply_combination(&inputs, &encoded, u64::MAX).unwrap().remove(0);
        let late = at(key_switch(parameters, limbs), scale * weight_scale);
        let end = at(rounding(LOG_N), e.scale(&found));
        let deviations = if real_part {
            [together([2.0 * before, late, end]), together([late, end])]
        } else {
            [together([before, end]); 2]
        };
        let what = format!("apply_combination, groups {groups}, integers {integers}, real part {real_part}");
        self.cases.push(Case { what, found, clear, deviations, count: period });
    }

    /// Everything, at several levels.
    fn all(&mut self) {
        let scale = self.evaluator.parameters().scale();
        let most = self.evaluator.parameters().max_limbs();
        for limbs in [2, 3, most] {
            self.operations(limbs);
        }
        for limbs in [3, most] {
            // Rounding counts, or the weights' errors, or the data's with the baby steps'.
            let weight_scale = self.evaluator.parameters().weight_scale(limbs);
            for scales in [(scale * scale, weight_scale), (scale * scale, 256.0), (f64::from(1 << 20), 2f64.powi(62))] {
                for folds in [&[][..], &[Fold::Conjugation], &[Fold::Rotation(16), Fold::Rotation(8)]] {
                    self.transform(limbs, SLOTS, scales, folds);
                }
                self.transform(limbs, SLOTS / 4, scales, &[]);
                for parts in [(true, false), (false, true), (true, true)] {
                    for real_part in [false, true] {
                        self.combination(limbs, (parts.0, parts.1, real_part), scales);
                    }
                }
            }
        }
    }
}

/// Small digits, large ones with as many bits of P, and digits that exceed P, under a security line that leaves few bits: errors of
/// the switching itself, which a rescale makes small again.
fn worlds() -> [(&'static str, World); 3] {
    let under_the_line = World::with(LOG_N, 3, 24.0, KeySwitching::Automatic);
    for limbs in 3..=4 {
        assert!(switching(&under_the_line.parameters, limbs) > 1000.0 * rounding(LOG_N));
    }
    [
        ("one special prime", World::new(LOG_N, 4, KeySwitching::SpecialPrimes(1))),
        ("automatic", World::new(LOG_N, 4, KeySwitching::Automatic)),
        ("under the line", under_the_line),
    ]
}

#[test]
fn every_operation_has_the_noise_of_the_formulas() {
    for (name, w) in &worlds() {
        let mut bench = Bench {
            evaluator: &w.evaluator,
            encrypt: &|slots, scale, limbs| w.encrypt(slots, scale, limbs),
            decrypt: &|x| w.decrypt(x).to_vec(),
            encodes_addends: true,
            cases: Vec::new(),
        };
        bench.all();
        // By public key, whose noise needs no formula in a simulation: the client of a plan encrypts with its secret key.
        let public = PublicEncryptor::new(PublicKey::generate(w.encryptor.secret())).unwrap();
        let m = slots(3, SLOTS);
        for limbs in 1..=w.parameters.max_limbs() {
            let scale = f64::from(1 << 30);
            let deviation = at(public_encryption(LOG_N).hypot(encoding()), scale);
            bench.case("encrypt by public key", public.encrypt(&m, scale, limbs).unwrap(), m.clone(), deviation);
        }
        bench.check(&format!("encrypted, {name}"));
    }
}

#[test]
fn every_simulated_operation_has_the_noise_of_the_formulas() {
    for (name, w) in &worlds() {
        let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
        let seed = std::sync::atomic::AtomicU64::new(1);
        let next = || seed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut bench = Bench {
            evaluator: &simulated,
            encrypt: &|slots, scale, limbs| simulated.encrypt(slots, scale, limbs, next()),
            decrypt: &|x| x.slots(0),
            encodes_addends: false,
            cases: Vec::new(),
        };
        bench.all();
        bench.check(&format!("simulated, {name}"));
    }
}
