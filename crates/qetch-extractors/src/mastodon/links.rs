//! The links of an instance, and what each leads to.

use qetch_core::{Handle, Handles, Result, Url, link::decoded};

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A post, by its id at the instance.
    Post(String),
    /// What an account posted, with a tag where one is named.
    Account(Who, Option<String>),
    /// The accounts that an account follows.
    Following(Who),
    /// What is posted with a tag.
    Tag(String),
    /// What only its user sees.
    Own(Own),
    /// A post or something else: only where it leads to tells.
    Object,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// By its id at the instance.
    Id(String),
    /// By its name, `user` or `user@host`.
    Name(String),
}

/// What only its user sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Bookmarks,
    Favourites,
    List(String),
}

impl Form {
    /// What `url` leads to.
    ///
    /// # Errors
    /// [`Unsupported`](qetch_core::Error::Unsupported) where it is of none of the forms.
    pub(super) fn of(handles: &Handles, url: &Url) -> Result<Self> {
        let found = handles.require(url)?;
        let id = || found.decoded("id");
        Ok(match found.handle().name() {
            "account" | "account_uri" => Self::Account(Who::new(&id()), found.get("tag").map(decoded)),
            "account_id" => Self::Account(Who::Id(id()), None),
            "following" | "following_uri" => Self::Following(Who::new(&id())),
            "tag" => Self::Tag(id()),
            "bookmarks" => Self::Own(Own::Bookmarks),
            "favourites" => Self::Own(Own::Favourites),
            "list" => Self::Own(Own::List(id())),
            "object" => Self::Object,
            _ => Self::Post(id()),
        })
    }
}

impl Who {
    /// Reads `user`, `user@host`, and `id:1`, by which some programs name an account.
    fn new(text: &str) -> Self {
        match text.strip_prefix("id:") {
            Some(id) => Self::Id(id.to_owned()),
            None => Self::Name(text.to_owned()),
        }
    }

    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Id(text) | Self::Name(text) => text,
        }
    }
}

/// Whether a path may be one of an instance. It is asked of links of any host, and much faster than the patterns are.
pub(super) fn may_be(path: &str) -> bool {
    let first = path.get(1..).and_then(|path| path.split('/').next()).unwrap_or_default();
    match first {
        "accounts" | "activities" | "ap" | "bookmarks" | "deck" | "favourites" | "lists" | "notice" => true,
        "objects" | "p" | "statuses" | "tag" | "tags" | "users" | "web" => true,
        _ => first.starts_with('@') || first.starts_with("%40"),
    }
}

/// The forms of links, on any host. A pattern is as narrow as its software allows, since it is tried on every link.
pub(super) fn handles() -> Handles {
    /// A name of a user; where it is of another instance, that one's host follows.
    const NAME: &str = r"[A-Za-z0-9_][A-Za-z0-9_.-]*";
    const AT_HOST: &str = r"(?:(?:@|%40)[A-Za-z0-9.-]+(?::[0-9]+)?)?";
    /// Ids: numbers of Mastodon and Pixelfed, ULIDs of GoToSocial, flakes of Pleroma.
    const NUMBER: &str = r"[0-9]{1,20}";
    const ULID: &str = r"[0-7][0-9A-HJKMNP-TV-Z]{25}";
    const FLAKE: &str = r"[A-Za-z0-9]{18}";
    const UUID: &str = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

    let any = |name: &str, path: &str, examples: &[&str]| {
        let handle = Handle::new(name, ["*"], path);
        examples.iter().copied().fold(handle, Handle::with_example)
    };
    let user = format!("(?:@|%40)(?P<id>{NAME}{AT_HOST})");
    let somebody = format!("(?:@|%40){NAME}{AT_HOST}");
    Handles::new([
        any(
            "status",
            &format!("^/(?:web/|deck/)?{somebody}/(?P<id>{NUMBER})(?:/embed)?/?$"),
            &[
                "https://mastodon.social/@jk/103794036899778366",
                "https://mastodon.social/@technewsbot@assortedflotsam.com/112360601113258881",
                "https://mastodon.social/deck/@jk/103794036899778366",
            ],
        ),
        any(
            "status_of",
            &format!("^/{somebody}/(?:statuses|posts)/(?P<id>{NUMBER}|{ULID}|{FLAKE})/?$"),
            &["https://social.example/@ada/statuses/01HQZKXK3W3CM4VN8VJ9J0RZQ4"],
        ),
        any(
            "status_uri",
            &format!("^/(?:ap/)?users/{NAME}/statuses/(?P<id>{NUMBER}|{ULID})(?:/activity)?/?$"),
            &["https://mastodon.social/users/jk/statuses/103794036899778366"],
        ),
        any(
            "status_id",
            &format!("^/(?:web/|deck/)?statuses/(?P<id>{NUMBER}|{ULID})/?$"),
            &["https://mastodon.social/statuses/103794036899778366"],
        ),
        any(
            "notice",
            &format!("^/notice/(?P<id>{NUMBER}|{FLAKE})/?$"),
            &["https://fedi.valkyrie.world/notice/9xLMO1BcEEbaM54LBI"],
        ),
        any(
            "object",
            &format!("^/(?:objects|activities)/(?P<id>{UUID})/?$"),
            &["https://fedi.valkyrie.world/objects/386d2d68-090f-492e-81bd-8d32a3a65627"],
        ),
        any(
            "photo",
            &format!("^/p/{NAME}/(?P<id>{NUMBER})/?$"),
            &["https://social.example/p/ada/527446138209382400"],
        ),
        any(
            "account",
            &format!("^/(?:web/|deck/)?{user}(?:/media|/with_replies|/tagged/(?P<tag>[^/.]+))?/?$"),
            &["https://mastodon.social/@jk", "https://mastodon.social/@ponapalt@ukadon.shillest.net"],
        ),
        any(
            "account_uri",
            &format!("^/users/(?P<id>id:{NUMBER}|{NAME})/?$"),
            &["https://mastodon.social/users/jk", "https://mastodon.social/users/id:10843"],
        ),
        any(
            "account_id",
            &format!("^/(?:(?:web/)?accounts|ap/users)/(?P<id>{NUMBER})/?$"),
            &["https://mastodon.social/web/accounts/10843"],
        ),
        any(
            "following",
            &format!("^/(?:web/|deck/)?{user}/following/?$"),
            &["https://mastodon.social/@gallerydl/following"],
        ),
        any(
            "following_uri",
            &format!("^/users/(?P<id>{NAME})/following/?$"),
            &["https://mastodon.social/users/gallerydl/following"],
        ),
        any(
            "tag",
            r"^/(?:web/timelines/tag|tags?)/(?P<id>[^/.]+)/?$",
            &["https://mastodon.social/tags/mastodon"],
        ),
        any("bookmarks", r"^/(?:web/|deck/)?bookmarks/?$", &["https://mastodon.social/bookmarks"]),
        any("favourites", r"^/(?:web/|deck/)?favourites/?$", &["https://mastodon.social/favourites"]),
        any(
            "list",
            &format!("^/(?:web/|deck/)?lists/(?P<id>{NUMBER}|{ULID})/?$"),
            &["https://mastodon.social/lists/12"],
        ),
    ])
}
