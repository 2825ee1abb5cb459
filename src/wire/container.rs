//! A file: header, description, body, checksums.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::WireError;
use super::header::{HEADER_BYTES, Header, HeaderFault, KeyId, Prefix, VERSION};
use super::hex::hex;
use super::kind::Kind;
use super::mapped::MappedBytes;
use super::whole_file::{Guard, WholeFile};

/// The body starts at a multiple of this: a page, so that what is mapped is aligned.
const PAGE: u64 = 4096;

/// Bytes of the body that have one checksum.
const BLOCK: usize = 1 << 20;

/// Most bytes of a description.
const MOST_META: u64 = 16 << 20;

/// Most characters of what the parser of a description says that are shown.
const MOST_SHOWN: usize = 400;

/// Somebody else's text for a terminal, without characters that control it.
pub fn printable(text: &str) -> String {
    text.replace(char::is_control, "?")
}

/// Where header and description end and the body starts.
const fn body_start(meta_bytes: u64) -> u64 {
    (HEADER_BYTES as u64 + meta_bytes).next_multiple_of(PAGE)
}

/// Bytes of the checksums after a body.
const fn checksum_bytes(body_bytes: u64) -> u64 {
    4 * (body_bytes.div_ceil(BLOCK as u64) + 1)
}

/// A file that was read: every length, checksum and unused byte has been checked, but not what the body means.
#[derive(Debug)]
pub struct Container {
    path: PathBuf,
    header: Header,
    /// A copy: a map may change after its checks.
    meta: Vec<u8>,
    body: MappedBytes,
    bytes: u64,
}

impl Container {
    /// Opens a file of any kind.
    ///
    /// # Errors
    /// [`WireError`]: each thing that can be wrong with a file before its content is looked at.
    pub fn open(path: &Path) -> Result<Self, WireError> {
        let read = |source| WireError::Read { path: path.to_owned(), source };
        let magic = || WireError::Magic { path: path.to_owned() };
        // Whoever opens a pipe waits for what comes.
        let about = fs::metadata(path).map_err(read)?;
        if !about.is_file() || about.len() < HEADER_BYTES as u64 {
            return Err(magic());
        }
        let file = File::open(path).map_err(read)?;
        let all = MappedBytes::of(&file).map_err(read)?;
        let found = all.len() as u64;
        let head: &[u8; HEADER_BYTES] = all.first_chunk().ok_or_else(magic)?;
        let fault = |fault| match fault {
            HeaderFault::Magic => magic(),
            HeaderFault::Version(found) => WireError::Version { path: path.to_owned(), found, expected: VERSION },
            HeaderFault::Checksum => WireError::Checksum { path: path.to_owned(), place: "the header".into() },
            HeaderFault::Kind(kind) => {
                WireError::Content { path: path.to_owned(), reason: format!("there is no kind {kind}") }
            }
        };
        let (meta_bytes, body_bytes) = Prefix::read(head).map_err(fault)?;
        let lengths = (meta_bytes <= MOST_META).then(|| body_start(meta_bytes)).and_then(|start| {
            let end = start.checked_add(body_bytes)?;
            Some((start, end, end.checked_add(checksum_bytes(body_bytes))?))
        });
        let length = |expected: String| WireError::Length { path: path.to_owned(), found, expected };
        let (start, end, whole) = lengths.ok_or_else(|| length("more than a file can have".into()))?;
        if whole != found {
            return Err(length(whole.to_string()));
        }
        // Lengths of the file as it is mapped: all are within its address space.
        let part = |from: u64, to: u64| all.part(from as usize..to as usize).ok_or_else(magic);
        let meta_end = HEADER_BYTES as u64 + meta_bytes;
        let meta = part(HEADER_BYTES as u64, meta_end)?.to_vec();
        let Prefix { header, .. } = Prefix::check(head, &meta).map_err(fault)?;
        let damaged = |place: String| WireError::Checksum { path: path.to_owned(), place };
        if part(meta_end, start)?.iter().any(|byte| *byte != 0) {
            return Err(damaged("the space after the description".into()));
        }
        let body = part(start, end)?;
        let trailer = part(end, whole)?;
        let (sums, last) = trailer.split_at(trailer.len() - 4);
        if crc32fast::hash(sums).to_le_bytes() != last {
            return Err(damaged("the list of checksums".into()));
        }
        let wrong = body
            .par_chunks(BLOCK)
            .zip(sums.par_chunks(4))
            .position_first(|(block, sum)| crc32fast::hash(block).to_le_bytes() != sum);
        if let Some(block) = wrong {
            return Err(damaged(format!("MiB {block} of its content")));
        }
        Ok(Self { path: path.to_owned(), header, meta, body, bytes: found })
    }

