//! Addresses that are not to be reached: no canary that stands there may count a connection.

use std::{collections::HashMap, io, net::IpAddr, sync::Arc, time::Duration};

use qetch::{
    Content, Context, DownloadOptions, Error, Extraction, Extractor, ExtractorInfo, Fragment, Handle,
    Handles, Handoff, Kind, Live, LiveBuilder, NetworkPolicy, Qetch, QetchBuilder, Resolver, Result, Url,
    async_trait,
};
use qetch_testkit::{Origin, Resource};
use qetch_tests::{Folder, canary::Canary, url};

/// A site that counts as public, since its name is routed, and a canary.
pub(super) struct Attack {
    pub(super) site: Origin,
    pub(super) canary: Canary,
}

/// A resolver that knows these names, and whose time passes with each question.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: HashMap<&'static str, Vec<Vec<IpAddr>>>,
    asked: std::sync::Mutex<HashMap<String, usize>>,
}

impl Table {
    /// `name` has the addresses of `answers`, those of each one in turn and then those of the last.
    pub(super) fn with(mut self, name: &'static str, answers: &[&[&str]]) -> Self {
        let parsed = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.names.insert(name, answers.iter().map(parsed).collect());
        self
    }
}

#[async_trait]
impl Resolver for Table {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let answers = self.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        let turn = {
            let mut asked = self.asked.lock().unwrap();
            let turn = asked.entry(name.to_owned()).or_default();
            *turn += 1;
            *turn - 1
        };
        if answers.len() > 1 {
            // What was looked up is forgotten before the next one asks.
            tokio::time::advance(Duration::from_secs(6)).await;
        }
        Ok(answers[turn.min(answers.len() - 1)].clone())
    }
}

impl Attack {
    pub(super) async fn start() -> Self {
        Self { site: Origin::start().await.unwrap(), canary: Canary::start().await }
    }

    pub(super) fn qetch(&self) -> QetchBuilder {
        self.qetch_over(Live::builder())
    }

    pub(super) fn qetch_over(&self, live: LiveBuilder) -> QetchBuilder {
        let builder = Qetch::builder().transport(Arc::new(live.build())).retries(0);
        builder.route("public.example", &url(&self.site.url("/"))).unwrap()
    }

    /// A link to the canary at this host.
    pub(super) fn at(&self, host: &str) -> String {
        format!("http://{host}:{}/latest/meta-data", self.canary.port())
    }

    /// A page of the public site leads to this host, and nobody gets there.
    async fn redirect_is_refused(host: &str) {
        Self::redirect_of(Self::qetch, host).await;
    }

    async fn redirect_of(qetch: impl FnOnce(&Self) -> QetchBuilder, host: &str) {
        let attack = Self::start().await;
        attack.site.serve("/a", Resource::redirect(attack.at(host)));
        let result = qetch(&attack).build().extract("http://public.example/a").await.map(drop);
        attack.refused(&result);
    }

    pub(super) fn refused<T: std::fmt::Debug>(&self, result: &Result<T>) {
        assert!(matches!(result, Err(Error::EgressDenied { .. })), "{result:?}");
        assert_eq!(self.canary.visits(), 0, "the canary was reached");
    }
}

#[tokio::test]
async fn a_redirect_to_this_machine_is_refused() {
    Attack::redirect_is_refused("127.0.0.1").await;
}

#[tokio::test]
async fn a_redirect_to_another_address_of_this_machine_is_refused() {
    Attack::redirect_is_refused("127.8.9.10").await;
}

#[tokio::test]
async fn a_redirect_to_this_machine_in_ipv6_is_refused() {
    Attack::redirect_is_refused("[::1]").await;
}

#[tokio::test]
async fn a_redirect_to_a_mapped_address_is_refused() {
    Attack::redirect_is_refused("[::ffff:127.0.0.1]").await;
}

#[tokio::test]
async fn a_redirect_to_a_short_address_in_hex_is_refused() {
    Attack::redirect_is_refused("0x7f.1").await;
}

#[tokio::test]
async fn a_redirect_to_a_decimal_address_is_refused() {
    Attack::redirect_is_refused("2130706433").await;
}

#[tokio::test]
async fn a_redirect_to_an_octal_address_is_refused() {
    Attack::redirect_is_refused("0177.0.0.01").await;
}

#[tokio::test]
async fn a_redirect_to_an_address_in_other_digits_is_refused() {
    Attack::redirect_is_refused("%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1").await;
}

#[tokio::test]
async fn a_redirect_to_no_address_at_all_is_refused() {
    Attack::redirect_is_refused("0.0.0.0").await;
}

