//! Evaluation keys in files.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bundle::PlanId;
use super::error::PartyError;
use crate::ckks::{Encoder, Encrypted, KeyRequest, SwitchingKey};
use crate::inference::{Client, ClientPlan, PlannedKey};
use crate::wire::{Container, KeyId, Kind, MappedBytes, WireError, Writer};

/// What a file of keys says of them: what is asked for in each ring, the largest first.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Meta {
    request: KeyRequest,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    smaller: Vec<KeyRequest>,
}

impl Meta {
    fn of(plan: &ClientPlan) -> Self {
        let smaller = plan.rings().skip(1).map(|ring| ring.request.clone()).collect();
        Self { request: plan.request.clone(), smaller }
    }
}

/// Bytes of one key in a file of this kind.
fn key_bytes(key: &PlannedKey<'_>, kind: Kind) -> u64 {
    match kind {
        Kind::Keys => SwitchingKey::sent_bytes(key.parameters, key.band, key.limbs),
        _ => SwitchingKey::read_bytes(key.parameters, key.band, key.limbs),
    }
}

fn body_bytes(plan: &ClientPlan, kind: Kind) -> u64 {
    plan.planned_keys().map(|key| key_bytes(&key, kind)).sum()
}

/// Makes the keys of a plan one after the other and writes them as they are sent; `made` is told how many there are.
pub fn write_keys(
    path: &Path,
    id: &PlanId,
    plan: &ClientPlan,
    client: &Client<'_>,
    mut made: impl FnMut(usize),
) -> Result<(), PartyError> {
    let header = id.header(Kind::Keys, client.secret().id());
    let mut writer = Writer::create(path, header, &Meta::of(plan), body_bytes(plan, Kind::Keys))?;
    let mut count = 0;
    client.each_key(|planned, key| {
        writer.put(&key.to_sent(planned.parameters, planned.band))?;
        count += 1;
        made(count);
        Ok::<(), PartyError>(())
    })?;
    Ok(writer.finish()?)
}

/// A file of keys that has exactly those of a plan.
struct KeyFile<'p> {
    container: Container,
    plan: &'p ClientPlan,
}

impl<'p> KeyFile<'p> {
    fn open(path: &Path, id: &PlanId, plan: &'p ClientPlan) -> Result<Self, PartyError> {
        if cfg!(target_endian = "big") {
            return Err(WireError::ByteOrder.into());
        }
        let container = id.open(path, &[Kind::Keys, Kind::ServerKeys])?;
        if container.meta::<Meta>()? != Meta::of(plan) {
            return Err(container.unsound("it does not have the keys of the plan").into());
        }
        let kind = container.header().kind;
        let (found, expected) = (container.body().len() as u64, body_bytes(plan, kind));
        if found != expected {
            return Err(container.unsound(format!("{found} bytes of keys instead of {expected}")).into());
        }
        Ok(Self { container, plan })
    }

    /// The keys one after the other.
    fn keys(&self) -> impl Iterator<Item = Result<(PlannedKey<'p>, SwitchingKey), PartyError>> + '_ {
        let kind = self.container.header().kind;
        let mut start = 0;
        self.plan.planned_keys().map(move |planned| {
            let end = start + key_bytes(&planned, kind) as usize;
            let part: Option<MappedBytes> = self.container.body().part(start..end);
            start = end;
            let key = part.map(|bytes| match kind {
                Kind::Keys => SwitchingKey::from_sent(planned.parameters, planned.band, planned.limbs, &bytes),
                _ => SwitchingKey::from_mapped(planned.parameters, planned.band, planned.limbs, &bytes),
            });
            match key {
                Some(Ok(key)) => Ok((planned, key)),
                Some(Err(error)) => {
                    let key = planned.kind.map_or_else(|| "of the switch".to_owned(), |kind| format!("{kind:?}"));
                    Err(self.container.unsound(format!("key {key}: {error}")).into())
                }
                None => Err(self.container.unsound("it is too short").into()),
            }
        })
    }
}

/// A server's evaluator with all keys of a plan, those of a server where they are, and the secret key that they belong to; `read` is told
/// how many there are.
pub fn read_keys(
    path: &Path,
    id: &PlanId,
    plan: &ClientPlan,
    mut read: impl FnMut(usize),
) -> Result<(Encrypted, KeyId), PartyError> {
    let file = KeyFile::open(path, id, plan)?;
    let mut count = 0;
    let counted = file.keys().inspect(|_| {
        count += 1;
        read(count);
    });
    let evaluator = plan.evaluator(counted, |ring| Encoder::new(ring.parameters.log_n()))?;
    Ok((evaluator, file.container.header().key))
}

/// Writes the keys that a client sent as a server reads them; `written` is told how many there are.
///
/// # Errors
/// [`PartyError::Wire`] for files that cannot be read or written, and keys that are not those of the plan.
pub fn prepare_keys(
    sent: &Path,
    path: &Path,
    id: &PlanId,
    plan: &ClientPlan,
    mut written: impl FnMut(usize),
) -> Result<(), PartyError> {
    let file = KeyFile::open(sent, id, plan)?;
    let header = id.header(Kind::ServerKeys, file.container.header().key);
    let mut writer = Writer::create(path, header, &Meta::of(plan), body_bytes(plan, Kind::ServerKeys))?;
    for (index, key) in file.keys().enumerate() {
        writer.put(&key?.1.to_read())?;
        written(index + 1);
    }
    Ok(writer.finish()?)
}
