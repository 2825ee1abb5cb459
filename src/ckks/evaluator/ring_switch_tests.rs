//! Into the ring of half the dimension, on every evaluator.

use std::sync::Arc;

use super::testing::{World, slots};
use super::{Counting, Encrypted, Evaluator, Simulated};
use crate::ckks::encoder::{Complex, Encoder};
use crate::ckks::keys::{EvaluationKeys, KeyKind, KeyRequest, SecretKey};
use crate::ckks::parameters::{KeySwitching, Parameters, ParametersLiteral};
use crate::ckks::{CkksError, RingSwitch, RingSwitchingKey, SecurityPolicy, decrypt, noise};
use crate::ring::sampling::Seed;

const LIMBS: usize = 4;

/// A world with a way into a ring of half the dimension, and that ring with a rotation and squares.
struct Rings {
    large: World,
    switch: RingSwitch,
    secret: SecretKey,
}

impl Rings {
    fn new(log_n: u32) -> Self {
        let World { parameters, encoder, encryptor, evaluator } = World::new(log_n, 5, KeySwitching::Automatic);
        let switch = RingSwitch::new(&parameters, LIMBS).unwrap();
        let into = switch.target();
        let secret = SecretKey::reproducible(into, &Seed::from_number(2));
        let key = RingSwitchingKey::generate(&switch, encryptor.secret(), &secret).unwrap();
        assert_eq!(key.bytes(), switch.key_bytes());
        let mut request = KeyRequest::new();
        request.add(into, KeyKind::Relinearization, LIMBS);
        request.add_rotation(into, 3, LIMBS);
        let keys = EvaluationKeys::generate(&secret, &request, |_| ()).unwrap();
        let small = Encrypted::new(into.clone(), Encoder::new(log_n - 1), Arc::new(keys));
        let evaluator = evaluator.with_ring_switch(key, small);
        Self { large: World { parameters, encoder, encryptor, evaluator }, switch, secret }
    }

    fn small(&self) -> &Encrypted {
        self.large.evaluator.smaller_ring().unwrap()
    }

    fn decrypted(&self, x: &crate::ckks::Ciphertext) -> Vec<Complex> {
        decrypt(self.small().encoder(), &self.secret, x).unwrap().to_vec()
    }
}

/// Means of slots that are half of them apart.
fn means(x: &[Complex]) -> Vec<Complex> {
    let (low, high) = x.split_at(x.len() / 2);
    low.iter().zip(high).map(|(a, b)| (a + b) / 2.0).collect()
}

fn deviation(found: &[Complex], expected: &[Complex]) -> f64 {
    let squares: f64 = found.iter().zip(expected).map(|(a, b)| (a - b).norm_sqr()).sum();
    (squares / (2 * found.len()) as f64).sqrt()
}

#[test]
fn slots_become_means_of_two_and_the_small_ring_computes_on() {
    let rings = Rings::new(9);
    let (e, scale) = (&rings.large.evaluator, rings.large.parameters.scale());
    let x = slots(5, rings.large.slot_count());
    let switched = e.switch_ring(&rings.large.encrypt(&x, scale, LIMBS)).unwrap();
    assert_eq!((switched.limbs(), switched.scale()), (LIMBS, scale));
    let expected = means(&x);
    assert!(deviation(&rings.decrypted(&switched), &expected) < 1e-3);
    let mut rotated = expected.clone();
    rotated.rotate_left(3);
    assert!(deviation(&rings.decrypted(&rings.small().rotate(&switched, 3).unwrap()), &rotated) < 1e-3);
    let squares: Vec<Complex> = expected.iter().map(|z| z * z).collect();
    assert!(deviation(&rings.decrypted(&rings.small().square(&switched).unwrap()), &squares) < 1e-3);
}

#[test]
fn what_repeats_after_half_of_the_slots_stays() {
    let rings = Rings::new(8);
    let scale = rings.large.parameters.scale();
    let half = slots(6, rings.large.slot_count() / 2);
    let whole: Vec<Complex> = half.iter().chain(&half).copied().collect();
    let x = rings.large.encrypt(&whole, scale, LIMBS);
    let switched = rings.large.evaluator.switch_ring(&x).unwrap();
    assert!(deviation(&rings.decrypted(&switched), &half) < 1e-3);
}

#[test]
fn its_noise_is_that_of_the_formula_encrypted_and_simulated() {
    // A scale so small that errors are seen, and large enough for the values.
    let rings = Rings::new(13);
    let scale = 2f64.powi(20);
    let x = slots(7, rings.large.slot_count());
    let expected = means(&x);
    let log_n = rings.switch.target().log_n();
    // Half of the coefficients of a fresh encryption, with its rounding.
    let fresh = noise::symmetric_encryption().hypot(noise::encoding());
    let formula = noise::slot_deviation(log_n, rings.switch.noise().hypot(fresh)) / scale;
    let encrypted = rings.large.evaluator.switch_ring(&rings.large.encrypt(&x, scale, LIMBS)).unwrap();
    let simulated = Simulated::new(rings.large.parameters.clone(), rings.large.encoder.clone())
        .with_ring_switch(rings.switch.clone(), Simulated::new(rings.switch.target().clone(), Encoder::new(log_n)));
    let simulated = simulated.switch_ring(&simulated.encrypt(&x, scale, LIMBS, 3)).unwrap();
    for (what, found) in [("encrypted", rings.decrypted(&encrypted)), ("simulated", simulated.slots(0))] {
        let ratio = deviation(&found, &expected) / formula;
        // 4,096 parts: known to 1.1 %.
        assert!((ratio - 1.0).abs() < 0.06, "{what}: {ratio} of the formula");
    }
}

