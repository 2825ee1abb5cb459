//! The client: holds the secret key, encrypts images, decrypts logits, and notices overflows.

use std::sync::OnceLock;

use super::client_plan::ClientPlan;
use super::error::InferenceError;
use super::logits::{Logits, copy_deviation};
use super::plan::Plan;
use super::planned_keys::PlannedKey;
use super::probe::{LayerProbe, probe};
use crate::ckks::decryption::decrypt;
use crate::ckks::encryption::SeededCiphertext;
use crate::ckks::keys::{EvaluationKeys, SecretKey, SwitchingKey};
use crate::ckks::{Ciphertext, CkksError, Encoder, Encrypted, Encryptor, RingSwitchingKey, SecretSlots};
use crate::network::LoweredTrace;
use crate::ring::RingError;
use crate::ring::sampling::Seed;

/// What a client holds.
#[derive(Debug)]
pub struct Client<'a> {
    plan: &'a ClientPlan,
    encryptor: Encryptor,
    /// What the keys of smaller rings follow from.
    root: Seed,
    /// Of each smaller ring, made when it is first used.
    smaller: Vec<OnceLock<(Encoder, SecretKey)>>,
}

impl<'a> Client<'a> {
    /// A client whose secret key and noise come from the operating system's entropy.
    ///
    /// # Errors
    /// [`RingError::Entropy`] if there is none.
    pub fn new(plan: &'a ClientPlan) -> Result<Self, RingError> {
        Ok(Self::with(plan, SecretKey::generate(&plan.parameters)?))
    }

    /// A client whose secret key and noise follow from `seed`: for tests and experiments, see [`SecretKey::reproducible`].
    pub fn reproducible(plan: &'a ClientPlan, seed: &Seed) -> Self {
        Self::with(plan, SecretKey::reproducible(&plan.parameters, seed))
    }

    /// A client with a key that there is, of the plan's parameters.
    ///
    /// # Errors
    /// [`CkksError::Key`] for a key of other parameters.
    pub fn with_secret(plan: &'a ClientPlan, secret: SecretKey) -> Result<Self, CkksError> {
        if secret.parameters().fingerprint() != plan.parameters.fingerprint() {
            return Err(CkksError::Key { reason: "it is a secret key of others".into() });
        }
        Ok(Self::with(plan, secret))
    }

    /// The keys of smaller rings follow from that of the largest.
    fn with(plan: &'a ClientPlan, secret: SecretKey) -> Self {
        let root = secret.root().derive("keys of smaller rings", &[]);
        let smaller = plan.rings().skip(1).map(|_| OnceLock::new()).collect();
        Self { plan, encryptor: Encryptor::new(secret), root, smaller }
    }

    /// The secret key.
    pub fn secret(&self) -> &SecretKey {
        self.encryptor.secret()
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        self.encryptor.encoder()
    }

    /// Makes all keys that the plan needs, and the server's evaluator with them; `made` is told how many there are.
    ///
    /// # Errors
    /// [`CkksError::KeyRequest`] if the plan asks for keys that its parameters do not have.
    pub fn evaluator(&self, mut made: impl FnMut(usize)) -> Result<Encrypted, InferenceError> {
        let mut keys = Vec::with_capacity(self.plan.keys());
        self.each_key(|planned, key| {
            keys.push(Ok((planned, key)));
            made(keys.len());
            Ok::<(), InferenceError>(())
        })?;
        self.plan.evaluator(keys.into_iter(), |ring| self.ring(ring.number).0.clone())
    }

