//! `srcset`: the candidates of a picture (HTML standard, section 4.8.4.2.1, and section 4.8.4.3.10 for how it is read).

/// The most candidates of one attribute: no page that is meant for people has as many.
const MOST: usize = 32;

/// One candidate: its link as it is written, and what tells it from the others.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate<'a> {
    pub(super) url: &'a str,
    /// Width in pixels, where it is told.
    pub(super) width: Option<u32>,
    /// Pixels for each of the page's; 1 where nothing is told.
    pub(super) density: f64,
}

/// The candidates of `text`. A comma within a link is part of it, and one at its end is not; a candidate with a descriptor
/// that means nothing is left out, as browsers do.
pub(super) fn parse(mut text: &str) -> Vec<Candidate<'_>> {
    let mut candidates = Vec::new();
    while candidates.len() < MOST {
        text = text.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        if text.is_empty() {
            break;
        }
        let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
        let (url, rest) = text.split_at(end);
        let bare = url.trim_end_matches(',');
        let (descriptors, rest) = if bare.len() < url.len() { ("", rest) } else { descriptors(rest) };
        text = rest;
        candidates.extend(candidate(bare, descriptors));
    }
    candidates
}

/// The descriptors that `text` begins with, as far as the comma that ends them, and what follows it. A comma within
/// parentheses ends nothing.
fn descriptors(text: &str) -> (&str, &str) {
    let mut is_within = false;
    for (at, c) in text.char_indices() {
        match c {
            '(' => is_within = true,
            ')' => is_within = false,
            ',' if !is_within => return (&text[..at], &text[at + 1..]),
            _ => (),
        }
    }
    (text, "")
}

fn candidate<'a>(url: &'a str, descriptors: &str) -> Option<Candidate<'a>> {
    let (mut width, mut density, mut height) = (None, None, None);
    for descriptor in descriptors.split_ascii_whitespace() {
        let (value, unit) =
            descriptor.split_at(descriptor.len() - descriptor.chars().next_back()?.len_utf8());
        let whole = || value.parse::<u32>().ok().filter(|&number| number > 0);
        let slot_is_free = match unit {
            "w" => width.replace(whole()?).is_none(),
            "h" => height.replace(whole()?).is_none(),
            "x" => density
                .replace(value.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0)?)
                .is_none(),
            _ => false,
        };
        if !slot_is_free {
            return None;
        }
    }
    let is_odd = density.is_some() && (width.is_some() || height.is_some());
    (!is_odd && !url.is_empty()).then(|| Candidate { url, width, density: density.unwrap_or(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<u32>, f64)]) {
        let found: Vec<_> = parse(text).into_iter().map(|it| (it.url, it.width, it.density)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn widths_and_densities_are_read() {
        check("a.jpg 320w, b.jpg 640w", &[("a.jpg", Some(320), 1.0), ("b.jpg", Some(640), 1.0)]);
        check(
            "a.jpg, b.jpg 1.5x,c.jpg 2x",
            &[("a.jpg", None, 1.0), ("b.jpg", None, 1.5), ("c.jpg", None, 2.0)],
        );
        check("  a.jpg\n\t 640w 480h ,", &[("a.jpg", Some(640), 1.0)]);
        check("", &[]);
        check(" , ,, ", &[]);
    }

    #[test]
    fn a_comma_within_a_link_is_part_of_it() {
        check(
            "/fit-in/150,150/a.jpg 97w, b 1x",
            &[("/fit-in/150,150/a.jpg", Some(97), 1.0), ("b", None, 1.0)],
        );
        check("a,b,,c,", &[("a,b,,c", None, 1.0)]);
        check("a, b,, c,", &[("a", None, 1.0), ("b", None, 1.0), ("c", None, 1.0)]);
        check(
            "data:image/png;base64,AA== 1x, b 2x",
            &[("data:image/png;base64,AA==", None, 1.0), ("b", None, 2.0)],
        );
    }

    #[test]
    fn a_comma_within_parentheses_ends_nothing() {
        check("a (b,c),d", &[("d", None, 1.0)]);
        check("a (b", &[]);
    }

    #[test]
    fn a_candidate_with_a_descriptor_that_means_nothing_is_left_out() {
        for wrong in ["0w", "-1w", "1.5w", "w", "5", "2y", "1x 2x", "1w 1w", "1x 2w", "nanx", "-1x", "1ä"] {
            check(&format!("a {wrong}, b 2x"), &[("b", None, 2.0)]);
        }
    }

    #[test]
    fn whatever_comes_is_read_without_a_panic_and_to_an_end() {
        let parts = ["", ",", " ", "(", ")", "a", "1w", "2x", "ä", "\u{0}", "\n"];
        for number in 0..parts.len().pow(5) {
            let digits = std::iter::successors(Some(number), |rest| Some(rest / parts.len())).take(5);
            let text: String = digits.map(|digit| parts[digit % parts.len()]).collect();
            parse(&text);
        }
        assert_eq!(parse(&"a 1x,".repeat(100_000)).len(), MOST);
    }
}
