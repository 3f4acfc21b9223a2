//! The picture: wall time against the fastest peer, processor time and memory of every contestant, as SVG.

use super::{
    data::{Data, Entry, Outcome},
    document, goals,
    race::RACES,
    statistics::Median,
};

/// Where things stand, in pixels.
const WIDTH: f64 = 960.0;
const ROW: f64 = 18.0;
const HEADING: f64 = 30.0;
const TOP: f64 = 86.0;
const LABELS: f64 = 130.0;
const RATIOS: (f64, f64) = (150.0, 610.0);
const BARS: (f64, f64) = (650.0, 790.0);
const MEMORY: f64 = 935.0;

/// The ratios that the axis spans, and where it has lines.
const SPAN: (f64, f64) = (0.25, 50.0);
const LINES: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

/// A background of its own makes it readable on light pages and on dark ones.
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 17px; font-weight: 600; }
.race { font-size: 13px; font-weight: 600; }
.small { font-size: 11px; fill: #59636e; }
.ours { fill: #0757c9; stroke: #0757c9; font-weight: 600; }
text.ours { stroke: none; }
.peer { fill: #6e7781; stroke: #6e7781; }
.floor { fill: #fff; stroke: #6e7781; }
.fault { fill: #b91c1c; }
.line { stroke: #d8dee4; }
.one { stroke: #59636e; stroke-dasharray: 3 3; }";

/// The whole picture.
pub(crate) fn plot(data: &Data) -> String {
    let races: Vec<_> = data.races.iter().filter(|outcome| !outcome.entries.is_empty()).collect();
    let height =
        TOP + races.iter().map(|outcome| HEADING + ROW * outcome.entries.len() as f64).sum::<f64>() + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
         <style>\n{STYLE}\n</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#fff\" stroke=\"#d8dee4\"/>\n"
    );
    text(&mut svg, 20.0, 28.0, "title", "start", "qetch and its peers");
    text(
        &mut svg,
        RATIOS.0,
        52.0,
        "",
        "start",
        "wall time, as a ratio to the fastest peer (median, interval)",
    );
    text(&mut svg, BARS.0, 52.0, "", "start", "processor time, s");
    text(&mut svg, MEMORY, 52.0, "", "end", "peak, MiB");
    for line in LINES {
        text(&mut svg, across(line), 72.0, "small", "middle", &format!("{line}×"));
        let class = if line == 1.0 { "one" } else { "line" };
        let x = across(line);
        svg.push_str(&format!(
            "<path class=\"{class}\" d=\"M{x:.1} {:.1}V{:.1}\"/>\n",
            TOP - 6.0,
            height - 14.0
        ));
    }
    let mut y = TOP;
    for outcome in races {
        y = race(&mut svg, outcome, y);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Draws one race from `y` on, and answers where it ends.
fn race(svg: &mut String, outcome: &Outcome, y: f64) -> f64 {
    let title = RACES.iter().find(|race| race.name == outcome.name).map_or("", |race| race.title);
    let title = title.replace('`', "");
    // Over the lines of the axis it needs a ground to stand on.
    svg.push_str(&format!(
        "<rect x=\"12\" y=\"{:.1}\" width=\"936\" height=\"20\" fill=\"#f6f8fa\"/>\n",
        y + 4.0
    ));
    text(svg, 20.0, y + 18.0, "race", "start", &format!("{title} ({})", outcome.name));
    let processor = |entry: &Entry| goals::processor(entry).map_or(0.0, |median| median.middle);
    let most = outcome.entries.iter().map(processor).fold(f64::MIN_POSITIVE, f64::max);
    let mut y = y + HEADING;
    for entry in &outcome.entries {
        let class = match entry.label.as_str() {
            label if label.starts_with("qetch") => "ours",
            label if goals::is_peer(label) => "peer",
            _ => "floor",
        };
        let middle = y + ROW / 2.0;
        let label_class = if class == "ours" { "ours" } else { "" };
        text(svg, LABELS, middle + 4.0, label_class, "end", &entry.label);
        if let Some((count, _)) = entry.faults() {
            let faults = format!("{count} of {} runs failed", entry.samples.len());
            text(svg, RATIOS.0, middle + 4.0, "fault", "start", &faults);
        }
        if let Some(ratio) = document::ratio(outcome, entry) {
            mark(svg, ratio, middle, class);
        }
        let used = processor(entry);
        let length = (BARS.1 - BARS.0) * used / most;
        svg.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"9\"/>\n",
            BARS.0,
            middle - 4.5
        ));
        text(svg, BARS.0 + length + 6.0, middle + 4.0, "small", "start", &format!("{used:.3}"));
        let peak = entry.samples.iter().map(|sample| sample.peak).max().unwrap_or(0) as f64 / 1024.0;
        text(svg, MEMORY, middle + 4.0, "small", "end", &format!("{peak:.1}"));
        y += ROW;
    }
    y
}

/// A median with its interval, and its figure beside it.
fn mark(svg: &mut String, ratio: Median, y: f64, class: &str) {
    let (low, middle, high) = (across(ratio.low), across(ratio.middle), across(ratio.high));
    svg.push_str(&format!("<path class=\"{class}\" stroke-width=\"2\" d=\"M{low:.1} {y:.1}H{high:.1}\"/>\n"));
    svg.push_str(&format!("<circle class=\"{class}\" cx=\"{middle:.1}\" cy=\"{y:.1}\" r=\"4\"/>\n"));
    let figure = format!("{:.2}", ratio.middle);
    // Near the right end there is room on the left alone.
    let (x, anchor) =
        if high > RATIOS.1 - 30.0 { (low - 8.0, "end") } else { (high.max(middle + 4.0) + 6.0, "start") };
    text(svg, x, y + 4.0, "small", anchor, &figure);
}

/// Where a ratio stands on the axis, which is logarithmic; what lies outside of it stands at its end.
fn across(ratio: f64) -> f64 {
    let place = (ratio.clamp(SPAN.0, SPAN.1) / SPAN.0).ln() / (SPAN.1 / SPAN.0).ln();
    RATIOS.0 + (RATIOS.1 - RATIOS.0) * place
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, anchor: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;");
    svg.push_str(&format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{content}</text>\n"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contestant_is_drawn_and_faults_are_told() {
        let mut outcome =
            Outcome::planted("raw", &[("qetch", &[2.0; 9]), ("curl", &[1.0; 9]), ("axel", &[1e6; 9])]);
        outcome.entries[1].samples[3].fault = Some("WRONG BYTES".to_owned());
        let data = Data { races: vec![outcome, Outcome::default()], ..Data::default() };
        let svg = plot(&data);
        assert_eq!(svg.matches("<circle").count(), 3, "{svg}");
        for expected in ["One large file over plain http (raw)", ">2.00</text>", "1 of 9 runs failed"] {
            assert!(svg.contains(expected), "{expected}\n{svg}");
        }
    }

    #[test]
    fn the_axis_is_logarithmic_and_has_ends() {
        let near = |left: f64, right: f64| (left - right).abs() < 1e-6;
        assert!(near(across(1.0) - across(0.5), across(20.0) - across(10.0)));
        assert!(near(across(1e9), RATIOS.1) && near(across(0.0), RATIOS.0));
    }
}
