//! What a quadratic loses against ReLU (the article's claim: nothing), for networks that were trained equally long from one seed, ReLU
//! at most a twentieth longer.

use super::cell::Cell;
use super::table::PaperTable;
use crate::experiment::networks::split_seed;
use crate::report::columns::trial;
use crate::report::measures::{as_trained, card_images};
use crate::report::rows::{Rows, VARIANT};
use crate::report::spread::Spread;
use crate::report::words;

/// Activation of the baseline.
const BASELINE: &str = "relu";

/// What two trainings must have in common to be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Training {
    dataset: String,
    network: String,
    width: u64,
    epochs: u64,
    /// Test images that the accuracy is of.
    images: u64,
    seed: u64,
}

impl Training {
    /// None: the row does not say all of it.
    fn of(rows: &Rows, row: usize) -> Option<Self> {
        Some(Self {
            dataset: rows.text(trial::DATASET, row),
            network: rows.text(trial::NETWORK, row),
            width: rows.text(trial::WIDTH, row).parse().ok()?,
            epochs: rows.text(trial::EPOCHS, row).parse().ok()?,
            images: card_images(rows, row) as u64,
            seed: split_seed(&rows.text(trial::MODEL, row)).1?,
        })
    }

    /// Whether a network with ReLU is what to compare one of this training with.
    fn has_baseline(&self, other: &Self) -> bool {
        let equally_long = (self.epochs..=self.epochs + self.epochs / 20).contains(&other.epochs);
        equally_long && Self { epochs: other.epochs, ..self.clone() } == *other
    }

    fn is_repetition_of(&self, other: &Self) -> bool {
        Self { seed: other.seed, ..self.clone() } == *other
    }
}

/// A quadratic network beside its baseline.
#[derive(Debug, Clone, PartialEq)]
struct Pair {
    activation: String,
    variant: String,
    /// Which ReLU network, of several that were trained equally long.
    baseline_variant: String,
    training: Training,
    /// Epochs of the baseline.
    baseline_epochs: u64,
    /// Percent: the quadratic, the baseline.
    accuracies: [f64; 2],
}

impl Pair {
    fn names(&self) -> [&str; 3] {
        [&self.activation, &self.variant, &self.baseline_variant]
    }

    fn is_repetition_of(&self, other: &Self) -> bool {
        self.names() == other.names()
            && self.baseline_epochs == other.baseline_epochs
            && self.training.is_repetition_of(&other.training)
    }
}

/// The table, or why there is none.
///
/// # Errors
/// No two rows are of a quadratic and its baseline.
pub fn table(rows: &Rows) -> Result<PaperTable, String> {
    let mut pairs = pairs(rows);
    if pairs.is_empty() {
        return Err(
            "no rows (of `leveled evaluate`) are of a quadratic and of ReLU, trained equally long from one seed"
                .to_owned(),
        );
    }
    pairs.sort_by_cached_key(|Pair { activation, variant, baseline_variant, training, baseline_epochs, .. }| {
        let Training { dataset, network, width, epochs, images, seed } = training.clone();
        let names = [activation, variant, baseline_variant].map(String::clone);
        (dataset, network, width, epochs, images, names, *baseline_epochs, seed)
    });
    let mut table = PaperTable::new("gap", "Quadratics against ReLU at equal epochs");
    for (name, title) in [(trial::NETWORK, "network"), (trial::DATASET, "data set"), (trial::ACTIVATION, "activation")]
    {
        table.texts(name, title);
    }
    table.texts(VARIANT, "weights");
    table.texts("baseline_variant", "of ReLU");
    table.numbers(trial::WIDTH, "width");
    table.numbers(trial::EPOCHS, "epochs");
    table.numbers("baseline_epochs", "epochs of ReLU");
    table.numbers(trial::CARD_IMAGES, "test images");
    table.texts("training_seed", "seed");
    table.spreads("accuracy_percent", "quadratic (%)");
    table.spreads("baseline_percent", "ReLU (%)");
    table.spreads("gap_points", "quadratic - ReLU (points)");
    for group in pairs.chunk_by(|a, b| a.is_repetition_of(b)) {
        table.rows.extend(group.iter().map(|pair| cells(std::slice::from_ref(pair), &pair.training.seed.to_string())));
        if group.len() > 1 {
            table.rows.push(cells(group, "all"));
        }
    }
    table
        .notes
        .push("Accuracies in the clear, as trained; of several seeds, mean ± one standard deviation.".to_owned());
    Ok(table)
}

