use super::*;
use crate::ckks::scalar_matrix::{Column, Panel, Place, ScalarMatrix};

/// A number between -1 and 1.
fn number(seed: u64) -> f64 {
    let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / 2f64.powi(52) - 1.0
}

/// Four inputs with rotations; a panel of eleven rows at two places, a diagonal one, single rows, and one of large weights, after `masks`.
fn matrix(masks: Vec<Vec<f64>>) -> ScalarMatrix {
    let sources = [(0, -1), (0, 0), (0, 5), (1, 0), (2, 0), (2, 8), (3, -1), (3, 0), (3, 5)];
    let sources = sources.iter().map(|&(input, steps)| Rotated { input, steps }).collect();
    let masked = masks.len() as u8;
    let mut matrix = ScalarMatrix::new(4, 23, sources, masks).unwrap();
    let column = |source: u32, mask: Option<u8>| Some(Column { source, mask: mask.filter(|mask| *mask < masked) });
    let weights = (0..11 * 5).map(number).collect();
    let first = vec![column(0, None), column(2, Some(0)), None, column(5, Some(1)), column(3, None)];
    let second = vec![column(7, Some(1)), column(2, Some(0)), column(8, Some(1)), column(4, None), column(6, None)];
    let place = |from: u32, columns| Place { outputs: (from..from + 11).rev().collect(), columns };
    matrix.push(Panel { weights, places: vec![place(0, first), place(11, second)] }).unwrap();
    let diagonal = (0..9 * 9).map(|i| if i % 10 == 0 { 1.0 } else { 0.0 }).collect();
    let columns = (0..9).map(|source| column(source, None)).collect();
    matrix.push(Panel { weights: diagonal, places: vec![Place { outputs: (4..13).collect(), columns }] }).unwrap();
    // Panels of one row: two join the rows above, one has none to join.
    let one = |output, columns| Place { outputs: vec![output], columns };
    let places = [(2, 0, None), (13, 7, Some(0)), (22, 3, Some(1))];
    let places = places.map(|(output, source, mask)| one(output, vec![column(source, mask), None])).to_vec();
    matrix.push(Panel { weights: vec![-0.75, 1.0], places }).unwrap();
    let large = vec![3000.0, -0.5, 2.0, -7000.0];
    let columns = vec![column(1, None), column(6, None)];
    matrix.push(Panel { weights: large, places: vec![Place { outputs: vec![21, 3], columns }] }).unwrap();
    matrix
}

/// What the outputs are on clear slots.
fn expected(matrix: &ScalarMatrix, messages: &[Vec<Complex>]) -> Vec<Vec<Complex>> {
    let mut outputs = vec![vec![Complex::default(); messages[0].len()]; matrix.outputs()];
    for panel in matrix.panels() {
        for place in &panel.places {
            for (row, output) in place.outputs.iter().enumerate() {
                for (index, column) in place.columns.iter().enumerate() {
                    let Some(column) = column else { continue };
                    let Rotated { input, steps } = matrix.sources()[column.source as usize];
                    let weight = panel.weights[row * place.columns.len() + index];
                    let x = rotate(&messages[input], steps);
                    for (i, sum) in outputs[*output as usize].iter_mut().enumerate() {
                        let mask = column.mask.map_or(1.0, |mask| {
                            let mask = &matrix.masks()[usize::from(mask)];
                            mask[i % mask.len()]
                        });
                        *sum += x[i] * weight * mask;
                    }
                }
            }
        }
    }
    outputs
}

fn masks(period: usize) -> Vec<Vec<f64>> {
    let mask = |f: fn(usize) -> bool| (0..period).map(|i| f64::from(u8::from(f(i)))).collect();
    vec![mask(|i| i % 4 != 3), mask(|i| i >= 3)]
}

