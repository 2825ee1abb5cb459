//! Files of `torch.save`: the zip archives of PyTorch 1.6 and later, and the pickles one after the other of those before.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use zip::CompressionMethod;
use zip::result::ZipError;

use super::pickle::{Handle, Pickle, Tensor, Value};
use super::stored_tensor::StoredTensor;
use crate::network::weights::Element;

/// How deep tensors may lie in dictionaries, lists and modules.
const DEEPEST: usize = 24;

/// Most tensors and other entries of a checkpoint.
const MOST_ENTRIES: usize = 1 << 20;

/// Most bytes of the names of all entries: names of deep dictionaries repeat those above them.
const MOST_NAME_BYTES: usize = 1 << 26;

/// How many tensors share a byte of the file at most, on average: those of a module and of its state, averages and the like.
const MOST_SHARED: usize = 16;

/// Bytes of a storage by its name.
type Storages = HashMap<String, Vec<u8>>;

/// What a file holds, by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entries {
    /// Tensors that may be weights.
    pub tensors: Vec<(String, StoredTensor)>,
    /// Names of all others.
    pub unread: Vec<String>,
}

/// How a zip archive begins.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";

/// The tensors of a zip archive. The error is what is wrong and what to do, in words.
pub(super) fn read_zip(bytes: &[u8]) -> Result<Entries, String> {
    let damaged = |error: ZipError| format!("its archive is damaged ({error}); copy the file again");
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let names = archive.file_names().map(|name| Ok(name.map_err(damaged)?.into_owned()));
    let names: Vec<String> = names.collect::<Result<_, String>>()?;
    let mut read = |name: &str| -> Result<Vec<u8>, String> {
        let mut entry = archive.by_name(name).map_err(damaged)?;
        if entry.compression() != CompressionMethod::Stored {
            return Err("its entries are compressed, which those of torch.save are not; save it again with torch.save"
                .to_owned());
        }
        // Entries are stored as they are, so none can be larger than the archive.
        if entry.size() > bytes.len() as u64 {
            return Err("its archive is damaged (an entry is larger than the file); copy the file again".to_owned());
        }
        let mut content = Vec::with_capacity(entry.size() as usize);
        entry.read_to_end(&mut content).map_err(|error| damaged(error.into()))?;
        Ok(content)
    };
    let Some(root) = names.iter().find_map(|name| name.strip_suffix("data.pkl")) else {
        return Err("it is a zip archive without a data.pkl; give a file that torch.save wrote".to_owned());
    };
    if names.iter().any(|name| name.strip_prefix(root) == Some("constants.pkl")) {
        return Err("it is a TorchScript program; save the state_dict() of the module instead".to_owned());
    }
    let order = format!("{root}byteorder");
    if names.contains(&order) && read(&order)? != b"little" {
        return Err("it was written on a big-endian machine; load and save it with PyTorch on another".to_owned());
    }
    let pickle = Pickle::read(&read(&format!("{root}data.pkl"))?)?;
    let entries = tensors(&pickle)?;
    let mut storages = Storages::new();
    let mut left = bytes.len();
    for (_, tensor) in &entries.tensors {
        let key = &tensor.storage.key;
        if !storages.contains_key(key) {
            let storage = read(&format!("{root}data/{key}"))?;
            // Those of different names lie in different places.
            left = left
                .checked_sub(storage.len())
                .ok_or("its archive is damaged (its entries are larger than the file); copy the file again")?;
            storages.insert(key.clone(), storage);
        }
    }
    stored(entries, &storages, bytes.len())
}

/// The first pickle of a file in the older format: a number of 80 bits.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// Whether a file is in the older format.
pub(super) fn is_legacy(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x80) && bytes.get(2..).is_some_and(|rest| rest.starts_with(MAGIC))
}

