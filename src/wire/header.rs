//! The fixed part at the beginning of a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::kind::Kind;

/// Version of the format.
pub const VERSION: u32 = 1;

/// First bytes of every file; the first is no text.
const MAGIC: [u8; 8] = *b"\x89LEVELED";

/// A SHA-256 hash.
pub type Digest = [u8; 32];

/// Names a secret key without telling anything of it.
pub type KeyId = [u8; 16];

/// Bytes of the header, checksum included.
pub(super) const HEADER_BYTES: usize = 128;

/// Where the kind stands.
const KIND_AT: usize = 12;

/// Where its checksum stands.
const CHECKSUM_AT: usize = 120;

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub kind: Kind,
    /// Hash of the parameters: ring, primes, bands.
    pub parameters: Digest,
    /// Hash of the plan.
    pub plan: Digest,
    /// The secret key that it belongs to; zeros: none.
    pub key: KeyId,
}

/// Header and lengths as they stand in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    pub header: Header,
    pub meta_bytes: u64,
    pub body_bytes: u64,
}

/// Why the first bytes are no header.
pub(super) enum HeaderFault {
    Magic,
    Version(u32),
    Checksum,
    Kind(u32),
}

impl Prefix {
    /// The bytes, whose checksum covers `meta` as well.
    pub fn to_bytes(self, meta: &[u8]) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        put(&MAGIC);
        put(&VERSION.to_le_bytes());
        put(&(self.header.kind as u32).to_le_bytes());
        put(&self.header.parameters);
        put(&self.header.plan);
        put(&self.header.key);
        put(&self.meta_bytes.to_le_bytes());
        put(&self.body_bytes.to_le_bytes());
        let checksum = checksum(&bytes, meta);
        bytes[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Magic and version, and the lengths, which nothing has vouched for yet.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Result<(u64, u64), HeaderFault> {
        if bytes[..8] != MAGIC {
            return Err(HeaderFault::Magic);
        }
        match number(bytes, 8) as u32 {
            VERSION => Ok((number(bytes, 96), number(bytes, 104))),
            other => Err(HeaderFault::Version(other)),
        }
    }

    /// What it says that the file holds; none: no kind, or no file of this program. Nothing has vouched for it yet.
    pub fn kind(bytes: &[u8; HEADER_BYTES]) -> Option<Kind> {
        Kind::of(number(bytes, KIND_AT) as u32).filter(|_| bytes[..8] == MAGIC)
    }

    /// The header, if its checksum over itself and `meta` holds.
    pub fn check(bytes: &[u8; HEADER_BYTES], meta: &[u8]) -> Result<Self, HeaderFault> {
        let (meta_bytes, body_bytes) = Self::read(bytes)?;
        // What is not used is zero, so that no bit of a file can change unnoticed.
        let unused = bytes[112..CHECKSUM_AT].iter().chain(&bytes[CHECKSUM_AT + 4..]);
        if number(bytes, CHECKSUM_AT) as u32 != checksum(bytes, meta) || unused.copied().any(|byte| byte != 0) {
            return Err(HeaderFault::Checksum);
        }
        let kind = number(bytes, KIND_AT) as u32;
        let header = Header {
            kind: Kind::of(kind).ok_or(HeaderFault::Kind(kind))?,
            parameters: field(bytes, 16),
            plan: field(bytes, 48),
            key: field(bytes, 80),
        };
        Ok(Self { header, meta_bytes, body_bytes })
    }
}

fn field<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

fn number(bytes: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

fn checksum(header: &[u8; HEADER_BYTES], meta: &[u8]) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&header[..CHECKSUM_AT]);
    checksum.update(meta);
    checksum.finalize()
}

/// Whether a secret key is there, or a file of which nobody can say that it is none.
pub(super) fn may_be_secret(path: &Path) -> bool {
    let mut head = [0; HEADER_BYTES];
    match File::open(path).and_then(|mut file| file.read_exact(&mut head)) {
        Ok(()) => Prefix::kind(&head) == Some(Kind::Secret),
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof),
    }
}
