//! Rows as whole experiments would give them; every number is made up.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Columns of the trials.
const COLUMNS: [&str; 42] = [
    "trial_id",
    "attempt",
    "status",
    "experiment",
    "network",
    "width",
    "activation",
    "dataset",
    "model",
    "weights",
    "backend",
    "images",
    "log_n",
    "layout",
    "convolution",
    "clusters",
    "cluster_mode",
    "ensemble",
    "activation_form",
    "node_fusing",
    "tower_reuse",
    "seed",
    "threads",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "accuracy_images",
    "simulated_accuracy",
    "simulated_accuracy_low",
    "simulated_accuracy_high",
    "simulated_accuracy_images",
    "clear_accuracy",
    "clear_accuracy_images",
    "latency_seconds_median",
    "latency_seconds_quartile1",
    "latency_seconds_quartile3",
    "amortised_seconds_median",
    "levels_used",
    "log2_qp",
    "security_2018",
    "security_2024",
    "precision_bits_median",
];

/// One trial: the columns that matter, the rest empty.
#[derive(Debug, Clone)]
pub struct Trial(Vec<(&'static str, String)>);

impl Trial {
    /// ResNet-20 on CIFAR-10 with a model of this seed, encrypted nowhere.
    pub fn new(id: impl ToString, seed: usize) -> Self {
        Self(Vec::new())
            .with("trial_id", id)
            .with("status", "ok")
            .with("attempt", 1)
            .with("network", "resnet20")
            .with("width", 16)
            .with("activation", "herpn")
            .with("dataset", "cifar10")
            .with("model", format!("resnet20_w16_cifar10_herpn_seed{seed}.safetensors"))
            .with("log_n", 15)
            .with("layout", "channel")
            .with("threads", 2)
            .with("levels_used", 20)
            .with("log2_qp", 867.8)
            .with("security_2018", "secure")
            .with("security_2024", "secure")
    }

    /// The same with another value in a column.
    pub fn with(mut self, column: &'static str, value: impl ToString) -> Self {
        assert!(COLUMNS.contains(&column), "{column}");
        self.0.retain(|(name, _)| *name != column);
        self.0.push((column, value.to_string()));
        self
    }

    /// The accuracy of a simulated test set.
    pub fn simulated(self, accuracy: f64) -> Self {
        self.with("backend", "simulated")
            .with("simulated_accuracy", accuracy)
            .with("simulated_accuracy_low", accuracy - 0.006)
            .with("simulated_accuracy_high", accuracy + 0.006)
            .with("simulated_accuracy_images", 10_000)
            .with("clear_accuracy", accuracy + 0.001)
            .with("clear_accuracy_images", 10_000)
    }

    /// The seconds of an encrypted evaluation.
    pub fn timed(self, seconds: f64) -> Self {
        self.with("backend", "encrypted")
            .with("latency_seconds_median", seconds)
            .with("latency_seconds_quartile1", seconds * 0.97)
            .with("latency_seconds_quartile3", seconds * 1.05)
            .with("amortised_seconds_median", seconds)
    }

    fn line(&self) -> String {
        let cell =
            |column: &&str| self.0.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value.as_str());
        COLUMNS.iter().map(cell).collect::<Vec<_>>().join(",")
    }
}

/// Accuracy that rises with K to a ceiling.
fn accuracy(clusters: f64, mode: &str, models: usize, seed: usize) -> f64 {
    let need = if mode == "full" { 6.0 } else { 3.5 };
    let wobble = [0.0, 0.003, -0.002, 0.004, -0.004][seed % 5];
    0.1 + (0.81 + 0.008 * (models as f64).log2()) / (1.0 + (need - clusters.log2()).exp()) + wobble
}

/// The trials of a paper: clusters in both modes, ensembles, switches, one packed configuration.
pub fn paper() -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut id = 0;
    let mut next = |trial: Trial| {
        id += 1;
        trials.push(trial.with("trial_id", format!("{id:016x}")));
    };
    for seed in 0..5 {
        next(Trial::new(0, seed).simulated(0.915 + 0.001 * seed as f64));
        for mode in ["full", "slice"] {
            for power in 1..=10 {
                let clusters = 1 << power;
                let base = Trial::new(0, seed)
                    .with("clusters", clusters)
                    .with("cluster_mode", mode)
                    .with("convolution", "clustered");
                next(base.simulated(accuracy(f64::from(clusters), mode, 1, seed)));
            }
        }
        for models in [2, 4] {
            for power in 6..=10 {
                let clusters = 1 << power;
                let base = Trial::new(0, seed)
                    .with("clusters", clusters)
                    .with("cluster_mode", "joint")
                    .with("convolution", "clustered")
                    .with("ensemble", models);
                next(base.simulated(accuracy(f64::from(clusters), "slice", models, seed)));
            }
        }
        for models in [2, 4, 8] {
            next(
                Trial::new(0, seed)
                    .with("ensemble", models)
                    .simulated(0.915 + 0.004 * f64::from(models).log2() + 0.001 * seed as f64),
            );
        }
    }
    for power in 1..=10 {
        let clusters = 1 << power;
        for mode in ["full", "slice"] {
            let base =
                Trial::new(0, 0).with("clusters", clusters).with("cluster_mode", mode).with("convolution", "clustered");
            next(base.timed(60.0 + 22.0 * f64::from(power) + if mode == "slice" { 14.0 } else { 0.0 }));
        }
    }
    next(Trial::new(0, 0).timed(640.0));
    for models in [2, 4, 8] {
        next(Trial::new(0, 0).with("ensemble", models).timed(640.0 + 3.0 * f64::from(models)));
    }
    let packed = Trial::new(0, 0).with("layout", "packed").with("precision_bits_median", 9.9);
    next(packed.clone().simulated(0.914));
    next(
        packed
            .clone()
            .timed(7.7)
            .with("accuracy", 0.95)
            .with("accuracy_low", 0.76)
            .with("accuracy_high", 0.99)
            .with("accuracy_images", 20),
    );
    next(packed.timed(14.0).with("threads", 1));
    for (network, width, levels) in [("resnet20", 16, [20, 39, 58, 77]), ("resnet18", 64, [18, 35, 52, 69])] {
        let switches = [
            ("true", "square", "true"),
            ("true", "square", "false"),
            ("true", "full", "false"),
            ("false", "full", "false"),
        ];
        for ((fusing, form, towers), levels) in switches.into_iter().zip(levels) {
            let base = Trial::new(0, 0).with("network", network).with("width", width).with("weights", "random");
            next(
                base.with("node_fusing", fusing)
                    .with("activation_form", form)
                    .with("tower_reuse", towers)
                    .with("levels_used", levels)
                    .with("security_2024", if levels > 40 { "insecure" } else { "secure" })
                    .with("simulated_accuracy", 0.1)
                    .with("simulated_accuracy_images", 100),
            );
        }
    }
    trials
}