#[tokio::test]
async fn a_redirect_to_no_address_in_ipv6_is_refused() {
    Attack::redirect_is_refused("[::]").await;
}

#[tokio::test]
async fn a_redirect_to_a_translated_address_is_refused() {
    Attack::redirect_is_refused("[64:ff9b::7f00:1]").await;
}

#[tokio::test]
async fn a_redirect_to_a_tunnelled_address_is_refused() {
    Attack::redirect_is_refused("[2002:7f00:1::1]").await;
}

#[tokio::test]
async fn a_redirect_to_the_metadata_of_a_cloud_is_refused() {
    Attack::redirect_is_refused("169.254.169.254").await;
}

#[tokio::test]
async fn a_redirect_to_a_private_network_is_refused() {
    Attack::redirect_is_refused("192.168.0.1").await;
}

#[tokio::test]
async fn a_redirect_to_a_name_of_this_machine_is_refused() {
    // What the system says of it.
    Attack::redirect_is_refused("localhost.").await;
}

#[tokio::test]
async fn a_redirect_to_a_public_looking_name_of_this_machine_is_refused() {
    let table = || Table::default().with("looks.public.example", &[&["127.0.0.1", "::1"]]);
    Attack::redirect_of(
        |it| it.qetch_over(Live::builder().resolver(Arc::new(table()))),
        "looks.public.example",
    )
    .await;
}

#[tokio::test]
async fn a_redirect_behind_a_redirect_is_refused() {
    let attack = Attack::start().await;
    attack.site.serve("/a", Resource::redirect("http://public.example/b"));
    attack.site.serve("/b", Resource::redirect(attack.at("127.0.0.1")));
    let result = attack.qetch().build().extract("http://public.example/a").await.map(drop);
    attack.refused(&result);
}

#[tokio::test]
async fn a_link_to_this_machine_is_refused_where_public_ones_alone_are_allowed() {
    for host in ["127.0.0.1", "[::1]", "0x7f000001", "localhost"] {
        let attack = Attack::start().await;
        let qetch = attack.qetch().network(NetworkPolicy::PublicOnly).build();
        attack.refused(&qetch.extract(&attack.at(host)).await.map(drop));
    }
}

#[tokio::test]
async fn a_link_to_a_name_of_this_machine_is_refused_where_public_ones_alone_are_allowed() {
    let attack = Attack::start().await;
    let table = Table::default().with("looks.public.example", &[&["127.0.0.1"]]);
    let qetch = attack.qetch_over(Live::builder().resolver(Arc::new(table)));
    let qetch = qetch.network(NetworkPolicy::PublicOnly).build();
    attack.refused(&qetch.extract(&attack.at("looks.public.example")).await.map(drop));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_public_first_and_private_then_is_refused() {
    let attack = Attack::start().await;
    let table = Table::default().with("rebinds.example", &[&["1.1.1.1"], &["127.0.0.1"]]);
    let qetch = attack.qetch_over(Live::builder().resolver(Arc::new(table))).build();
    // The first answer makes it a public link; the second one is what would be connected to.
    attack.refused(&qetch.extract(&attack.at("rebinds.example")).await.map(drop));
}

#[tokio::test]
async fn a_connection_that_a_person_opened_is_not_used_by_a_page() {
    let attack = Attack::start().await;
    let home = Origin::start().await.unwrap();
    home.serve("/mine.mp4", Resource::new("mine").with_content_type("video/mp4"));
    let table = Table::default().with("home.example", &[&["127.0.0.1"]]);
    let qetch = attack.qetch_over(Live::builder().resolver(Arc::new(table))).build();
    let link = format!("http://home.example:{}/mine.mp4", home.addr().port());
    assert!(qetch.extract(&link).await.is_ok(), "a person may");
    attack.site.serve("/a", Resource::redirect(&link));
    attack.refused(&qetch.extract("http://public.example/a").await.map(drop));
    assert_eq!(home.hits("/mine.mp4"), 1);
}

#[tokio::test]
async fn this_machine_leads_to_no_metadata() {
    let attack = Attack::start().await;
    attack.site.serve("/a", Resource::redirect(attack.at("169.254.169.254")));
    attack.refused(&attack.qetch().build().extract(&attack.site.url("/a")).await.map(drop));
}

/// Finds what it is told to, at a public site.
#[derive(Debug)]
struct Told {
    info: ExtractorInfo,
    link: String,
    hands_off: bool,
}

impl Told {
    fn new(link: String, hands_off: bool) -> Self {
        let handle = Handle::new("any", ["told.example"], "").with_example("http://told.example/a");
        let info = ExtractorInfo::new("told", "told").with_handles(Handles::new([handle]));
        Self { info, link, hands_off }
    }
}

#[async_trait]
impl Extractor for Told {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        let link = Url::parse(&self.link)?;
        Ok(match self.hands_off {
            true => Extraction::once(Handoff::new(link)),
            false => Extraction::once(Content::new("told", Kind::Video, url.clone(), [Fragment::new(link)])),
        })
    }
}

