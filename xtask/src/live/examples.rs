//! The examples of extractors, from what `qetch extractors --json` says.

use serde_json::Value;

/// A URL that an extractor takes, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    pub(crate) extractor: String,
    /// Which one of its extractor, from 1.
    pub(crate) number: usize,
    pub(crate) url: String,
}

/// The examples of the extractors of these names, or of all; `described` is a JSON object a line.
pub(crate) fn of(described: &str, names: &[String]) -> Result<Vec<Example>, String> {
    let wrong = |error| format!("`qetch extractors --json` printed no JSON: {error}");
    let lines = described.lines().map(|line| serde_json::from_str::<Value>(line).map_err(wrong));
    let all: Vec<_> = lines.collect::<Result<_, _>>()?;
    let known: Vec<_> = all.iter().filter_map(|it| it.get("name")?.as_str()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("there is no extractor `{unknown}`; there are: {}", known.join(", ")));
    }
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let mut examples = Vec::new();
    for (extractor, name) in all.iter().zip(known).filter(|(_, name)| is_wanted(name)) {
        for (url, number) in urls(extractor).into_iter().zip(1..) {
            examples.push(Example { extractor: name.to_owned(), number, url: url.to_owned() });
        }
    }
    if examples.is_empty() {
        return Err("these extractors give no example".to_owned());
    }
    Ok(examples)
}

/// The names of the extractors that have examples here, in their order.
pub(crate) fn names(examples: &[Example]) -> Vec<&str> {
    let mut names: Vec<_> = examples.iter().map(|example| example.extractor.as_str()).collect();
    names.dedup();
    names
}

fn urls(extractor: &Value) -> Vec<&str> {
    let examples = list(extractor, "handles").iter().flat_map(|handle| list(handle, "examples"));
    examples.filter_map(Value::as_str).collect()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIBED: &str = concat!(
        r#"{"name":"frog","handles":[{"examples":["https://a/"]},{"examples":["https://b/"]}]}"#,
        "\n",
        r#"{"name":"generic","handles":[]}"#,
        "\n",
        r#"{"name":"pond","handles":[{"examples":["https://c/"]}]}"#,
        "\n",
    );

    fn found(names: &[&str]) -> Result<Vec<String>, String> {
        let names: Vec<_> = names.iter().map(|&it| it.to_owned()).collect();
        let examples = of(DESCRIBED, &names)?;
        Ok(examples.iter().map(|it| format!("{} {} {}", it.extractor, it.number, it.url)).collect())
    }

    #[test]
    fn examples_are_numbered_for_each_extractor() {
        let all = ["frog 1 https://a/", "frog 2 https://b/", "pond 1 https://c/"];
        assert_eq!(found(&[]).unwrap(), all);
        assert_eq!(found(&["pond"]).unwrap(), all[2..]);
        assert_eq!(names(&of(DESCRIBED, &[]).unwrap()), ["frog", "pond"]);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        assert_eq!(
            found(&["toad"]).unwrap_err(),
            "there is no extractor `toad`; there are: frog, generic, pond"
        );
        found(&["generic"]).unwrap_err();
        of("nothing\n", &[]).unwrap_err();
    }
}
