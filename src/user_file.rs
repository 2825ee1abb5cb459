//! Files as users have them: text that some editors save in other ways than UTF-8, and files of other formats than the one that was meant.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// What some programs put before the first character of a file (UTF-8).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes of a file without its byte order mark.
#[must_use]
pub fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content)
}

/// Reads a text file in UTF-8, without its byte order mark.
///
/// # Errors
/// What the operating system says; of the kind [`io::ErrorKind::InvalidData`], in which form the text is and how to save it instead.
pub fn read_text(path: &Path) -> io::Result<String> {
    text_of(&fs::read(path)?)
}

fn text_of(content: &[u8]) -> io::Result<String> {
    let invalid = |text: String| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return invalid("it is text in UTF-16; save it in UTF-8".to_owned());
    }
    let content = without_mark(content);
    if let Some(format) = Format::of(content) {
        return invalid(format!("it is {format}"));
    }
    match std::str::from_utf8(content) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let (before, rest) = content.split_at(error.valid_up_to());
            let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
            let byte = rest.first().copied().unwrap_or_default();
            invalid(format!(
                "it is not text in UTF-8 (line {line} has the byte 0x{byte:02X}, as in Latin-1); save it in UTF-8"
            ))
        }
    }
}

/// What to do about a file that cannot be read: `usual`, unless the error tells it.
#[must_use]
pub fn advice<'a>(source: &io::Error, usual: &'a str) -> &'a str {
    if source.kind() == io::ErrorKind::InvalidData { "" } else { usual }
}

/// A format that files have in place of the one that was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// What Git LFS leaves in place of a file.
    LfsPointer,
    /// Python objects.
    Pickle,
    /// A ZIP archive, such as PyTorch and NumPy write.
    Zip,
    /// Compressed with gzip.
    Gzip,
    /// Apache Parquet.
    Parquet,
    /// A NumPy array.
    Numpy,
    /// HDF5.
    Hdf5,
    /// HTML, such as the page that asks for a login.
    WebPage,
    /// A JPEG image.
    Jpeg,
}

impl Format {
    /// The format by the first bytes of a file; none: unknown.
    #[must_use]
    pub fn of(content: &[u8]) -> Option<Self> {
        const BEGINNINGS: [(&[u8], Format); 7] = [
            (b"version https://git-lfs.github.com/spec/", Format::LfsPointer),
            (b"PK\x03\x04", Format::Zip),
            (b"\x1f\x8b", Format::Gzip),
            (b"PAR1", Format::Parquet),
            (b"\x93NUMPY", Format::Numpy),
            (b"\x89HDF\r\n", Format::Hdf5),
            (b"\xff\xd8\xff", Format::Jpeg),
        ];
        if let Some((_, format)) = BEGINNINGS.iter().find(|(beginning, _)| content.starts_with(beginning)) {
            return Some(*format);
        }
        // The opcode PROTO and a protocol from 2 to 5.
        if matches!(content, [0x80, 2..=5, ..]) {
            return Some(Self::Pickle);
        }
        let beginning = without_mark(&content[..content.len().min(64)]).trim_ascii_start().to_ascii_lowercase();
        [&b"<!doctype html"[..], b"<html"].iter().any(|tag| beginning.starts_with(tag)).then_some(Self::WebPage)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LfsPointer => {
                "a Git LFS pointer and not the file that it stands for (`git lfs pull` in the clone fetches that)"
            }
            Self::Pickle => "a Python pickle",
            Self::Zip => "a ZIP archive, as PyTorch and NumPy write",
            Self::Gzip => "a gzip archive",
            Self::Parquet => "a Parquet file",
            Self::Numpy => "a NumPy array",
            Self::Hdf5 => "an HDF5 file",
            Self::WebPage => "a web page, as a download that needs a login gives",
            Self::Jpeg => "a JPEG image",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_editors_are_read_or_named() {
        assert_eq!(text_of(b"\xef\xbb\xbfname: x\n").unwrap(), "name: x\n");
        assert_eq!(text_of("größe".as_bytes()).unwrap(), "größe");
        let refused = |content: &[u8]| {
            let error = text_of(content).unwrap_err();
            assert_eq!(advice(&error, "usual"), "");
            error.to_string()
        };
        for utf16 in [&b"\xff\xfen\0a\0"[..], b"\xfe\xff\0n\0a"] {
            assert_eq!(refused(utf16), "it is text in UTF-16; save it in UTF-8");
        }
        assert!(refused(b"a\n# Gr\xf6\xdfe").starts_with("it is not text in UTF-8 (line 2 has the byte 0xF6"));
        assert!(refused(b"\x1f\x8b\x08\xff").starts_with("it is a gzip archive"));
        assert!(refused(b"version https://git-lfs.github.com/spec/v1\noid").starts_with("it is a Git LFS pointer"));
        assert_eq!(advice(&io::Error::from(io::ErrorKind::NotFound), "usual"), "usual");
    }

    #[test]
    fn formats_are_known_by_their_beginning() {
        let of = |content: &[u8]| Format::of(content);
        assert_eq!(of(b"version https://git-lfs.github.com/spec/v1\noid"), Some(Format::LfsPointer));
        assert_eq!(of(b"\x80\x04\x95\x10"), Some(Format::Pickle));
        assert_eq!(of(b"\n <!DOCTYPE HTML><html>"), Some(Format::WebPage));
        assert_eq!(of(b"PAR1...PAR1"), Some(Format::Parquet));
        for unknown in [&b""[..], b"\x80", b"name: x", &[3; 3073]] {
            assert_eq!(of(unknown), None);
        }
    }
}