    /// Opens a file of one of these kinds.
    ///
    /// # Errors
    /// As [`Container::open`], and [`WireError::Kind`].
    pub fn open_kind(path: &Path, kinds: &[Kind]) -> Result<Self, WireError> {
        let container = Self::open(path)?;
        let found = container.header.kind;
        if kinds.contains(&found) {
            return Ok(container);
        }
        let expected = kinds.first().map_or("", |kind| kind.as_str());
        Err(WireError::Kind { path: path.to_owned(), found, expected })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its length in bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its content.
    pub const fn body(&self) -> &MappedBytes {
        &self.body
    }

    /// Its description.
    ///
    /// # Errors
    /// [`WireError::Content`] with what the parser says.
    pub fn meta<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        // The parser quotes names, which are somebody else's.
        let shown =
            |error: serde_json::Error| printable(&error.to_string()).chars().take(MOST_SHOWN).collect::<String>();
        serde_json::from_slice(&self.meta).map_err(|error| self.unsound(format!("its description: {}", shown(error))))
    }

    /// The error of a content that cannot be.
    pub fn unsound(&self, reason: impl Into<String>) -> WireError {
        WireError::Content { path: self.path.clone(), reason: reason.into() }
    }

    /// Checks that it was made with the same parameters for the same plan as another header says.
    ///
    /// # Errors
    /// [`WireError::Parameters`], [`WireError::Plan`].
    pub fn check_plan(&self, expected: &Header) -> Result<(), WireError> {
        let path = || self.path.clone();
        if self.header.parameters != expected.parameters {
            return Err(WireError::Parameters { path: path() });
        }
        if self.header.plan != expected.plan {
            return Err(WireError::Plan { path: path() });
        }
        Ok(())
    }

    /// Checks that it belongs to a secret key.
    ///
    /// # Errors
    /// [`WireError::Key`].
    pub fn check_key(&self, key: &KeyId) -> Result<(), WireError> {
        if self.header.key == *key {
            return Ok(());
        }
        Err(WireError::Key { path: self.path.clone(), found: hex(&self.header.key), expected: hex(key) })
    }
}

/// A file that is being written; it is there after [`Writer::finish`].
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: WholeFile,
    /// Bytes of the body that are still to come.
    left: u64,
    sums: Vec<u8>,
    block: crc32fast::Hasher,
    /// Bytes in the block in hand.
    filled: usize,
}

impl Writer {
    /// Begins a file with a body of `body_bytes` bytes; a secret key is for its owner alone, and nothing replaces one.
    ///
    /// # Errors
    /// [`WireError::Write`], [`WireError::Busy`], [`WireError::Exists`].
    pub fn create(path: &Path, header: Header, meta: &impl Serialize, body_bytes: u64) -> Result<Self, WireError> {
        let write = |source| WireError::of_writing(path, source);
        let mut start = serde_json::to_vec(meta).map_err(|error| write(error.into()))?;
        let meta_bytes = start.len() as u64;
        let prefix = Prefix { header, meta_bytes, body_bytes }.to_bytes(&start);
        start.splice(0..0, prefix);
        start.resize(body_start(meta_bytes) as usize, 0);
        let mut file = WholeFile::create(path, if header.kind == Kind::Secret { Guard::Secret } else { Guard::Open })
            .map_err(write)?;
        file.write_all(&start).map_err(write)?;
        let block = crc32fast::Hasher::new();
        Ok(Self { path: path.to_owned(), file, left: body_bytes, sums: Vec::new(), block, filled: 0 })
    }

