use std::sync::Arc;

use super::*;
use crate::ckks::KeySwitching;
use crate::ckks::clear::rotate;
use crate::ckks::combination::{Combination, Group, Integers, Plaintexts, Rotated};
use crate::ckks::evaluator::testing::{STEPS, Values, World, slots, worlds, zip};
use crate::ckks::evaluator::{Counting, Simulated};
use crate::ckks::linear_transform::{Diagonal, Fold, LinearTransform};
use crate::ckks::scalar_matrix::ScalarMatrix;
use crate::ckks::{PrecisionReport, noise};
use crate::ring::primes::MAX_LOG_N;

mod scalar_matrix;

#[test]
fn every_operation_agrees_with_clear_text() {
    for w in worlds() {
        let n = w.slot_count();
        let (a, b) = (slots(3, n), slots(4, n));
        let e = &w.evaluator;
        for limbs in [6, 4, 2] {
            let scale = w.parameters.scale();
            let (x, y) = (w.encrypt(&a, scale, limbs), w.encrypt(&b, scale, limbs));
            let fresh = 3.2 * 2f64.sqrt();
            w.assert_close(&e.add(&x, &y).unwrap(), &zip(&a, &b, |p, q| p + q), fresh, "add");
            w.assert_close(&e.subtract(&x, &y).unwrap(), &zip(&a, &b, |p, q| p - q), fresh, "subtract");
            w.assert_close(&e.negate(&x), &zip(&a, &b, |p, _| -p), fresh, "negate");
            w.assert_close(&e.add_plain(&x, &b).unwrap(), &zip(&a, &b, |p, q| p + q), fresh, "add_plain");
            let short = &b[..8];
            let repeated: Vec<Complex> = short.iter().cycle().take(n).copied().collect();
            w.assert_close(
                &e.add_plain(&x, short).unwrap(),
                &zip(&a, &repeated, |p, q| p + q),
                fresh,
                "add_plain, periodic",
            );
            let large = w.encrypt(&a, scale * 2f64.powi(30), 6);
            let sum = e.add_plain(&large, &b).unwrap();
            w.assert_close(
                &sum,
                &zip(&a, &b, |p, q| p + q),
                2f64.powi(30) * scale / 2f64.powi(28),
                "add_plain at a large scale",
            );
            w.assert_close(&e.multiply_integer(&x, -7), &zip(&a, &b, |p, _| -7.0 * p), 7.0 * fresh, "multiply_integer");
            w.assert_close(
                &e.multiply_imaginary_unit(&x),
                &zip(&a, &b, |p, _| p * Complex::i()),
                fresh,
                "imaginary unit",
            );
            let dropped = e.drop_to(&x, limbs - 1).unwrap();
            assert_eq!(dropped.limbs(), limbs - 1);
            w.assert_close(&dropped, &a, fresh, "drop");
            for steps in STEPS {
                w.assert_close(
                    &e.rotate(&x, steps).unwrap(),
                    &rotate(&a, steps),
                    noise::key_switch(&w.parameters, limbs) + fresh,
                    "rotate",
                );
            }
            for (rotated, steps) in e.rotate_hoisted(&x, &[0, 1, 8, -32]).unwrap().iter().zip([0, 1, 8, -32]) {
                w.assert_close(rotated, &rotate(&a, steps), noise::key_switch(&w.parameters, limbs) + fresh, "hoisted");
            }
            let conjugate: Vec<Complex> = a.iter().map(|z| z.conj()).collect();
            w.assert_close(
                &e.conjugate(&x).unwrap(),
                &conjugate,
                noise::key_switch(&w.parameters, limbs) + fresh,
                "conjugate",
            );

            // Products: an error of deviation d of one factor is multiplied by the other factor's slots (of size below 1.5).
            let product_noise = 2.0 * 1.5 * fresh * scale + noise::key_switch(&w.parameters, limbs);
            let weights = e.multiply_plain(&x, &b, w.parameters.weight_scale(limbs)).unwrap();
            let encoding = noise::encoding() * scale;
            w.assert_close(
                &weights,
                &zip(&a, &b, |p, q| p * q),
                1.5 * fresh * w.parameters.weight_scale(limbs) + encoding,
                "multiply_plain",
            );
            w.assert_close(&e.multiply(&x, &y).unwrap(), &zip(&a, &b, |p, q| p * q), product_noise, "multiply");
            let square = e.square(&x).unwrap();
            w.assert_close(&square, &zip(&a, &a, |p, q| p * q), product_noise, "square");
            let rescaled =
                e.rescale(&e.multiply_plain(&square, &b, w.parameters.weight_scale(limbs)).unwrap()).unwrap();
            let relative = product_noise * 1.5 / scale
                + noise::rounding(8)
                + 1.5 * noise::encoding() * scale / w.parameters.weight_scale(limbs);
            w.assert_close(&rescaled, &zip(&square_of(&a), &b, |p, q| p * q), relative, "square, weights, rescale");
            assert!((rescaled.scale / scale - 1.0).abs() < 2f64.powi(-40));
        }
    }
}

