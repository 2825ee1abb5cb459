//! What can go wrong with data files.

use std::io;
use std::path::PathBuf;

use super::name::{DatasetName, UnknownDataset};
use crate::user_file;

/// A data file that cannot be used, and what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The name is not that of a known data set.
    #[error(transparent)]
    UnknownDataset(#[from] UnknownDataset),
    /// The file could not be opened or read.
    #[error("cannot read `{}`: {source}{}", path.display(), user_file::advice(source, "; check that the path exists and can be read"))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory holds none of the files of the official binary archive.
    #[error(
        "no `{file}` in `{}`: give the directory of the official {dataset} binary archive, or the one that holds it (`leveled data fetch {dataset}` \
         downloads it; the Python and Matlab versions are not read)",
        directory.display()
    )]
    MissingFile {
        /// The directory that was searched.
        directory: PathBuf,
        /// The file that is missing.
        file: String,
        /// The data set.
        dataset: DatasetName,
    },
    /// The size is no positive multiple of the record length.
    #[error(
        "`{}` has {found_bytes} bytes, which is not a positive multiple of the {record_bytes} bytes of a \
         {dataset} record: the file is truncated or of another data set; download it again or correct the data set's name",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The data set whose records were expected.
        dataset: DatasetName,
        /// Bytes in the file.
        found_bytes: usize,
        /// Bytes in a record.
        record_bytes: usize,
    },
    /// A label is not below the number of classes.
    #[error(
        "`{}`: record {record} has label {found}, but {dataset} has {classes} classes: \
         the file is damaged or of another data set",
        path.display()
    )]
    Label {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: DatasetName,
        /// Index of the record, from 0.
        record: usize,
        /// The label found.
        found: u8,
        /// Number of classes.
        classes: usize,
    },
    /// The file is not a PNG image that can be decoded.
    #[error("cannot decode `{}` as PNG: {source}; give an undamaged PNG file", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        source: image::ImageError,
    },
    /// The file is of another format.
    #[error("`{}` is {found}; give {wanted}", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What is read here, and where to have it from.
        wanted: String,
    },
    /// A folder beside those of the classes.
    #[error(
        "`{}` is no class of {dataset}; the folders of `train` and `test` are named as its classes ({classes}): rename it, or take it \
         elsewhere",
        path.display()
    )]
    NoClass {
        /// The folder.
        path: PathBuf,
        /// The data set.
        dataset: DatasetName,
        /// The classes in words.
        classes: String,
    },
    /// The image is not of the size that the networks take.
    #[error(
        "`{}` is {width} x {height} pixels, but the network takes {expected} x {expected}: \
         resize or crop the image first",
        path.display()
    )]
    ImageSize {
        /// The file.
        path: PathBuf,
        /// Columns found.
        width: u32,
        /// Rows found.
        height: u32,
        /// Rows and columns expected.
        expected: u32,
    },
    /// A mean or standard deviation that cannot normalise.
    #[error("normalisation: `{key}` of channel {channel} is {found}, but must be {expected}")]
    Normalisation {
        /// `mean` or `std`.
        key: &'static str,
        /// Index of the channel: 0 red, 1 green, 2 blue.
        channel: usize,
        /// The value found.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// A file or directory could not be written.
    #[error("cannot write `{}`: {source}; choose a directory that can be written to, on a disk with room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has another MD5 sum than the publisher says.
    #[error(
        "`{}` has the MD5 sum {found}, but the publisher gives {expected}: it is damaged, incomplete or another file; \
         download it again",
        path.display()
    )]
    Md5 {
        /// The file.
        path: PathBuf,
        /// Sum found.
        found: String,
        /// Sum expected.
        expected: String,
    },
    /// An archive that cannot be unpacked.
    #[error("cannot unpack `{}`: {problem}; download it again", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// There is no data set where one was to be imported from.
    #[error(
        "`{}` holds no {dataset}: give the official archive (.tar.gz), the directory of its binary files, or a directory with \
         folders `train` and `test` that hold a folder of PNG images for each class",
        path.display()
    )]
    NoSource {
        /// What was given.
        path: PathBuf,
        /// The data set.
        dataset: DatasetName,
    },
    /// Another data set is where one was to be imported to.
    #[error("`{}` holds another {dataset} already; {advice}", path.display())]
    Occupied {
        /// What is there.
        path: PathBuf,
        /// The data set.
        dataset: DatasetName,
        /// What to do.
        advice: &'static str,
    },
    /// A file is another than its manifest says: the folder is a mixture of two sets.
    #[error(
        "`{}` is not the file that was imported with those beside it (by manifest.sha256): import the data set again, with --force",
        path.display()
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
    },
    /// A class folder without images.
    #[error("`{}` holds no PNG image: every class needs one", path.display())]
    NoImages {
        /// The folder.
        path: PathBuf,
    },
    /// A download that failed.
    #[error("cannot download {url}: {problem}; {advice}")]
    Download {
        /// The address.
        url: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
}
