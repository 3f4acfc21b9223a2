//! What was measured, kept as JSON beside the document, so that tables and picture are made from the same figures.

use serde_json::{Value, json};

use super::{measure::Sample, race::RACES};

/// Everything that a bench measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Data {
    /// What the machine is: a name and what it says.
    pub(crate) machine: Vec<(String, String)>,
    /// The tools and their versions.
    pub(crate) tools: Vec<(String, String)>,
    /// What is missing, as a sentence.
    pub(crate) missing: Option<String>,
    pub(crate) races: Vec<Outcome>,
}

/// What came of one race.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    /// The bytes that a run downloads.
    pub(crate) bytes: u64,
    /// The seconds that it would take if its connections were used to the full.
    pub(crate) ideal: Option<f64>,
    pub(crate) entries: Vec<Entry>,
    /// Why it could not be run.
    pub(crate) not_run: Option<String>,
    /// When, and at which commit, where that is another than the others'.
    pub(crate) measured: Option<String>,
}

/// One contestant's runs, in the order of the rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) label: String,
    /// How it was asked, without the places of this machine.
    pub(crate) command: String,
    pub(crate) samples: Vec<Sample>,
    /// System calls of one more run.
    pub(crate) calls: Option<u64>,
    /// The part of the file that was there before, from 0 to 1.
    pub(crate) there: Option<f64>,
}

impl Entry {
    /// The first fault, and how many runs had one.
    pub(crate) fn faults(&self) -> Option<(usize, &str)> {
        let mut faults = self.samples.iter().filter_map(|sample| sample.fault.as_deref());
        let first = faults.next()?;
        Some((1 + faults.count(), first))
    }
}

impl Outcome {
    /// The entry with this label.
    pub(crate) fn entry(&self, label: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.label == label)
    }
}

impl Data {
    /// The text of the file, with a line for each contestant.
    pub(crate) fn to_json(&self) -> String {
        let races: Vec<_> = self.races.iter().map(outcome_to).collect();
        let (machine, tools) = (json!(self.machine), json!(self.tools));
        let (missing, races) = (json!(self.missing), races.join(",\n"));
        format!(
            "{{\n\"machine\": {machine},\n\"tools\": {tools},\n\"missing\": {missing},\n\"races\": [\n{races}\n]\n}}\n"
        )
    }

    /// The figures of `fresh` in place of those of the same races, and the others as they are; each race says when it was
    /// measured.
    ///
    /// # Errors
    /// On another machine, or with another version of a tool: the figures would not belong together.
    pub(crate) fn replaced_by(mut self, fresh: Self) -> Result<Self, String> {
        let named = |pairs: &[(String, String)], name: &str| {
            pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
        };
        for name in ["processors", "memory", "system"] {
            if named(&self.machine, name) != named(&fresh.machine, name) {
                return Err(format!("the other races were run on a machine with other {name}"));
            }
        }
        for (name, version) in &fresh.tools {
            match named(&self.tools, name) {
                None => self.tools.push((name.clone(), version.clone())),
                Some(other) if other != *version => {
                    return Err(format!("the other races were run with another {name}"));
                }
                Some(_) => {}
            }
        }
        let dated = |data: &mut Self| {
            let date =
                ["date", "commit"].map(|name| named(&data.machine, name).unwrap_or_default()).join(", ");
            for race in &mut data.races {
                race.measured.get_or_insert_with(|| date.clone());
            }
        };
        let mut fresh = fresh;
        dated(&mut self);
        dated(&mut fresh);
        self.races.retain(|race| fresh.races.iter().all(|other| other.name != race.name));
        self.races.extend(fresh.races);
        let place = |name: &str| RACES.iter().position(|race| race.name == name);
        self.races.sort_by_key(|race| place(&race.name));
        self.machine.retain(|(name, _)| !matches!(name.as_str(), "date" | "commit"));
        self.missing = fresh.missing;
        Ok(self)
    }

    /// Reads what [`Data::to_json`] wrote.
    pub(crate) fn from_json(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self {
            machine: pairs(&value, "machine")?,
            tools: pairs(&value, "tools")?,
            missing: word(&value, "missing"),
            races: list(&value, "races")?.iter().map(outcome_from).collect::<Result<_, _>>()?,
        })
    }
}

fn outcome_to(outcome: &Outcome) -> String {
    let entries: Vec<_> = outcome.entries.iter().map(|entry| entry_to(entry).to_string()).collect();
    let (name, bytes, ideal) = (json!(outcome.name), outcome.bytes, json!(outcome.ideal));
    let (not_run, entries) = (json!(outcome.not_run), entries.join(",\n"));
    let measured =
        outcome.measured.as_ref().map(|it| format!(", \"measured\": {}", json!(it))).unwrap_or_default();
    format!(
        "{{\"name\": {name}, \"bytes\": {bytes}, \"ideal\": {ideal}, \"not_run\": {not_run}{measured}, \"entries\": [\n{entries}\n]}}"
    )
}

fn outcome_from(value: &Value) -> Result<Outcome, String> {
    Ok(Outcome {
        name: required(value, "name")?,
        bytes: value.get("bytes").and_then(Value::as_u64).ok_or("`bytes` is missing")?,
        ideal: value.get("ideal").and_then(Value::as_f64),
        not_run: word(value, "not_run"),
        measured: word(value, "measured"),
        entries: list(value, "entries")?.iter().map(entry_from).collect::<Result<_, _>>()?,
    })
}