fn square_of(a: &[Complex]) -> Vec<Complex> {
    a.iter().map(|z| z * z).collect()
}

#[test]
fn misuse_is_explained() {
    let w = World::new(8, 3, KeySwitching::Automatic);
    let e = &w.evaluator;
    let a = slots(5, w.slot_count());
    let (high, low) = (w.encrypt(&a, 2f64.powi(24), 4), w.encrypt(&a, 2f64.powi(24), 2));
    let other = w.encrypt(&a, 2f64.powi(25), 4);
    let text = |r: Result<Ciphertext, CkksError>| r.unwrap_err().to_string();
    assert!(text(e.add(&high, &low)).contains("levels 3 and 1 differ"));
    assert!(text(e.subtract(&high, &other)).contains("scales 2^24.000000 and 2^25.000000 differ"));
    assert!(text(e.multiply(&high, &low)).contains("multiply: the levels"));
    assert!(text(e.rotate(&high, 3)).contains("(rotation by 3) at level 3"));
    assert!(text(e.drop_to(&low, 4)).contains("needs level 3, but the ciphertext is at level 1"));
    let last = e.drop_to(&low, 1).unwrap();
    assert!(text(e.rescale(&last)).contains("use a longer chain"));
    let bare = Encrypted::new(w.parameters.clone(), w.encoder.clone(), Arc::default());
    assert!(text(bare.square(&high)).contains("no relinearization key at level 3"));
}

#[test]
fn an_encoder_of_another_ring_is_replaced() {
    let w = World::new(8, 2, KeySwitching::Automatic);
    let (message, addend) = (slots(1, w.slot_count()), slots(2, w.slot_count()));
    let x = w.encrypt(&message, w.parameters.scale(), 2);
    for log_n in [7, 9] {
        let e = Encrypted::new(w.parameters.clone(), Encoder::new(log_n), Arc::default());
        assert_eq!(e.encoder().slots(), w.slot_count());
        assert_eq!(e.add_plain(&x, &addend), w.evaluator.add_plain(&x, &addend));
        let many = addend.repeat(2);
        assert_eq!(e.add_plain(&x, &many), Err(CkksError::TooManySlots { found: 256, slots: 128 }));
        let simulated = Simulated::new(w.parameters.clone(), Encoder::new(log_n));
        let x = simulated.encrypt(&message, w.parameters.scale(), 2, 3);
        assert!(simulated.add_plain(&x, &addend).is_ok() && simulated.add_plain(&x, &many).is_err());
        let counting = Counting::new(w.parameters.clone());
        let x = counting.fresh(2, w.parameters.scale());
        assert!(counting.add_plain(&x, &addend).is_ok() && counting.add_plain(&x, &many).is_err());
        assert!(counting.multiply_plain(&x, &addend[..3], 16.0).is_err());
    }
}

