//! Keys of an experiment without a value: YAML reads them as nothing, which is not what whoever wrote them meant.

use serde_yaml::Value;

use super::ExperimentError;
use super::locate::{Step, YamlText};
use super::settings::may_be_null;

/// Refuses settings and axes without a value, but for a setting to which nothing is a value.
///
/// # Errors
/// [`ExperimentError::Setting`] at the first.
pub fn check(yaml: &YamlText) -> Result<(), ExperimentError> {
    // What is no YAML, and so has no values, is for the parser to explain.
    let file = yaml.values();
    let settings = "the key has no value; give it one, or remove the key";
    check_mapping(yaml, &[Step::Key("fixed")], file.get("fixed"), settings, may_be_null)?;
    let axes = "the key has no value; give it a list of values, or remove the key";
    check_mapping(yaml, &[Step::Key("sweep")], file.get("sweep"), axes, |_| false)?;
    for list in ["include", "exclude"] {
        let entries = file.get(list).and_then(Value::as_sequence).into_iter().flatten();
        for (index, entry) in entries.enumerate() {
            check_mapping(yaml, &[Step::Key(list), Step::Index(index)], Some(entry), settings, may_be_null)?;
        }
    }
    Ok(())
}

fn check_mapping(
    yaml: &YamlText,
    path: &[Step<'_>],
    mapping: Option<&Value>,
    problem: &str,
    may_be_null: impl Fn(&str) -> bool,
) -> Result<(), ExperimentError> {
    for (key, value) in mapping.and_then(Value::as_mapping).into_iter().flatten() {
        let Some(key) = key.as_str() else { continue };
        let path = [path, &[Step::Key(key)]].concat();
        if value.is_null() && !may_be_null(key) {
            return Err(yaml.error(&path, problem));
        }
        check_below(yaml, &path, value)?;
    }
    Ok(())
}

/// Refuses keys without a value in the mappings that are a setting's value.
fn check_below(yaml: &YamlText, path: &[Step<'_>], value: &Value) -> Result<(), ExperimentError> {
    match value {
        Value::Mapping(_) => {
            let problem = "the key has no value; give it one, or remove the key";
            check_mapping(yaml, path, Some(value), problem, |key| key == MAY_BE_NULL)
        }
        Value::Sequence(values) => values
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check_below(yaml, &[path, &[Step::Index(index)]].concat(), value)),
        _ => Ok(()),
    }
}

/// The key of a parameter set that says by nothing that levels are derived.
const MAY_BE_NULL: &str = "levels";

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        check(&YamlText::new("e.yaml", text)).err().map(|error| error.to_string())
    }

    #[test]
    fn what_has_no_value_is_named() {
        let said = refused("fixed:\n  log_n:\n").unwrap();
        assert!(
            said.starts_with("e.yaml, line 2, column 9, key `fixed.log_n`: the key has no value; give it one"),
            "{said}"
        );
        assert!(refused("sweep: {seed: }").unwrap().contains("key `sweep.seed`: the key has no value; give it a list"));
        assert!(refused("include:\n  - {log_n: 14, layout: ~}").unwrap().contains("key `include[0].layout`"));
        assert!(refused("fixed: {dataset: {name: cifar10, path: }}").unwrap().contains("key `fixed.dataset.path`"));
        assert!(
            refused("sweep: {dataset: [{name: a, held_out: {seed: }}]}")
                .unwrap()
                .contains("`sweep.dataset[0].held_out.seed`")
        );
        for sound in [
            "fixed: {seed: null, threads: ~, parameters: {levels: }}\nsweep:\n",
            "fixed: {log_n: 14}",
            "",
            "a: [",
            "fixed: {unknown: }",
        ] {
            assert_eq!(refused(sound), None, "{sound}");
        }
    }
}
