//! The renditions that `-f` chooses of what is behind a link.

use qetch::{Select, Selection};

use crate::{
    exit::{FAILED, Failure},
    session::{Reading, Session, within},
};

/// The chosen renditions of what is behind a link or was saved, as its resources are found.
pub(crate) struct Chosen {
    session: Session,
    select: Select,
    reading: Reading,
    /// What was there of what was looked for, while nothing fits.
    offers: Vec<String>,
    is_over: bool,
}

impl Chosen {
    /// Chooses of what `reading` finds.
    pub(crate) fn of(session: &Session, select: &Select, reading: Reading) -> Self {
        let (session, select) = (session.clone(), select.clone());
        Self { session, select, reading, offers: Vec::new(), is_over: false }
    }

    /// The next one. A resource that has none that fits is an error of its own; for a uid, one of them all is enough.
    pub(crate) async fn next(&mut self) -> Result<Option<Selection>, Failure> {
        let is_uid = self.select.is_uid();
        while !self.is_over {
            let Some(variants) = self.reading.next().await? else { break };
            if let Some(selection) = self.select.choose(&variants) {
                self.is_over = is_uid;
                self.offers.clear();
                return Ok(Some(selection));
            }
            self.offers.extend(self.select.offers(&variants));
            if !is_uid {
                self.session.fail(within(self.reading.name(), self.nothing_fits()));
                self.offers.clear();
            }
        }
        if self.offers.is_empty() {
            return Ok(None);
        }
        let failure = self.nothing_fits();
        self.offers.clear();
        Err(failure)
    }

    /// The link, or the name of the file, as it may be shown.
    pub(crate) fn name(&self) -> &str {
        self.reading.name()
    }

    /// Whether something went wrong, so that what else there is cannot be told.
    pub(crate) fn has_failed(&self) -> bool {
        self.reading.has_failed()
    }

    fn nothing_fits(&self) -> Failure {
        /// Enough to see what is there.
        const SHOWN: usize = 20;
        let mut shown = self.offers.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if self.offers.len() > SHOWN {
            shown.push_str(", …");
        }
        Failure::new(FAILED, format!("no rendition fits `-f {}`; there is {shown}", self.select))
    }
}
