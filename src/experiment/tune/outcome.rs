//! What a search was about, and what became of every candidate.

use serde::Serialize;

use super::measured::Measured;
use super::search::{Criterion, Found, Verdict};
use super::subject::Subject;
use crate::experiment::ExperimentError;
use crate::experiment::combination::check_parameters;
use crate::experiment::evaluate::Planner;
use crate::experiment::evaluate::Z;
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::plan_view::PlanView;
use crate::experiment::records::SecurityVerdict;

/// Predicted seconds whose ratio is no larger are as good as equal: forecasts are no better than that (`docs/performance.md`).
const ALIKE: f64 = 1.02;

/// A candidate that can be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The parameters.
    pub parameters: ParameterSet,
    /// Their plan.
    pub plan: PlanView,
}

/// One parameter set and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The parameters.
    pub parameters: ParameterSet,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was refused; none: it was not.
    pub reason: Option<String>,
    /// Predicted seconds of one encrypted evaluation; none: it was refused.
    pub seconds: Option<f64>,
    /// log2 QP, likewise.
    pub log2_qp: Option<f64>,
    /// Bytes of all evaluation keys, likewise.
    pub key_bytes: Option<u64>,
    /// Verdict under the 2024 guidelines, likewise.
    pub security_2024: Option<SecurityVerdict>,
    /// Its images, if it was evaluated.
    pub measured: Measured,
    /// Points of accuracy that it loses against clear text on these images; none: it was not evaluated, as below.
    pub loss_points: Option<f64>,
    /// Lower end of the 95 % interval of the loss.
    pub loss_low_points: Option<f64>,
    /// Upper end of the 95 % interval of the loss.
    pub loss_high_points: Option<f64>,
    /// Share of the images whose class is that of clear text, 0 to 1.
    pub agreement: Option<f64>,
    /// Median over images without overflow of the image's median |logit - clear-text logit|.
    pub logit_error_median: Option<f64>,
}

/// A whole search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TuneOutcome {
    /// Architecture.
    pub network: String,
    /// Channels of the first stage.
    pub width: u32,
    /// File names of the weights.
    pub model: String,
    /// SHA-256 of the weights.
    pub model_sha256: String,
    /// Data set.
    pub dataset: String,
    /// SHA-256 of the labels and images that were held out.
    pub dataset_sha256: String,
    /// Training images that were held out.
    pub held_out_images: usize,
    /// Seed of their choice.
    pub held_out_seed: u64,
    /// Images of the criterion, the first of those.
    pub images: usize,
    /// Points of accuracy that a candidate might lose.
    pub tolerance_points: f64,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Layout.
    pub layout: String,
    /// Threads of the predictions.
    pub threads: u32,
    /// Kernels of the predictions.
    pub kernels: String,
    /// Where the prices of the predictions come from.
    pub prices: String,
    /// The experiment's own parameters.
    pub own: ParameterSet,
    /// All candidates: those with a plan in the order of the search, about fastest first, then those that were refused.
    pub candidates: Vec<Candidate>,
}

impl Planned {
    /// Plans every set: those that can be evaluated, fastest first and of about equally fast ones that with the most bits first, and
    /// those that cannot.
    ///
    /// # Errors
    /// What no other parameters would mend.
    pub fn all(
        subject: &Subject,
        sets: Vec<ParameterSet>,
        planner: &mut Planner<'_>,
    ) -> Result<(Vec<Self>, Vec<Candidate>), ExperimentError> {
        let (mut planned, mut refused) = (Vec::new(), Vec::new());
        for parameters in sets {
            match plan(subject, &parameters, planner)? {
                Ok(plan) => planned.push(Self { parameters, plan }),
                Err(reason) => refused.push(Candidate::refused(parameters, reason)),
            }
        }
        sort(&mut planned);
        Ok((planned, refused))
    }
}

/// Sorts by seconds, and those that are as good as equally fast by their bits, the most first: fewer would buy nothing.
fn sort(planned: &mut [Planned]) {
    planned.sort_by(|a, b| a.plan.seconds.total_cmp(&b.plan.seconds));
    let bits = |Planned { parameters: set, .. }: &Planned| set.scale_bits + set.weight_bits + f64::from(set.base_bits);
    let mut rest = planned;
    while let Some(fastest) = rest.first().map(|first| first.plan.seconds) {
        let alike = rest.partition_point(|planned| planned.plan.seconds <= fastest * ALIKE);
        // The fastest is like itself, whatever its seconds are.
        let (group, others) = rest.split_at_mut(alike.max(1));
        group.sort_by(|a, b| bits(b).total_cmp(&bits(a)));
        rest = others;
    }
}