/// The tensors of a file in the older format: number, version, machine, checkpoint, names of storages, storages.
pub(super) fn read_legacy(bytes: &[u8]) -> Result<Entries, String> {
    let mut rest = bytes;
    let mut next = || -> Result<Pickle, String> {
        let pickle = Pickle::read(rest)?;
        rest = &rest[pickle.length..];
        Ok(pickle)
    };
    let (_, _, machine) = (next()?, next()?, next()?);
    if let Value::Dictionary(facts) = machine.value(machine.result) {
        let little = |(key, value): &(Handle, Handle)| {
            machine.key(*key).as_deref() == Some("little_endian") && machine.integer(*value) == Some(0)
        };
        if facts.iter().any(little) {
            return Err("it was written on a big-endian machine; load and save it with PyTorch on another".to_owned());
        }
    }
    let checkpoint = next()?;
    let entries = tensors(&checkpoint)?;
    let keys = next()?;
    let Value::List(order) = keys.value(keys.result) else {
        return Err("its list of storages is damaged; copy the file again".to_owned());
    };
    let elements: HashMap<&str, usize> = checkpoint
        .storages()
        .map(|storage| (storage.key.as_str(), storage.element.map_or(1, Element::bytes)))
        .collect();
    let mut storages = Storages::new();
    for key in order.iter().filter_map(|key| keys.key(*key)) {
        let short = || "it is cut off; copy the file again".to_owned();
        let (length, after) = rest.split_first_chunk().ok_or_else(short)?;
        let width = elements.get(key.as_str()).copied().unwrap_or(1);
        let length = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| length.checked_mul(width));
        let (content, after) = length.and_then(|length| after.split_at_checked(length)).ok_or_else(short)?;
        storages.insert(key, content.to_vec());
        rest = after;
    }
    stored(entries, &storages, bytes.len())
}

/// Tensors of a pickle with their names.
#[derive(Debug, Default, PartialEq)]
struct Named<'a> {
    tensors: Vec<(String, &'a Tensor)>,
    /// Names of those that are no weights.
    foreign: Vec<String>,
}

/// All tensors with their names: keys of dictionaries, numbers of lists and names in modules, joined by dots.
fn tensors(pickle: &Pickle) -> Result<Named<'_>, String> {
    let mut found = Named::default();
    let mut left = Left { entries: MOST_ENTRIES, name_bytes: MOST_NAME_BYTES };
    collect(pickle, pickle.result, String::new(), DEEPEST, &mut left, &mut found)?;
    Ok(found)
}

const TOO_MANY: &str = "it holds too many entries; save the state_dict() alone";

/// What may still be visited.
struct Left {
    entries: usize,
    name_bytes: usize,
}

impl Left {
    /// Counts an entry; none: there are too many, or their names are too long.
    fn visit(&mut self, name: &str) -> Option<()> {
        self.entries = self.entries.checked_sub(1)?;
        self.name_bytes = self.name_bytes.checked_sub(name.len())?;
        Some(())
    }
}

