//! Ciphertexts of many images in a file: batch after batch, each a record of the same length.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bundle::PlanId;
use super::error::PartyError;
use crate::ckks::{Ciphertext, CkksError, Parameters, SeededCiphertext};
use crate::inference::ClientPlan;
use crate::inference::program::Value;
use crate::wire::{Container, Header, KeyId, Kind, WireError, Writer};

/// Most images in a file: more would not fit onto a disk.
const MOST_IMAGES: usize = 1 << 32;

/// What a file of ciphertexts says of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Images.
    pub images: usize,
    /// Images in a batch.
    pub batch: usize,
    /// Ciphertexts of a batch.
    pub ciphertexts: usize,
    /// Limbs of each.
    pub limbs: usize,
}

impl Contents {
    /// What `images` images of a plan have in a file of this kind.
    pub fn of(plan: &ClientPlan, kind: Kind, images: usize) -> Self {
        let Value { ciphertexts, limbs, .. } = value_of(plan, kind);
        Self { images, batch: plan.batch, ciphertexts, limbs }
    }

    /// Number of batches; the last may have fewer images.
    pub const fn batches(&self) -> usize {
        self.images.div_ceil(self.batch)
    }

    /// Images of batch number `batch`.
    pub fn images_of(&self, batch: usize) -> usize {
        self.batch.min(self.images - batch * self.batch)
    }

    /// Bytes of one ciphertext.
    fn record_bytes(&self, parameters: &Parameters, kind: Kind) -> usize {
        match kind {
            Kind::Upload => SeededCiphertext::record_bytes(parameters, self.limbs),
            _ => Ciphertext::record_bytes(parameters, self.limbs),
        }
    }

    fn body_bytes(&self, parameters: &Parameters, kind: Kind) -> Option<u64> {
        let record = self.record_bytes(parameters, kind) as u64;
        record.checked_mul(self.ciphertexts as u64)?.checked_mul(self.batches() as u64)
    }
}

/// What the ciphertexts in a file of this kind are.
const fn value_of(plan: &ClientPlan, kind: Kind) -> Value {
    if matches!(kind, Kind::Upload) { plan.encrypted } else { plan.result }
}

/// The parameters of their ring.
fn parameters_of(plan: &ClientPlan, kind: Kind) -> &Parameters {
    plan.ring(value_of(plan, kind).ring).parameters
}

/// Writes ciphertexts.
pub struct PacketWriter(Writer);

impl PacketWriter {
    /// Begins a file for as many images.
    pub fn create(
        path: &Path,
        id: &PlanId,
        plan: &ClientPlan,
        (kind, key, images): (Kind, KeyId, usize),
    ) -> Result<Self, PartyError> {
        let contents = Contents::of(plan, kind, images);
        let bytes = contents.body_bytes(parameters_of(plan, kind), kind).ok_or_else(|| WireError::Write {
            path: path.to_owned(),
            source: std::io::ErrorKind::FileTooLarge.into(),
        })?;
        Ok(Self(Writer::create(path, id.header(kind, key), &contents, bytes)?))
    }

    /// Writes the next record.
    pub fn put(&mut self, record: &[u8]) -> Result<(), PartyError> {
        Ok(self.0.put(record)?)
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<(), PartyError> {
        Ok(self.0.finish()?)
    }
}

/// A file of ciphertexts.
pub struct Packets<'p> {
    container: Container,
    plan: &'p ClientPlan,
    /// What it holds.
    pub contents: Contents,
    record_bytes: usize,
}

impl<'p> Packets<'p> {
    /// Opens a file of this kind for a plan.
    pub fn open(path: &Path, id: &PlanId, plan: &'p ClientPlan, kind: Kind) -> Result<Self, PartyError> {
        let container = id.open(path, &[kind])?;
        let contents: Contents = container.meta()?;
        if !(1..=MOST_IMAGES).contains(&contents.images) || contents != Contents::of(plan, kind, contents.images) {
            return Err(container.unsound(format!("{contents:?} is not what the plan has")).into());
        }
        let (found, expected) = (container.body().len() as u64, contents.body_bytes(parameters_of(plan, kind), kind));
        if Some(found) != expected {
            return Err(container.unsound(format!("{found} bytes of ciphertexts instead of {expected:?}")).into());
        }
        let record_bytes = contents.record_bytes(parameters_of(plan, kind), kind);
        Ok(Self { container, plan, contents, record_bytes })
    }

    /// What the file says of itself.
    pub const fn header(&self) -> &Header {
        self.container.header()
    }

    /// Checks that it belongs to a secret key.
    pub fn check_key(&self, key: &KeyId) -> Result<(), PartyError> {
        Ok(self.container.check_key(key)?)
    }

    /// The ciphertexts of batch number `batch`, each with limbs and residues that the parameters have, at the scale of `expected`.
    pub fn batch(&self, batch: usize) -> Result<Vec<Ciphertext>, PartyError> {
        let kind = self.header().kind;
        let (seeded, expected) = (kind == Kind::Upload, value_of(self.plan, kind));
        let parameters = parameters_of(self.plan, kind);
        let bytes = self.record_bytes * self.contents.ciphertexts;
        let records = self.container.body().chunks_exact(bytes).nth(batch).unwrap_or_default();
        let read = |record: &[u8]| {
            let read = if seeded {
                SeededCiphertext::from_record(parameters, record).map(|ciphertext| ciphertext.expand())
            } else {
                Ciphertext::from_record(parameters, record)
            };
            let ciphertext = read.map_err(|error| self.refused(batch, &error))?;
            if !expected.is_met(ciphertext.limbs(), ciphertext.scale()) {
                let (limbs, scale) = (ciphertext.limbs(), ciphertext.scale());
                let found = format!("batch {batch}: {limbs} limbs and scale {scale}");
                let reason = format!("{found} instead of {} and {} of the plan", expected.limbs, expected.scale);
                return Err(self.container.unsound(reason).into());
            }
            Ok(ciphertext)
        };
        records.chunks_exact(self.record_bytes).map(read).collect()
    }

    fn refused(&self, batch: usize, error: &CkksError) -> PartyError {
        self.container.unsound(format!("batch {batch}: {error}")).into()
    }
}