    /// Writes the next bytes of the body.
    ///
    /// # Errors
    /// [`WireError::Write`], also for more bytes than the file was begun with.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| self.failed(io::ErrorKind::FileTooLarge.into()))?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.filled));
            self.block.update(now);
            self.filled += now.len();
            if self.filled == BLOCK {
                self.end_block();
            }
            rest = later;
        }
        self.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    /// Writes the checksums, waits until the disk has the file, and gives it its name.
    ///
    /// # Errors
    /// [`WireError::Write`], also for fewer bytes than the file was begun with.
    pub fn finish(mut self) -> Result<(), WireError> {
        if self.left != 0 {
            return Err(self.failed(io::ErrorKind::UnexpectedEof.into()));
        }
        if self.filled > 0 {
            self.end_block();
        }
        let last = crc32fast::hash(&self.sums).to_le_bytes();
        self.sums.extend(last);
        let Self { path, mut file, sums, .. } = self;
        file.write_all(&sums).and_then(|()| file.commit()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => WireError::Exists { path },
            _ => WireError::Write { path, source },
        })
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.sums.extend(block.finalize().to_le_bytes());
        self.filled = 0;
    }

    fn failed(&self, source: io::Error) -> WireError {
        WireError::Write { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header { kind: Kind::Upload, parameters: [1; 32], plan: [2; 32], key: [3; 16] };

    fn write(path: &Path, body: &[u8]) {
        let _ = fs::remove_file(path);
        let mut writer = Writer::create(path, HEADER, &["meta", "data"], body.len() as u64).unwrap();
        body.chunks(700_001).for_each(|part| writer.put(part).unwrap());
        assert!(!path.exists());
        writer.finish().unwrap();
    }

    #[test]
    fn what_is_somebody_elses_controls_no_terminal() {
        assert_eq!(printable("unknown field `\u{1b}[2J\u{7}\u{9b}é\n`"), "unknown field `?[2J??é?`");
    }

    #[test]
    fn what_was_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        for length in [0, 1, 1 << 20, (5 << 19) + 3] {
            let body: Vec<u8> = (0..length).map(|i| ((i * i) >> 7) as u8).collect();
            write(&path, &body);
            let read = Container::open_kind(&path, &[Kind::Upload]).unwrap();
            assert_eq!((read.header(), &read.body()[..]), (&HEADER, &body[..]));
            assert_eq!(read.body().as_ptr() as usize % 4096, 0);
            assert_eq!(read.meta::<Vec<String>>().unwrap(), ["meta", "data"]);
            assert!(matches!(read.meta::<u64>(), Err(WireError::Content { .. })));
            assert!(read.check_plan(&HEADER).is_ok() && read.check_key(&[3; 16]).is_ok());
            assert!(matches!(read.check_key(&[4; 16]), Err(WireError::Key { .. })));
            let other = Header { plan: [9; 32], ..HEADER };
            assert!(matches!(read.check_plan(&other), Err(WireError::Plan { .. })));
            let other = Header { parameters: [9; 32], ..other };
            assert!(matches!(read.check_plan(&other), Err(WireError::Parameters { .. })));
        }
        assert!(matches!(Container::open_kind(&path, &[Kind::Keys]), Err(WireError::Kind { .. })));
    }

    #[test]
    fn every_bit_and_every_length_counts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        write(&path, &[7; 100]);
        let whole = fs::read(&path).unwrap();
        let meta = whole[HEADER_BYTES..].iter().position(|byte| *byte == 0).unwrap();
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1 << (byte % 8);
            fs::write(&path, &damaged).unwrap();
            let text = Container::open(&path).unwrap_err().to_string();
            let expected = match byte {
                // Another length of the description may be within the same page.
                96..98 if text.contains("checksum") => "the header does not have its checksum",
                0..8 => "is no file of keys or ciphertexts",
                8..12 => "of the format, this program reads version 1",
                96..112 => "but its header says",
                _ if byte < HEADER_BYTES + meta => "the header does not have its checksum",
                _ if byte < 4096 => "the space after the description does not have its checksum",
                _ if byte < 4096 + 100 => "MiB 0 of its content does not have its checksum",
                _ => "the list of checksums does not have its checksum",
            };
            assert!(text.contains(expected), "byte {byte}: {text}");
        }
        for length in (0..whole.len()).step_by(13) {
            fs::write(&path, &whole[..length]).unwrap();
            let error = Container::open(&path).unwrap_err();
            assert!(matches!(error, WireError::Magic { .. } | WireError::Length { .. }), "{length} bytes: {error}");
        }
        let longer = [&whole[..], &[0]].concat();
        fs::write(&path, longer).unwrap();
        assert!(matches!(Container::open(&path), Err(WireError::Length { .. })));
        // Lengths beyond all bounds, with nothing behind them.
        for (at, meta) in [(96, true), (104, false)] {
            let mut damaged = whole.clone();
            damaged[at..at + 8].fill(0xff);
            fs::write(&path, &damaged).unwrap();
            let text = Container::open(&path).unwrap_err().to_string();
            assert!(text.contains("says more than a file can have"), "{meta}: {text}");
        }
        for path in [directory.path(), Path::new("/dev/null"), &directory.path().join("absent")] {
            assert!(Container::open(path).is_err());
        }
    }

    /// The bytes that `docs/files.md` promises: with other ones the version is another.
    #[test]
    fn the_format_is_what_it_was() {
        let file = include_bytes!("../../fuzz/seeds/container/bundle.lev");
        let number = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
        assert_eq!((&file[..8], &file[8..16]), (&b"\x89LEVELED"[..], &[1, 0, 0, 0, 1, 0, 0, 0][..]));
        let (meta, body) = (number(96), number(104));
        assert_eq!((file.len(), body), ((128 + meta).next_multiple_of(4096) + 4, 0));
        let checksum = crc32fast::hash(&[&file[..120], &file[128..128 + meta]].concat());
        assert_eq!(file[120..124], checksum.to_le_bytes());
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("f"), file).unwrap();
        let container = Container::open_kind(&directory.path().join("f"), &[Kind::Bundle]).unwrap();
        assert_eq!(container.header().plan[..], file[48..80]);
        let kinds =
            [Kind::Bundle, Kind::Secret, Kind::Keys, Kind::ServerKeys, Kind::Upload, Kind::Result, Kind::Server];
        assert_eq!(kinds.map(|kind| kind as u32), [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn two_do_not_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let mut first = Writer::create(&path, HEADER, &0, 1).unwrap();
        assert!(matches!(Writer::create(&path, HEADER, &0, 1), Err(WireError::Busy { .. })));
        first.put(&[0]).unwrap();
        first.finish().unwrap();
        assert!(Container::open(&path).is_ok());
    }

    #[test]
    fn a_body_of_another_length_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let begun = |bytes| Writer::create(&path, HEADER, &0, bytes).unwrap();
        let mut writer = begun(3);
        assert!(writer.put(&[0; 4]).is_err());
        writer.put(&[0; 2]).unwrap();
        assert!(writer.finish().is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
