//! `Addressing`: how a representation says where its segments are, with what it inherits (ISO/IEC 23009-1, section 5.3.9).

use std::sync::Arc;

use qetch_core::{ByteRange, Error, Result, Url};

use super::{
    duration::decimal,
    number::{self, byte_range},
    timeline::{Entry, entries},
    xml::Element,
};

/// The longest template or reference to an initialisation: they are inherited by many.
const LONGEST: usize = 8 << 10;

/// How the segments of a representation are to be had. What is missing at one level is that of the level above.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Addressing {
    pub(super) form: Form,
    pub(super) timescale: Option<u64>,
    pub(super) duration: Option<u64>,
    pub(super) start_number: Option<u64>,
    pub(super) end_number: Option<u64>,
    /// The time in its timeline at which its period begins, in ticks.
    pub(super) time_offset: Option<u64>,
    /// Nanoseconds for which a segment is available before its end.
    pub(super) early: Option<u64>,
    /// The template of media segments.
    pub(super) media: Option<Arc<str>>,
    /// The template of the initialisation.
    pub(super) initialization: Option<Arc<str>>,
    pub(super) initialisation: Option<Arc<Initialisation>>,
    pub(super) timeline: Option<Arc<[Entry]>>,
    pub(super) listed: Option<Arc<[Listed]>>,
}

/// Which of the three forms it takes; the whole resource behind the base is one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Whole,
    List,
    Template,
}

/// Where an initialisation is: at the base where there is no source.
#[derive(Debug, PartialEq)]
pub(super) struct Initialisation {
    pub(super) source: Option<Box<str>>,
    pub(super) range: Option<ByteRange>,
}

/// A segment of a list: at the base where there is no medium.
#[derive(Debug, PartialEq)]
pub(super) struct Listed {
    pub(super) media: Option<Box<str>>,
    pub(super) range: Option<ByteRange>,
}

impl Addressing {
    /// That of `element`, which stands in what has this one.
    pub(super) fn inherited(&self, element: &Element, url: &Url) -> Result<Self> {
        let forms =
            [(Form::Template, "SegmentTemplate"), (Form::List, "SegmentList"), (Form::Whole, "SegmentBase")];
        let own = forms.into_iter().find_map(|(form, name)| Some((form, element.first(name)?)));
        let Some((form, own)) = own else { return Ok(self.clone()) };
        if own.href().is_some() {
            return Err(Error::bad_reply(url, "the manifest has remote elements, which are not read"));
        }
        // One form inherits nothing from another.
        let mut addressing = if self.form == form { self.clone() } else { Self { form, ..Self::default() } };
        addressing.take(own, url)?;
        Ok(addressing)
    }

    fn take(&mut self, own: &Element, url: &Url) -> Result<()> {
        let numbers = [
            (&mut self.timescale, "timescale"),
            (&mut self.duration, "duration"),
            (&mut self.start_number, "startNumber"),
            (&mut self.end_number, "endNumber"),
            (&mut self.time_offset, "presentationTimeOffset"),
        ];
        for (field, name) in numbers {
            if let Some(number) = number::attribute(own, name, url)? {
                *field = Some(number);
            }
        }
        if self.timescale == Some(0) {
            return Err(Error::bad_reply(url, "the manifest has a `timescale` of 0"));
        }
        if let Some(offset) = own.attribute("availabilityTimeOffset") {
            // What is told early but comes while it is made is no whole segment yet.
            let is_whole = own.attribute("availabilityTimeComplete") != Some("false");
            self.early = match offset {
                "INF" => Some(u64::MAX),
                _ => decimal(offset),
            }
            .filter(|_| is_whole);
        }
        for (field, name) in [(&mut self.media, "media"), (&mut self.initialization, "initialization")] {
            if let Some(template) = own.attribute(name) {
                *field = Some(bounded(template, url)?.into());
            }
        }
        if let Some(initialisation) = own.first("Initialization") {
            let source =
                initialisation.attribute("sourceURL").map(|it| bounded(it, url)).transpose()?.map(Box::from);
            let range = range(initialisation, "range", url)?;
            self.initialisation = Some(Arc::new(Initialisation { source, range }));
        }
        if let Some(timeline) = own.first("SegmentTimeline") {
            self.timeline = Some(entries(timeline, url)?.into());
        }
        if own.first("SegmentURL").is_some() {
            let listed = own.all("SegmentURL").map(|it| {
                let range = range(it, "mediaRange", url)?;
                Ok(Listed { media: it.attribute("media").map(Box::from), range })
            });
            self.listed = Some(listed.collect::<Result<Vec<_>>>()?.into());
        }
        Ok(())
    }
}

