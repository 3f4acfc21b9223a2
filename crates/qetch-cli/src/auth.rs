//! `qetch auth`: credentials for sites that want a login. A secret is read from a terminal that does not show it or
//! from standard input, never from an argument, which every user of the machine can see.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use qetch::{AuthKind, AuthRegistry, Credential, ExtractorInfo, Qetch};

use crate::{
    args::{AuthCommand, KindArgument},
    console::Console,
    exit::{FAILED, Failure},
    plain::plain,
    session::{store, variables},
    signals,
    table::{self, Align},
};

/// Keeps, shows or forgets credentials.
pub(crate) fn run(command: &AuthCommand, console: &Console) -> Result<(), Failure> {
    match command {
        AuthCommand::Add { misplaced, .. } if !misplaced.is_empty() => {
            let message = "a credential is no argument, which others can see: it is asked for, or read from standard input";
            Err(Failure::usage(message))
        }
        AuthCommand::Add { name, kind, .. } => add(name, *kind, console),
        AuthCommand::List => list(console),
        AuthCommand::Remove { name } => remove(name, console),
    }
}

fn add(name: &str, kind: Option<KindArgument>, console: &Console) -> Result<(), Failure> {
    let qetch = Qetch::new();
    let infos: Vec<_> = qetch.registry().extractors().map(|extractor| extractor.info()).collect();
    let kinds = kinds(name, kind, &infos)?;
    let credential = if io::stdin().is_terminal() { ask(kinds[0])? } else { parse(&line()?, &kinds)? };
    let store = store()?;
    store.change(|auth| auth.insert(name, credential))?;
    console.note(&format!("the credential of {name} is kept in {}", store.path().display()));
    Ok(())
}

/// The kinds of credential that may be added for `name`, at least one.
fn kinds(
    name: &str,
    wanted: Option<KindArgument>,
    infos: &[&ExtractorInfo],
) -> Result<Vec<AuthKind>, Failure> {
    let real = |info: &ExtractorInfo| -> Vec<_> {
        info.auth_kinds().iter().copied().filter(|kind| *kind != AuthKind::None).collect()
    };
    let Some(info) = infos.iter().find(|info| info.name() == name) else {
        let known: Vec<_> =
            infos.iter().filter(|info| !real(info).is_empty()).map(|info| info.name()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure::usage(format!(
            "there is no extractor `{name}`; of this build a login is for {known}"
        )));
    };
    let kinds = real(info);
    if kinds.is_empty() {
        return Err(Failure::usage(format!("{name} takes no credential")));
    }
    match wanted.map(AuthKind::from) {
        None => Ok(kinds),
        Some(kind) if kinds.contains(&kind) => Ok(vec![kind]),
        Some(kind) => {
            let known: Vec<_> = kinds.iter().map(ToString::to_string).collect();
            Err(Failure::usage(format!(
                "{name} takes no credential of kind {kind}, but {}",
                known.join(", ")
            )))
        }
    }
}

/// Asks on the terminal.
fn ask(kind: AuthKind) -> Result<Credential, Failure> {
    let (visible, hidden) = match kind {
        AuthKind::Basic => (Some("user"), "password"),
        AuthKind::OAuth => (Some("key"), "secret"),
        _ => (None, "token"),
    };
    let visible = visible.map(prompt).transpose()?;
    let secret = signals::with_echo_restored(|| rpassword::prompt_password(format!("{hidden}: ")));
    let secret = secret.map_err(|error| unread(&error))?;
    let text = match visible {
        Some(visible) => format!("{visible}:{secret}"),
        None => secret,
    };
    parse(&text, &[kind])
}

fn parse(text: &str, kinds: &[AuthKind]) -> Result<Credential, Failure> {
    Credential::parse(text, kinds).map_err(|error| Failure::usage(error.to_string()))
}

fn prompt(what: &str) -> Result<String, Failure> {
    let asked = write!(io::stderr(), "{what}: ").and_then(|()| io::stderr().flush());
    asked.map_err(|error| unread(&error))?;
    line()
}

/// A line of standard input, without its end.
fn line() -> Result<String, Failure> {
    /// More than any credential has.
    const MOST_BYTES: u64 = 64 << 10;
    let mut text = String::new();
    io::stdin().lock().take(MOST_BYTES).read_line(&mut text).map_err(|error| unread(&error))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

fn unread(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::Interrupted {
        return qetch::Error::Interrupted.into();
    }
    Failure::new(FAILED, format!("cannot read the credential: {error}"))
}

/// Shows whose credentials there are. Those of the environment win over those of the store.
fn list(console: &Console) -> Result<(), Failure> {
    let stored = store()?.load()?;
    let builder = Qetch::builder();
    let given = AuthRegistry::new().with_variables(variables(), builder.extractors());
    let given = given.map_err(|error| Failure::usage(error.to_string()))?;
    let mut rows = Vec::new();
    for (name, credential) in stored.iter().filter(|(name, _)| given.get(name).is_none()) {
        rows.push([plain(name), credential.kind().to_string(), String::new()]);
    }
    for (name, credential) in given.iter() {
        rows.push([name.to_owned(), credential.kind().to_string(), "from the environment".to_owned()]);
    }
    rows.sort_unstable();
    for line in table::lines([Align::Left; 3], &rows) {
        console.result(line)?;
    }
    Ok(())
}

fn remove(name: &str, console: &Console) -> Result<(), Failure> {
    let store = store()?;
    let stored = store.load()?;
    if stored.get(name).is_none() {
        let known: Vec<_> = stored.iter().map(|(name, _)| name).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure::usage(format!("there is no credential of `{name}`; there is {known}")));
    }
    store.change(|auth| auth.remove(name))?;
    console.note(&format!("the credential of {name} is forgotten"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_extractor_takes_can_be_added() {
        let site =
            ExtractorInfo::new("site", "").with_auth([AuthKind::OAuth, AuthKind::Basic, AuthKind::None]);
        let open = ExtractorInfo::new("open", "");
        let check = |name: &str, kind| kinds(name, kind, &[&site, &open]);
        assert_eq!(check("site", None), Ok(vec![AuthKind::OAuth, AuthKind::Basic]));
        assert_eq!(check("site", Some(KindArgument::Basic)), Ok(vec![AuthKind::Basic]));
        let message = |name: &str, kind| check(name, kind).unwrap_err().message.unwrap();
        assert!(message("site", Some(KindArgument::Token)).contains("oauth, basic"));
        assert!(message("open", None).contains("takes no credential"));
        assert!(message("sight", None).ends_with("a login is for site"));
    }
}
