//! Tells what changed in the shape of JSON answers between cassettes: `qetch-shapes KNOWN NEW`.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use qetch_core::Cassette;
use qetch_testkit::{JsonAnswer, ShapeChanges, shape_changes};
use serde_json::Value;

const USAGE: &str = "usage: qetch-shapes KNOWN NEW

What changed in the shape of JSON answers in the cassettes of NEW, held against those of KNOWN: paths and types.
Each is a cassette, or a folder with cassettes in it, however deep. Bodies that are files are looked for beside their
cassette and in QETCH_FIXTURES.

The exit code is 0 where nothing changed, 1 where something did, and 2 where that cannot be told.";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(changes) => {
            let mut output = io::stdout().lock();
            let told = changes.iter().try_for_each(|change| writeln!(output, "{change}"));
            ExitCode::from(u8::from(told.is_err() || !changes.is_empty()))
        }
        Err(message) => {
            // That nobody may be there to read it changes nothing.
            writeln!(io::stderr(), "qetch-shapes: {message}").ok();
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[OsString]) -> Result<Vec<ShapeChanges>, String> {
    let [known, new] = arguments else { return Err(format!("two paths are expected\n{USAGE}")) };
    Ok(shape_changes(&answers(Path::new(known))?, &answers(Path::new(new))?))
}

/// The JSON answers in the cassettes at `path`.
fn answers(path: &Path) -> Result<Vec<JsonAnswer>, String> {
    let mut files = Vec::new();
    find(path, &mut files).map_err(|error| format!("{}: {error}", path.display()))?;
    files.sort();
    let mut answers = Vec::new();
    for file in files {
        let cassette = Cassette::read(&file).map_err(|error| error.to_string())?;
        let cassette = with_files(cassette, &file);
        answers.extend(cassette.bodies().filter_map(|(at, body)| {
            let (method, url, status) = cassette.asked(at)?;
            // Text and media have no shape of this sort.
            let body: Value =
                serde_json::from_slice(body).ok().filter(|it: &Value| it.is_object() || it.is_array())?;
            let (method, url) = (method.as_str().to_owned(), url.clone());
            Some(JsonAnswer { method, url, status: status.as_u16(), body })
        }));
    }
    Ok(answers)
}

/// The cassette of `file` with its bodies that are files, where all of them are in one of the two places.
fn with_files(cassette: Cassette, file: &Path) -> Cassette {
    let fixtures = std::env::var_os("QETCH_FIXTURES").map(PathBuf::from);
    let folders = [file.parent().map(Path::to_owned), fixtures];
    let whole = folders.into_iter().flatten().find_map(|folder| cassette.clone().with_files(folder).ok());
    whole.unwrap_or(cassette)
}

/// The cassettes beneath a folder, or the file itself.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        // What is not there is told when it is read.
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "cassette") {
            find(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cassettes in folders of their own, gone with the test.
    struct Planted(PathBuf);

    impl Planted {
        fn new(name: &str, cassettes: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("qetch-shapes-{name}-{}", std::process::id()));
            for (name, exchanges) in cassettes {
                let path = root.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, format!("# qetch cassette 1\n\n{exchanges}")).unwrap();
            }
            Self(root)
        }

        fn run(&self, known: &str, new: &str) -> Result<Vec<String>, String> {
            let changes = run(&[self.0.join(known).into(), self.0.join(new).into()])?;
            Ok(changes.into_iter().flat_map(|it| it.changes).collect())
        }
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    const KNOWN: &str = "=== GET https://pond.example/p/1\n--- 200\n\n{\"id\":1,\"frogs\":[{\"name\":\"a\"}]}\n\
                         === GET https://pond.example/f.jpg\n--- 200 base64\n\n/9j/4A==\n";

    #[test]
    fn a_planted_change_is_told_and_the_same_again_is_none() {
        let new =
            KNOWN.replace("\"id\":1", "\"id\":\"1\"").replace("/p/1", "/p/2").replace("{\"name\":\"a\"}", "");
        let planted =
            Planted::new("change", &[("known/a.cassette", KNOWN), ("new/1/recording.cassette", &new)]);
        assert_eq!(planted.run("known", "new").unwrap(), ["$.id: string, was number"]);
        assert_eq!(planted.run("known", "known/a.cassette").unwrap(), [""; 0]);
    }

    #[test]
    fn a_body_that_is_a_file_is_looked_for_beside_its_cassette() {
        let known = "=== GET https://pond.example/p/1\n--- 200 < body.json\n";
        let new = "=== GET https://pond.example/p/2\n--- 200\n\n{\"id\":\"1\"}\n";
        let planted = Planted::new("file", &[("known/a.cassette", known), ("new/b.cassette", new)]);
        assert_eq!(planted.run("known", "known").unwrap(), [""; 0]);
        fs::write(planted.0.join("known/body.json"), "{\"id\":1}").unwrap();
        assert_eq!(planted.run("known", "new").unwrap(), ["$.id: string, was number"]);
    }

    #[test]
    fn what_is_no_cassette_and_what_is_not_there_are_told() {
        let planted =
            Planted::new("wrong", &[("known/a.cassette", "=== GET nowhere\n"), ("known/b.txt", "")]);
        assert!(planted.run("known", "known").unwrap_err().contains("a.cassette:3"));
        assert!(planted.run("known/b.cassette", "known").unwrap_err().contains("b.cassette"));
        assert!(run(&[]).unwrap_err().contains("usage: qetch-shapes"));
    }
}