#[test]
fn transforms_agree_with_dense_matrices() {
    // The last ring has several blocks of positions.
    for w in worlds().into_iter().chain([World::new(10, 5, KeySwitching::Automatic)]) {
        let n = w.slot_count();
        for (case, &(inputs, outputs, period)) in [(1, 1, n), (2, 1, n), (2, 3, n / 4), (1, 2, 8)].iter().enumerate() {
            let (babies, giants) = (vec![0, 1, -1, 5], vec![0, 8, 16, -32]);
            let mut diagonals = Vec::new();
            let mut values = Vec::new();
            for output in 0..outputs {
                for input in 0..inputs {
                    for giant in 0..giants.len() {
                        for baby in 0..babies.len() {
                            // Leave holes, other ones for every output.
                            if (output + 2 * input + giant + 3 * baby + case) % 3 != 0 {
                                diagonals.push(Diagonal { output, input, giant, baby });
                                values.push(slots(diagonals.len() as u64, period));
                            }
                        }
                    }
                }
            }
            for folds in [vec![], vec![Fold::Conjugation], vec![Fold::Rotation(16), Fold::Rotation(8)]] {
                let x: Vec<Vec<Complex>> = (0..inputs).map(|i| slots(100 + i as u64, n)).collect();
                let transform = Arc::new(LinearTransform {
                    inputs,
                    outputs,
                    babies: babies.clone(),
                    giants: giants.clone(),
                    diagonals: diagonals.clone(),
                    folds: folds.clone(),
                    source: Box::new(Values(values.clone())),
                });
                let expected = transform.apply_clear(&x);
                for limbs in [6, 3] {
                    let scale = w.parameters.weight_scale(limbs);
                    let encrypted: Vec<Ciphertext> = x.iter().map(|x| w.encrypt(x, w.square_scale(), limbs)).collect();
                    let encoded = w.evaluator.encode_transform(&transform, scale).unwrap();
                    let refs: Vec<&Ciphertext> = encrypted.iter().collect();
                    let results = w.evaluator.apply_transform(&refs, &encoded).unwrap();
                    assert_eq!(results.len(), outputs);
                    for (r, e) in results.iter().zip(&expected) {
                        // Folds double the noise twice at most; encoding errors of the diagonals come on top.
                        let encoding =
                            1.5 * (diagonals.len() as f64).sqrt() * noise::encoding() * w.parameters.scale() / scale;
                        let bound = noise::rounding(w.parameters.log_n())
                            + 4.0 * encoding
                            + 8.0 * noise::key_switch(&w.parameters, limbs) / w.parameters.scale();
                        w.assert_close(r, e, bound, &format!("transform {case} {folds:?} at {limbs}"));
                        assert_eq!(r.limbs(), limbs - 1);
                        assert!((r.scale / w.parameters.scale() - 1.0).abs() < 2f64.powi(-40));
                    }
                    // Diagonals that were evaluated before give the same bits, at other levels too.
                    for kept in [limbs, 4] {
                        let again = w.evaluator.encode_transform(&transform, scale).unwrap();
                        let evaluated = w.evaluator.evaluate_transform(again, kept);
                        let more = w.evaluator.transform_bytes(&evaluated) - w.evaluator.transform_bytes(&encoded);
                        assert_eq!(more, transform.evaluation_bytes(&w.parameters, kept));
                        for (a, b) in w.evaluator.apply_transform(&refs, &evaluated).unwrap().iter().zip(&results) {
                            assert!(a.c0 == b.c0 && a.c1 == b.c1);
                        }
                    }
                    // The counter follows the same levels and scales.
                    let counting = Counting::new(w.parameters.clone());
                    let fresh = counting.fresh(limbs, w.square_scale());
                    let counted_transform = counting.encode_transform(&transform, scale).unwrap();
                    assert_eq!(counting.transform_bytes(&counted_transform), w.evaluator.transform_bytes(&encoded));
                    let counted = counting.apply_transform(&vec![&fresh; inputs], &counted_transform).unwrap();
                    assert_eq!((counted[0].limbs, counted[0].scale), (results[0].limbs(), results[0].scale));
                    let before = counting.take().total();
                    assert_eq!(before.plain_products as usize, diagonals.len());
                    let evaluated = counting.evaluate_transform(counted_transform, limbs);
                    counting.apply_transform(&vec![&fresh; inputs], &evaluated).unwrap();
                    assert!(counting.take().total().limb_transforms < before.limb_transforms);
                }
                let one = w.encrypt(&x[0], w.square_scale(), 3);
                let encoded = w.evaluator.encode_transform(&transform, 1024.0).unwrap();
                let many = vec![&one; inputs + 1];
                assert!(matches!(w.evaluator.apply_transform(&many, &encoded), Err(CkksError::Inputs { .. })));
            }
        }
    }
}

