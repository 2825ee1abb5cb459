//! Names of tensors in repositories of CIFAR networks, and ours.

/// A part of a name, between dots, and what it is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renaming {
    /// There.
    pub theirs: &'static str,
    /// Here.
    pub ours: &'static str,
}

const fn renaming(theirs: &'static str, ours: &'static str) -> Renaming {
    Renaming { theirs, ours }
}

/// All renamings; each is applied once to a name, in this order.
pub const RENAMINGS: &[Renaming] = &[
    renaming("shortcut.0", "shortcut.conv"),
    renaming("shortcut.1", "shortcut.bn"),
    renaming("downsample.0", "shortcut.conv"),
    renaming("downsample.1", "shortcut.bn"),
    renaming("fc", "linear"),
    renaming("classifier", "linear"),
    renaming("norm1", "bn1"),
    renaming("norm2", "bn2"),
    // Blocks as sequences, stages numbered after the stem.
    renaming("residual_function.0", "conv1"),
    renaming("residual_function.1", "bn1"),
    renaming("residual_function.3", "conv2"),
    renaming("residual_function.4", "bn2"),
    renaming("conv1.0", "conv1"),
    renaming("conv1.1", "bn1"),
    renaming("conv2_x", "layer1"),
    renaming("conv3_x", "layer2"),
    renaming("conv4_x", "layer3"),
    renaming("conv5_x", "layer4"),
];

/// Our name of a tensor, and which of the [`RENAMINGS`] made it.
pub(super) fn renamed(name: &str) -> (String, Vec<usize>) {
    let mut parts: Vec<&str> = name.split('.').collect();
    let mut applied = Vec::new();
    for (index, Renaming { theirs, ours }) in RENAMINGS.iter().enumerate() {
        let (theirs, ours): (Vec<&str>, Vec<&str>) = (theirs.split('.').collect(), ours.split('.').collect());
        if let Some(at) = parts.windows(theirs.len()).position(|window| window == theirs) {
            parts.splice(at..at + theirs.len(), ours);
            applied.push(index);
        }
    }
    (parts.join("."), applied)
}

/// The renamings as lines of text.
#[must_use]
pub fn renamings_in_words() -> String {
    let width = RENAMINGS.iter().map(|renaming| renaming.theirs.len()).max().unwrap_or(0);
    let line = |Renaming { theirs, ours }: &Renaming| format!("  {theirs:width$}  {ours}\n");
    RENAMINGS.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_renamed_whole() {
        let name = |name: &str| renamed(name).0;
        assert_eq!(name("layer2.0.downsample.1.running_var"), "layer2.0.shortcut.bn.running_var");
        assert_eq!(name("fc.weight"), "linear.weight");
        assert_eq!(name("conv3_x.0.residual_function.3.weight"), "layer2.0.conv2.weight");
        assert_eq!(name("conv1.1.bias"), "bn1.bias");
        for own in ["layer1.0.conv1.weight", "layer1.1.bn1.bias", "fcn.weight", "shortcut.10.weight"] {
            assert_eq!(renamed(own), (own.to_owned(), Vec::new()));
        }
    }
}