fn collect<'a>(
    pickle: &'a Pickle,
    handle: Handle,
    name: String,
    depth: usize,
    left: &mut Left,
    found: &mut Named<'a>,
) -> Result<(), String> {
    left.visit(&name).ok_or(TOO_MANY)?;
    // What lies deeper, or contains itself, is no state of a network.
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match pickle.value(handle) {
        Value::Tensor(tensor) => found.tensors.push((name, tensor)),
        Value::ForeignTensor => found.foreign.push(name),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(pickle, *item, below(&index.to_string()), depth, left, found)?;
            }
        }
        Value::Dictionary(entries) => {
            for (key, value) in entries {
                left.visit("").ok_or(TOO_MANY)?;
                let Some(key) = pickle.key(*key) else { continue };
                collect(pickle, *value, below(&key), depth, left, found)?;
            }
        }
        // A module that was saved whole: its parameters, buffers and modules by their names.
        Value::Object(Some(state)) => {
            let Value::Dictionary(entries) = pickle.value(*state) else { return Ok(()) };
            for (key, value) in entries {
                left.visit("").ok_or(TOO_MANY)?;
                if pickle.key(*key).is_some_and(|key| ["_parameters", "_buffers", "_modules"].contains(&&*key)) {
                    collect(pickle, *value, name.clone(), depth, left, found)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The tensors of a file of `file_bytes` bytes with their values.
fn stored(named: Named<'_>, storages: &Storages, file_bytes: usize) -> Result<Entries, String> {
    let mut left = file_bytes.saturating_mul(MOST_SHARED);
    // Values that are there once and count often are no weights.
    let repeats =
        |tensor: &Tensor| tensor.shape.iter().zip(&tensor.strides).any(|(&size, &stride)| size > 1 && stride == 0);
    let mut entries = Entries { unread: named.foreign, ..Entries::default() };
    for (name, tensor) in named.tensors {
        if repeats(tensor) {
            entries.unread.push(name);
            continue;
        }
        let values = storages.get(&tensor.storage.key).and_then(|storage| gathered(tensor, storage, left));
        let bytes = values.ok_or_else(|| {
            format!("its tensor `{name}`, with those before it, is larger than what is there; copy the file again")
        })?;
        left -= bytes.len();
        entries.tensors.push((name, StoredTensor { element: tensor.element, shape: tensor.shape.clone(), bytes }));
    }
    Ok(entries)
}

/// The bytes of a tensor's values, row-major, `most` or fewer; none if they reach beyond `storage`.
fn gathered(tensor: &Tensor, storage: &[u8], most: usize) -> Option<Vec<u8>> {
    let width = tensor.element.bytes();
    let count = tensor.shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
    if count == 0 {
        return Some(Vec::new());
    }
    let first = tensor.storage.offset.checked_add(tensor.offset)?;
    let reach = |(size, stride): (&usize, &usize)| (size - 1).checked_mul(*stride);
    let reaches = tensor.shape.iter().zip(&tensor.strides).map(reach);
    let last = reaches.into_iter().try_fold(first, |last, reach| last.checked_add(reach?))?;
    if last.checked_add(1)?.checked_mul(width)? > storage.len() || count > storage.len().min(most) / width {
        return None;
    }
    let mut bytes = Vec::with_capacity(count * width);
    for index in 0..count {
        let mut rest = index;
        let mut at = first;
        for (size, stride) in tensor.shape.iter().zip(&tensor.strides).rev() {
            at += rest % size * stride;
            rest /= size;
        }
        bytes.extend_from_slice(&storage[at * width..][..width]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::import::pickle::Storage;

    /// A pickle of a dictionary with one entry.
    fn nested(key: &[u8], inner: &[u8]) -> Vec<u8> {
        [&b"}X"[..], &(key.len() as u32).to_le_bytes(), key, inner, b"s"].concat()
    }

    #[test]
    fn names_and_shared_values_take_no_more_than_the_file_accounts_for() {
        // A long name above many entries is that of each of them.
        let entries: Vec<u8> = (0..200_u8).flat_map(|number| [b'K', number, b'N']).collect();
        let inner = [&b"}("[..], &entries, b"u"].concat();
        let pickle = |key: &[u8]| Pickle::read(&[&nested(key, &inner)[..], b"."].concat()).unwrap();
        assert_eq!(tensors(&pickle(b"short")).unwrap(), Named::default());
        let error = tensors(&pickle(&vec![b'x'; 1 << 20])).unwrap_err();
        assert!(error.starts_with("it holds too many entries"), "{error}");
        // Entries that are skipped count as often as they are looked at: a list of one dictionary without names.
        let list = |times: usize| {
            let bytes = [&b"](}q\0("[..], &b"NN".repeat(1100), b"u", &b"h\0".repeat(times), b"e."].concat();
            tensors(&Pickle::read(&bytes).unwrap()).map(|found| found.tensors.len())
        };
        assert_eq!(list(10), Ok(0));
        assert_eq!(list(1000).unwrap_err(), error);

        // So are values that many tensors share.
        let storage = Storage { key: "0".to_owned(), element: Some(Element::F32), offset: 0 };
        let tensor = Tensor { storage, element: Element::F32, offset: 0, shape: vec![100], strides: vec![1] };
        let storages = Storages::from([("0".to_owned(), vec![0; 400])]);
        let shared = |count: usize| Named {
            tensors: (0..count).map(|n| (n.to_string(), &tensor)).collect(),
            ..Named::default()
        };
        assert_eq!(stored(shared(16), &storages, 400).unwrap().tensors.len(), 16);
        // What repeats one value is passed over.
        let expanded = Tensor { strides: vec![0], shape: vec![usize::MAX], ..tensor.clone() };
        let repeated = Named { tensors: vec![("x".to_owned(), &expanded)], ..Named::default() };
        let passed = Entries { unread: vec!["x".to_owned()], ..Entries::default() };
        assert_eq!(stored(repeated, &storages, 400), Ok(passed));
        let error = stored(shared(17), &storages, 400).unwrap_err();
        assert!(error.starts_with("its tensor `16`, with those before it, is larger"), "{error}");
    }
}
