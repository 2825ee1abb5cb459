//! The program from an experiment file to rows, tables and figures, on a tiny network in an insecure ring.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;

use common::program::{leveled_with, refusal, success};
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::config::Experiment;
use leveled::experiment::event::Event;
use leveled::experiment::inference_view::InferenceView;
use leveled::experiment::level_view::LevelView;
use leveled::experiment::operations_view::ArticleView;
use leveled::experiment::plan_view::PlanView;
use leveled::experiment::prices::PriceOrigin;
use leveled::experiment::provenance::Provenance;
use leveled::experiment::records::{ImageRow, LayerRow, SecurityVerdict, TrialRow, TrialStatus};
use leveled::experiment::security_view::SecurityView;
use leveled::network::registry::REGISTRY;

/// An experiment without any file of weights, in a small and insecure ring.
const RANDOM: &str = "\
name: random
fixed:
  weights: random
  network: resnet20
  width: 2
  dataset: cifar100
  images: 1
  log_n: 12
  parameters: {scale_bits: 25, weight_bits: 20, base_bits: 34}
  security: none
  seed: 7
";

#[test]
fn forecasts_take_the_prices_of_the_machine_or_those_that_are_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("e.yaml"), RANDOM).unwrap();
    let with = |prices: &str, cache: &str, arguments: &[&str]| {
        let output = leveled_with(directory.path(), &[("LEVELED_PRICES", prices), ("LEVELED_CACHE", cache)], arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let plan = |prices: &str, cache: &str| -> PlanView {
        let mut plans: Vec<PlanView> =
            serde_json::from_slice(&with(prices, cache, &["plan", "e.yaml", "--json"])).unwrap();
        plans.remove(0)
    };
    // Measured, and kept: the second plan is the same to the last digit.
    let measured = plan("", "cache");
    let files: Vec<_> = fs::read_dir(directory.path().join("cache")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!((measured.prices.as_str(), files.len()), ("measured", 1));
    assert!(measured.seconds > 0.0 && measured.layers.iter().all(|layer| layer.seconds > 0.0));
    assert_eq!(plan("measured", "cache").layers, measured.layers);
    // The same prices by name.
    let entry: serde_json::Value = serde_json::from_str(&fs::read_to_string(&files[0]).unwrap()).unwrap();
    fs::write(directory.path().join("prices.json"), entry["prices"].to_string()).unwrap();
    let given = plan("prices.json", "off");
    assert_eq!((given.prices.as_str(), given.seconds), ("given", measured.seconds));
    assert_eq!(plan("stored", "off").prices, "stored");
    // No directory can be made in a file.
    assert_eq!(plan("", "e.yaml").prices, "measured");

    // A run records the prices, and its trials plan with them.
    with("prices.json", "off", &["run", "e.yaml", "--out", "out"]);
    let out = directory.path().join("out");
    let provenance = Provenance::read(&out).unwrap().unwrap();
    let recorded = provenance.sessions[0].prices.clone().unwrap();
    assert_eq!(recorded.origin, PriceOrigin::Given);
    assert_eq!(serde_json::to_value(&recorded.prices).unwrap(), entry["prices"]);
    let planned: f64 = rows::<LayerRow>(&out).iter().map(|row| row.planned_seconds.unwrap()).sum();
    assert!((planned / given.seconds - 1.0).abs() < 1e-9, "{planned} {}", given.seconds);

    let output = leveled_with(directory.path(), &[("LEVELED_PRICES", "absent.json")], &["plan", "e.yaml"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.starts_with("error: LEVELED_PRICES: cannot read absent.json"), "{text}");
}

#[test]
fn random_weights_have_agreement_and_no_accuracy() {
    let directory = tempfile::tempdir().unwrap();
    let points = "sweep:\n  ensemble: [1, 2]\n  clusters: [none, 8]\n";
    fs::write(directory.path().join("e.yaml"), format!("{RANDOM}{points}")).unwrap();
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    let out = directory.path().join("out");
    let trials: Vec<TrialRow> = rows(&out);
    let points: Vec<_> = trials.iter().map(|trial| (trial.ensemble, trial.clusters)).collect();
    assert_eq!(points, [(Some(1), None), (Some(1), Some(8)), (Some(2), None), (Some(2), Some(8))]);
    for trial in &trials {
        assert_eq!((trial.status, trial.weights.as_str(), trial.agreement), (TrialStatus::Ok, "random", Some(1.0)));
        assert!(trial.logit_error_max.unwrap() < 0.05, "{trial:?}");
        let judged = [trial.accuracy, trial.accuracy_low, trial.accuracy_high, trial.clear_accuracy];
        assert_eq!((judged, trial.accuracy_images, trial.clear_accuracy_images), ([None; 4], None, None));
        assert_eq!((trial.model.as_str(), trial.model_sha256.as_str(), trial.width), ("", "", Some(2)));
        // 19 convolutions in 3 columns each, and 2 projections.
        assert_eq!(trial.cluster_groups, trial.clusters.map(|_| 59 * trial.ensemble.unwrap()));
        assert_eq!(trial.cluster_relative_error.is_some_and(|error| error > 0.0), trial.clusters.is_some());
    }
    let images: Vec<ImageRow> = rows(&out);
    assert!(!images.is_empty() && images.iter().all(|row| row.label.is_none() && row.predicted.is_some()));
    let summary = fs::read_to_string(out.join("summary.csv")).unwrap();
    let column = summary.lines().next().unwrap().split(',').position(|name| name == "accuracy").unwrap();
    let empty = |line: &str| line.split(',').nth(column).is_some_and(|cell| cell.trim_matches('"').is_empty());
    assert!(summary.lines().skip(1).all(empty), "{summary}");
}

#[test]
fn tables_that_need_no_experiment() {
    let directory = tempfile::tempdir().unwrap();
    let text = success(directory.path(), &["plan", "--levels"]);
    assert!(text.starts_with("| network") && text.lines().count() == 2 + 12 * REGISTRY.len(), "{text}");
    let views: Vec<LevelView> =
        serde_json::from_str(&success(directory.path(), &["plan", "--levels", "--json"])).unwrap();
    assert_eq!((views[0].levels, views[11].levels), (70, 18));
    assert!(success(directory.path(), &["plan", "--levels", "--csv"]).starts_with("network,node_fusing,"));
    let views: Vec<ArticleView> =
        serde_json::from_str(&success(directory.path(), &["plan", "--operations", "--json"])).unwrap();
    assert_eq!((views.len(), views[0].total.rotations), (4, 34_840));
    assert!(success(directory.path(), &["plan", "--operations"]).contains("K = 64"));
    let views: Vec<SecurityView> =
        serde_json::from_str(&success(directory.path(), &["plan", "--security", "--json"])).unwrap();
    assert_eq!((views.len(), views[1].log2_qp, views[1].guidelines_2024.needed_log_n), (4, 906.0, Some(16)));
    let chain = ["plan", "--security", "--chain", "60,40x20,60", "--log-n", "15"];
    let text = success(directory.path(), &chain);
    assert!(text.contains("| 60,40x20,60 ") && text.contains("| insecure |"), "{text}");
    assert!(refusal(directory.path(), &chain[..4]).contains("--log-n <LOG_N>"));
    assert!(
        refusal(directory.path(), &["plan", "--security", "--chain", "60;40", "--log-n", "15"])
            .contains("is no chain: write sizes")
    );
    fs::write(directory.path().join("e.yaml"), RANDOM).unwrap();
    let text = success(directory.path(), &["plan", "e.yaml", "--operations"]);
    assert!(text.contains("article: rotations") && text.contains("| layer3.2.conv2 |"), "{text}");
    assert!(refusal(directory.path(), &["plan"]).contains("required arguments were not provided"));
    assert!(refusal(directory.path(), &["plan", "e.yaml", "--levels"]).contains("cannot be used with"));
    assert!(refusal(directory.path(), &["plan", "e.yaml", "--csv"]).contains("cannot be used with"));
}

#[test]
fn a_batch_in_the_channel_layout_with_full_activations() {
    let directory = tempfile::tempdir().unwrap();
    let more = "  layout: channel\n  batch: 2\n  activation_form: full\n";
    let text = RANDOM.replace("  images: 1\n", "  images: 3\n").replace("  log_n: 12\n", "  log_n: 13\n");
    fs::write(directory.path().join("e.yaml"), text + more).unwrap();
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    let out = directory.path().join("out");
    let trials: Vec<TrialRow> = rows(&out);
    let trial = &trials[0];
    assert_eq!((trial.agreement, trial.levels_used, trial.latency_evaluations), (Some(1.0), Some(39), Some(2)));
    assert!(trial.logit_error_max.unwrap() < 0.05, "{trial:?}");
    let (latency, amortised) = (trial.latency_seconds_median.unwrap(), trial.amortised_seconds_median.unwrap());
    assert!((amortised - latency / 2.0).abs() < 1e-9 * latency);
    let layers: Vec<LayerRow> = rows(&out);
    assert_eq!(layers.len(), 20);
    assert!(layers.iter().all(|row| row.scale_deviation.unwrap() < 2f64.powi(-40)), "{layers:?}");
    assert!(layers.iter().any(|row| row.kind.ends_with("+ quadratic")));
}

#[test]
fn a_list_of_models_is_an_ensemble() {
    let directory = tiny_model::directory();
    let text = tiny_model::EXPERIMENT.replace("tiny.safetensors", "[tiny.safetensors, tiny.safetensors]");
    fs::write(directory.path().join("pair.yaml"), text).unwrap();
    let plans = success(directory.path(), &["plan", "pair.yaml", "--json"]);
    let plans: Vec<PlanView> = serde_json::from_str(&plans).unwrap();
    assert_eq!((plans[0].ensemble, plans[0].weights.as_str(), plans[0].levels_used), (2, "trained", 20));
    assert!(plans[0].layers[0].layout.starts_with("packed 4x32x32"), "{:?}", plans[0].layers[0]);
}

#[test]
fn a_run_from_file_to_figures() {
    let directory = tiny_model::directory();
    let text = success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    assert!(text.contains("insecure") && text.contains("figures/seconds_by_layer.png"), "{text}");
    let out = directory.path().join("out");

    let trials: Vec<TrialRow> = rows(&out);
    let [trial] = trials.as_slice() else { panic!("one trial: {trials:?}") };
    assert_eq!((trial.status, trial.attempt, trial.images, trial.agreement), (TrialStatus::Ok, 1, Some(2), Some(1.0)));
    assert_eq!((trial.accuracy_images, trial.latency_evaluations, trial.jobs), (Some(2), Some(2), Some(1)));
    let (low, high) = (trial.clear_accuracy_low.unwrap(), trial.clear_accuracy_high.unwrap());
    assert!((low..=high).contains(&trial.clear_accuracy.unwrap()) && low < high);
    let quartiles = [trial.latency_seconds_quartile1, trial.latency_seconds_median, trial.latency_seconds_quartile3];
    assert!(quartiles.is_sorted() && quartiles[0].is_some());
    assert_eq!((trial.products, trial.rescales.is_some_and(|count| count >= 20)), (Some(19), true));
    for text in [&trial.program_version, &trial.commit, &trial.processor, &trial.instruction_set, &trial.ended] {
        assert!(!text.is_empty(), "{trial:?}");
    }
    assert_eq!((trial.overflow_images, trial.levels_used, trial.threads), (Some(0), Some(20), Some(2)));
    assert_eq!((trial.security_2018, trial.seed), (Some(SecurityVerdict::Insecure), Some(7)));
    assert!(trial.logit_error_max.unwrap() < 0.05, "{trial:?}");
    assert!(trial.precision_bits_min.unwrap() > 6.0, "{trial:?}");
    for bytes in [trial.key_bytes, trial.ciphertext_bytes, trial.result_bytes, trial.peak_memory_bytes] {
        assert!(bytes.unwrap() > 0);
    }
    for seconds in [trial.keygen_seconds, trial.encryption_seconds_median, trial.decryption_seconds_median] {
        assert!(seconds.unwrap() > 0.0);
    }

    let images: Vec<ImageRow> = rows(&out);
    assert_eq!(images.iter().map(|row| row.image).collect::<Vec<_>>(), [3, 0]);
    assert!(images.iter().all(|row| row.predicted == row.clear_predicted && !row.overflow && row.margin.is_some()));

    let layers: Vec<LayerRow> = rows(&out);
    assert_eq!(layers.len(), 20);
    assert_eq!((layers[0].level_in, layers[19].level_out), (Some(20), Some(0)));
    assert!(layers.iter().all(|row| row.scale_deviation.unwrap() < 2f64.powi(-40)
        && row.precision_bits_min.is_some()
        && row.precision_bits_median > row.precision_bits_min));
    let sum: f64 = layers.iter().map(|row| row.seconds.unwrap()).sum();
    assert!((0.5..2.0).contains(&(sum / trial.latency_seconds_median.unwrap())), "{sum}");

    let provenance = fs::read_to_string(out.join("provenance.json")).unwrap();
    let provenance: Provenance = serde_json::from_str(&provenance).unwrap();
    assert_eq!(provenance.trials[&trial.trial_id].images.indices(), [3, 0]);
    assert_eq!(provenance.sessions[0].experiment_file, tiny_model::EXPERIMENT);

    // The report again, from the rows alone.
    fs::remove_dir_all(out.join("figures")).unwrap();
    let again = success(directory.path(), &["report", "out"]);
    assert!(again.contains("level_and_scale.svg") && out.join("figures/level_and_scale.svg").is_file());
}

#[test]
fn a_plan_says_what_would_run() {
    let directory = tiny_model::directory();
    let text = success(directory.path(), &["plan", "e.yaml"]);
    assert!(
        text.contains("resnet20 (width 2)") && text.contains("insecure") && text.contains("packed 2x32x32"),
        "{text}"
    );
    let plans: Vec<PlanView> = serde_json::from_str(&success(directory.path(), &["plan", "e.yaml", "--json"])).unwrap();
    assert_eq!((plans.len(), plans[0].levels_used, plans[0].layers.len()), (1, 20, 20));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "a plan writes nothing");
}

#[test]
fn one_inference_as_text_and_as_json() {
    let directory = tiny_model::directory();
    let sets = directory.path().join("configs/parameters");
    fs::create_dir_all(&sets).unwrap();
    fs::write(sets.join("test.yaml"), "scale_bits: 25\nweight_bits: 20\nbase_bits: 34\n").unwrap();
    let arguments = ["infer", "--model", "tiny.safetensors", "--log-n", "12", "--parameters", "test", "--insecure"];
    let infer = |more: &[&str]| success(directory.path(), &[&arguments, more].concat());
    let text = infer(&["--image", "3", "--seed", "1"]);
    assert!(text.contains("(clear text: the same)") && text.contains("layer3.2.conv2"), "{text}");
    assert!(text.contains("P(another class)") && text.contains("the seed 1: reproducible"), "{text}");

    let view: InferenceView = serde_json::from_str(&infer(&["--image", "3", "--seed", "1", "--json"])).unwrap();
    assert_eq!((view.classes.len(), view.layers.len(), view.overflow, view.seed), (10, 20, false, Some(1)));
    assert_eq!(view.predicted, view.clear_predicted);
    assert!(view.wrong_class_probability.unwrap() < 1e-3 && view.overflow_probability == Some(0.0), "{view:?}");
    for class in &view.classes {
        assert!((class.logit.unwrap() - class.clear_logit.unwrap()).abs() < 0.05, "{class:?}");
    }

    // The same image as a file, other keys, no probe.
    let shipped = leveled::dataset::shipped_test_images(leveled::dataset::DatasetName::Cifar10).unwrap();
    let values = &shipped.images[3].values;
    let png = image::RgbImage::from_fn(32, 32, |x, y| {
        image::Rgb([0, 1, 2].map(|channel| values[channel * 1024 + (y * 32 + x) as usize]))
    });
    png.save(directory.path().join("three.png")).unwrap();
    let from_file: InferenceView =
        serde_json::from_str(&infer(&["--image", "three.png", "--no-probe", "--json"])).unwrap();
    assert_eq!((from_file.image.as_str(), &from_file.label), ("three.png", &None));
    assert!(from_file.layers.iter().all(|layer| layer.precision_bits_min.is_none()));
    let clear = |view: &InferenceView| view.classes.iter().map(|class| class.clear_logit).collect::<Vec<_>>();
    assert_eq!(clear(&from_file), clear(&view));

    let text = refusal(directory.path(), &[&arguments, &["--image", "200"][..]].concat());
    assert!(text.contains("--image: there is no image 200") && text.contains("indices 0 to 199"), "{text}");
    image::RgbImage::new(33, 32).save(directory.path().join("wide.png")).unwrap();
    let text = refusal(directory.path(), &[&arguments, &["--image", "wide.png"][..]].concat());
    assert!(text.contains("33 x 32 pixels") && text.contains("resize or crop"), "{text}");
    fs::write(directory.path().join("text.png"), "no picture").unwrap();
    let text = refusal(directory.path(), &[&arguments, &["--image", "text.png"][..]].concat());
    assert!(text.contains("cannot decode") && text.contains("PNG"), "{text}");
}

#[test]
fn a_trial_by_itself_tells_its_rows() {
    let directory = tiny_model::directory();
    let experiment = Experiment::read(&directory.path().join("e.yaml")).unwrap();
    fs::write(directory.path().join("spec.json"), serde_json::to_string(&experiment.trials[0]).unwrap()).unwrap();
    let text = success(directory.path(), &["trial", "spec.json"]);
    let events: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |kind: fn(&Event) -> bool| events.iter().filter(|event| kind(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Image(_))), 2);
    assert_eq!(count(|event| matches!(event, Event::Layer(_))), 20);
    let Some(Event::Trial(row)) = events.last() else { panic!("{:?}", events.last()) };
    assert!(row.trial_seconds.unwrap() > row.latency_seconds_median.unwrap());

    // The card changes after the trial was specified, then the weights.
    let card = directory.path().join("tiny.yaml");
    let before = fs::read_to_string(&card).unwrap();
    fs::write(&card, before.replace("1.0e-5", "2.0e-5")).unwrap();
    let refused = || {
        let output = common::program::leveled(directory.path(), &["trial", "spec.json"]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        text
    };
    let text = refused();
    assert!(text.contains("the card of tiny.safetensors has changed since the trial was specified"), "{text}");
    fs::write(&card, before).unwrap();
    let weights = directory.path().join("tiny.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(weights, bytes).unwrap();
    tiny_model::write_card(directory.path());
    let text = refused();
    assert!(text.contains("tiny.safetensors has changed since the trial was specified"), "{text}");
}

#[test]
fn a_simulated_trial_has_accuracies_and_no_seconds() {
    let directory = tiny_model::directory();
    let text = tiny_model::EXPERIMENT.replace("images: [3, 0]", "images: all\n  backend: simulated");
    fs::write(directory.path().join("e.yaml"), text).unwrap();
    let plan = success(directory.path(), &["plan", "e.yaml"]);
    assert!(plan.contains("200 image(s), simulated") && plan.contains("if it were encrypted"), "{plan}");
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    let out = directory.path().join("out");
    let trials: Vec<TrialRow> = rows(&out);
    let [trial] = trials.as_slice() else { panic!("one trial: {trials:?}") };
    assert_eq!((trial.backend.as_str(), trial.images), ("simulated", Some(200)));
    assert_eq!(
        (trial.simulated_accuracy_images, trial.clear_accuracy_images, trial.accuracy_images),
        (Some(200), Some(200), None)
    );
    assert_eq!((trial.accuracy, trial.latency_seconds_median, trial.key_bytes), (None, None, None));
    assert!(trial.agreement.unwrap() > 0.97 && trial.levels_used == Some(20), "{trial:?}");
    // As noisy as encryption of the same images is.
    let simulated = fs::read_to_string(directory.path().join("e.yaml")).unwrap();
    fs::write(directory.path().join("e.yaml"), simulated.replace("images: all\n  backend: simulated", "images: 4"))
        .unwrap();
    success(directory.path(), &["run", "e.yaml", "--out", "encrypted"]);
    let encrypted = rows::<TrialRow>(&directory.path().join("encrypted")).remove(0);
    let ratio = trial.logit_error_median.unwrap() / encrypted.logit_error_median.unwrap();
    assert!((0.4..2.5).contains(&ratio), "{ratio}: {trial:?}");
    fs::write(directory.path().join("e.yaml"), simulated).unwrap();
    let images: Vec<ImageRow> = rows(&out);
    assert!(images.len() == 200 && images.iter().enumerate().all(|(number, row)| row.image == number as u64));
    assert!(images.iter().all(|row| row.seconds.is_none() && row.predicted.is_some()));
    let layers: Vec<LayerRow> = rows(&out);
    assert!(
        layers.len() == 20 && layers.iter().all(|row| row.seconds.is_none() && row.precision_bits_median.is_some())
    );

    // The seed decides, however many threads share the work.
    fs::write(
        directory.path().join("e.yaml"),
        fs::read_to_string(directory.path().join("e.yaml")).unwrap().replace("threads: 2", "threads: 1"),
    )
    .unwrap();
    success(directory.path(), &["run", "e.yaml", "--out", "again"]);
    let again: Vec<ImageRow> = rows(&directory.path().join("again"));
    assert!(again.len() == 200 && again.iter().all(|row| row.logit_error_max.is_some()));
    assert!(images.iter().zip(&again).all(|(a, b)| a.logit_error_max == b.logit_error_max));
}

#[test]
fn the_security_line_holds_for_experiment_files() {
    let directory = tempfile::tempdir().unwrap();
    let plan = |parameters: &str, security: &str| -> PlanView {
        let text = RANDOM
            .replace("log_n: 12", "log_n: 15")
            .replace("{scale_bits: 25, weight_bits: 20, base_bits: 34}", parameters)
            .replace("security: none", &format!("security: {security}"));
        fs::write(directory.path().join("e.yaml"), text).unwrap();
        let text = success(directory.path(), &["plan", "e.yaml", "--json"]);
        serde_json::from_str::<Vec<PlanView>>(&text).unwrap().remove(0)
    };
    // Special primes of 21 bits, of which the three closest to 2^21 are over the line together.
    let far = "{scale_bits: 18, weight_bits: 12, base_bits: 55, levels: 25, key_switching: {special_primes: 3}}";
    let far = plan(far, "128");
    assert!(far.log2_qp <= 868.0 && far.security_2024 == SecurityVerdict::Secure, "{}", far.log2_qp);
    // What fits below the line stays there without security too.
    let default = "{scale_bits: 22, weight_bits: 19.5, input_bits: 24, base_bits: 28}";
    let (secure, free) = (plan(default, "128"), plan(default, "none"));
    assert_eq!((secure.log2_qp, secure.bands), (free.log2_qp, free.bands));
    assert_eq!(free.security_2024, SecurityVerdict::Secure);
}
