//! `--option EXTRACTOR.NAME=VALUE`: what is set for one site, as typed.

use std::fs;

use qetch::{Error, ExtractorInfo};

/// An option of an extractor, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteOption {
    pub(crate) extractor: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

impl SiteOption {
    /// Reads what was typed. A value that begins with `@` is the first line of the file behind it, so that a password need not
    /// stand where everyone on the machine reads it.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where it is of another form, or where there is no such extractor or option among `known`;
    /// [`Io`](Error::Io) where the file cannot be read. The value stands in neither.
    pub(crate) fn read<'a>(
        text: &str,
        known: impl IntoIterator<Item = &'a ExtractorInfo>,
    ) -> Result<Self, Error> {
        let parts = text.split_once('=').and_then(|(place, value)| Some((place.split_once('.')?, value)));
        let ((extractor, name), value) =
            parts.ok_or_else(|| Error::invalid("the option", "expected EXTRACTOR.NAME=VALUE"))?;
        let names =
            |it: &'a ExtractorInfo| it.options().iter().map(move |option| (it.name(), option.name.as_str()));
        let all: Vec<_> = known.into_iter().flat_map(names).collect();
        if !all.contains(&(extractor, name)) {
            let all: Vec<_> = all.iter().map(|(extractor, name)| format!("{extractor}.{name}")).collect();
            let reason = format!("there is no such option; this build has {}", all.join(", "));
            return Err(Error::invalid(format!("the option `{extractor}.{name}`"), reason));
        }
        let value = match value.strip_prefix('@') {
            None => value.to_owned(),
            Some(file) => {
                let text = fs::read_to_string(file).map_err(|error| Error::io("read", file, error))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
        };
        Ok(Self { extractor: extractor.to_owned(), name: name.to_owned(), value })
    }

    /// Whether its value is nobody else's to know.
    pub(crate) fn is_secret(&self) -> bool {
        self.name.contains("password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_of_an_extractor_that_has_it() {
        let tube = ExtractorInfo::new("tube", "").with_option("password", "").with_option("size", "");
        let read = |text: &str| SiteOption::read(text, [&tube]).map_err(|error| error.to_string());
        let option = read("tube.password=a=b.c").unwrap();
        assert_eq!((option.extractor.as_str(), option.name.as_str()), ("tube", "password"));
        assert_eq!((option.value.as_str(), option.is_secret()), ("a=b.c", true));
        assert!(!read("tube.size=").unwrap().is_secret());
        for wrong in ["", "tube", "tube.password", "password=hunter2", "tube=hunter2"] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains("EXTRACTOR.NAME=VALUE") && !error.contains("hunter2"), "{error}");
        }
        for unknown in ["tube.depth=hunter2", "pond.size=hunter2"] {
            let error = read(unknown).unwrap_err();
            assert!(error.contains("tube.password, tube.size") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_value_may_be_the_first_line_of_a_file() {
        let tube = ExtractorInfo::new("tube", "").with_option("password", "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "hunter2\nmore\n").unwrap();
        let read =
            |path: &std::path::Path| SiteOption::read(&format!("tube.password=@{}", path.display()), [&tube]);
        assert_eq!(read(&file).unwrap().value, "hunter2");
        assert_eq!(read(&folder.path().join("none")).unwrap_err().code(), "io");
    }
}
