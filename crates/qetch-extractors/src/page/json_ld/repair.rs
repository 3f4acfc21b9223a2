//! JSON as pages have it: most is well-formed, and the rest goes wrong in a few ways.

use serde_json::Value;

use crate::common_prose::characters;

/// The JSON of `text`, with what is known to go wrong put right: marks of comments around it, line breaks in its strings,
/// references in place of quotes, a semicolon or a comma too many.
pub(super) fn parse(text: &str) -> Option<Value> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let text = text.split_once("<![CDATA[").map_or(text, |(_, text)| text);
    let text = text.rsplit_once("]]>").map_or(text, |(text, _)| text);
    let start = text.find(['{', '['])?;
    let end = text.rfind(['}', ']'])?;
    let bare: String = text.get(start..=end)?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let read = |text: &str| serde_json::from_str(text).ok();
    let closed = || without_trailing_commas(&bare);
    read(&bare)
        .or_else(|| read(&closed()))
        .or_else(|| read(&characters(&bare)))
        .or_else(|| read(&characters(&closed())))
}

/// `json` without commas that nothing follows.
fn without_trailing_commas(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    let (mut is_text, mut is_escaped) = (false, false);
    for c in json.chars() {
        if !is_text && matches!(c, '}' | ']') {
            let end = plain.trim_end();
            if end.ends_with(',') {
                plain.truncate(end.len() - 1);
            }
        }
        is_text ^= c == '"' && !is_escaped;
        is_escaped = is_text && c == '\\' && !is_escaped;
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_to_go_wrong_is_put_right() {
        let expected = serde_json::json!({"a": "b c", "d": [1]});
        for text in [
            r#" {"a":"b c","d":[1]} "#,
            "\u{feff}{\"a\":\"b c\",\"d\":[1]}",
            "<!-- {\"a\":\"b c\",\"d\":[1]} -->",
            "//<![CDATA[\n{\"a\":\"b c\",\"d\":[1]}\n//]]>",
            r#"{"a":"b c","d":[1]};"#,
            "{\"a\":\"b\nc\",\"d\":[1]}",
            r#"{"a":"b c","d":[1,],}"#,
            "{&quot;a&quot;:&quot;b c&quot;,&quot;d&quot;:[1]}",
        ] {
            assert_eq!(parse(text).as_ref(), Some(&expected), "{text}");
        }
    }

    #[test]
    fn what_stands_in_texts_stays() {
        assert_eq!(parse(r#"{"a":",}","b":"\",]",}"#).unwrap(), serde_json::json!({"a": ",}", "b": "\",]"}));
        assert_eq!(parse(r#"{"a":"x &quot;y&quot;"}"#).unwrap()["a"], "x &quot;y&quot;");
    }

    #[test]
    fn what_is_no_json_is_nothing() {
        for text in ["", "null,", "{", "}{", "[}", "var x = 1;", "{a:1}", "ä{", &"[".repeat(1000)] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
