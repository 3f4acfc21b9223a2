//! What was measured, kept as JSON beside the document, so that tables and picture are made from the same figures.

use serde_json::{Value, json};

use super::measure::Sample;

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
    format!(
        "{{\"name\": {name}, \"bytes\": {bytes}, \"ideal\": {ideal}, \"not_run\": {not_run}, \"entries\": [\n{entries}\n]}}"
    )
}

fn outcome_from(value: &Value) -> Result<Outcome, String> {
    Ok(Outcome {
        name: required(value, "name")?,
        bytes: value.get("bytes").and_then(Value::as_u64).ok_or("`bytes` is missing")?,
        ideal: value.get("ideal").and_then(Value::as_f64),
        not_run: word(value, "not_run"),
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
        assert_eq!(data.races[0].entry("curl").unwrap().faults(), Some((1, "WRONG BYTES")));
        Data::from_json("{}").unwrap_err();
    }
}
