//! Random programs: encrypted, simulated and counted results have the same levels and scales, and the values of clear slots.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::counting::Counted;
use super::testing::{LARGEST_ERROR, STEPS, World, slots, zip};
use super::{Counting, Evaluator, Simulated, SimulatedCiphertext};
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::clear::{conjugate, rotate};
use crate::ckks::encoder::Complex;
use crate::ckks::error::CkksError;
use crate::ckks::noise;
use crate::ckks::parameters::KeySwitching;

const LOG_N: u32 = 8;

static WORLD: LazyLock<World> = LazyLock::new(|| World::new(LOG_N, 4, KeySwitching::Automatic));

/// A step; operands are numbers of earlier values, taken modulo how many there are.
#[derive(Debug, Clone)]
enum Step {
    Add(usize, usize),
    Subtract(usize, usize),
    Negate(usize),
    AddPlain(usize, u64),
    MultiplyPlain(usize, u64),
    MultiplyInteger(usize, i64),
    MultiplyImaginaryUnit(usize),
    Multiply(usize, usize),
    Square(usize),
    Rescale(usize),
    Drop(usize),
    Rotate(usize, usize),
    Conjugate(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let value = || 0usize..64;
    prop_oneof![
        (value(), value()).prop_map(|(x, y)| Step::Add(x, y)),
        (value(), value()).prop_map(|(x, y)| Step::Subtract(x, y)),
        value().prop_map(Step::Negate),
        (value(), any::<u64>()).prop_map(|(x, seed)| Step::AddPlain(x, seed)),
        (value(), any::<u64>()).prop_map(|(x, seed)| Step::MultiplyPlain(x, seed)),
        (value(), -9i64..10).prop_map(|(x, factor)| Step::MultiplyInteger(x, factor)),
        value().prop_map(Step::MultiplyImaginaryUnit),
        (value(), value()).prop_map(|(x, y)| Step::Multiply(x, y)),
        value().prop_map(Step::Square),
        value().prop_map(Step::Rescale),
        value().prop_map(Step::Drop),
        (value(), 0..STEPS.len()).prop_map(|(x, steps)| Step::Rotate(x, steps)),
        value().prop_map(Step::Conjugate),
    ]
}

impl Step {
    /// Its first operand, and its second one or the first again.
    fn operands(&self, count: usize) -> (usize, usize) {
        let (x, y) = match *self {
            Self::Add(x, y) | Self::Subtract(x, y) | Self::Multiply(x, y) => (x, y),
            Self::Negate(x)
            | Self::AddPlain(x, _)
            | Self::MultiplyPlain(x, _)
            | Self::MultiplyInteger(x, _)
            | Self::MultiplyImaginaryUnit(x)
            | Self::Square(x)
            | Self::Rescale(x)
            | Self::Drop(x)
            | Self::Rotate(x, _)
            | Self::Conjugate(x) => (x, x),
        };
        (x % count, y % count)
    }

    /// What it does on an evaluator; constants are at the scale of weights.
    fn apply<E: Evaluator>(&self, e: &E, x: &E::Ciphertext, y: &E::Ciphertext) -> Result<E::Ciphertext, CkksError> {
        match *self {
            Self::Add(..) => e.add(x, y),
            Self::Subtract(..) => e.subtract(x, y),
            Self::Negate(_) => Ok(e.negate(x)),
            Self::AddPlain(_, seed) => e.add_plain(x, &constant(seed)),
            Self::MultiplyPlain(_, seed) => e.multiply_plain(x, &constant(seed), WEIGHT_SCALE),
            Self::MultiplyInteger(_, factor) => Ok(e.multiply_integer(x, factor)),
            Self::MultiplyImaginaryUnit(_) => Ok(e.multiply_imaginary_unit(x)),
            Self::Multiply(..) => e.multiply(x, y),
            Self::Square(_) => e.square(x),
            Self::Rescale(_) => e.rescale(x),
            Self::Drop(_) => e.drop_to(x, e.limbs(x).saturating_sub(1)),
            Self::Rotate(_, index) => e.rotate(x, STEPS[index]),
            Self::Conjugate(_) => e.conjugate(x),
        }
    }

    /// The same on clear slots.
    fn clear(&self, x: &[Complex], y: &[Complex]) -> Vec<Complex> {
        let map = |f: &dyn Fn(Complex) -> Complex| x.iter().map(|x| f(*x)).collect();
        match *self {
            Self::Add(..) => zip(x, y, |x, y| x + y),
            Self::Subtract(..) => zip(x, y, |x, y| x - y),
            Self::Negate(_) => map(&|x| -x),
            Self::AddPlain(_, seed) => zip(x, &repeated(seed), |x, y| x + y),
            Self::MultiplyPlain(_, seed) => zip(x, &repeated(seed), |x, y| x * y),
            Self::MultiplyInteger(_, factor) => map(&|x| x * factor as f64),
            Self::MultiplyImaginaryUnit(_) => map(&|x| x * Complex::i()),
            Self::Multiply(..) => zip(x, y, |x, y| x * y),
            Self::Square(_) => map(&|x| x * x),
            Self::Rescale(_) | Self::Drop(_) => x.to_vec(),
            Self::Rotate(_, index) => rotate(x, STEPS[index]),
            Self::Conjugate(_) => conjugate(x),
        }
    }

