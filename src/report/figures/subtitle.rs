//! What the second line of a figure says of the numbers in it.

use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::measures::timed;
use crate::report::rows::Rows;
use crate::report::spread::Spread;
use crate::report::words;

/// A number or, where they are several, the smallest and the largest: `2`, `1 to 5`.
fn range(numbers: impl Iterator<Item = u64> + Clone) -> Option<(String, bool)> {
    let (low, high) = (numbers.clone().min()?, numbers.max()?);
    let text = if low == high { low.to_string() } else { format!("{low} to {high}") };
    Some((text, high == 1))
}

/// How many images accuracies are of.
#[must_use]
pub fn images(images: impl Iterator<Item = u64> + Clone) -> Option<String> {
    range(images).map(|(text, one)| format!("{text} image{}", if one { "" } else { "s" }))
}

/// How many evaluations seconds are of; none: the rows do not say.
#[must_use]
pub fn evaluations(rows: &Rows, groups: &[&Group]) -> Option<String> {
    let of = |row: usize| {
        let images = || Some(rows.number(trial::IMAGES, row)? / rows.number(trial::BATCH, row).unwrap_or(1.0).max(1.0));
        // Older rows do not say.
        Some(rows.number(trial::EVALUATIONS, row).or_else(images)?.ceil() as u64)
    };
    let counts: Vec<u64> = groups.iter().flat_map(|group| timed(rows, group)).filter_map(of).collect();
    range(counts.into_iter()).map(|(text, one)| {
        if one { "one evaluation each".to_owned() } else { format!("medians over {text} evaluations") }
    })
}

/// What the error bars of accuracies are; none: there are none.
#[must_use]
pub fn accuracy_bars(spreads: &[Spread]) -> Option<String> {
    let barred = || spreads.iter().filter(|spread| spread.bar().is_some());
    let repeated = barred().any(|spread| spread.count > 1);
    barred().next().map(|_| {
        let other = if repeated { " or, if wider, one standard deviation over repetitions" } else { "" };
        format!("bars: 95 % Wilson interval{other}")
    })
}

/// What the error bars of seconds are; none: there are none.
#[must_use]
pub fn latency_bars(spreads: &[Spread]) -> Option<String> {
    let barred = |repeated: bool| spreads.iter().any(|spread| spread.bar().is_some() && (spread.count > 1) == repeated);
    let words = match (barred(true), barred(false)) {
        (false, false) => return None,
        (true, false) => "one standard deviation over repetitions",
        (false, true) => "quartiles over the evaluations",
        (true, true) => {
            "one standard deviation over repetitions; of one trial alone the quartiles over its evaluations"
        }
    };
    Some(format!("bars: {words}"))
}

/// A remark on what an axis that is cut leaves out.
#[must_use]
pub fn cut(below: usize, floor: f64) -> Option<String> {
    let verb = if below == 1 { "is" } else { "are" };
    (below > 0).then(|| format!("{} below {floor:.1} % {verb} not shown", words::count(below, "point")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn bars_are_explained_where_there_are_some() {
        let one = Spread::of(&[5.0]).unwrap();
        let (barred, two) = (one.at_least((4.0, 6.0)), Spread::of(&[5.0, 7.0]).unwrap());
        assert_eq!((accuracy_bars(&[one]), latency_bars(&[one])), (None, None));
        assert_eq!(accuracy_bars(&[barred]).unwrap(), "bars: 95 % Wilson interval");
        assert!(accuracy_bars(&[barred, two]).unwrap().contains("if wider, one standard deviation"));
        assert_eq!(latency_bars(&[two, one]).unwrap(), "bars: one standard deviation over repetitions");
        assert_eq!(latency_bars(&[barred]).unwrap(), "bars: quartiles over the evaluations");
    }

    #[test]
    fn numbers_in_words() {
        let rows = rows(
            "trial_id,status,images,batch,latency_seconds_median,latency_evaluations\n\
             a,ok,1,,5,\nb,ok,8,4,5,\nc,ok,,,5,\nd,ok,9,,,\ne,ok,512,,5,2\nf,ok,1,,6,1\n",
        );
        let of = |places: &[usize]| evaluations(&rows, &[&Group { rows: places.to_vec() }]);
        assert_eq!(of(&[0]).unwrap(), "one evaluation each");
        assert_eq!(of(&[0, 1, 3]).unwrap(), "medians over 1 to 2 evaluations");
        assert_eq!((of(&[2, 3]), of(&[4]).unwrap()), (None, "medians over 2 evaluations".into()));
        assert_eq!(of(&[4, 5]).unwrap(), "medians over 2 evaluations", "no seconds are of the trial with one");
        assert_eq!(images([200, 200].into_iter()).unwrap(), "200 images");
        assert_eq!((cut(1, 80.04).unwrap(), cut(0, 80.0)), ("1 point below 80.0 % is not shown".into(), None));
    }
}
