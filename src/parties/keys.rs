//! Evaluation keys in files.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bundle::PlanId;
use super::error::PartyError;
use crate::ckks::{EvaluationKeys, KeyKind, KeyRequest, Parameters, SecretKey, SwitchingKey};
use crate::inference::ClientPlan;
use crate::wire::{Container, KeyId, Kind, MappedBytes, WireError, Writer};

/// What a file of keys says of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    request: KeyRequest,
}

/// Bytes of one key in a file of this kind.
fn key_bytes(parameters: &Parameters, kind: Kind, band: usize, limbs: usize) -> u64 {
    match kind {
        Kind::Keys => SwitchingKey::sent_bytes(parameters, band, limbs),
        _ => SwitchingKey::read_bytes(parameters, band, limbs),
    }
}

fn body_bytes(parameters: &Parameters, kind: Kind, request: &KeyRequest) -> u64 {
    request.iter().map(|(_, band, limbs)| key_bytes(parameters, kind, band, limbs)).sum()
}

/// Makes the keys of a plan one after the other and writes them as they are sent; `made` is told how many there are.
pub fn write_keys(
    path: &Path,
    id: &PlanId,
    plan: &ClientPlan,
    secret: &SecretKey,
    mut made: impl FnMut(usize),
) -> Result<(), PartyError> {
    let ClientPlan { parameters, request, .. } = plan;
    request.check(parameters)?;
    let bytes = body_bytes(parameters, Kind::Keys, request);
    let meta = Meta { request: request.clone() };
    let mut writer = Writer::create(path, id.header(Kind::Keys, secret.id()), &meta, bytes)?;
    let mut count = 0;
    EvaluationKeys::generate_each(secret, request, |_, band, key| {
        writer.put(&key.to_sent(parameters, band))?;
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
        let Meta { request } = container.meta()?;
        if request != plan.request {
            return Err(container.unsound("it does not have the keys of the plan").into());
        }
        let kind = container.header().kind;
        let (found, expected) = (container.body().len() as u64, body_bytes(&plan.parameters, kind, &request));
        if found != expected {
            return Err(container.unsound(format!("{found} bytes of keys instead of {expected}")).into());
        }
        Ok(Self { container, plan })
    }

    /// Purpose, band and key, one after the other.
    fn keys(&self) -> impl Iterator<Item = Result<(KeyKind, usize, SwitchingKey), PartyError>> + '_ {
        let parameters = &self.plan.parameters;
        let kind = self.container.header().kind;
        let mut start = 0;
        self.plan.request.iter().map(move |(purpose, band, limbs)| {
            let end = start + key_bytes(parameters, kind, band, limbs) as usize;
            let part: Option<MappedBytes> = self.container.body().part(start..end);
            start = end;
            let key = part.map(|bytes| match kind {
                Kind::Keys => SwitchingKey::from_sent(parameters, band, limbs, &bytes),
                _ => SwitchingKey::from_mapped(parameters, band, limbs, &bytes),
            });
            match key {
                Some(Ok(key)) => Ok((purpose, band, key)),
                Some(Err(error)) => Err(self.container.unsound(format!("key {purpose:?}: {error}")).into()),
                None => Err(self.container.unsound("it is too short").into()),
            }
        })
    }
}

/// Reads all keys of a plan, those of a server where they are, and the secret key that they belong to; `read` is told how many there are.
pub fn read_keys(
    path: &Path,
    id: &PlanId,
    plan: &ClientPlan,
    mut read: impl FnMut(usize),
) -> Result<(EvaluationKeys, KeyId), PartyError> {
    let file = KeyFile::open(path, id, plan)?;
    let mut count = 0;
    let counted = file.keys().inspect(|_| {
        count += 1;
        read(count);
    });
    let keys = counted.collect::<Result<Vec<_>, _>>()?;
    Ok((EvaluationKeys::of(keys), file.container.header().key))
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
    let bytes = body_bytes(&plan.parameters, Kind::ServerKeys, &plan.request);
    let header = id.header(Kind::ServerKeys, file.container.header().key);
    let mut writer = Writer::create(path, header, &Meta { request: plan.request.clone() }, bytes)?;
    for (index, key) in file.keys().enumerate() {
        writer.put(&key?.2.to_read())?;
        written(index + 1);
    }
    Ok(writer.finish()?)
}
