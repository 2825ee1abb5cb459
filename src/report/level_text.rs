//! The table of levels, as Markdown and as CSV.

use super::ReportError;
use super::text_table::{Align, TextTable};
use crate::experiment::level_view::{LevelView, level_rows};
use crate::experiment::records::csv_text;

/// What every network consumes under every combination, a line each.
#[must_use]
pub fn level_text(views: &[LevelView]) -> String {
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let table = TextTable::of(
        views,
        &[
            ("network", Align::Left, &|view| view.network.clone()),
            ("node fusing", Align::Left, &|view| on(view.switches.node_fusing)),
            ("activation", Align::Left, &|view| view.switches.activation_form.as_str().to_owned()),
            ("tower reuse", Align::Left, &|view| on(view.switches.tower_reuse)),
            ("convolutions", Align::Right, &|view| view.costs.convolution.to_string()),
            ("batch norm", Align::Right, &|view| view.costs.batch_norm.to_string()),
            ("squarings", Align::Right, &|view| view.costs.squaring.to_string()),
            ("coefficients", Align::Right, &|view| view.costs.coefficient.to_string()),
            ("pool", Align::Right, &|view| view.costs.pool.to_string()),
            ("classifier", Align::Right, &|view| view.costs.classifier.to_string()),
            ("levels", Align::Right, &|view| view.levels.to_string()),
        ],
    );
    table.markdown()
}

/// Every node of every network under every combination, a line each.
///
/// # Errors
/// [`ReportError::Compute`].
pub fn level_csv(views: &[LevelView]) -> Result<String, ReportError> {
    csv_text(level_rows(views), true).map_err(|reason| ReportError::Compute { what: "table of levels", reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::level_view::level_views;
    use crate::network::registry::REGISTRY;

    #[test]
    fn both_forms_say_the_same() {
        let views = level_views().unwrap();
        let text = level_text(&views);
        assert_eq!(text.lines().count(), 2 + 12 * REGISTRY.len());
        let last = text.lines().rfind(|line| line.contains("resnet32"));
        let cells: Vec<&str> = last.unwrap().split('|').map(str::trim).collect();
        let expected = ["", "resnet32", "on", "square", "on", "31", "0", "0", "0", "0", "1", "32", ""];
        assert_eq!(cells, expected);
        let csv = level_csv(&views).unwrap();
        assert!(csv.starts_with("network,node_fusing,activation_form,tower_reuse,node,levels,spent\n"), "{csv}");
        assert!(csv.contains("\nresnet32,true,square,true,linear,1,32\n"));
    }
}
