//! A matrix times an encrypted vector, by diagonals and baby and giant steps: `cargo run --release --example linear_transform`.

use std::sync::Arc;

use leveled::ckks::*;

/// Rows and columns of the matrix.
const SIZE: usize = 64;

fn entry(row: usize, column: usize) -> Complex {
    Complex::from(((row * SIZE + column) as f64).sin() / SIZE as f64)
}

fn main() -> Result<(), CkksError> {
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
    let transform = Arc::new(LinearTransform::from_matrix(SIZE, entry));
    println!("{} diagonals, {} distinct rotations", transform.diagonals.len(), transform.rotations().len());

    // The vector repeats in the slots, so that rotations go round.
    let vector: Vec<Complex> = (0..SIZE).map(|i| Complex::from((i as f64).cos())).collect();
    let slots: Vec<Complex> = vector.iter().cycle().take(parameters.slots()).copied().collect();
    let encryptor = Encryptor::new(SecretKey::generate(&parameters)?);
    let encrypted = encryptor.encrypt(&slots, scale, limbs)?.expand();
    let mut request = KeyRequest::new();
    request.add_transform(&parameters, &transform, limbs);
    let keys = EvaluationKeys::generate(encryptor.secret(), &request, |_| ())?;

    // At this scale of the weights the result, rescaled, has the scale of the data again.
    let server = Encrypted::new(parameters.clone(), encryptor.encoder().clone(), Arc::new(keys));
    let encoded = server.encode_transform(&transform, parameters.weight_scale_for(limbs, scale))?;
    let product = server.apply_transform(&[&encrypted], &encoded)?.remove(0);

    let found = decrypt(encryptor.encoder(), encryptor.secret(), &product)?;
    let row = |row: usize| -> Complex { (0..SIZE).map(|column| entry(row, column) * vector[column]).sum() };
    let expected: Vec<Complex> = (0..parameters.slots()).map(|slot| row(slot % SIZE)).collect();
    let largest = expected.iter().zip(&found[..]).map(|(x, y)| (x - y).norm()).fold(0.0, f64::max);
    println!("largest error of a slot: {largest:.1e}");
    assert!(largest < 1e-5);
    Ok(())
}

#[test]
fn the_product_is_the_matrix_times_the_vector() {
    main().unwrap();
}
