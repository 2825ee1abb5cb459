//! What a client does.

use std::path::Path;

use zeroize::Zeroizing;

use super::bundle::ClientBundle;
use super::digits::Digits;
use super::error::PartyError;
use super::keys::write_keys;
use super::packets::{PacketWriter, Packets};
use crate::ckks::{SecretKey, SecurityPolicy};
use crate::inference::{Client, Logits};
use crate::ring::sampling::Seed;
use crate::wire::{Kind, WireError, Writer};

/// Bytes of a secret key: the seed that it follows from.
const SECRET_BYTES: usize = 32;

/// Draws a secret key, writes the evaluation keys of a bundle to `keys` and then the secret key to `secret`, for its owner alone.
/// A secret key that is there is not overwritten. `made` is told how many evaluation keys there are. The bundle is the server's, so
/// whether insecure parameters are allowed is the client's `policy` and not what stands in it.
///
/// # Errors
/// [`PartyError::Insecure`], [`PartyError::Wire`], [`PartyError::Ring`] without entropy, [`PartyError::Scheme`] for keys that the parameters do not have.
pub fn generate_keys(
    bundle: &ClientBundle,
    policy: SecurityPolicy,
    secret: &Path,
    keys: &Path,
    made: impl FnMut(usize),
) -> Result<(), PartyError> {
    if policy == SecurityPolicy::Bits128 && !bundle.plan.is_secure() {
        return Err(PartyError::Insecure);
    }
    let client = Client::new(&bundle.plan)?;
    let key = client.secret();
    let header = bundle.id.header(Kind::Secret, key.id());
    // Begun first, so that no other process makes one there meanwhile, and a place that cannot be written is known before minutes of keys.
    let mut writer = Writer::create(secret, header, &(), SECRET_BYTES as u64)?;
    if secret.exists() {
        return Err(WireError::Exists { path: secret.to_owned() }.into());
    }
    write_keys(keys, &bundle.id, &bundle.plan, &client, made)?;
    writer.put(key.root().as_bytes())?;
    Ok(writer.finish()?)
}

/// Reads a secret key of a bundle. Its encryptions have fresh randomness.
///
/// # Errors
/// [`PartyError::Wire`], [`PartyError::Ring`] without entropy.
pub fn read_secret(bundle: &ClientBundle, path: &Path) -> Result<SecretKey, PartyError> {
    let container = bundle.id.open(path, &[Kind::Secret])?;
    let body = container.body();
    let Some(bytes) = body.first_chunk::<SECRET_BYTES>().filter(|_| body.len() == SECRET_BYTES) else {
        return Err(container.unsound(format!("a secret key of {} bytes", body.len())).into());
    };
    let bytes = Zeroizing::new(*bytes);
    let secret = SecretKey::from_root(&bundle.plan.parameters, Seed::from_bytes(*bytes))?;
    container.check_key(&secret.id())?;
    Ok(secret)
}

/// Encrypts normalised images, each row-major [channels, rows, columns], as many together as the plan has in a batch; `encrypted` is
/// told how many are done.
///
/// # Errors
/// [`PartyError::NoImages`], [`PartyError::Inference`] for an image of another size, [`PartyError::Wire`].
pub fn encrypt(
    bundle: &ClientBundle,
    secret: SecretKey,
    images: &[Vec<f64>],
    path: &Path,
    mut encrypted: impl FnMut(usize),
) -> Result<(), PartyError> {
    if images.is_empty() {
        return Err(PartyError::NoImages);
    }
    let ClientBundle { id, plan, .. } = bundle;
    let client = Client::with_secret(plan, secret)?;
    let of = (Kind::Upload, client.secret().id(), images.len());
    let mut writer = PacketWriter::create(path, id, plan, of)?;
    let mut done = 0;
    for batch in images.chunks(plan.batch) {
        let batch: Vec<&[f64]> = batch.iter().map(Vec::as_slice).collect();
        client.encrypt_each(&batch, |ciphertext| writer.put(&ciphertext.to_record()))?;
        done += batch.len();
        encrypted(done);
    }
    writer.finish()
}

/// The logits of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The class, by the logits before they were rounded; none: an overflow.
    pub class: Option<usize>,
    /// The logits, rounded; meaningless after an overflow.
    pub logits: Vec<f64>,
    /// Digits after the point that are left; none: all.
    pub digits: Option<i32>,
}

/// Decrypts the logits of all images, in their order, and rounds them; `decrypted` is told how many are done.
///
/// # Errors
/// [`PartyError::Wire`], also for a result of another key, [`PartyError::Inference`].
pub fn decrypt(
    bundle: &ClientBundle,
    secret: SecretKey,
    path: &Path,
    digits: Digits,
    mut decrypted: impl FnMut(usize, usize),
) -> Result<Vec<Answer>, PartyError> {
    let ClientBundle { id, plan, logit_deviation, .. } = bundle;
    let packets = Packets::open(path, id, plan, Kind::Result)?;
    packets.check_key(&secret.id())?;
    let client = Client::with_secret(plan, secret)?;
    let contents = packets.contents;
    let mut answers = Vec::new();
    for batch in 0..contents.batches() {
        let result = packets.batch(batch)?;
        for (logits, deviation) in client.decrypt_with_noise(&result, contents.images_of(batch))? {
            answers.push(answer(logits, digits, deviation.max(*logit_deviation)));
        }
        decrypted(answers.len(), contents.images);
    }
    Ok(answers)
}

fn answer(mut logits: Logits, digits: Digits, deviation: f64) -> Answer {
    let class = logits.class();
    let digits = digits.after_point(deviation);
    let round = |value: f64| digits.map_or(value, |digits| Digits::round(value, digits));
    // In their place: before rounding they are equations in the secret key.
    logits.values.iter_mut().for_each(|value| *value = round(*value));
    Answer { class, logits: logits.values, digits }
}