/// Three inputs with rotations, two outputs, plaintexts of two bases; groups of several sizes.
fn combination(period: usize) -> Combination {
    let mask = |from: usize| {
        (0..period).map(|i| Complex::new(if i >= from { 1.0 } else { 0.0 }, 0.2)).collect::<Vec<Complex>>()
    };
    let mut plaintexts = Plaintexts::new(vec![mask(0), mask(3)]);
    let numbers: Vec<u32> = [0.5, -0.25, 0.8].iter().map(|f| plaintexts.push([(0, *f), (1, 0.1 - *f / 2.0)])).collect();
    let sources = [(0, -1), (0, 0), (0, 5), (1, 0), (2, 1), (2, 8)];
    let sources = sources.iter().map(|&(input, steps)| Rotated { input, steps }).collect();
    let mut combination = Combination::new(3, sources, plaintexts).unwrap();
    let group = |plaintext: usize, members| Group { plaintext: numbers[plaintext], members };
    combination.push([group(0, &[0, 1, 5]), group(1, &[2]), group(2, &[3, 4])]).unwrap();
    combination.push([group(2, &[0, 3]), group(0, &[2])]).unwrap();
    combination
}

#[test]
fn combinations_are_sums_of_products_in_every_evaluator_and_however_small_the_memory() {
    for w in worlds() {
        let limbs = 4;
        let messages: Vec<Vec<Complex>> = (0..3).map(|i| slots(20 + i, w.slot_count())).collect();
        let inputs: Vec<Ciphertext> = messages.iter().map(|m| w.encrypt(m, w.square_scale(), limbs)).collect();
        let inputs: Vec<&Ciphertext> = inputs.iter().collect();
        let weight_scale = w.parameters.weight_scale(limbs);
        let one = 2 * limbs as u64 * 8 * w.parameters.n() as u64;
        for period in [8, 32, w.slot_count()] {
            let c = Arc::new(combination(period));
            let encoded = w.evaluator.encode_combination(&c, weight_scale).unwrap();
            let expected = c.apply_clear(&messages);
            // All at once, and input by input.
            let results =
                [u64::MAX, 2 * one].map(|bytes| w.evaluator.apply_combination(&inputs, &encoded, bytes).unwrap());
            assert_eq!(results[0], results[1]);
            for (result, expected) in results[0].iter().zip(&expected) {
                assert_eq!(
                    (result.limbs(), (result.scale / w.parameters.scale() - 1.0).abs() < 1e-12),
                    (limbs - 1, true)
                );
                // Rounding of the plaintexts meets sums of up to six messages.
                let plaintexts =
                    3.0 * noise::encoding() * (2.0 * period as f64).sqrt() / weight_scale * w.parameters.scale();
                let slot = (w.parameters.n() as f64 / 2.0).sqrt();
                w.assert_close(
                    result,
                    expected,
                    noise::rounding(8)
                        + 3.0 * noise::key_switch(&w.parameters, limbs) / w.parameters.scale()
                        + plaintexts / slot,
                    "combination",
                );
            }
            let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
            let clear: Vec<_> =
                messages.iter().zip(0..).map(|(m, i)| simulated.encrypt(m, w.square_scale(), limbs, i)).collect();
            let clear: Vec<_> = clear.iter().collect();
            let encoded = simulated.encode_combination(&c, weight_scale).unwrap();
            for (x, expected) in simulated.apply_combination(&clear, &encoded, u64::MAX).unwrap().iter().zip(&expected)
            {
                let report = PrecisionReport::new(&x.slots(0), expected).unwrap();
                assert!(report.min > 8.0, "{report}");
            }
            let counting = Counting::new(w.parameters.clone());
            let fresh = counting.fresh(limbs, w.square_scale());
            let encoded = counting.encode_combination(&c, weight_scale).unwrap();
            let counted = counting.apply_combination(&[&fresh; 3], &encoded, u64::MAX).unwrap();
            assert!(counted.iter().zip(&results[0]).all(|(c, r)| (c.limbs, c.scale) == (r.limbs(), r.scale)));
            let operations = counting.take().total();
            assert_eq!((operations.rotations, operations.hoisting_groups, operations.plain_products), (4, 2, 5));
            assert_eq!((operations.additions, operations.rescales), (7, 2));
        }
        // The same with conjugates added: twice the real part.
        let mut c = combination(8);
        let encoded = w.evaluator.encode_combination(&Arc::new(c.clone()), weight_scale).unwrap();
        let whole = w.evaluator.apply_combination(&inputs, &encoded, u64::MAX).unwrap();
        c.take_real_part();
        let encoded = w.evaluator.encode_combination(&Arc::new(c), weight_scale).unwrap();
        let real = w.evaluator.apply_combination(&inputs, &encoded, u64::MAX).unwrap();
        for (whole, real) in whole.iter().zip(&real) {
            let slots = w.decrypt(whole);
            let expected: Vec<Complex> = slots.iter().map(|z| Complex::new(2.0 * z.re, 0.0)).collect();
            let report = PrecisionReport::new(&w.decrypt(real), &expected).unwrap();
            assert!(report.min > 8.0, "{report}");
        }
        let error = w.evaluator.apply_combination(&inputs, &encoded, one).unwrap_err().to_string();
        assert!(
            error.contains(&format!("take {} bytes of working memory, but the limit is {one}", 2 * one)),
            "{error}"
        );
    }
}