    /// Makes all keys that the plan needs, one after the other, for `take`, which may write them down where there is no room for all.
    ///
    /// # Errors
    /// As [`Client::evaluator`], and what `take` says.
    pub fn each_key<E: From<CkksError>>(
        &self,
        mut take: impl FnMut(PlannedKey<'a>, SwitchingKey) -> Result<(), E>,
    ) -> Result<(), E> {
        let plan: &'a ClientPlan = self.plan;
        let mut planned = plan.planned_keys();
        for ring in plan.rings() {
            // Keys come in the order of the plan.
            let mut take_next = |key| planned.next().map_or(Ok(()), |planned| take(planned, key));
            let (_, secret) = self.ring(ring.number);
            EvaluationKeys::generate_each(secret, ring.request, |_, _, key| take_next(key))?;
            if let Some(switch) = ring.switch {
                let (_, smaller) = self.ring(ring.number + 1);
                take_next(RingSwitchingKey::generate(switch, secret, smaller)?.into_key())?;
            }
        }
        Ok(())
    }

    /// The encoder and the secret key of ring number `number`.
    fn ring(&self, number: usize) -> (&Encoder, &SecretKey) {
        let Some(smaller) = number.checked_sub(1) else { return (self.encryptor.encoder(), self.encryptor.secret()) };
        let (encoder, secret) = self.smaller[smaller].get_or_init(|| {
            let parameters = self.plan.ring(number).parameters;
            (Encoder::new(parameters.log_n()), SecretKey::reproducible(parameters, &self.root))
        });
        (encoder, secret)
    }

    /// Encrypts a normalised image, row-major [channels, rows, columns].
    ///
    /// # Errors
    /// [`InferenceError::ImageSize`], and what the scheme refuses: pixels beyond what the modulus holds, above all.
    pub fn encrypt(&self, image: &[f64]) -> Result<Vec<SeededCiphertext>, InferenceError> {
        self.encrypt_batch(&[image])
    }

    /// Encrypts as many images as the plan has in a batch, or fewer.
    ///
    /// # Errors
    /// [`InferenceError::ImageSize`], [`InferenceError::BatchSize`], and what the scheme refuses.
    pub fn encrypt_batch(&self, images: &[&[f64]]) -> Result<Vec<SeededCiphertext>, InferenceError> {
        let mut all = Vec::with_capacity(self.plan.encrypted.ciphertexts);
        self.encrypt_each(images, |ciphertext| {
            all.push(ciphertext);
            Ok::<(), InferenceError>(())
        })?;
        Ok(all)
    }

    /// As [`Client::encrypt_batch`], one ciphertext after the other for `take`, which may write them down where there is no room for all.
    ///
    /// # Errors
    /// As [`Client::encrypt_batch`], and what `take` says.
    pub fn encrypt_each<E: From<InferenceError>>(
        &self,
        images: &[&[f64]],
        mut take: impl FnMut(SeededCiphertext) -> Result<(), E>,
    ) -> Result<(), E> {
        let (limbs, scale) = (self.plan.encrypted.limbs, self.plan.encrypted.scale);
        let slots = self.plan.input_slots(images)?;
        slots
            .iter()
            .try_for_each(|slots| take(self.encryptor.encrypt(slots, scale, limbs).map_err(InferenceError::from)?))
    }

    /// Takes so many batches as encrypted, of a client with a seed that goes on after an interruption.
    pub fn skip_batches(&self, batches: usize) {
        self.secret().skip_encryptions((batches as u64).saturating_mul(self.plan.encrypted.ciphertexts as u64));
    }

    /// All slots of a ciphertext.
    ///
    /// # Errors
    /// [`CkksError::Ciphertext`] for what is no ciphertext of the plan's parameters.
    pub fn slots(&self, ciphertext: &Ciphertext) -> Result<SecretSlots, CkksError> {
        let own = |ring: &usize| self.plan.ring(*ring).parameters.n() == ciphertext.n();
        let (encoder, secret) = self.ring((1..=self.smaller.len()).find(own).unwrap_or(0));
        decrypt(encoder, secret, ciphertext)
    }

    /// Compares the linear output of layer number `index` of the whole plan with clear-text evaluation; none: there is no such layer, or its
    /// output has another size.
    ///
    /// # Errors
    /// As [`Client::slots`].
    pub fn probe(
        &self,
        plan: &Plan,
        trace: &LoweredTrace,
        index: usize,
        output: &[Ciphertext],
    ) -> Result<Option<LayerProbe>, CkksError> {
        let slots = output.iter().map(|x| self.slots(x)).collect::<Result<Vec<_>, _>>()?;
        Ok(output.first().and_then(|first| probe(plan, trace, index, first.scale(), &slots)))
    }

    /// Decrypts the logits of the first image, and notices an overflow.
    ///
    /// # Errors
    /// As [`Client::decrypt_batch`].
    pub fn decrypt(&self, result: &[Ciphertext]) -> Result<Logits, InferenceError> {
        Ok(self.decrypt_batch(result, 1)?.remove(0))
    }

    /// Decrypts the logits of the first `images` images of a batch.
    ///
    /// # Errors
    /// [`InferenceError::Result`] unless there are as many ciphertexts as the plan says, at its last level and scale;
    /// [`InferenceError::BatchSize`]; as [`Client::slots`].
    pub fn decrypt_batch(&self, result: &[Ciphertext], images: usize) -> Result<Vec<Logits>, InferenceError> {
        let slots = self.result_slots(result, images)?;
        Ok((0..images).map(|image| Logits::read(self.plan, &slots, image)).collect())
    }

    /// As [`Client::decrypt_batch`], each image's logits with the deviation of their copies, which is noise that the client sees.
    ///
    /// # Errors
    /// As [`Client::decrypt_batch`].
    pub fn decrypt_with_noise(
        &self,
        result: &[Ciphertext],
        images: usize,
    ) -> Result<Vec<(Logits, f64)>, InferenceError> {
        let slots = self.result_slots(result, images)?;
        let read = |image| (Logits::read(self.plan, &slots, image), copy_deviation(self.plan, &slots, image));
        Ok((0..images).map(read).collect())
    }

    fn result_slots(&self, result: &[Ciphertext], images: usize) -> Result<Vec<SecretSlots>, InferenceError> {
        let batch = self.plan.batch;
        if !(1..=batch).contains(&images) {
            return Err(InferenceError::BatchSize { batch, found: images });
        }
        let expected = self.plan.result.ciphertexts;
        if result.len() != expected {
            let expected = if expected == 1 { "one".to_owned() } else { expected.to_string() };
            let reason = format!("it has {} ciphertexts instead of {expected}", result.len());
            return Err(InferenceError::Result { reason });
        }
        let slots = result.iter().map(|ciphertext| {
            let slots = self.slots(ciphertext)?;
            self.plan.check_result(ciphertext.limbs(), ciphertext.scale())?;
            Ok(slots)
        });
        slots.collect()
    }
}