/// The plan for a set, or why there is none.
fn plan(
    subject: &Subject,
    set: &ParameterSet,
    planner: &mut Planner<'_>,
) -> Result<Result<PlanView, String>, ExperimentError> {
    if let Err(problem) = check_parameters(&subject.spec.settings, set) {
        return Ok(Err(problem.text));
    }
    let spec = subject.encrypted(set);
    let plan = match planner.plan(&spec) {
        // An experiment in the clear was refused before.
        Ok(plan) => plan.ok_or(ExperimentError::NoOutcome)?,
        Err(error @ ExperimentError::Private(_)) if error.is_user_error() => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    Ok(match plan.check_memory() {
        Ok(()) => Ok(plan),
        Err(error) => Err(error.to_string()),
    })
}

impl Candidate {
    fn refused(parameters: ParameterSet, reason: String) -> Self {
        Self {
            parameters,
            verdict: Verdict::Refused,
            reason: Some(reason),
            seconds: None,
            log2_qp: None,
            key_bytes: None,
            security_2024: None,
            measured: Measured::default(),
            loss_points: None,
            loss_low_points: None,
            loss_high_points: None,
            agreement: None,
            logit_error_median: None,
        }
    }

    fn of(Planned { parameters, plan }: Planned, Found { verdict, measured }: Found) -> Self {
        let seen = Some(&measured).filter(|measured| measured.images > 0);
        let interval = seen.map(|measured| measured.interval_points(Z));
        Self {
            parameters,
            verdict,
            reason: None,
            seconds: Some(plan.seconds),
            log2_qp: Some(plan.log2_qp),
            key_bytes: Some(plan.key_bytes),
            security_2024: Some(plan.security_2024),
            loss_points: seen.map(Measured::loss_points),
            loss_low_points: interval.map(|(low, _)| low),
            loss_high_points: interval.map(|(_, high)| high),
            agreement: seen.map(Measured::agreement),
            logit_error_median: seen.and_then(Measured::logit_error_median),
            measured,
        }
    }
}

impl TuneOutcome {
    /// What a search gave.
    #[must_use]
    pub fn of(
        subject: &Subject,
        criterion: Criterion,
        planned: Vec<Planned>,
        found: Vec<Found>,
        refused: Vec<Candidate>,
    ) -> Self {
        let spec = &subject.spec;
        let first = planned.first().map(|first| &first.plan);
        let (kernels, prices) = first.map(|plan| (plan.kernels.clone(), plan.prices.clone())).unwrap_or_default();
        Self {
            network: spec.network.clone(),
            width: spec.width,
            model: spec.weights_name(),
            model_sha256: spec.weights_sha256(),
            dataset: spec.dataset.name.as_str().to_owned(),
            dataset_sha256: spec.dataset.sha256.clone(),
            held_out_images: subject.held_out.images,
            held_out_seed: subject.held_out.seed,
            images: criterion.images,
            tolerance_points: criterion.tolerance,
            log_n: spec.settings.log_n.0,
            layout: spec.settings.layout.as_str().to_owned(),
            threads: spec.settings.threads.count(),
            kernels,
            prices,
            own: spec.parameters.clone(),
            candidates: planned
                .into_iter()
                .zip(found)
                .map(|(planned, found)| Candidate::of(planned, found))
                .chain(refused)
                .collect(),
        }
    }

    /// The candidate that was chosen; none: none is good enough.
    #[must_use]
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.verdict == Verdict::Chosen)
    }

    /// How many candidates this became of.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.candidates.iter().filter(|candidate| candidate.verdict == verdict).count()
    }

    /// Predicted seconds with the experiment's own parameters; none: they were refused.
    #[must_use]
    pub fn own_seconds(&self) -> Option<f64> {
        self.candidates.iter().find(|candidate| candidate.parameters == self.own)?.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::parameter_set::tests::set;
    use crate::experiment::plan_view::tests::sample_plan;

    #[test]
    fn of_about_equally_fast_sets_the_one_with_the_most_bits_is_first() {
        let planned = |scale_bits: f64, seconds: f64| Planned {
            parameters: set(scale_bits, 18.0, 30),
            plan: PlanView { seconds, ..sample_plan() },
        };
        let mut all =
            [planned(22.0, 1.5), planned(16.0, 1.0), planned(18.0, 1.015), planned(19.0, 1.03), planned(17.0, 1.01)];
        sort(&mut all);
        let order: Vec<f64> = all.iter().map(|planned| planned.parameters.scale_bits).collect();
        assert_eq!(order, [18.0, 17.0, 16.0, 19.0, 22.0]);
    }
}
