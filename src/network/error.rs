//! What can go wrong with networks and their files.

use std::io;
use std::path::{Path, PathBuf};

use crate::dataset::DatasetError;
use crate::user_file;

/// A network or a file of one that cannot be used, and what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The name is not that of a known network.
    #[error("unknown network `{name}`: write {known}")]
    UnknownNetwork {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A number in an architecture that no network can have.
    #[error("network `{network}`: {key} is {found}, but must be {expected}")]
    Architecture {
        /// Name of the network.
        network: String,
        /// What the number is.
        key: String,
        /// The number.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A file could not be opened or read.
    #[error("cannot read `{}`: {source}{}", path.display(), user_file::advice(source, "; check that the path exists and can be read"))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`: {source}; choose a directory that exists and can be written to", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not a whole safetensors file.
    #[error(
        "`{}` is no whole safetensors file: {source}; it is truncated, damaged or of another format: copy it again",
        path.display()
    )]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: safetensors::SafeTensorError,
    },
    /// The file is of another format.
    #[error("`{}` is {found}; weights are safetensors files", path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// A tensor that the network needs is not there.
    #[error(
        "{origin}: tensor `{tensor}` of shape {expected:?} is missing; check the network's name and width in the card"
    )]
    MissingTensor {
        /// The file, or where else the weights come from.
        origin: String,
        /// Name of the tensor.
        tensor: String,
        /// Shape that the network needs.
        expected: Vec<usize>,
    },
    /// A tensor that the network has no place for.
    #[error(
        "{origin}: tensor `{tensor}` of shape {found:?} belongs to no layer of the network; \
         check the network's name and width in the card, or remove the tensor"
    )]
    UnexpectedTensor {
        /// The file, or where else the weights come from.
        origin: String,
        /// Name of the tensor.
        tensor: String,
        /// Shape found.
        found: Vec<usize>,
    },
    /// A tensor has another shape than the network needs.
    #[error(
        "{origin}: tensor `{tensor}` has shape {found:?}, expected {expected:?}; \
         check the network's width and data set in the card"
    )]
    TensorShape {
        /// The file, or where else the weights come from.
        origin: String,
        /// Name of the tensor.
        tensor: String,
        /// Shape that the network needs.
        expected: Vec<usize>,
        /// Shape found.
        found: Vec<usize>,
    },
    /// A tensor has an element type that is not read.
    #[error("{origin}: tensor `{tensor}` is of type {found}, expected F16, BF16, F32 or F64; convert it before saving")]
    TensorType {
        /// The file.
        origin: String,
        /// Name of the tensor.
        tensor: String,
        /// Element type found.
        found: String,
    },
    /// A tensor holds a value that it cannot hold.
    #[error("{origin}: tensor `{tensor}` holds {found} at index {index}, expected {expected}; the weights are damaged")]
    TensorValue {
        /// The file, or where else the weights come from.
        origin: String,
        /// Name of the tensor.
        tensor: String,
        /// Row-major index in the tensor.
        index: usize,
        /// The value.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// A value that cannot be written in the precision that was asked for.
    #[error("tensor `{tensor}` has {found:e} at index {index}, and {precision} holds numbers up to {most}; {advice}")]
    Unwritable {
        /// Name of the tensor.
        tensor: String,
        /// Row-major index in the tensor.
        index: usize,
        /// The value.
        found: f64,
        /// The precision.
        precision: &'static str,
        /// Its largest number.
        most: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A file of another program in which no network can be found.
    #[error("`{}` cannot be imported: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Weights that are those of a network, but under other names or in another form than its card says.
    #[error(
        "{source}. The file holds a {network}: `leveled import {} --network {name} --out {}` writes it as weights with a card",
        path.display(), imported(path).display()
    )]
    Importable {
        /// The file.
        path: PathBuf,
        /// Name of the network that it holds.
        name: String,
        /// The network in words.
        network: String,
        /// Why it cannot be used as it is.
        source: Box<NetworkError>,
    },
    /// There is no card beside the weights.
    #[error(
        "no card `{}` beside the weights: write one that names network, width, dataset, activation, normalisation, \
         batch_norm_eps and sha256 (models/ has an example); for a file of PyTorch or another program, `leveled import FILE --network NAME` \
         writes weights and card",
        path.display()
    )]
    MissingCard {
        /// Where the card was looked for.
        path: PathBuf,
    },
    /// The card is not valid YAML or has unknown, missing or mistyped keys.
    #[error("card `{}`: {source}", path.display())]
    CardSyntax {
        /// The card.
        path: PathBuf,
        /// What the parser says, with line and column.
        source: serde_yaml::Error,
    },
    /// The card has a value that cannot be.
    #[error("card `{}`: `{key}` is {found}, but must be {expected}", path.display())]
    CardValue {
        /// The card.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The card's normalisation cannot be used.
    #[error("card `{}`: {source}", path.display())]
    CardNormalisation {
        /// The card.
        path: PathBuf,
        /// What is wrong.
        source: DatasetError,
    },
    /// The weights are not those that the card describes.
    #[error(
        "`{}` has SHA-256 {found}, but its card says {expected}: copy the weights again, or correct the card",
        path.display()
    )]
    Hash {
        /// The weights.
        path: PathBuf,
        /// The card's hash, in hexadecimal.
        expected: String,
        /// The file's hash, in hexadecimal.
        found: String,
    },
    /// Weights that a network of another width cannot begin with.
    #[error("weights of a network {old} wide cannot begin one {new} wide: {problem}")]
    NotWider {
        /// Channels of the first stage that the weights have.
        old: usize,
        /// Channels of the first stage of the network that should begin with them.
        new: usize,
        /// What is wrong and what to change.
        problem: &'static str,
    },
    /// Inputs of the wrong length.
    #[error("the input has {found} values, expected {expected}: pass normalised images of the network's input shape")]
    InputLength {
        /// Values expected; for many images, a positive multiple of it.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A node that has no place in a lowered network.
    #[error("`{node}` cannot be lowered to linear maps and squarings: {reason}")]
    NotLowerable {
        /// Name of the node.
        node: String,
        /// Why, and what to change.
        reason: &'static str,
    },
    /// A quadratic activation with (next to) no quadratic part.
    #[error(
        "activation `{activation}`, channel {channel}: the leading coefficient c2 is {found}, too close to 0 for a squaring; train with \
         c2 away from 0, or set a small one such as 1e-3"
    )]
    LeadingCoefficient {
        /// Name of the activation.
        activation: String,
        /// The channel, from 0.
        channel: usize,
        /// The coefficient.
        found: f64,
    },
    /// A lowered network whose parts do not fit together.
    #[error("lowered layer `{layer}`: {what} is {found}, expected {expected}")]
    Lowered {
        /// Name of the layer.
        layer: String,
        /// What does not fit.
        what: &'static str,
        /// What was found.
        found: String,
        /// What would fit.
        expected: String,
    },
    /// Too few clusters.
    #[error("{found} clusters are not possible: choose 2 or more, such as 64")]
    Clusters {
        /// The number that was asked for.
        found: usize,
    },
    /// Clustering without an iteration.
    #[error("0 iterations of Lloyd leave nothing done: choose 1 or more, such as 1000")]
    ClusterIterations,
    /// Joint clustering by the algorithm that exists in one dimension only.
    #[error(
        "the exact algorithm clusters numbers, and joint clustering vectors of them: choose algorithm lloyd, or mode \
         slice or full"
    )]
    JointExact,
    /// More members than joint clustering takes.
    #[error("joint clustering takes at most {most} members, not {found}: use fewer, or mode slice or full")]
    JointMembers {
        /// How many are possible.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// An ensemble without members.
    #[error("no members: give at least one network (an ensemble of one is the network itself)")]
    NoMembers,
    /// A member of an ensemble that is not sound by itself.
    #[error("member {member}: {source}")]
    Member {
        /// The member, from 0.
        member: usize,
        /// What is wrong with it.
        source: Box<NetworkError>,
    },
    /// A member of an ensemble that is of another graph than the first.
    #[error(
        "member {member} is of another graph than member 0: {what} is {found}, not {expected}; take networks of the same \
         name, width and data set"
    )]
    MemberGraph {
        /// The member, from 0.
        member: usize,
        /// What differs.
        what: String,
        /// What it is.
        found: String,
        /// What it is in member 0.
        expected: String,
    },
}

/// A name beside a file for the weights that an import of it writes.
fn imported(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}_imported.safetensors"))
}
