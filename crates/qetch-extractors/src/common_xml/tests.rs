//! Documents as they are in the wild.

use super::*;

fn space(address: &str) -> Option<char> {
    address.chars().next()
}

/// The tree as one line: names with the first letter of their namespace, attributes in brackets, text in quotes,
/// children in parentheses, and a `?` behind what is not whole.
fn shape_of(element: &Element<Option<char>>) -> String {
    let mut shape = element.space.map(|it| format!("{it}:")).unwrap_or_default() + &element.name;
    for (name, value) in &element.attributes {
        shape += &format!("[{name}={value}]");
    }
    shape += &element.text().map(|text| format!("'{text}'")).unwrap_or_default();
    if !element.children.is_empty() {
        shape += &format!("({})", element.children.iter().map(shape_of).collect::<Vec<_>>().join(" "));
    }
    shape + if element.is_whole { "" } else { "?" }
}

#[track_caller]
fn check(text: &str, shape: &str, fault: Option<(&str, &str)>) {
    let document = read(text, space);
    assert_eq!(document.root.as_ref().map(shape_of).unwrap_or_default(), shape, "{text:.200}");
    let error = document.fault.map(|fault| fault.error("me"));
    let told = error.as_ref().map(|error| (error.code(), error.to_string()));
    assert_eq!(told.as_ref().map(|(code, text)| (*code, text.as_str())), fault, "{text:.200}");
}

#[test]
fn a_document_becomes_a_tree_of_names_in_namespaces() {
    check("<a/>", "a", None);
    check(
        "\u{feff}\n<?xml version='1.0'?><a xmlns:m='u'><m:b c='1'/> t <n:b/></a>\n",
        "a[m=u]'t'(u:b[c=1] n:b)",
        None,
    );
    check("<a xmlns='u'><b xmlns='v'/><c/></a>", "u:a[xmlns=u](v:b[xmlns=v] u:c)", None);
}

#[test]
fn text_is_read_as_it_is_in_the_wild() {
    check("<a>x&amp;y&#65;&#x42;<![CDATA[<&amp;]]></a>", "a'x&yAB<&amp;'", None);
    check("<a>1&nbsp;2 &eacute; AT&T & &unheard; &#0;</a>", "a'1\u{a0}2 é AT&T & &unheard; &#0;'", None);
    check("<a b='?x=1&y=2&amp;z=3&nbsp;&copy=4'/>", "a[b=?x=1&y=2&z=3\u{a0}&copy=4]", None);
}

#[test]
fn what_is_whole_before_a_fault_is_there_and_the_fault_tells_its_place() {
    check("<a><b>1</b>\n<b>2", "a(b'1' b'2'?)?", {
        Some(("site_changed", "me changed: no well-formed XML (it ends early, line 2) at $.a.b[1]"))
    });
    check("<a><b></c></a>", "a(b?)?", {
        Some(("site_changed", "me changed: no well-formed XML (a tag that is wrong, line 1) at $.a.b"))
    });
    check("<a><b c=1/></a>", "a?", {
        Some(("site_changed", "me changed: no well-formed XML (an attribute that is wrong, line 1) at $.a"))
    });
    let none = "me changed: no well-formed XML (no tag in it, line 1) at $";
    check("", "", Some(("site_changed", none)));
    check("text", "", Some(("site_changed", none)));
    check("<a/><b/>", "a", {
        Some(("site_changed", "me changed: no well-formed XML (a second root, line 1) at $"))
    });
}

#[test]
fn entities_of_a_document_are_not_expanded() {
    let laughs =
        r#"<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]>"#;
    check(&format!("{laughs}<a>&c;&d;</a>"), "a'&c;&d;'", None);
    check(&format!("{laughs}<a b='&c;'/>"), "a[b=&c;]", None);
}

#[test]
fn depth_and_numbers_are_limited() {
    let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
    let fault_of = |text: &str| read(text, space).fault.map(|fault| fault.error("me").code());
    assert_eq!(fault_of(&nested(DEEPEST)), None);
    assert_eq!(fault_of(&nested(DEEPEST + 1)), Some("over_limit"));
    let attributes = |count: usize| format!("<a {}/>", "b='' ".repeat(count));
    assert_eq!(fault_of(&attributes(MOST_ATTRIBUTES)), None);
    assert_eq!(fault_of(&attributes(MOST_ATTRIBUTES + 1)), Some("over_limit"));
    assert_eq!(fault_of(&format!("<a>{}</a>", "<b/>".repeat(MOST_ELEMENTS))), Some("over_limit"));
}
