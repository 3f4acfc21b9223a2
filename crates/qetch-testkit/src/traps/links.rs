//! Links that die while a file is fetched, and redirects that make new ones or lead nowhere.

use std::time::Duration;

use bytes::Bytes;

use super::{File, Trap};
use crate::{Behaviour, Resource, When, pattern};

pub(super) fn traps(file: &File) -> Vec<Trap> {
    let half = When::Bytes(file.size / 2);
    let dying = |resource: Resource, when: When, status: u16| {
        resource.with_behaviour(Behaviour::Expires { when, status })
    };
    let second = Bytes::from(pattern(file.body.len(), 2));
    // A body that is being sent goes on after its time: it is cut, so that what is left needs a new link.
    let timed = file
        .resource()
        .with_throttle(file.size / 2)
        .with_behaviour(Behaviour::CutAlways { after: file.size.div_ceil(3).max(1) });
    let minted = |name, what, file: &Bytes, links: Vec<Resource>| {
        Trap::new(name, what, file, Resource::minting(format!("/{name}/"), links))
    };
    vec![
        minted(
            "links-differ",
            "Leads to another link each time; every link stays.",
            &file.body,
            vec![file.resource()],
        ),
        minted(
            "link-expires-403",
            "Leads to a new link each time; a link gives half the file, then 403.",
            &file.body,
            vec![dying(file.paced(), half, 403)],
        ),
        minted(
            "link-expires-410",
            "Leads to a new link each time; a link gives half the file, then 410.",
            &file.body,
            vec![dying(file.paced(), half, 410)],
        ),
        minted(
            "link-expires-401",
            "Leads to a new link each time; a link gives half the file, then 401.",
            &file.body,
            vec![dying(file.paced(), half, 401)],
        ),
        minted(
            "link-expires-in-a-second",
            "Leads to a new link each time; after a second a link gives a 403, and connections are cut.",
            &file.body,
            vec![dying(timed, When::Time(Duration::from_secs(1)), 403)],
        ),
        minted(
            "link-once",
            "Leads to a new link each time; a link can be asked once, then 403, and the first is cut.",
            &file.body,
            vec![
                dying(
                    file.resource().with_behaviour(Behaviour::CutOnce { after: file.size / 2 }),
                    When::Bodies(1),
                    403,
                ),
                dying(file.resource(), When::Bodies(1), 403),
            ],
        ),
        minted(
            "link-swapped",
            "Leads to a link that gives half the file, then 403, and from then on to another file.",
            &second,
            vec![
                dying(file.paced(), half, 403),
                Resource::new(second.clone()).with_etag("two").with_throttle(file.size.saturating_mul(2)),
            ],
        ),
        Trap::new(
            "dies",
            "Gives half the file, then 403 for good.",
            &file.body,
            dying(file.paced(), half, 403),
        )
        .error_alone(),
        Trap::new("redirect-loop", "Leads to itself.", &file.body, Resource::redirect("/redirect-loop"))
            .error_alone(),
    ]
}
