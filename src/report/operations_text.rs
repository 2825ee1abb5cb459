//! Operation counts as text.

use super::format::grouped;
use super::text_table::{Align, TextTable};
use crate::experiment::operations_view::{ArticleView, ComparedLayer, ComparedView};
use crate::network::article::ArticleOperations;

/// The article's networks, a line each.
#[must_use]
pub fn article_text(views: &[ArticleView]) -> String {
    let mut table = TextTable::new(headings(&["network", "width"], ""));
    for view in views {
        let mut row = vec![view.network.clone(), view.width.to_string()];
        row.extend(article_cells(&view.total));
        table.push(row);
    }
    let clusters = views.first().map_or(0, |view| view.clusters);
    format!("The article's algorithm, clustered products at K = {clusters}:\n\n{}", table.markdown())
}

/// A plan beside the article's algorithm: a line for each layer and one for the sum.
#[must_use]
pub fn compared_text(view: &ComparedView) -> String {
    let mut columns = headings(&["layer"], "article: ");
    let ours = ["rotations", "groups", "squarings", "additions", "products"];
    columns.extend(ours.map(|name| (format!("ours: {name}"), Align::Right)));
    let mut table = TextTable::new(columns);
    let line = |name: &str, article: &ArticleOperations, ours: &[u64; 5]| {
        let cells = article_cells(article).into_iter().chain(ours.map(grouped));
        std::iter::once(name.to_owned()).chain(cells).collect::<Vec<_>>()
    };
    let (mut article_total, mut ours_total) = (ArticleOperations::default(), [0; 5]);
    for ComparedLayer { name, article, ours } in &view.layers {
        let ours = [ours.rotations, ours.hoisting_groups, ours.products, ours.additions, ours.plain_products];
        table.push(line(name, article, &ours));
        article_total.add(article);
        ours_total.iter_mut().zip(ours).for_each(|(total, ours)| *total += ours);
    }
    table.push(line("all", &article_total, &ours_total));
    format!(
        "trial {}: {} (width {}); the article's clustered products at K = {}\n\n{}",
        view.trial_id,
        view.network,
        view.width,
        view.clusters,
        table.markdown()
    )
}

fn headings(first: &[&str], whose: &str) -> Vec<(String, Align)> {
    let counted = ["rotations", "groups", "squarings", "additions", "products", "clustered products"];
    let first = first.iter().map(|name| ((*name).to_owned(), Align::Left));
    first.chain(counted.map(|name| (format!("{whose}{name}"), Align::Right))).collect()
}

fn article_cells(operations: &ArticleOperations) -> Vec<String> {
    let ArticleOperations { rotations, hoisting_groups, squarings, additions, classical_products, clustered_products } =
        *operations;
    [rotations, hoisting_groups, squarings, additions, classical_products, clustered_products].map(grouped).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::operations_view::{article_views, compared_view};
    use crate::experiment::plan_view::tests::sample_plan;

    #[test]
    fn tables_hold_both_algorithms() {
        let text = article_text(&article_views().unwrap()).replace('\u{a0}', " ");
        assert!(text.contains("at K = 64") && text.contains("23 862 |  2 765 |"), "{text}");
        let text = compared_text(&compared_view(&sample_plan()).unwrap());
        assert!(text.lines().last().unwrap().starts_with("| all"), "{text}");
        assert!(text.contains("article: clustered products | ours: rotations"), "{text}");
    }
}