/// Names of ResNet-20's layers in evaluation order.
pub fn layer_names() -> Vec<String> {
    let block =
        |stage: usize, block: usize| [1, 2].map(|convolution| format!("layer{stage}.{block}.conv{convolution}"));
    let blocks = (1..=3).flat_map(|stage| (0..3).flat_map(move |index| block(stage, index)));
    ["conv1".to_owned()].into_iter().chain(blocks).chain(["linear".to_owned()]).collect()
}

/// The layers of a trial in the form that a ResNet-20 gives.
fn layers(trial_id: &str) -> String {
    let mut text = String::new();
    let names = layer_names();
    for (layer, name) in names.iter().enumerate() {
        let linear = 0.08 + 0.9 / (layer + 1) as f64 + 0.02 * (layer % 3) as f64;
        let (square, pack) = (0.05 / (layer + 1) as f64, 0.04 / (layer + 1) as f64);
        let bits = 12.0 - 0.15 * layer as f64 + 0.4 * (layer % 2) as f64;
        writeln!(
            text,
            "{trial_id},1,{layer},{name},{},{},22,{},0,{linear},{square},{pack},{},{bits}",
            names.len() - layer,
            names.len() - layer - 1,
            linear + square + pack,
            bits - 3.2
        )
        .unwrap();
    }
    text
}

/// Writes the rows of trials, with layers for those that have a precision, into a directory.
pub fn write(directory: &Path, trials: &[Trial]) {
    let lines: String = trials.iter().map(|trial| trial.line() + "\n").collect();
    fs::write(directory.join("trials.csv"), format!("{}\n{lines}", COLUMNS.join(","))).unwrap();
    let mut text = "trial_id,attempt,layer,name,level_in,level_out,scale_bits,seconds,encode_seconds,linear_seconds,square_seconds,\
                    pack_seconds,precision_bits_min,precision_bits_median\n"
        .to_owned();
    for trial in trials {
        let cell = |column: &str| trial.0.iter().find(|(name, _)| *name == column).map(|(_, value)| value.clone());
        if cell("precision_bits_median").is_some() {
            text += &layers(&cell("trial_id").unwrap());
        }
    }
    fs::write(directory.join("layers.csv"), text).unwrap();
}