fn pairs(rows: &Rows) -> Vec<Pair> {
    let accuracy = |row: usize| rows.number(trial::CARD_ACCURACY, row).map(|share| 100.0 * share);
    let alone = |row: usize| rows.is_trained(row) && rows.text(trial::ENSEMBLE, row).is_empty();
    let single = |row: &usize| alone(*row) && Training::of(rows, *row).is_some();
    let singles: Vec<(usize, Training, f64)> = as_trained(rows, (0..rows.len()).filter(single))
        .into_iter()
        .filter_map(|row| Some((row, Training::of(rows, row)?, accuracy(row)?)))
        .collect();
    let is_baseline = |row: usize| rows.text(trial::ACTIVATION, row) == BASELINE;
    let mut pairs: Vec<Pair> = Vec::new();
    for (row, training, accuracy) in singles.iter().filter(|(row, ..)| !is_baseline(*row)) {
        let baselines = singles.iter().filter(|(row, known, _)| is_baseline(*row) && training.has_baseline(known));
        for (relu, known, baseline) in baselines {
            let pair = Pair {
                activation: rows.text(trial::ACTIVATION, *row),
                variant: rows.text(VARIANT, *row),
                baseline_variant: rows.text(VARIANT, *relu),
                training: training.clone(),
                baseline_epochs: known.epochs,
                accuracies: [*accuracy, *baseline],
            };
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
    }
    pairs
}

fn cells(pairs: &[Pair], seed: &str) -> Vec<Cell> {
    let Pair { activation, variant, baseline_variant, training, baseline_epochs, .. } = &pairs[0];
    let spread = |of: &dyn Fn(&Pair) -> f64| Cell::spread(Spread::of(&pairs.iter().map(of).collect::<Vec<_>>()), 2);
    vec![
        Cell::text(words::network(&training.network)),
        Cell::text(words::dataset(&training.dataset)),
        Cell::text(activation),
        Cell::text(words::setting(VARIANT, variant)),
        Cell::text(words::setting(VARIANT, baseline_variant)),
        Cell::Fixed(training.width as f64, 0),
        Cell::Fixed(training.epochs as f64, 0),
        Cell::Fixed(*baseline_epochs as f64, 0),
        Cell::Fixed(training.images as f64, 0),
        Cell::text(seed),
        spread(&|pair| pair.accuracies[0]),
        spread(&|pair| pair.accuracies[1]),
        spread(&|pair| pair.accuracies[0] - pair.accuracies[1]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    const HEADER: &str =
        "trial_id,status,network,width,dataset,activation,model,weights,ensemble,epochs,card_accuracy\n";

    #[test]
    fn quadratics_stand_beside_relu_of_the_same_seed_and_epochs() {
        let rows = rows(&format!(
            "{HEADER}\
            a,ok,resnet20,16,cifar10,relu,resnet20_w16_cifar10_relu_seed0,trained,1,30,0.90\n\
            b,ok,resnet20,16,cifar10,relu,resnet20_w16_cifar10_relu_seed1,trained,1,30,0.91\n\
            i,ok,resnet20,16,cifar10,relu,resnet20_w16_cifar10_relu_distilled_seed1,trained,1,30,0.93\n\
            c,ok,resnet20,16,cifar10,herpn,resnet20_w16_cifar10_herpn_seed1,trained,1,30,0.92\n\
            d,ok,resnet20,16,cifar10,herpn,resnet20_w16_cifar10_herpn_seed0,trained,1,30,0.895\n\
            e,ok,resnet20,16,cifar10,herpn,resnet20_w16_cifar10_herpn_distilled_seed0,trained,1,30,0.905\n\
            f,ok,resnet20,16,cifar10,herpn,resnet20_w16_cifar10_herpn_long_seed0,trained,1,60,0.99\n\
            j,ok,resnet20,16,cifar10,relu,resnet20_w16_cifar10_relu_longer_seed0,trained,1,63,0.95\n\
            k,ok,resnet20,16,cifar10,relu,resnet20_w16_cifar10_relu_longest_seed0,trained,1,64,0.95\n\
            l,ok,resnet20,16,cifar10,relu,resnet20_w16_cifar10_relu_shorter_seed0,trained,1,59,0.95\n\
            g,ok,resnet20,16,cifar10,herpn,resnet20_w16_cifar10_herpn_old_seed0,trained,1,,0.99\n\
            h,ok,resnet20,16,cifar10,herpn,resnet20_w16_cifar10_herpn_seed0+resnet20_w16_cifar10_herpn_seed1,trained,2,30,0.99\n"
        ));
        let table = table(&rows).unwrap();
        let shown: Vec<String> = table
            .rows
            .iter()
            .map(|row| row[3..].iter().map(|cell| cell.shown(" ± ")).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            shown,
            [
                "plain plain 16 30 30 10000 0 89.50 90.00 -0.50",
                "plain plain 16 30 30 10000 1 92.00 91.00 1.00",
                "plain plain 16 30 30 10000 all 90.75 ± 1.77 90.50 ± 0.71 0.25 ± 1.06",
                "plain distilled 16 30 30 10000 1 92.00 93.00 -1.00",
                "distilled plain 16 30 30 10000 0 90.50 90.00 0.50",
                "long longer 16 60 63 10000 0 99.00 95.00 4.00",
            ]
        );
        assert!(table.notes[0].starts_with("Accuracies in the clear, as trained"), "{}", table.notes[0]);
    }

    #[test]
    fn accuracies_of_other_images_are_no_pair() {
        let header = HEADER.replace("card_accuracy", "clear_accuracy,clear_accuracy_images,network_form,images_of");
        let of = |relu: usize| {
            let row = |id: &str, activation: &str, images: usize| {
                format!(
                    "{id},ok,resnet20,16,cifar10,{activation},x_{activation}_seed0,trained,1,30,0.9,{images},trained,test\n"
                )
            };
            table(&rows(&format!("{header}{}{}", row("a", "relu", relu), row("b", "herpn", 200))))
        };
        assert!(of(10_000).is_err());
        assert!(of(200).unwrap().rows[0].contains(&Cell::Fixed(200.0, 0)));
    }

    #[test]
    fn without_a_baseline_there_is_no_table() {
        let rows = rows(&format!("{HEADER}a,ok,resnet20,16,cifar10,herpn,x_seed0,trained,1,30,0.9\n"));
        assert!(table(&rows).unwrap_err().contains("equally long from one seed"));
    }
}
