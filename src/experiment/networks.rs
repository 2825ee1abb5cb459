//! Which networks are the same, how they are called, and which repeat one recipe: by what their files hold, not by their names alone.

use std::collections::{BTreeSet, HashMap};

/// Digits of a hash that tell networks of one name apart.
const DIGITS: usize = 8;

/// What stands in records for a hash that is not known.
pub const UNKNOWN: &str = "-";

/// A network as rows name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Named {
    /// File name of the weights without extension.
    pub name: String,
    /// SHA-256 of the weights; empty: not known.
    pub sha256: String,
}

impl Named {
    /// The members that a row names: `names` are joined by `+` or spaces, `sha256` by spaces.
    #[must_use]
    pub fn members(names: &str, sha256: &str) -> Vec<Self> {
        let member = |name: &str, sha256: &str| Self { name: stem(name).to_owned(), sha256: known(sha256).to_owned() };
        let hashes: Vec<&str> = sha256.split_whitespace().collect();
        let parts: Vec<&str> = names.split([' ', '+']).collect();
        match hashes.as_slice() {
            [] => parts.into_iter().map(|name| member(name, "")).collect(),
            // A file name may hold the signs that join several.
            [one] => vec![member(names, one)],
            several if several.len() == parts.len() => {
                parts.into_iter().zip(several).map(|(name, sha256)| member(name, sha256)).collect()
            }
            several => several.iter().map(|sha256| member(names, sha256)).collect(),
        }
    }
}

/// The networks of a set of rows.
#[derive(Debug, Clone, Default)]
pub struct Networks {
    /// Hashes by name.
    hashes: HashMap<String, BTreeSet<String>>,
    /// Recipe by hash of the weights.
    recipes: HashMap<String, String>,
    /// Recipes by name without seed.
    named_recipes: HashMap<String, BTreeSet<String>>,
}

impl Networks {
    /// Notes a network; `recipe` is the hash of its training but for the seed, if that is known.
    pub fn note(&mut self, network: &Named, recipe: &str) {
        let hashes = self.hashes.entry(network.name.clone()).or_default();
        if !network.sha256.is_empty() {
            hashes.insert(network.sha256.clone());
        }
        let recipe = known(recipe);
        if !recipe.is_empty() {
            self.recipes.insert(network.sha256.clone(), recipe.to_owned());
            self.named_recipes.entry(without_seed(&network.name).to_owned()).or_default().insert(recipe.to_owned());
        }
    }

    /// The networks of rows, each given by its names, hashes and hashes of recipes.
    pub fn of<'r>(rows: impl IntoIterator<Item = (&'r str, &'r str, &'r str)>) -> Self {
        let mut networks = Self::default();
        for (names, sha256, recipes) in rows {
            let mut recipes = recipes.split_whitespace();
            for member in Named::members(names, sha256) {
                networks.note(&member, recipes.next().unwrap_or_default());
            }
        }
        networks
    }

    /// The name of a network; where several have it, with the first digits of its hash.
    #[must_use]
    pub fn label(&self, network: &Named) -> String {
        if self.is_shared(network) { marked(&network.name, &network.sha256) } else { network.name.clone() }
    }

    /// What repetitions of a training have in common: the name without its seed, as long as that stands for one recipe.
    #[must_use]
    pub fn recipe(&self, network: &Named) -> String {
        if self.is_shared(network) {
            return marked(&network.name, &network.sha256);
        }
        let name = without_seed(&network.name);
        if self.named_recipes.get(name).is_none_or(|recipes| recipes.len() < 2) {
            return name.to_owned();
        }
        match self.recipes.get(&network.sha256) {
            Some(recipe) => marked(name, recipe),
            None => marked(&network.name, &network.sha256),
        }
    }

    /// Whether another network has the same name.
    fn is_shared(&self, network: &Named) -> bool {
        self.hashes.get(&network.name).is_some_and(|hashes| hashes.len() > 1)
    }
}

fn marked(name: &str, sha256: &str) -> String {
    match sha256.get(..DIGITS) {
        Some(digits) => format!("{name}@{digits}"),
        None => format!("{name}@{}", if sha256.is_empty() { "unknown" } else { sha256 }),
    }
}

fn known(sha256: &str) -> &str {
    if sha256 == UNKNOWN { "" } else { sha256 }
}

/// The name of weights: their file's without extension.
#[must_use]
pub fn stem(file: &str) -> &str {
    file.trim_end_matches(".safetensors")
}

/// A file name without extension and without the seed at its end.
#[must_use]
pub fn without_seed(file: &str) -> &str {
    split_seed(file).0
}

/// A file name without extension in two: the recipe, and the seed where there is one.
#[must_use]
pub fn split_seed(file: &str) -> (&str, Option<u64>) {
    let stem = stem(file);
    let parts = stem.rsplit_once("_seed").and_then(|(recipe, seed)| Some((recipe, seed.parse().ok()?)));
    parts.map_or((stem, None), |(recipe, seed)| (recipe, Some(seed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, sha256: &str) -> Named {
        Named { name: name.to_owned(), sha256: sha256.to_owned() }
    }

    #[test]
    fn networks_of_one_name_are_told_apart_and_repeat_nothing() {
        let (a, b) = ("aaaaaaaaaa", "bbbbbbbbbb");
        let networks =
            Networks::of([("net.safetensors", a, ""), ("net", b, ""), ("x_seed0", "c0", ""), ("x_seed1", "c1", "")]);
        let labels = [a, b].map(|sha256| networks.label(&named("net", sha256)));
        assert_eq!(labels, ["net@aaaaaaaa", "net@bbbbbbbb"]);
        assert_ne!(networks.recipe(&named("net", a)), networks.recipe(&named("net", b)));
        assert_eq!(networks.label(&named("x_seed1", "c1")), "x_seed1");
        assert_eq!(
            [("x_seed0", "c0"), ("x_seed1", "c1")].map(|(x, sha256)| networks.recipe(&named(x, sha256))),
            ["x", "x"]
        );
        // The same file twice is one network.
        let networks = Networks::of([("net", a, ""), ("net", a, "")]);
        assert_eq!(networks.label(&named("net", a)), "net");
    }

    #[test]
    fn seeds_of_different_recipes_repeat_nothing() {
        let networks = Networks::of([
            ("x_seed0", "a0", "r"),
            ("x_seed1", "a1", "s"),
            ("x_seed2", "a2", "-"),
            ("x_seed3", "a3", "r"),
        ]);
        let recipes = ["a0", "a1", "a2", "a3"].map(|it| networks.recipe(&named(&format!("x_seed{}", &it[1..]), it)));
        assert_eq!(recipes, ["x@r", "x@s", "x_seed2@a2", "x@r"]);
    }

    #[test]
    fn members_of_ensembles() {
        let pair = [named("a", "1"), named("b", "2")];
        assert_eq!(Named::members("a.safetensors b.safetensors", "1 2"), pair);
        assert_eq!(Named::members("a+b", "1 2"), pair);
        assert_eq!(Named::members("my net.safetensors", "1"), [named("my net", "1")]);
        assert_eq!(Named::members("a+b", ""), [named("a", ""), named("b", "")]);
    }
}
