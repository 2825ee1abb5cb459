//! The list of all settings. A line here makes a setting: it may stand under `fixed`, `sweep`, `include` and `exclude`, has
//! a column in `trials.csv`, an entry in the JSON Schema, a row in the documentation and a part in a trial's id.
//!
//! `docs/adding.md` says how to add one.

/// Calls the macro `$then` with what it was given and three groups of settings, each with its documentation and type:
///
/// * `located`: lead to files, so they are resolved by hand ([`super::resolver`]) and have columns of their own; with the
///   default in words;
/// * `parameters`: fields of [`super::parameter_set::ParameterSet`] that override the named set;
/// * `plain`: everything else; `as "name"` names the column if it is not the setting's name; `where encrypted` marks those that say how a
///   network is encrypted and nothing of what it is, so that rows in the clear lack them.
///
/// The first setting varies slowest in a sweep.
macro_rules! with_settings {
    ($then:ident $($own:tt)*) => {
        $then! {
            $($own)*
            located {
                /// Weights (safetensors, their card beside them): a path relative to the experiment file, or the name of weights
                /// in `models/`; a list of them is an ensemble, whose logits are averaged. Not given: the weights in `models/`
                /// whose card has `network`, `width`, `activation` and the data set.
                model: ModelFiles = "by `network`",
                /// Architecture of the network.
                network: NetworkName = "that of `model`",
                /// Channels of the network's first stage.
                width: Width = "that of `model`",
                /// Activation that the network was trained with: `herpn`, `quadratic` or, in the clear as it was trained, `relu`.
                activation: CardActivation = "that of `model`",
                /// `cifar10` or `cifar100`: the shipped test images; `{name: cifar10, path: PATH}`: official binary
                /// files, a directory or one file, with `held_out: {images: 5000, seed: 0}` the training images that a training
                /// held out; or the name of a file in `configs/datasets`.
                dataset: DatasetRef = "must be given",
                /// Name of a set in `configs/parameters`, or the set itself (see `configs/README.md`).
                parameters: ParametersRef = "`default`; of `layout: tiled` `tiled`",
            }
            parameters {
                /// log2 of the data scale, in place of what the parameter set says.
                scale_bits: f64,
                /// log2 of the weight scale, in place of what the parameter set says.
                weight_bits: f64,
                /// log2 of the scale of the encrypted image, in place of what the parameter set says.
                input_bits: f64,
                /// Rotated copies of the image that the client encrypts, in place of what the parameter set says.
                input_copies: usize,
                /// Whether real and imaginary parts hold two halves of the channels, in place of what the parameter set says.
                complex_packing: bool,
                /// log2 of the base prime, in place of what the parameter set says.
                base_bits: u32,
                /// Special primes and digits of the key switching, in place of what the parameter set says.
                key_switching: KeySwitching,
            }
            plain {
                /// How many images to evaluate, from the first; `all`; or a list of indices (in `trials.csv` their number).
                images: ImageSelection,
                /// `encrypted`: keys and ciphertexts; `simulated`: clear slots with the scheme's noise, for the accuracy over
                /// whole test sets; `clear`: the network alone, of which settings of the encryption are no part.
                backend: Backend,
                /// `lowered`: folded and redistributed, as encryption evaluates it; `trained`: as it was trained, ReLU included
                /// (`backend: clear`).
                network_form: NetworkForm,
                /// log2 of the ring dimension N, 12 to 17.
                log_n: LogN where encrypted,
                /// `trained`: weights from files; `random`: weights from `weights_seed` for `network`, `width` and the data set,
                /// with calibrated batch normalisation. Rows of random weights have no accuracy.
                weights: WeightsOrigin,
                /// The shortcut where a network's shape changes: `projection`, a 1x1 convolution; `pad`, a strided slice between channels
                /// of zeros; `pad_after`, with all of them after it. Trained weights have that of their card.
                shortcut: Shortcut,
                /// The average pool before the classifier: `standard`, that of the network, which at width 64 is the article's over squares;
                /// `global`, over the whole plane. Trained weights have that of their card.
                pool: Pool,
                /// Seed of random weights; member m of an ensemble has this seed plus m.
                weights_seed: DrawSeed,
                /// Members of an ensemble of random weights; of trained ones `model` names as many.
                ensemble: Ensemble,
                /// K, the distinct weights that are left in each group of convolution weights, or `none`.
                clusters: Clusters,
                /// Group of weights that is clustered: `full`, all of a member; `slice`, a kernel column of a convolution;
                /// `joint`, a kernel column of all members together.
                cluster_mode: ClusterMode,
                /// How clusters are found: `lloyd` (k-means++ and Lloyd) or `exact` (not for `joint`).
                cluster_method: ClusterAlgorithm,
                /// Seed of `lloyd`.
                cluster_seed: DrawSeed,
                /// `square`: an activation is one squaring; `monic`: the leading coefficient is moved into convolutions, the
                /// others stay; `full`: all coefficients stay.
                activation_form: ActivationForm,
                /// Whether batch normalisation is folded into convolutions.
                node_fusing: NodeFusing,
                /// Whether one prime pays for a convolution and the squaring after it; `false`: all primes have `scale_bits` bits.
                tower_reuse: TowerReuse where encrypted,
                /// Layout of values in slots: `packed`, many channels in a ciphertext; `channel`, one; `tiled`, many images together.
                layout: LayoutKind where encrypted,
                /// How convolutions are computed. Packed layout: `diagonals`. Channel layout: `classical` (its default),
                /// `clustered` or `integer`.
                convolution: ConvolutionKind where encrypted,
                /// Images that share the slots of the same ciphertexts (channel and tiled layout); `auto`: as many as there is room for (tiled layout).
                batch: Batch where encrypted,
                /// Tiles of an image in the tiled layout: 1, 4, 16, 64, 256 or 1024, or `auto`, as many as take the least time within `memory.limit`.
                tiles: Tiles where encrypted,
                /// `auto`: late layers of the packed layout are computed in smaller rings, where their limits of security allow it and time
                /// is saved; `none`: one ring.
                ring_switching: RingSwitching where encrypted,
                /// `128`: refuse what is not 128-bit secure; `none`: allow it where nothing secure fits, and every row says insecure.
                security: SecurityPolicy where encrypted,
                /// Seed of keys and noise: `null`, the operating system's entropy, or a number, for experiments only, whose
                /// randomness is reproducible; each trial derives its own from it.
                seed: Seed where encrypted,
                /// Number of threads, 1 to 1024.
                threads: Threads,
                /// `{diagonals: SIZE, working: SIZE, limit: SIZE}`: encoded weights kept between images, as transforms as far as there is
                /// room; ciphertexts that a layer of the channel or tiled layout holds at a time; a trial predicted to need more than
                /// the limit is refused. In `trials.csv`: the bytes for diagonals, empty if the file does not say.
                memory: MemorySettings as "memory_diagonals_bytes" where encrypted,
                /// Whether each layer is compared with clear-text evaluation.
                probe: Probe where encrypted,
                /// `one`: client and server are one process; `two`: two, with files between them, as `leveled client` and `leveled server` have
                /// them (`backend: encrypted`; no `seed`, no `probe`).
                processes: Processes where encrypted,
            }
        }
    };
}

pub(crate) use with_settings;