    /// Deviation of the result's errors at most, in units of values, from those of its operands and their largest magnitudes; as if
    /// all errors were of one sign. `scale` and `limbs` are the result's.
    fn deviation(&self, [dx, dy]: [f64; 2], [mx, my]: [f64; 2], scale: f64, limbs: usize) -> f64 {
        let at = |coefficient: f64, scale: f64| noise::slot_deviation(LOG_N, coefficient) / scale;
        let switched = at(noise::key_switch(&WORLD.parameters, limbs), scale);
        match *self {
            Self::Add(..) | Self::Subtract(..) => dx + dy,
            Self::Negate(_) | Self::MultiplyImaginaryUnit(_) | Self::Drop(_) => dx,
            // Constants keep 30 bits of a magnitude of at most sqrt 2.
            Self::AddPlain(..) => dx + at(noise::encoding(), scale.min(f64::from(1 << 29))),
            Self::MultiplyPlain(..) => 1.5 * dx + mx * at(noise::encoding(), WEIGHT_SCALE),
            Self::MultiplyInteger(_, factor) => factor.unsigned_abs() as f64 * dx,
            Self::Multiply(..) => dx * my + dy * mx + LARGEST_ERROR * dx * dy + switched,
            Self::Square(_) => 2.0 * dx * mx + LARGEST_ERROR * dx * dx + switched,
            Self::Rescale(_) => dx + at(noise::rounding(LOG_N), scale),
            Self::Rotate(..) | Self::Conjugate(_) => dx + switched,
        }
    }
}

const WEIGHT_SCALE: f64 = (1u64 << 18) as f64;

/// A constant that repeats.
fn constant(seed: u64) -> Vec<Complex> {
    slots(seed, 8 << (seed % 5))
}

fn repeated(seed: u64) -> Vec<Complex> {
    constant(seed).into_iter().cycle().take(WORLD.slot_count()).collect()
}

/// A value in every form.
struct Value {
    encrypted: Ciphertext,
    simulated: SimulatedCiphertext,
    counted: Counted,
    clear: Vec<Complex>,
    deviation: f64,
}

impl Value {
    fn largest(&self) -> f64 {
        self.clear.iter().map(|z| z.norm()).fold(0.0, f64::max)
    }
}

fn error(found: &[Complex], expected: &[Complex]) -> f64 {
    zip(found, expected, |x, y| x - y).iter().map(|z| z.re.abs().max(z.im.abs())).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn programs_agree_with_clear_slots(steps in prop::collection::vec(step(), 1..24)) {
        let w = &*WORLD;
        let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
        let counting = Counting::new(w.parameters.clone());
        let (limbs, scale) = (w.parameters.max_limbs(), w.parameters.scale());
        let mut values: Vec<Value> = (0..3).map(|k| {
            let clear = slots(k, w.slot_count());
            Value {
                encrypted: w.encrypt(&clear, scale, limbs),
                simulated: simulated.encrypt(&clear, scale, limbs, k),
                counted: counting.fresh(limbs, scale),
                clear,
                deviation: noise::slot_deviation(LOG_N, noise::symmetric_encryption().hypot(noise::encoding())) / scale,
            }
        }).collect();
        for step in &steps {
            let (x, y) = step.operands(values.len());
            let (x, y) = (&values[x], &values[y]);
            let counted = step.apply(&counting, &x.counted, &y.counted);
            let clear = step.clear(&x.clear, &y.clear);
            let largest = clear.iter().map(|z| z.norm()).fold(0.0, f64::max);
            // A value that the modulus does not hold is no fault of the evaluator, and one of noise alone says nothing.
            let held = |x: &Counted| (largest.max(1.0) * x.scale).log2() + 1.0 < w.parameters.log2_q(x.limbs);
            if !counted.as_ref().map_or(true, held) || largest > 1e6 {
                continue;
            }
            let encrypted = step.apply(&w.evaluator, &x.encrypted, &y.encrypted);
            let simulated = step.apply(&simulated, &x.simulated, &y.simulated);
            let counted = match (counted, encrypted, simulated) {
                (Ok(counted), Ok(encrypted), Ok(simulated)) => (counted, encrypted, simulated),
                (counted, encrypted, simulated) => {
                    let texts = [counted.err(), encrypted.err(), simulated.err()].map(|e| e.map(|e| e.to_string()));
                    prop_assert!(texts[0].is_some() && texts[0] == texts[1] && texts[1] == texts[2], "{step:?}: {texts:?}");
                    continue;
                }
            };
            let (counted, encrypted, simulated) = counted;
            let state = (counted.limbs, counted.scale);
            prop_assert_eq!((encrypted.limbs(), encrypted.scale()), state, "{:?}", step);
            prop_assert_eq!((simulated.limbs, simulated.scale), state, "{:?}", step);
            let deviation =
                step.deviation([x.deviation, y.deviation], [x.largest(), y.largest()], counted.scale, counted.limbs);
            let [found, drawn] = [w.decrypt(&encrypted).to_vec(), simulated.slots(0)].map(|slots| error(&slots, &clear));
            prop_assert!(found <= LARGEST_ERROR * deviation, "{:?}: an error of {} with a deviation of {}", step, found, deviation);
            prop_assert!(drawn <= LARGEST_ERROR * deviation, "{:?}: simulated {} with a deviation of {}", step, drawn, deviation);
            values.push(Value { encrypted, simulated, counted, clear, deviation });
        }
    }
}
