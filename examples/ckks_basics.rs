//! Keys, encryption, a product, a rotation and decryption: `cargo run --release --example ckks_basics`.

use std::sync::Arc;

use leveled::ckks::*;

fn main() -> Result<(), CkksError> {
    // One product of data at a scale of 2^40.
    let parameters = Parameters::new(ParametersLiteral {
        log_n: 13,
        levels: 1,
        scale_bits: 40.0,
        weight_bits: 20.0,
        tower_reuse: false,
        base_bits: 50,
        ..ParametersLiteral::default()
    })?;
    let (limbs, scale) = (parameters.max_limbs(), parameters.input_scale());

    // The client makes the keys that the server needs, and encrypts.
    let encryptor = Encryptor::new(SecretKey::generate(&parameters)?);
    let mut request = KeyRequest::new();
    request.add(&parameters, KeyKind::Relinearization, limbs);
    request.add_rotation(&parameters, 1, limbs - 1);
    let keys = Arc::new(EvaluationKeys::generate(encryptor.secret(), &request, |_| ())?);
    let x: Vec<Complex> = (0..parameters.slots()).map(|slot| Complex::from((slot as f64).cos())).collect();
    let encrypted = encryptor.encrypt(&x, scale, limbs)?.expand();

    // The server multiplies, divides by the last prime, and rotates by one slot to the left.
    let server = Encrypted::new(parameters.clone(), encryptor.encoder().clone(), keys);
    let product = server.rescale(&server.multiply(&encrypted, &encrypted)?)?;
    let rotated = server.rotate(&product, 1)?;

    // The client decrypts.
    let found = decrypt(encryptor.encoder(), encryptor.secret(), &rotated)?;
    println!("slots 0 and 1: {:.6} and {:.6}", found[0].re, found[1].re);
    assert!((0..x.len()).all(|slot| (found[slot] - x[(slot + 1) % x.len()].powi(2)).norm() < 1e-6));
    Ok(())
}

#[test]
fn slots_are_as_expected() {
    main().unwrap();
}