#[test]
fn scalar_matrices_are_sums_of_products_in_every_evaluator_and_however_small_the_memory() {
    for w in worlds() {
        let limbs = 4;
        let messages: Vec<Vec<Complex>> = (0..4).map(|i| slots(20 + i, w.slot_count())).collect();
        let inputs: Vec<Ciphertext> = messages.iter().map(|m| w.encrypt(m, w.square_scale(), limbs)).collect();
        let inputs: Vec<&Ciphertext> = inputs.iter().collect();
        let scale = w.parameters.weight_scale(limbs);
        let one = 2 * limbs as u64 * 8 * w.parameters.n() as u64;
        for masks in [Vec::new(), masks(8), masks(32), masks(w.slot_count())] {
            let period = masks.first().map_or(0, Vec::len);
            let matrix = Arc::new(matrix(masks));
            let expected = expected(&matrix, &messages);
            let encoded = w.evaluator.encode_scalar_matrix(&matrix, scale).unwrap();
            // All at once, and input by input.
            let results =
                [u64::MAX, 2 * one].map(|bytes| w.evaluator.apply_scalar_matrix(&inputs, &encoded, bytes).unwrap());
            assert_eq!(results[0], results[1]);
            for (index, (result, expected)) in results[0].iter().zip(&expected).enumerate() {
                assert_eq!(
                    (result.limbs(), (result.scale / w.parameters.scale() - 1.0).abs() < 1e-12),
                    (limbs - 1, true)
                );
                let plaintexts = 3.0 * noise::encoding() * (2.0 * period as f64).sqrt() / scale * w.parameters.scale();
                let slot = (w.parameters.n() as f64 / 2.0).sqrt();
                // Whole numbers are rounded to half a unit; rotations and encryption meet weights of up to 3, or the large ones.
                let rounded = 2.0 / scale * w.parameters.scale() / slot;
                let large = if [3, 21].contains(&index) { 7000.0 } else { 3.0 };
                let inputs = (large * noise::key_switch(&w.parameters, limbs)) / w.parameters.scale();
                w.assert_close(
                    result,
                    expected,
                    noise::rounding(8) + inputs + rounded + plaintexts / slot,
                    &format!("output {index}, period {period}"),
                );
            }
            let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
            let clear: Vec<_> =
                messages.iter().zip(0..).map(|(m, i)| simulated.encrypt(m, w.square_scale(), limbs, i)).collect();
            let clear: Vec<_> = clear.iter().collect();
            let encoded = simulated.encode_scalar_matrix(&matrix, scale).unwrap();
            let in_blocks = simulated.apply_scalar_matrix(&clear, &encoded, 2 * one).unwrap();
            let outputs = simulated.apply_scalar_matrix(&clear, &encoded, u64::MAX).unwrap();
            for ((x, y), expected) in outputs.iter().zip(&in_blocks).zip(&expected) {
                let report = PrecisionReport::new(&x.slots(0), expected).unwrap();
                assert!(report.min > 8.0, "{report}");
                let report = PrecisionReport::new(&y.slots(0), &x.slots(0)).unwrap();
                assert!(report.min > 30.0, "{report}");
            }
            let counting = Counting::new(w.parameters.clone());
            let fresh = counting.fresh(limbs, w.square_scale());
            let encoded = counting.encode_scalar_matrix(&matrix, scale).unwrap();
            let counted = counting.apply_scalar_matrix(&[&fresh; 4], &encoded, u64::MAX).unwrap();
            assert!(counted.iter().zip(&results[0]).all(|(c, r)| (c.limbs, c.scale) == (r.limbs(), r.scale)));
            let operations = counting.take().total();
            assert_eq!((operations.rotations, operations.hoisting_groups, operations.rescales), (5, 3, 23));
            let error = w.evaluator.apply_scalar_matrix(
                &inputs,
                &w.evaluator.encode_scalar_matrix(&matrix, scale).unwrap(),
                one,
            );
            let error = error.unwrap_err().to_string();
            assert!(error.contains(&format!("take {} bytes of working memory", 2 * one)), "{error}");
        }
    }
}

