//! What made the rows, and how to make them again.

use std::path::Path;

use maud::{Markup, html};

use crate::experiment::ExperimentError;
use crate::experiment::accuracy_provenance::AccuracyProvenance;
use crate::experiment::byte_size::ByteSize;
use crate::experiment::host::Host;
use crate::experiment::overrides::{arguments, quoted};
use crate::experiment::program::Program;
use crate::experiment::provenance::{Provenance, Session};

/// The provenance of a results directory.
pub fn provenance(directory: &Path) -> Markup {
    match (Provenance::read(directory), AccuracyProvenance::read(directory)) {
        (Ok(None), Ok(made)) if made.is_empty() => html! { p.note { "There is no provenance.json beside the rows." } },
        (trials, accuracies) => html! { (of_trials(trials)) (of_accuracies(accuracies)) },
    }
}

fn of_trials(found: Result<Option<Provenance>, ExperimentError>) -> Markup {
    match found {
        Ok(Some(found)) => html! {
            @for (number, session) in found.sessions.iter().enumerate() { (one(number, session, found.sessions.len())) }
            @if let Some(last) = found.sessions.iter().rfind(|session| session.command.is_none()) { (reproduce(&found.experiment, last)) }
        },
        Ok(None) => html! {},
        Err(error) => html! { p.note { "provenance.json: " (error) } },
    }
}

fn of_accuracies(found: Result<Vec<AccuracyProvenance>, ExperimentError>) -> Markup {
    match found {
        Ok(all) => html! { @for made in &all {
            h3 { "Accuracies in the clear" }
            dl {
                dt { "began" } dd { (made.date) }
                dt { "program" } dd { (program(&made.program)) }
                (machine(&made.host))
                dt { "data set" } dd { (made.dataset) ", SHA-256 " (made.dataset_sha256) }
                @for (name, hash) in &made.weights_sha256 { dt { (name) } dd { "SHA-256 " (hash) } }
            }
            pre { (made.command) }
        } },
        Err(error) => html! { p.note { "accuracy_provenance.json: " (error) } },
    }
}

fn machine(host: &Host) -> Markup {
    html! {
        dt { "processor" } dd { (host.processor) ", " (host.cores) " core(s), kernels: " (host.instruction_set) }
        dt { "memory" } dd { (ByteSize(host.memory_bytes).to_string()) }
        dt { "system" } dd { (host.operating_system) ", kernel " (host.kernel) }
    }
}

fn program(program: &Program) -> String {
    let dirty = if program.dirty == Some(true) { ", with changes that no commit has" } else { "" };
    format!("leveled {} ({}{dirty})", program.version, program.commit)
}

fn one(number: usize, session: &Session, all: usize) -> Markup {
    let title = match (number, all) {
        (_, 1) => "Run".to_owned(),
        (0, _) => "First run".to_owned(),
        _ => format!("Resumed ({number})"),
    };
    html! {
        h3 { (title) }
        dl {
            dt { "began" } dd { (session.date) }
            dt { "program" } dd { (program(&session.program)) }
            (machine(&session.host))
            dt { "experiment" } dd { "SHA-256 " (session.experiment_file_sha256) }
        }
        @if let Some(command) = &session.command { pre { (command) } }
    }
}

fn reproduce(name: &str, session: &Session) -> Markup {
    let set = arguments(session.set.iter().map(String::as_str));
    let path = session.experiment_path.clone().unwrap_or_else(|| format!("experiments/{name}.yaml"));
    let commands = format!(
        "git checkout {}\ncargo run --release -- run {} --out results/{name}{set}\ncargo run --release -- report results/{name}\n",
        session.program.commit,
        quoted(&path)
    );
    html! {
        h3 { "How to reproduce" }
        p { "Save the experiment as " code { (path) } " of a checkout (paths in it begin at its directory) and run:" }
        pre { (commands) }
        p { "The experiment, as it was run last:" }
        pre { (session.experiment_file) }
    }
}
