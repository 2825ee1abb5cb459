//! What encryption, decryption and making keys leave behind, what they refuse, and that no randomness is used twice.

use super::decryption::decrypt;
use super::keys::{EvaluationKeys, KeyKind, KeyRequest, PublicKey, SecretKey};
use super::parameters::ParametersLiteral;
use super::ring_switch::{RingSwitch, RingSwitchingKey};
use super::{Ciphertext, CkksError, Complex, Encoder, Encryptor, Parameters, PublicEncryptor, SecurityPolicy};
use crate::ring::automorphism::{inverse_element, rotation_element};
use crate::ring::limb::{left_in_pool, reserved};
use crate::ring::sampling::Seed;
use crate::ring::{Automorphism, Limb, Polynomial, simd};

fn parameters(log_n: u32) -> Parameters {
    Parameters::new(ParametersLiteral {
        log_n,
        levels: 3,
        scale_bits: 24.0,
        weight_bits: 18.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        ..ParametersLiteral::default()
    })
    .unwrap()
}

fn slots(parameters: &Parameters, factor: f64) -> Vec<Complex> {
    (0..parameters.slots()).map(|i| Complex::new(factor * (i as f64).sin(), factor * (i as f64).cos())).collect()
}

/// Asserts that no free limb is the key, or the product of the key and a limb of `public`, or coefficients of that.
fn assert_forgotten(secret: &SecretKey, public: &Polynomial, what: &str) {
    let parameters = secret.parameters();
    let left = left_in_pool(parameters.n());
    for (i, factor) in public.limbs.iter().enumerate() {
        let ntt = &parameters.ntts()[i];
        let key = secret.limb(i);
        let mut product = factor.clone();
        simd::multiply_assign(&mut product, key, ntt.modulus());
        let mut negative = product.clone();
        simd::negate(&mut negative, ntt.modulus());
        let mut coefficients = key.clone();
        ntt.inverse(&mut coefficients);
        let kept: [(&str, &Limb); 4] =
            [("the key", key), ("its coefficients", &coefficients), ("a product", &product), ("-product", &negative)];
        for (name, limb) in kept {
            assert!(!left.contains(limb), "{what} left {name} modulo prime {i}");
        }
        // These are secret as well, and would be found by the next call.
        for mut limb in [product, negative, coefficients] {
            limb.fill(0);
        }
    }
}

#[test]
fn nothing_from_which_the_key_follows_is_left_in_the_pool() {
    reserved::open(true);
    let parameters = parameters(reserved::LOG_N);
    let secret = SecretKey::reproducible(&parameters, &Seed::from_number(1));
    let mut one = Polynomial::zero(parameters.n(), parameters.max_limbs());
    one.limbs.iter_mut().for_each(|limb| limb.fill(1));
    assert_forgotten(&secret, &one, "the secret key");

    let public = PublicKey::generate(&secret);
    assert_forgotten(&secret, &public.a, "the public key");

    let encryptor = Encryptor::new(secret.clone());
    let values = slots(&parameters, 1.0);
    let ciphertext = encryptor.encrypt(&values, parameters.scale(), 3).unwrap().expand();
    assert_forgotten(&secret, &ciphertext.c1, "encryption");

    let decrypted = decrypt(encryptor.encoder(), &secret, &ciphertext).unwrap();
    assert!(decrypted.iter().zip(&values).all(|(a, b)| (a - b).norm() < 1e-3));
    assert_forgotten(&secret, &ciphertext.c1, "decryption");
    let left = left_in_pool(parameters.n());
    for i in 0..ciphertext.limbs() {
        // c0 + c1 s, the message with its noise.
        let ntt = &parameters.ntts()[i];
        let mut message = ciphertext.c1.limbs[i].clone();
        simd::multiply_assign(&mut message, secret.limb(i), ntt.modulus());
        simd::add_assign(&mut message, &ciphertext.c0.limbs[i], ntt.modulus());
        assert!(!left.contains(&message), "decryption left the message");
        ntt.inverse(&mut message);
        assert!(!left.contains(&message), "decryption left the message's coefficients");
        message.fill(0);
    }

    for kind in [KeyKind::Relinearization, KeyKind::Galois(rotation_element(parameters.log_n(), 1))] {
        let mut request = KeyRequest::new();
        request.add(&parameters, kind, 4);
        let keys = EvaluationKeys::generate(&secret, &request, |_| ()).unwrap();
        expect_a_key_to_leave_nothing(&secret, &keys, kind);
        assert_forgotten(&secret, &one, "evaluation keys");
    }

    let switch = RingSwitch::new(&parameters, 3).unwrap();
    let small = SecretKey::reproducible(switch.target(), &Seed::from_number(2));
    let key = RingSwitchingKey::generate(&switch, &secret, &small).unwrap();
    let left = left_in_pool(parameters.n());
    for (what, secret) in [("large", &secret), ("small", &small)] {
        let embedded = secret.embedded(switch.through());
        for prime in 0..switch.through().ntts().len() {
            assert!(!left.contains(&embedded(prime)), "a ring switching key left the {what} secret");
        }
    }
    drop(key);
    reserved::open(false);
}