#[test]
fn whole_numbers_are_exact_whatever_their_size() {
    let w = World::new(8, 3, KeySwitching::Automatic);
    let inputs: Vec<Ciphertext> = (0..3).map(|i| w.encrypt(&slots(i, 128), w.square_scale(), 3)).collect();
    let inputs: Vec<&Ciphertext> = inputs.iter().collect();
    let sources = (0..3).map(|input| Rotated { input, steps: 0 }).collect();
    let mut matrix = ScalarMatrix::new(3, 9, sources, Vec::new()).unwrap();
    let weights: Vec<i64> = (0..27).map(|i| ((number(i) * 2f64.powi(2 * i as i32)) as i64).max(i64::MIN + 1)).collect();
    let columns = (0..3).map(|source| Some(Column { source, mask: None })).collect();
    matrix
        .push(Panel {
            weights: weights.iter().map(|w| *w as f64 / 16.0).collect(),
            places: vec![Place { outputs: (0..9).collect(), columns }],
        })
        .unwrap();
    let encoded = w.evaluator.encode_scalar_matrix(&Arc::new(matrix), 16.0).unwrap();
    let results = w.evaluator.apply_scalar_matrix(&inputs, &encoded, u64::MAX).unwrap();
    for (row, result) in results.iter().enumerate() {
        let product = |i: usize| w.evaluator.multiply_integer(inputs[i], weights[3 * row + i]);
        let sum = w.evaluator.add(&w.evaluator.add(&product(0), &product(1)).unwrap(), &product(2)).unwrap();
        let expected = w.evaluator.rescale(&sum).unwrap();
        assert_eq!((&result.c0, &result.c1), (&expected.c0, &expected.c1), "row {row}");
    }
}

#[test]
fn outputs_that_read_nothing_are_zero() {
    let w = World::new(8, 2, KeySwitching::Automatic);
    let input = w.encrypt(&slots(1, 128), w.square_scale(), 2);
    let read = vec![Rotated { input: 0, steps: 0 }];
    for sources in [Vec::new(), read] {
        let encoded = ScalarMatrix::new(1, 2, sources, Vec::new()).unwrap();
        let encoded = w.evaluator.encode_scalar_matrix(&Arc::new(encoded), 16.0).unwrap();
        let results = w.evaluator.apply_scalar_matrix(&[&input], &encoded, u64::MAX).unwrap();
        assert_eq!(results.len(), 2);
        let limbs = || results.iter().flat_map(|x| x.c0.limbs.iter().chain(&x.c1.limbs));
        assert!(limbs().flat_map(|limb| limb.iter()).all(|word| *word == 0));
    }
}