fn entry_to(entry: &Entry) -> Value {
    let samples: Vec<_> = entry.samples.iter().map(sample_to).collect();
    json!({
        "label": entry.label, "command": entry.command, "calls": entry.calls, "there": entry.there,
        "samples": samples,
    })
}

fn entry_from(value: &Value) -> Result<Entry, String> {
    Ok(Entry {
        label: required(value, "label")?,
        command: required(value, "command")?,
        calls: value.get("calls").and_then(Value::as_u64),
        there: value.get("there").and_then(Value::as_f64),
        samples: list(value, "samples")?.iter().map(sample_from).collect::<Result<_, _>>()?,
    })
}

/// A row of whole numbers: microseconds of wall, user and system time, KiB; and what went wrong.
fn sample_to(sample: &Sample) -> Value {
    let [wall, user, system] = [sample.wall, sample.user, sample.system].map(|it| (it * 1e6).round() as u64);
    match &sample.fault {
        None => json!([wall, user, system, sample.peak]),
        Some(fault) => json!([wall, user, system, sample.peak, fault]),
    }
}

fn sample_from(value: &Value) -> Result<Sample, String> {
    let number = |at: usize| value.get(at).and_then(Value::as_u64).ok_or("a sample lacks a figure");
    let seconds = |at: usize| number(at).map(|microseconds| microseconds as f64 / 1e6);
    Ok(Sample {
        wall: seconds(0)?,
        user: seconds(1)?,
        system: seconds(2)?,
        peak: number(3)?,
        fault: value.get(4).and_then(Value::as_str).map(str::to_owned),
    })
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    value.get(name).and_then(Value::as_array).ok_or_else(|| format!("`{name}` is missing"))
}

fn pairs(value: &Value, name: &str) -> Result<Vec<(String, String)>, String> {
    let part = |pair: &Value, at: usize| pair.get(at).and_then(Value::as_str).map(str::to_owned);
    let pair = |it: &Value| part(it, 0).zip(part(it, 1)).ok_or_else(|| format!("`{name}` holds no pairs"));
    list(value, name)?.iter().map(pair).collect()
}

fn required(value: &Value, name: &str) -> Result<String, String> {
    word(value, name).ok_or_else(|| format!("`{name}` is missing"))
}

fn word(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
impl Outcome {
    /// A race for tests: each label with its wall times; a tenth of them is processor time, and 8 MiB are its peak.
    pub(crate) fn planted(name: &str, walls: &[(&str, &[f64])]) -> Self {
        let sample =
            |&wall: &f64| Sample { wall, user: wall / 20.0, system: wall / 20.0, peak: 8192, fault: None };
        let entry = |(label, walls): &(&str, &[f64])| Entry {
            label: (*label).to_owned(),
            command: format!("{label} URL"),
            samples: walls.iter().map(sample).collect(),
            ..Entry::default()
        };
        let entries = walls.iter().map(entry).collect();
        Self { name: name.to_owned(), bytes: 1 << 30, entries, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut outcome = Outcome::planted("raw", &[("qetch", &[1.5, 2.0]), ("curl", &[1.0])]);
        outcome.entries[1].samples[0].fault = Some("WRONG BYTES".to_owned());
        outcome.entries[0].calls = Some(7);
        outcome.ideal = Some(1.0);
        let not_run =
            Outcome { name: "tls".into(), not_run: Some("no openssl".into()), ..Outcome::default() };
        let data = Data {
            machine: vec![("processors".into(), "2".into())],
            tools: vec![("curl".into(), "curl 8".into())],
            missing: Some("axel".into()),
            races: vec![outcome, not_run],
        };
        assert_eq!(Data::from_json(&data.to_json()), Ok(data.clone()));
        let mut dated = data.clone();
        dated.races[0].measured = Some("today, abc".into());
        assert_eq!(Data::from_json(&dated.to_json()), Ok(dated));
        assert_eq!(data.races[0].entry("curl").unwrap().faults(), Some((1, "WRONG BYTES")));
        Data::from_json("{}").unwrap_err();
    }

    #[test]
    fn races_that_are_run_again_take_the_place_of_their_figures() {
        let data = |date: &str, races: &[(&str, f64)], tools: &[(&str, &str)]| Data {
            machine: vec![("processors".into(), "2".into()), ("date".into(), date.into())],
            tools: tools.iter().map(|(name, version)| ((*name).into(), (*version).into())).collect(),
            missing: None,
            races: races.iter().map(|(name, wall)| Outcome::planted(name, &[("qetch", &[*wall])])).collect(),
        };
        let old = data("monday", &[("raw", 1.0), ("small", 2.0), ("start", 3.0)], &[("curl", "8")]);
        let fresh = data("friday", &[("segments", 4.0), ("small", 5.0)], &[("curl", "8"), ("ffmpeg", "5")]);
        let both = old.clone().replaced_by(fresh.clone()).unwrap();
        let told: Vec<_> = both
            .races
            .iter()
            .map(|race| {
                (race.name.as_str(), race.entries[0].samples[0].wall, race.measured.as_deref().unwrap())
            })
            .collect();
        let expected = [
            ("raw", 1.0, "monday, "),
            ("small", 5.0, "friday, "),
            ("segments", 4.0, "friday, "),
            ("start", 3.0, "monday, "),
        ];
        assert_eq!(told, expected);
        assert_eq!((both.tools.len(), both.machine.len()), (2, 1));
        let check = |fresh: Data, expected: &str| {
            let error = old.clone().replaced_by(fresh).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check(data("friday", &[], &[("curl", "9")]), "another curl");
        check(Data { machine: Vec::new(), ..fresh }, "other processors");
    }
}