/// Asserts that no free limb is what a switching key was made from: its two secrets, P times the second one, products of the first one.
fn expect_a_key_to_leave_nothing(secret: &SecretKey, keys: &EvaluationKeys, kind: KeyKind) {
    let parameters = secret.parameters();
    let key = keys.get(parameters, kind, 4).unwrap();
    let band = parameters.band_index(4);
    let special = &parameters.bands()[band].special;
    let left = left_in_pool(parameters.n());
    let forgotten = |what: &str, mut limb: Limb| {
        assert!(!left.contains(&limb), "{kind:?} left {what}");
        limb.fill(0);
    };
    let secrets = |prime: usize| {
        let own = secret.limb(prime).clone();
        let mut other = own.clone();
        match kind {
            KeyKind::Relinearization => {
                simd::multiply_assign(&mut other, secret.limb(prime), parameters.ntts()[prime].modulus());
                (own, other)
            }
            KeyKind::Galois(element) => {
                let log_n = parameters.log_n();
                Automorphism::new(log_n, inverse_element(log_n, element)).apply(secret.limb(prime), &mut other);
                (other, own)
            }
        }
    };
    for (prime, half) in key.uniform_halves(parameters, band) {
        let q = parameters.ntts()[prime].modulus();
        let (target, mut source) = secrets(prime);
        let mut product = half;
        simd::multiply_assign(&mut product, &target, q);
        forgotten("a product", product);
        forgotten("the secret that it leads to", target);
        forgotten("the secret that it comes from", source.clone());
        // Modulo a special prime it is zero.
        if prime < parameters.max_limbs() {
            simd::multiply_by_factor(&mut source, parameters.product_modulo(special, prime), q);
            forgotten("P times a secret", source);
        }
    }
}

#[test]
fn no_two_encryptions_share_randomness() {
    let parameters = parameters(6);
    let values = slots(&parameters, 1.0);
    let encrypt = |encryptor: &Encryptor| encryptor.encrypt(&values, parameters.scale(), 2).unwrap().expand();
    let secret = SecretKey::generate(&parameters).unwrap();
    let encryptors = [Encryptor::new(secret.clone()), Encryptor::new(secret.clone())];
    let public = PublicEncryptor::new(PublicKey::generate(&secret)).unwrap();
    let by_public_key = || public.encrypt(&values, parameters.scale(), 2).unwrap();
    let all: Vec<Ciphertext> =
        encryptors.iter().chain(&encryptors).map(encrypt).chain([by_public_key(), by_public_key()]).collect();
    for (i, x) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|y| y.c1 != x.c1 && y.c0 != x.c0), "{i}");
    }
    // A fixed seed gives the same key and the same first encryption, but other ones under other parameters.
    let fixed = |parameters| Encryptor::new(SecretKey::reproducible(parameters, &Seed::from_number(3)));
    assert_eq!(encrypt(&fixed(&parameters)), encrypt(&fixed(&parameters)));
    let mut literal = parameters.literal().clone();
    literal.levels = 4;
    let longer = Parameters::new(literal).unwrap();
    assert_eq!(longer.prime(0), parameters.prime(0));
    assert_ne!(fixed(&parameters).secret().limb(0), fixed(&longer).secret().limb(0));
}