#[test]
fn scalar_matrices_refuse_what_they_cannot_hold() {
    let w = World::new(8, 2, KeySwitching::Automatic);
    let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
    let sources = || vec![Rotated { input: 0, steps: 0 }];
    let text = |result: Result<ScalarMatrix, CkksError>| result.unwrap_err().to_string();
    let error = text(ScalarMatrix::new(0, 1, sources(), Vec::new()));
    assert!(error.contains("it reads input 0 of 0"), "{error}");
    for masks in [vec![vec![1.0; 8], vec![1.0; 16]], vec![vec![1.0; 4]], vec![vec![1.0; 12]]] {
        let error = text(ScalarMatrix::new(1, 1, sources(), masks));
        assert!(error.contains("masks have one length"), "{error}");
    }
    assert!(text(ScalarMatrix::new(1, 1, sources(), vec![vec![1.0; 8]; 256])).contains("256 masks"));
    let push = |weights: &[f64], outputs: &[u32], source, mask| {
        let mut matrix = ScalarMatrix::new(1, 1, sources(), vec![vec![1.0; 8]])?;
        let columns = vec![Some(Column { source, mask })];
        matrix.push(Panel { weights: weights.to_vec(), places: vec![Place { outputs: outputs.to_vec(), columns }] })?;
        Ok(matrix)
    };
    assert!(text(push(&[1.0, 2.0], &[0], 0, None)).contains("2 weights for 1 rows"));
    assert!(text(push(&[f64::NAN], &[0], 0, None)).contains("a weight is NaN"));
    assert!(text(push(&[1.0], &[1], 0, None)).contains("output 1 of 1"));
    assert!(text(push(&[1.0], &[0], 1, None)).contains("rotated input 1 of 1"));
    assert!(text(push(&[1.0], &[0], 0, Some(1))).contains("mask 1 of 1"));
    let place = |outputs: Vec<u32>, columns: usize| Place { outputs, columns: vec![None; columns] };
    let places = |weights: usize, places| {
        let mut matrix = ScalarMatrix::new(1, 4, sources(), Vec::new())?;
        matrix.push(Panel { weights: vec![1.0; weights], places })?;
        Ok(matrix)
    };
    assert!(text(places(2, vec![place(vec![0, 1], 1), place(vec![2], 2)])).contains("places of 2 and of 1 rows"));
    assert!(text(places(3, vec![place(vec![3, 0, 3], 1)])).contains("two rows make output 3"));
    for (weight, mask, scale) in [(1e9, Some(0), 16.0), (1e9, None, 2f64.powi(33))] {
        let matrix = Arc::new(push(&[weight], &[0], 0, mask).unwrap());
        let error = w.evaluator.encode_scalar_matrix(&matrix, scale).map(|_| ()).unwrap_err();
        assert!(matches!(error, CkksError::PlaintextOverflow { .. }), "{error}");
        // The simulation takes nothing that encryption refuses.
        assert_eq!(simulated.encode_scalar_matrix(&matrix, scale).map(|_| ()).unwrap_err(), error);
    }
    for weight in [1e9, f64::NAN] {
        let mut plaintexts = Plaintexts::new(vec![vec![Complex::new(1.0, 0.0); 8]]);
        let plaintext = plaintexts.push([(0, weight)]);
        let mut combination = Combination::new(1, sources(), plaintexts).unwrap();
        combination.push([Group { plaintext, members: &[0] }]).unwrap();
        let combination = Arc::new(combination);
        for refused in [
            w.evaluator.encode_combination(&combination, 16.0).map(|_| ()),
            simulated.encode_combination(&combination, 16.0).map(|_| ()),
        ] {
            assert!(matches!(refused, Err(CkksError::PlaintextOverflow { .. })), "{refused:?}");
        }
    }
    // A mask that is not a number is none of zeros.
    let mut matrix = ScalarMatrix::new(1, 1, sources(), vec![vec![f64::NAN; 8]]).unwrap();
    matrix.push(Panel { weights: vec![1.0], places: vec![place(vec![0], 1)] }).unwrap();
    let error = w.evaluator.encode_scalar_matrix(&Arc::new(matrix), 16.0).map(|_| ()).unwrap_err();
    assert!(matches!(error, CkksError::PlaintextOverflow { .. }), "{error}");
}

/// Noise of an output for each part of a slot: of eight rows that read three inputs, of which two are rotated.
struct NoiseCase {
    name: &'static str,
    /// Of inputs.
    scale: f64,
    /// Of weights.
    weight_scale: f64,
    weight: f64,
    masks: Vec<Vec<f64>>,
}