#[test]
fn combinations_refuse_what_they_cannot_hold() {
    let w = World::new(8, 2, KeySwitching::Automatic);
    let mut plaintexts = Plaintexts::new(vec![vec![Complex::new(1.0, 0.0); 8]]);
    plaintexts.push([(0, 1e9)]);
    let c = Combination::new(1, vec![Rotated { input: 0, steps: 0 }], plaintexts.clone()).unwrap();
    let error = w.evaluator.encode_combination(&Arc::new(c), 16.0).unwrap_err().to_string();
    assert!(error.contains("exceeds 2^31"), "{error}");
    let reason = |result: Result<(), CkksError>| result.unwrap_err().to_string();
    let small = |input| Combination::new(1, vec![Rotated { input, steps: 0 }], plaintexts.clone());
    let text = reason(small(1).map(|_| ()));
    assert!(text.contains("it reads input 1 of 1"), "{text}");
    let mut c = small(0).unwrap();
    let text = reason(c.push([Group { plaintext: 1, members: &[0] }]));
    assert!(text.contains("plaintext 1 of 1"), "{text}");
    let text = reason(c.push([Group { plaintext: 0, members: &[1] }]));
    assert!(text.contains("rotated input 1 of 1"), "{text}");
    let mut c = small(0).unwrap();
    c.push([]).unwrap();
    let integers = |weight, plaintext| Integers { bits: 4, plaintexts: vec![plaintext], weights: vec![weight] };
    for weight in [8, -9] {
        let text = reason(c.push_integers(integers(weight, 0)));
        assert!(text.contains(&format!("the integer weight {weight} does not fit into 4 bits")), "{text}");
    }
    assert!(reason(c.push_integers(integers(7, 1))).contains("plaintext 1 of 1"));
    c.push_integers(integers(7, 0)).unwrap();
    c.push_integers(integers(-8, 0)).unwrap();
    let sources = (0..70_000).map(|input| Rotated { input, steps: 0 }).collect();
    let error = Combination::new(70_000, sources, plaintexts).unwrap_err().to_string();
    assert!(error.contains("70000 rotated inputs"), "{error}");
}