/// What `told` finds behind its link is downloaded by this facade.
async fn downloaded(qetch: &Qetch, link: &str) -> Result<()> {
    let folder = Folder::new();
    let variants = qetch.extract(link).await?.next_variants().await?.unwrap();
    let done = qetch.download(variants.best(), folder.path("f"), &DownloadOptions::new()).await;
    assert!(done.is_ok() || folder.names().is_empty(), "{:?}", folder.names());
    done.map(drop)
}

#[tokio::test]
async fn a_file_of_a_public_page_on_this_machine_is_refused() {
    let attack = Attack::start().await;
    let qetch = attack.qetch().route("told.example", &url(&attack.site.url("/"))).unwrap();
    let qetch = qetch.extractor(Told::new(attack.at("127.0.0.1"), false)).build();
    attack.refused(&downloaded(&qetch, "http://told.example/a").await);
}

#[tokio::test]
async fn a_file_that_redirects_to_this_machine_is_refused() {
    let attack = Attack::start().await;
    let qetch = attack.qetch().route("told.example", &url(&attack.site.url("/"))).unwrap();
    let qetch = qetch.extractor(Told::new("http://public.example/f.mp4".into(), false)).build();
    attack.site.serve("/f.mp4", Resource::redirect(attack.at("localhost")));
    attack.refused(&downloaded(&qetch, "http://told.example/a").await);
}

#[tokio::test]
async fn a_hand_off_to_this_machine_is_refused() {
    let attack = Attack::start().await;
    let qetch = attack.qetch().route("told.example", &url(&attack.site.url("/"))).unwrap();
    let qetch = qetch.extractor(Told::new(attack.at("127.0.0.1"), true)).build();
    let mut extraction = qetch.extract("http://told.example/a").await.unwrap();
    attack.refused(&extraction.next_variants().await);
}

/// A content that was saved, and read by someone else.
fn saved(source: &str, link: &str) -> Content {
    let content = Content::new("saved", Kind::Video, url(source), [Fragment::new(url(link))]);
    serde_json::from_value(serde_json::to_value(content).unwrap()).unwrap()
}

#[tokio::test]
async fn a_saved_content_leads_to_public_addresses_alone() {
    for host in ["127.0.0.1", "localhost", "[::ffff:7f00:1]"] {
        let (attack, folder) = (Attack::start().await, Folder::new());
        // That its page is of this machine says nothing either: both are a stranger's word.
        let content = saved(&attack.at(host), &attack.at(host));
        let done = attack.qetch().build().download(&content, folder.path("f"), &DownloadOptions::new()).await;
        attack.refused(&done);
        assert!(folder.names().is_empty());
    }
}

#[tokio::test]
async fn a_dead_link_of_a_saved_content_is_not_made_anew_from_this_machine() {
    let (attack, folder) = (Attack::start().await, Folder::new());
    attack.site.serve("/f.mp4", Resource::new("gone").with_status(403));
    let mut content = saved(&attack.at("127.0.0.1"), "http://public.example/f.mp4");
    content.extractor = "generic".into();
    let done = attack.qetch().build().download(&content, folder.path("f"), &DownloadOptions::new()).await;
    attack.refused(&done);
}

#[tokio::test]
async fn what_a_person_allows_is_reached() {
    // The canary sings: the attacks above fail for no other reason.
    for (policy, host) in
        [(NetworkPolicy::Any, "127.0.0.1"), (NetworkPolicy::Any, "localhost"), (NetworkPolicy::Any, "[::1]")]
    {
        let attack = Attack::start().await;
        attack.site.serve("/a", Resource::redirect(attack.at(host)));
        let found = attack.qetch().network(policy).build().extract("http://public.example/a").await;
        assert!(found.is_ok() && attack.canary.visits() > 0, "{policy} {host}");
    }
    let attack = Attack::start().await;
    assert!(attack.qetch().build().extract(&attack.at("127.0.0.1")).await.is_ok());
    assert_eq!(attack.canary.visits(), 1, "a person's own link");
}