#[test]
fn no_switch_no_move() {
    let rings = Rings::new(8);
    let (world, scale) = (&rings.large, rings.large.parameters.scale());
    let x = |limbs| world.encrypt(&slots(1, world.slot_count()), scale, limbs);
    for limbs in [LIMBS - 1, LIMBS + 1] {
        let error = world.evaluator.switch_ring(&x(limbs)).unwrap_err();
        assert_eq!(error, CkksError::NoRingSwitch { limbs });
    }
    assert!(rings.small().switch_ring(&world.evaluator.switch_ring(&x(LIMBS)).unwrap()).is_err());
    let counting = Counting::new(world.parameters.clone());
    assert!(counting.switch_ring(&counting.fresh(LIMBS, scale)).is_err());
    let counting = counting.with_ring_switch(rings.switch.clone(), Counting::new(rings.switch.target().clone()));
    assert!(counting.switch_ring(&counting.fresh(LIMBS, scale)).is_ok());
    assert_eq!(counting.take().total().hoisting_groups, 1);
    // A switch that was written down has the limit of the small ring for its key, or is none.
    let written = serde_json::to_string(&rings.switch).unwrap();
    let read: RingSwitch = serde_json::from_str(&written).unwrap();
    assert_eq!(read.through().fingerprint(), rings.switch.through().fingerprint());
    let limit = format!("\"secret_log_n\":{}", rings.switch.target().log_n());
    let free = written.replacen(&limit, "\"secret_log_n\":null", 1);
    assert_ne!(free, written);
    let error = serde_json::from_str::<RingSwitch>(&free).unwrap_err().to_string();
    assert!(error.contains("under the limit of the small one"), "{error}");
    // An evaluator of a smaller ring with other primes is none of the switch.
    let other = World::with(7, LIMBS, 20.0, KeySwitching::Automatic).parameters;
    let differs = Err(CkksError::RingSwitch { large: 8, small: 7 });
    let counting =
        Counting::new(world.parameters.clone()).with_ring_switch(rings.switch.clone(), Counting::new(other.clone()));
    assert_eq!(counting.switch_ring(&counting.fresh(LIMBS, scale)).map(|_| ()), differs);
    let simulated = Simulated::new(world.parameters.clone(), world.encoder.clone())
        .with_ring_switch(rings.switch.clone(), Simulated::new(other.clone(), Encoder::new(7)));
    assert_eq!(
        simulated.switch_ring(&simulated.encrypt(&slots(1, world.slot_count()), scale, LIMBS, 3)).map(|_| ()),
        differs
    );
    let key = RingSwitchingKey::generate(&rings.switch, world.encryptor.secret(), &rings.secret).unwrap();
    let encrypted = Encrypted::new(world.parameters.clone(), world.encoder.clone(), Arc::default())
        .with_ring_switch(key, Encrypted::new(other, Encoder::new(7), Arc::default()));
    assert_eq!(encrypted.switch_ring(&x(LIMBS)).map(|_| ()), differs);
    // The keys must be those of the two rings.
    let error = RingSwitchingKey::generate(&rings.switch, &rings.secret, &rings.secret).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the switch is between other rings than those of the keys and evaluators given, N = 2^7 and N = 2^7; make them with the parameters of the switch"
    );
}

#[test]
fn the_limit_of_the_small_ring_holds_and_its_primes_are_those_of_the_large_one() {
    let literal = ParametersLiteral {
        scale_bits: 22.0,
        weight_bits: 19.5,
        input_bits: Some(24.0),
        ..ParametersLiteral::default()
    };
    let large = Parameters::new(literal).unwrap();
    let mut most = 0;
    for limbs in 2..large.max_limbs() {
        let Ok(switch) = RingSwitch::new(&large, limbs) else { continue };
        most = limbs;
        for parameters in [switch.through(), switch.target()] {
            let security = parameters.security();
            assert!(security.log_n == 14 && security.log2_qp <= 430.0 && security.is_secure(), "{security:?}");
            assert!((0..limbs).all(|i| parameters.prime(i) == large.prime(i)));
            // A literal makes the very same again.
            let again = Parameters::new(parameters.literal().clone()).unwrap();
            assert_eq!((again.bands(), again.log_n()), (parameters.bands(), parameters.log_n()));
        }
        assert_eq!((switch.through().log_n(), switch.target().log_n(), switch.limbs()), (15, 14, limbs));
    }
    // 28 + 8 * 41.5 = 360 bits and special primes.
    assert!((8..=10).contains(&most), "{most}");
    assert!(matches!(
        RingSwitch::new(&large, 12),
        Err(CkksError::Insecure { log_n: 14, .. } | CkksError::NoGadget { .. })
    ));
    assert!(matches!(RingSwitch::new(&large, 1), Err(CkksError::Parameter { name: "limbs", .. })));
    // From there into the next one.
    let next = RingSwitch::new(RingSwitch::new(&large, 8).unwrap().target(), 4).unwrap();
    assert!(next.target().log_n() == 13 && next.target().security().log2_qp <= 214.0);
    let free = ParametersLiteral { security: SecurityPolicy::None, ..large.literal().clone() };
    assert!(
        RingSwitch::new(&Parameters::new(free).unwrap(), 12)
            .is_ok_and(|switch| !switch.target().security().is_secure())
    );
}
