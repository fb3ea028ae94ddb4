//! What came out, as Markdown: medians of the rounds, with the least and the most beside them.

use std::fmt::Write;

use crate::contest::{Contender, Sample, Settings};
use crate::machine::Syncs;

/// Above this part of the machine, used by others, a measurement is worth little.
const FOREIGN_MAX: f64 = 0.05;

/// The tables of one contest.
pub(crate) fn contest(
    heading: &str,
    contenders: &[Contender],
    samples: &[Vec<Sample>],
    settings: &Settings,
    syncs: &[Syncs],
) -> String {
    let mut text = format!("\n### {heading}\n\n");
    text += "| who | requests/s | server CPU µs | p50 ms | p99 ms | p99.9 ms | longest ms | per commit |\n";
    text += "|--|--|--|--|--|--|--|--|\n";
    for (contender, samples) in contenders.iter().zip(samples) {
        let ms = |of: fn(&Sample) -> f64| format!("{:.2}", median(samples, |it| Some(of(it))) / 1_000.0);
        let longest = samples.iter().map(|it| it.counted.longest).fold(0.0, f64::max);
        let per_commit = match samples.iter().all(|it| it.per_commit.is_none()) {
            true => "–".to_owned(),
            false => format!("{:.1}", median(samples, |it| it.per_commit)),
        };
        row(
            &mut text,
            &[
                contender.name.clone(),
                with_range(samples, |it| Some(it.rate), 0),
                with_range(samples, |it| Some(it.cpu_us), 1),
                ms(|it| it.counted.p50),
                ms(|it| it.counted.p99),
                ms(|it| it.counted.p999),
                format!("{:.1}", longest / 1_000.0),
                per_commit,
            ],
        );
    }
    text += "\n| ratio, round by round | requests/s | server CPU per request | p99 |\n|--|--|--|--|\n";
    for (index, (upper, over)) in contenders.iter().zip(samples).enumerate() {
        for (lower, under) in contenders.iter().zip(samples).skip(index + 1) {
            let ratio = |of: fn(&Sample) -> f64| {
                let ratios = over.iter().zip(under).map(|(over, under)| of(over) / of(under));
                ranged(ratios.collect(), 2)
            };
            row(
                &mut text,
                &[
                    format!("{} ÷ {}", upper.name, lower.name),
                    ratio(|it| it.rate),
                    ratio(|it| it.cpu_us),
                    ratio(|it| it.counted.p99),
                ],
            );
        }
    }
    text += "\n";
    for (contender, samples) in contenders.iter().zip(samples) {
        if samples.iter().any(|it| it.beside.is_some()) {
            let beside = with_range(samples, |it| it.beside, 0);
            // Nothing fails to be written to a string.
            let _ = writeln!(
                text,
                "Beside *{}* ran another load of {beside} requests/s; its work is in the server's CPU time.",
                contender.name
            );
        }
    }
    let words: Vec<String> = syncs.iter().map(Syncs::words).collect();
    let foreign = samples.iter().flatten().filter_map(|it| it.foreign).fold(0.0, f64::max);
    let _ = writeln!(
        text,
        "{} rounds of {} s after {} s of warm-up. fdatasync after 4 KiB before and after: {}. {}",
        settings.rounds,
        settings.seconds,
        settings.warm_up,
        words.join("; "),
        others(foreign)
    );
    text
}

/// What part of the machine others used at most, and whether that spoils what was measured.
pub(crate) fn others(part: f64) -> String {
    let warning = if part > FOREIGN_MAX { " **Measure again on a quiet machine.**" } else { "" };
    format!("Others used at most {:.0} % of the machine.{warning}", part * 100.0)
}

/// The latency of one connection in units of one fdatasync. The last contender is *bare*.
pub(crate) fn in_syncs(contenders: &[Contender], samples: &[Vec<Sample>], syncs: &[Syncs]) -> String {
    let Some(bare) = samples.last() else { return String::new() };
    let mean = |of: fn(&Syncs) -> f64| syncs.iter().map(of).sum::<f64>() / syncs.len().max(1) as f64;
    let (append, overwrite) = (mean(|it| it.append_p50), mean(|it| it.overwrite_p50));
    let mut text =
        "\n| p50 less that of *bare* | µs | fdatasyncs in a growing file | fdatasyncs overwriting |\n"
            .to_owned();
    text += "|--|--|--|--|\n";
    for (contender, samples) in contenders.iter().zip(samples).take(contenders.len().saturating_sub(1)) {
        let over = median(samples, |it| Some(it.counted.p50)) - median(bare, |it| Some(it.counted.p50));
        let cells =
            [format!("{over:.0}"), format!("{:.2}", over / append), format!("{:.2}", over / overwrite)];
        let [us, append, overwrite] = cells;
        row(&mut text, &[contender.name.clone(), us, append, overwrite]);
    }
    text
}

/// A line of a table.
pub(crate) fn row(text: &mut String, cells: &[String]) {
    // Nothing fails to be written to a string.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> Option<f64>) -> f64 {
    middle(&mut samples.iter().filter_map(of).collect::<Vec<_>>())
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let len = values.len();
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if len.is_multiple_of(2) && len > 0 { (at(len / 2 - 1) + at(len / 2)) / 2.0 } else { at(len / 2) }
}

fn with_range(samples: &[Sample], of: impl Fn(&Sample) -> Option<f64>, decimals: usize) -> String {
    ranged(samples.iter().filter_map(of).collect(), decimals)
}

/// The median, and from the least to the most.
pub(crate) fn ranged(mut values: Vec<f64>, decimals: usize) -> String {
    let middle = middle(&mut values);
    match (values.first(), values.last()) {
        (Some(least), Some(most)) if values.len() > 1 => {
            format!(
                "**{}** ({}–{})",
                grouped(middle, decimals),
                grouped(*least, decimals),
                grouped(*most, decimals)
            )
        }
        _ => format!("**{}**", grouped(middle, decimals)),
    }
}

/// A number with a comma after each three digits.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |it| it);
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_stands_between_the_least_and_the_most() {
        assert_eq!(ranged(vec![3.0, 1.0, 2.0], 0), "**2** (1–3)");
        assert_eq!(ranged(vec![4.0, 1.0, 2.0, 3.0], 1), "**2.5** (1.0–4.0)");
        assert_eq!(ranged(vec![51_234.4], 0), "**51,234**");
        assert_eq!(grouped(1_234_567.89, 1), "1,234,567.9");
        assert_eq!(grouped(123.0, 0), "123");
    }
}
