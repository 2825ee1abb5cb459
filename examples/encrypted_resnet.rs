//! ResNet-20 on an encrypted image: `cargo run --release --example encrypted_resnet [INDEX]`, the index of a shipped image.
//! Takes less than a minute and 7 GiB.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use leveled::ckks::SeededCiphertext;
use leveled::dataset::{DatasetName, Image, shipped_test_images};
use leveled::inference::{Client, Executor, Logits, Plan, PlanOptions};
use leveled::network::Model;

const MODEL: &str = "models/resnet20_w16_cifar10_herpn_distilled_continued_seed0.safetensors";

/// Memory for encoded weights that are kept; one image needs them once.
const WEIGHT_BYTES: u64 = 0;

/// The logits of an image, evaluated encrypted and in the clear.
fn logits(model: &Model, image: &Image, options: &PlanOptions) -> Result<[Logits; 2], Box<dyn Error>> {
    // Both sides know the plan; the client's half of it holds no weights.
    let network = Arc::new(model.lower()?);
    let plan = Plan::new(network.clone(), options)?;
    println!("{} levels, log2 QP {:.1}", plan.levels_used(), plan.parameters.security().log2_qp);

    // The client has the secret key.
    let client = Client::new(&plan.client)?;
    let input = model.input(image);
    let encrypted = client.encrypt(&input)?.into_iter().map(SeededCiphertext::expand).collect();

    // The server has the network, the keys and the encrypted image.
    let server = client.evaluator(|_| ())?;
    let result = Executor::new(&plan.program, &server, WEIGHT_BYTES).run(encrypted, &mut |_, _, _| ())?;

    let clear = Logits { values: network.forward(&input)?.logits().to_vec(), overflow: false };
    Ok([client.decrypt(&result)?, clear])
}

fn main() -> Result<(), Box<dyn Error>> {
    let index: usize = std::env::args().nth(1).map_or(Ok(0), |index| index.parse())?;
    let shipped = shipped_test_images(DatasetName::Cifar10)?;
    let image = shipped.images.get(index).ok_or_else(|| format!("there are {} images", shipped.len()))?;
    let model = Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL))?;
    let [encrypted, clear] = logits(&model, image, &PlanOptions::default())?.map(|logits| logits.class());
    let name = |class: Option<usize>| class.map_or("overflow", |class| DatasetName::Cifar10.class_names()[class]);
    println!("encrypted: {}; in the clear: {}", name(encrypted), name(clear));
    println!("the image's label: {}", shipped.class_name(index).unwrap_or("none"));
    Ok(())
}

#[test]
fn a_narrow_network_agrees_with_clear_text() {
    // Random weights in a ring that is too small to be secure.
    let model = Model::random("resnet20", 4, DatasetName::Cifar10, 1).unwrap();
    let image = &shipped_test_images(DatasetName::Cifar10).unwrap().images[0];
    let options = PlanOptions {
        log_n: 12,
        scale_bits: 30.0,
        weight_bits: 24.0,
        input_bits: 34.0,
        base_bits: 40,
        security: leveled::ckks::SecurityPolicy::None,
        ..PlanOptions::default()
    };
    let [encrypted, clear] = logits(&model, image, &options).unwrap();
    assert!(!encrypted.overflow);
    for (found, expected) in encrypted.values.iter().zip(&clear.values) {
        assert!((found - expected).abs() < 0.01, "{found} for {expected}");
    }
}