fn bounded<'a>(text: &'a str, url: &Url) -> Result<&'a str> {
    if text.len() > LONGEST {
        return Err(Error::bad_reply(url, format!("the manifest has a URL of over {LONGEST} bytes")));
    }
    Ok(text)
}

fn range(element: &Element, name: &str, url: &Url) -> Result<Option<ByteRange>> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    let problem = || {
        Error::bad_reply(url, format!("`{name}` of `{}` in the manifest is no byte range", element.name()))
    };
    byte_range(text).ok_or_else(problem).map(Some)
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::{super::xml::parse, *};

    fn read(levels: [&str; 3]) -> Result<Addressing> {
        let url = Url::parse("https://h.example/").unwrap();
        levels.into_iter().try_fold(Addressing::default(), |outer, level| {
            outer.inherited(&parse(&format!("<A>{level}</A>"), &url)?, &url)
        })
    }

    #[track_caller]
    fn check<T: PartialEq + Debug>(levels: [&str; 3], field: fn(&Addressing) -> T, expected: &T) {
        assert_eq!(&field(&read(levels).unwrap()), expected, "{levels:?}");
    }

    #[test]
    fn attributes_are_inherited_one_by_one() {
        let levels = [
            "<SegmentTemplate timescale='1000' duration='2000' media='p'/>",
            "<SegmentTemplate duration='4000' startNumber='7'/>",
            "<SegmentTemplate media='r' presentationTimeOffset='9'/>",
        ];
        let fields =
            |it: &Addressing| (it.timescale, it.duration, it.start_number, it.time_offset, it.media.clone());
        check(levels, fields, &(Some(1000), Some(4000), Some(7), Some(9), Some("r".into())));
    }

    #[test]
    fn a_form_inherits_nothing_from_another() {
        let levels = ["<SegmentTemplate timescale='1000' media='p'/>", "", "<SegmentList duration='2'/>"];
        check(levels, |it| (it.form, it.timescale, it.duration), &(Form::List, None, Some(2)));
        check(["<SegmentList/>", "<SegmentBase/>", ""], |it| it.form, &Form::Whole);
    }

    #[test]
    fn how_early_a_segment_is_available() {
        let check = |attributes: &str, expected: Option<u64>| {
            check(["", "", &format!("<SegmentTemplate {attributes}/>")], |it| it.early, &expected);
        };
        check("", None);
        check("availabilityTimeOffset='1.5'", Some(1_500_000_000));
        check("availabilityTimeOffset='INF'", Some(u64::MAX));
        check("availabilityTimeOffset='7' availabilityTimeComplete='false'", None);
    }

    #[test]
    fn what_makes_no_sense_is_a_bad_reply() {
        for own in [
            "<SegmentTemplate timescale='0'/>",
            "<SegmentTemplate duration='-1'/>",
            "<SegmentTemplate startNumber='18446744073709551616'/>",
            "<SegmentList><Initialization range='5-4'/></SegmentList>",
            "<SegmentList><SegmentURL mediaRange='x'/></SegmentList>",
            "<SegmentList xmlns:x='l' x:href='list.xml'/>",
            &format!("<SegmentTemplate media='{}'/>", "x".repeat(LONGEST + 1)),
        ] {
            assert_eq!(read(["", "", own]).unwrap_err().code(), "bad_reply", "{own:.100}");
        }
    }
}