#[test]
fn sources_are_sorted_and_distinct_and_plaintexts_have_bases() {
    let rotated = |steps: &[i64]| steps.iter().map(|steps| Rotated { input: 0, steps: *steps }).collect::<Vec<_>>();
    for steps in [[1, 1], [2, 1]] {
        let combination = Combination::new(1, rotated(&steps), Plaintexts::default()).map(|_| ());
        let matrix = ScalarMatrix::new(1, 1, rotated(&steps), Vec::new()).map(|_| ());
        for refused in [combination, matrix] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains(&format!("sorted and distinct, but input 0 by {} is not", steps[0])), "{text}");
        }
    }
    let ones = |length| vec![Complex::new(1.0, 0.0); length];
    for (bases, term, reason) in [
        (vec![ones(8)], vec![(1, 1.0)], "a plaintext has base 1 of 1"),
        (vec![ones(16), ones(8)], vec![(1, 1.0)], "bases of 16 and of 8 slots"),
        (Vec::new(), Vec::new(), "plaintexts and no base"),
    ] {
        let mut plaintexts = Plaintexts::new(bases);
        plaintexts.push(term);
        let text = Combination::new(1, rotated(&[0]), plaintexts).unwrap_err().to_string();
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn no_evaluator_encodes_a_matrix_of_no_slots() {
    let w = World::new(8, 2, KeySwitching::Automatic);
    let transform = Arc::new(LinearTransform::from_matrix(0, |_, _| Complex::default()));
    let none = Err(CkksError::TooManySlots { found: 0, slots: w.slot_count() });
    let scale = w.parameters.weight_scale(2);
    assert_eq!(w.evaluator.encode_transform(&transform, scale).map(|_| ()), none);
    assert_eq!(Counting::new(w.parameters.clone()).encode_transform(&transform, scale).map(|_| ()), none);
    let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
    assert_eq!(simulated.encode_transform(&transform, scale).map(|_| ()), none);
}

#[test]
fn a_fold_by_all_slots_doubles() {
    let w = World::new(8, 3, KeySwitching::Automatic);
    let x = slots(3, w.slot_count());
    let scale = w.parameters.weight_scale(4);
    let mut transform =
        LinearTransform::from_matrix(8, |row, column| Complex::from(f64::from(u8::from(row == column))));
    transform.folds = vec![Fold::Rotation(0), Fold::Rotation(w.slot_count() as i64)];
    let encoded = w.evaluator.encode_transform(&Arc::new(transform), scale).unwrap();
    let found = w.evaluator.apply_transform(&[&w.encrypt(&x, w.square_scale(), 4)], &encoded).unwrap();
    let expected: Vec<Complex> = x.iter().map(|z| *z * 4.0).collect();
    let report = PrecisionReport::new(&w.decrypt(&found[0]), &expected).unwrap();
    assert!(report.min > 8.0, "{report}");
}

#[test]
fn the_largest_ring_has_the_predicted_noise() {
    let log_n = MAX_LOG_N;
    let w = World::new(log_n, 1, KeySwitching::Automatic);
    let m = slots(5, w.slot_count());
    let deviation = |x: &Ciphertext, expected: &[Complex]| {
        let report = PrecisionReport::new(&w.decrypt(x), expected).unwrap();
        report.deviation * x.scale / noise::slot_deviation(log_n, 1.0)
    };
    let product = w.encrypt(&m, w.square_scale() * w.parameters.weight_scale(2), 2);
    let (found, expected) = (deviation(&w.evaluator.rescale(&product).unwrap(), &m), noise::rounding(log_n));
    assert!((found / expected - 1.0).abs() < 0.1, "rescale: {found} against {expected}");
    let rotated = w.evaluator.rotate(&w.encrypt(&m, w.square_scale(), 2), 1).unwrap();
    let (found, expected) = (deviation(&rotated, &rotate(&m, 1)), noise::key_switch(&w.parameters, 2).hypot(3.2));
    assert!((found / expected - 1.0).abs() < 0.15, "rotate: {found} against {expected}");
}