#[test]
fn the_noise_of_scalar_matrices_is_that_of_the_formulas() {
    let w = World::new(11, 3, KeySwitching::Automatic);
    let limbs = 3;
    let prime = w.parameters.prime(limbs - 1) as f64;
    let results_at = |scale: f64| 2f64.powi(24) * prime / scale;
    let cases = [
        NoiseCase {
            name: "rescaling",
            scale: w.square_scale(),
            weight_scale: results_at(w.square_scale()),
            weight: 1.0,
            masks: Vec::new(),
        },
        NoiseCase {
            name: "rotations",
            scale: 2f64.powi(30),
            weight_scale: results_at(2f64.powi(30)),
            weight: 128.0,
            masks: Vec::new(),
        },
        NoiseCase { name: "encoding", scale: w.square_scale(), weight_scale: 256.0, weight: 0.3, masks: masks(64) },
    ];
    for NoiseCase { name, scale, weight_scale, weight, masks } in cases {
        let period = masks.first().map_or(0, Vec::len);
        let mask = (!masks.is_empty()).then_some(1);
        let ones = masks.get(1).map_or(1.0, |mask| mask.iter().sum::<f64>() / period as f64);
        let sources = [(0, 0), (1, 1), (2, 5)].map(|(input, steps)| Rotated { input, steps }).to_vec();
        let mut matrix = ScalarMatrix::new(3, 8, sources, masks).unwrap();
        let columns = (0..3).map(|source| Some(Column { source, mask })).collect();
        let weights: Vec<f64> = (0..24)
            .map(|i| weight * (1.0 + number(i) / 4.0))
            // Whole numbers as they are, so that their rounding is no error.
            .map(|x| if mask.is_none() { (x * weight_scale).round() / weight_scale } else { x })
            .collect();
        matrix
            .push(Panel { weights: weights.clone(), places: vec![Place { outputs: (0..8).collect(), columns }] })
            .unwrap();
        let matrix = Arc::new(matrix);
        let messages: Vec<Vec<Complex>> = (0..3).map(|i| slots(40 + i, w.slot_count())).collect();
        let expected = expected(&matrix, &messages);

        let slot = |coefficient: f64, scale: f64| (noise::slot_deviation(11, coefficient) / scale).powi(2);
        let fresh = slot(noise::symmetric_encryption().hypot(noise::encoding()), scale);
        let switched = slot(noise::key_switch(&w.parameters, limbs), scale);
        let squares: Vec<f64> = (0..3).map(|c| (0..8).map(|r| weights[3 * r + c].powi(2)).sum::<f64>() / 8.0).collect();
        // All of the error of a real plaintext is real; messages have a variance of a third in each part.
        let encoded = if mask.is_some() { 3.0 * 2.0 * period as f64 / 12.0 / weight_scale.powi(2) / 3.0 } else { 0.0 };
        let variance = ones * (squares.iter().sum::<f64>() * fresh + (squares[1] + squares[2]) * switched)
            + encoded
            + slot(noise::rounding(11), scale * weight_scale / prime);
        let ratio = |outputs: Vec<Vec<Complex>>| {
            let errors = outputs.iter().flatten().zip(expected.iter().flatten()).map(|(x, y)| (x - y).norm_sqr());
            (errors.sum::<f64>() / (16 * w.slot_count()) as f64 / variance).sqrt()
        };

        let inputs: Vec<Ciphertext> = messages.iter().map(|m| w.encrypt(m, scale, limbs)).collect();
        let inputs: Vec<&Ciphertext> = inputs.iter().collect();
        let encoded = w.evaluator.encode_scalar_matrix(&matrix, weight_scale).unwrap();
        let results = w.evaluator.apply_scalar_matrix(&inputs, &encoded, u64::MAX).unwrap();
        let found = ratio(results.iter().map(|x| w.decrypt(x).to_vec()).collect());
        assert!((0.9..1.1).contains(&found), "{name}, encrypted: {found}");

        let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
        let clear: Vec<_> = messages.iter().zip(0..).map(|(m, i)| simulated.encrypt(m, scale, limbs, i)).collect();
        let clear: Vec<_> = clear.iter().collect();
        let encoded = simulated.encode_scalar_matrix(&matrix, weight_scale).unwrap();
        let results = simulated.apply_scalar_matrix(&clear, &encoded, u64::MAX).unwrap();
        let found = ratio(results.iter().map(|x| x.slots(0)).collect());
        assert!((0.9..1.1).contains(&found), "{name}, simulated: {found}");
    }
}
