//! What is to be downloaded: links as typed, links of a file, contents that were saved.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use qetch::{Variants, without_values};

use crate::{
    args::DownloadArguments,
    exit::Failure,
    link::{Link, refuse_commands},
};

/// One thing to download, or what is wrong with it: the rest goes on, so it is told when its turn comes.
#[derive(Debug)]
pub(crate) enum Input {
    Link(Result<Link, Failure>),
    /// The resources of a saved extraction, and the name of their file.
    Saved {
        name: String,
        resources: Vec<Result<Variants, Failure>>,
    },
}

impl Input {
    /// The link, where it is one.
    pub(crate) fn link(&self) -> Option<&Link> {
        match self {
            Self::Link(link) => link.as_ref().ok(),
            Self::Saved { .. } => None,
        }
    }
}

/// Everything that the arguments name, in the order: links, those of the file, saved contents.
pub(crate) fn read(arguments: &DownloadArguments) -> Result<Vec<Input>, Failure> {
    refuse_commands(&arguments.urls)?;
    let files = [&arguments.input_file, &arguments.content];
    if files.iter().all(|file| file.as_deref() == Some(Path::new("-"))) {
        return Err(Failure::usage("-i and --content cannot both read standard input"));
    }
    let mut inputs: Vec<_> = arguments.urls.iter().map(|url| Input::Link(Link::parse(url))).collect();
    if let Some(path) = &arguments.input_file {
        let (name, bytes) = load(path)?;
        inputs.extend(links(&name, &String::from_utf8_lossy(&bytes)).map(Input::Link));
    }
    if let Some(path) = &arguments.content {
        let (name, bytes) = load(path)?;
        let resources = resources(&name, &bytes);
        inputs.push(Input::Saved { name, resources });
    }
    Ok(inputs)
}

/// The name of a file for people, and its bytes; `-` is standard input.
fn load(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let mut bytes = Vec::new();
    let (name, read) = if path == Path::new("-") {
        ("standard input".to_owned(), io::stdin().lock().read_to_end(&mut bytes))
    } else {
        let read = fs::read(path).map(|read| {
            bytes = read;
            bytes.len()
        });
        (path.display().to_string(), read)
    };
    read.map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    Ok((name, bytes))
}

/// The links of a text, one a line. Blank lines and those that begin with `#` are none.
fn links<'a>(name: &'a str, text: &'a str) -> impl Iterator<Item = Result<Link, Failure>> + use<'a> {
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    let lines = lines.filter(|(line, _)| !matches!(line.trim().chars().next(), None | Some('#')));
    lines.map(move |(line, number)| Link::parse(line).map_err(|failure| at(name, number, failure)))
}

/// The resources of what `qetch extract --json` wrote: a JSON object a line, or one over several lines.
fn resources(name: &str, bytes: &[u8]) -> Vec<Result<Variants, Failure>> {
    let parse = |bytes: &[u8]| serde_json::from_slice::<Variants>(bytes);
    if let Ok(only) = parse(bytes) {
        return vec![Ok(only)];
    }
    let lines = bytes.split(|&byte| byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let resource = |(line, number)| {
        parse(line).map_err(|error| {
            let problem = without_values(&error.to_string());
            let reason = format!("no line of `qetch extract --json`: {problem}");
            at(name, number, Failure::usage(reason))
        })
    };
    lines.map(resource).collect()
}

/// `failure`, with where it stands.
fn at(name: &str, line: usize, failure: Failure) -> Failure {
    let message = failure.message.map(|message| format!("{name}, line {line}: {message}"));
    Failure { message, ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::USAGE;

    #[test]
    fn lines_are_links_and_wrong_ones_are_told_with_their_place() {
        let text =
            "\u{feff}https://a.example/\r\n\n  # none\n  https://b.example/x  \nme:hunter2@c.example\n#\n";
        let found: Vec<_> = links("list", text).collect();
        let [Ok(a), Ok(b), Err(failure)] = &found[..] else { panic!("{found:?}") };
        assert_eq!([a.to_string(), b.to_string()], ["https://a.example/", "https://b.example/x"]);
        let message = failure.message.as_deref().unwrap();
        assert!(message.starts_with("list, line 5: c.example: not a URL"), "{message}");
        assert_eq!(failure.code, USAGE);
    }

    #[test]
    fn saved_resources_stand_on_a_line_each_or_alone_over_several() {
        let one = r#"{"format":1,"variants":[{"uid":"a","source":"https://h.example/","kind":"image","fragments":[]}]}"#;
        let secret = one.replace("https://h.example/", "https://me:hunter2@:1/?key=hunter2");
        let other = one.replace("\"format\":1", "\"format\":2");
        let lines = format!("{one}\n\n{other}\nhunter\n{one}\n{secret}\n");
        let found = resources("saved", lines.as_bytes());
        let messages: Vec<_> =
            found.iter().map(|it| it.as_ref().err().and_then(|it| it.message.as_deref())).collect();
        let [None, Some(format), Some(json), None, Some(secret)] = messages[..] else {
            panic!("{messages:?}")
        };
        assert!(format.starts_with("saved, line 3: ") && format.contains("format 2"), "{format}");
        assert!(json.starts_with("saved, line 4: "), "{json}");
        assert!(secret.starts_with("saved, line 6: ") && !secret.contains("hunter2"), "{secret}");

        let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(one).unwrap());
        assert!(matches!(resources("saved", pretty.unwrap().as_bytes())[..], [Ok(_)]));
        assert!(resources("saved", b"\n").is_empty());
    }
}