#[test]
fn what_a_ciphertext_cannot_hold_is_not_encrypted() {
    let parameters = parameters(6);
    let secret = SecretKey::generate(&parameters).unwrap();
    let encryptor = Encryptor::new(secret.clone());
    let public = PublicEncryptor::new(PublicKey::generate(&secret)).unwrap();
    let encrypt = |factor: f64, scale: f64, limbs: usize| {
        let values = vec![Complex::new(factor, 0.0); parameters.slots()];
        let errors =
            [encryptor.encrypt(&values, scale, limbs).map(|x| x.expand()), public.encrypt(&values, scale, limbs)];
        assert_eq!(errors[0].is_ok(), errors[1].is_ok(), "{factor} at {scale} with {limbs} limbs");
        let [result, _] = errors;
        result.map(|x| decrypt(encryptor.encoder(), &secret, &x).unwrap()[0].re)
    };
    let scale = parameters.scale();
    // The base prime has 40 bits, so 15 are left above the scale.
    assert!((encrypt(32_000.0, scale, 1).unwrap() / 32_000.0 - 1.0).abs() < 1e-6);
    assert!(matches!(encrypt(33_000.0, scale, 1), Err(CkksError::PlaintextOverflow { limit: 38..=39, .. })));
    assert!((encrypt(33_000.0, scale, 2).unwrap() / 33_000.0 - 1.0).abs() < 1e-6);
    for limbs in [0, 5, 6] {
        assert_eq!(encrypt(1.0, scale, limbs), Err(CkksError::Limbs { found: limbs, most: 4 }));
    }
    for scale in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert!(matches!(encrypt(1.0, scale, 2), Err(CkksError::Scale { .. })), "{scale}");
    }
    assert!(matches!(encrypt(f64::NAN, scale, 2), Err(CkksError::PlaintextOverflow { .. })));
}

#[test]
fn what_is_no_ciphertext_is_not_decrypted() {
    let parameters = parameters(6);
    let secret = SecretKey::generate(&parameters).unwrap();
    let encryptor = Encryptor::new(secret.clone());
    let x = encryptor.encrypt(&slots(&parameters, 1.0), parameters.scale(), 3).unwrap().expand();
    let made = |c0: &Polynomial, c1: &Polynomial, scale| Ciphertext::new(&parameters, c0.clone(), c1.clone(), scale);
    assert_eq!(made(&x.c0, &x.c1, x.scale).unwrap(), x);
    let reason = |result: Result<Ciphertext, CkksError>| result.unwrap_err().to_string();
    let text = reason(made(&x.c0, &x.c1.prefix(2), x.scale));
    assert!(text.contains("3 and 2 limbs, the chain has 1 to 4"), "{text}");
    assert!(made(&Polynomial::default(), &Polynomial::default(), x.scale).is_err());
    for scale in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        assert!(reason(made(&x.c0, &x.c1, scale)).contains("its scale is"), "{scale}");
    }
    let mut large = x.c1.clone();
    large.limbs[2][5] = parameters.prime(2);
    assert!(reason(made(&x.c0, &large, x.scale)).contains("limb 2 has a residue that is not below its prime"));
    let mut short = x.c0.clone();
    short.limbs[1] = Limb::zero(32);
    assert!(reason(made(&short, &x.c1, x.scale)).contains("limb 1 has 32 residues instead of 64"));
    // The same by decryption, of what was made with other parameters: another ring, a longer chain.
    let other = self::parameters(7);
    let foreign = Encryptor::new(SecretKey::generate(&other).unwrap());
    let foreign = foreign.encrypt(&slots(&other, 1.0), other.scale(), 3).unwrap().expand();
    let decrypted = |x: &Ciphertext| decrypt(encryptor.encoder(), &secret, x);
    assert!(matches!(decrypted(&foreign), Err(CkksError::Ciphertext { .. })));
    let longer = Ciphertext { c0: Polynomial::zero(64, 6), c1: Polynomial::zero(64, 6), scale: 1.0 };
    assert!(matches!(decrypted(&longer), Err(CkksError::Ciphertext { .. })));
    assert!(decrypt(&Encoder::new(7), &secret, &x).is_err());
    assert!(decrypted(&x).is_ok());
}
