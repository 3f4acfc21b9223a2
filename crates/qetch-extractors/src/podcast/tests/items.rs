//! What is made of items.

use qetch_core::{Content, Kind, Role, Variants};

use super::{LINK, resource, resources, rss};

fn uids(variants: &Variants) -> Vec<&str> {
    variants.contents().iter().map(|it| it.uid.as_str()).collect()
}

const GUID: &str = "3241ace2-ca21-dd12-2341-1412ce31fad2";

#[tokio::test]
async fn an_enclosure_and_its_alternatives_are_renditions() {
    let sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= sha384-AAAA";
    let variants = resource(&format!(
        "<item><guid isPermaLink='false'>{GUID}</guid><title>A &amp;amp; B</title><itunes:duration>0:16:40</itunes:duration>\
         <enclosure url='https://cdn.example/1.mp3?from=rss' length='16000000' type='audio/mp3'/>\
         <podcast:alternateEnclosure type='audio/mpeg' length='16000001' bitrate='128000' default='true' title='Standard'>\
           <podcast:source uri='https://cdn.example/1.mp3?from=rss'/><podcast:source uri='ipfs://x'/></podcast:alternateEnclosure>\
         <podcast:alternateEnclosure type='audio/opus' length='4000000' bitrate='32' title='Low' lang='de'>\
           <podcast:source uri='https://cdn.example/low.opus'/>\
           <podcast:source uri='https://mirror.example/low.opus'/></podcast:alternateEnclosure>\
         <podcast:alternateEnclosure type='video/mp4' length='90000000' bitrate='511276.52' height='720' codecs='avc1.64,mp4a.40.2'>\
           <podcast:source uri='https://cdn.example/720.mp4'/><podcast:integrity type='sri' value='{sri}'/>\
           </podcast:alternateEnclosure>\
         <podcast:alternateEnclosure type='application/x-bittorrent'><podcast:source uri='https://cdn.example/a.torrent'/>\
           </podcast:alternateEnclosure></item>"
    ))
    .await;
    let [video, enclosure, one, other] = uids(&variants)[..] else { panic!("{variants:?}") };
    assert_eq!((video, enclosure), (&*format!("{GUID}-mp4-720p-511k"), &*format!("{GUID}-mp3")));
    assert!(one != other && one.starts_with(&format!("{GUID}-opus-32k-de-")), "{one} {other}");
    let [video, enclosure, low, _] = variants.contents() else { panic!("{variants:?}") };
    assert_eq!((video.height, video.bitrate, video.kind), (Some(720), Some(511_276), Kind::Video));
    assert_eq!((video.codecs.as_deref(), video.duration), (Some("avc1.64,mp4a.40.2"), Some(1000.0)));
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(video.checksums.iter().map(ToString::to_string).collect::<Vec<_>>(), [empty]);
    assert_eq!((video.checksums.len(), &video.metadata["integrity"]), (1, &sri.into()));
    assert_eq!(
        (enclosure.bitrate, enclosure.size_approx, enclosure.size),
        (Some(128_000), Some(16_000_000), None)
    );
    assert_eq!(
        (enclosure.content_type.as_deref(), enclosure.codecs.as_deref()),
        (Some("audio/mpeg"), Some("mp3"))
    );
    assert_eq!(
        (&enclosure.metadata["name"], enclosure.title.as_deref()),
        (&"Standard".into(), Some("A & B"))
    );
    assert_eq!((low.bitrate, low.language.as_deref()), (Some(32_000), Some("de")));
    assert_eq!((low.extractor.as_str(), low.source.as_str()), ("podcast", LINK));
}

#[tokio::test]
async fn an_item_tells_of_itself() {
    let variants = resource(&format!(
        "<language>de</language><itunes:author>The pond</itunes:author><item><guid>{GUID}</guid><title>\n A \n frog </title>\
         <link>https://pond.example/1</link><pubDate>Fri, 09 Oct 2020 04:30:38 GMT</pubDate>\
         <description><![CDATA[<p>About a <b>frog</b>&nbsp;&amp; more.</p><p>Bye</p>]]></description>\
         <category>Animals</category><itunes:keywords>frog, Animals,pond</itunes:keywords>\
         <itunes:season>2</itunes:season><podcast:season name='Spring'>2</podcast:season>\
         <podcast:episode display='Ch.3'>3.5</podcast:episode><itunes:episodeType>Bonus</itunes:episodeType>\
         <itunes:explicit>Yes</itunes:explicit><itunes:image href='https://cdn.example/1.jpg'/>\
         <media:thumbnail url='https://cdn.example/s.png' width='90' height='60'/>\
         <podcast:transcript url='/1.vtt' type='text/vtt' language='en' rel='captions'/>\
         <podcast:transcript url='/1.srt' type='application/srt'/><podcast:transcript url='/1.json' type='application/json'/>\
         <podcast:transcript url='/1.html' type='text/html'/><podcast:transcript url='/2.html' type='text/html'/>\
         <podcast:chapters url='https://pond.example/1.json' type='application/json+chapters'/>\
         <psc:chapters><psc:chapter start='00:00:00.000' title='Hello'/><psc:chapter start='3:07' title='Frogs' href='h'/></psc:chapters>\
         <podcast:person role='guest'>A Toad</podcast:person><podcast:person>A Newt</podcast:person>\
         <enclosure url='https://cdn.example/1.mp3' type='audio/mpeg' length='0'/></item>"
    ))
    .await;
    let best = variants.best();
    assert_eq!((best.title.as_deref(), best.uploaded_by.as_deref()), (Some("A frog"), Some("The pond")));
    assert_eq!(best.description.as_deref(), Some("About a frog & more.\n\nBye"));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2020-10-09T04:30:38Z");
    assert_eq!((best.tags.join(" "), best.size_approx), ("Animals frog pond".to_owned(), None));
    let told = |name: &str| best.metadata[name].to_string();
    assert_eq!(
        ["season", "season_name", "episode", "episode_name"].map(told),
        ["2", "\"Spring\"", "3.5", "\"Ch.3\""]
    );
    assert_eq!(["episode_type", "explicit"].map(told), ["\"bonus\"", "true"]);
    assert_eq!(
        ["link", "chapters_url"].map(told),
        ["\"https://pond.example/1\"", "\"https://pond.example/1.json\""]
    );
    assert_eq!(told("chapters"), r#"[{"start":0,"title":"Hello"},{"href":"h","start":187,"title":"Frogs"}]"#);
    assert_eq!(told("persons"), r#"[{"name":"A Toad","role":"guest"},{"name":"A Newt"}]"#);
    let [_, poster, thumbnail] = variants.contents() else { panic!("{variants:?}") };
    assert_eq!((poster.role, poster.uid.clone()), (Role::Poster, format!("{GUID}-poster")));
    assert_eq!(
        (poster.extension.as_deref(), poster.content_type.as_deref()),
        (Some("jpg"), Some("image/jpeg"))
    );
    assert_eq!((thumbnail.role, thumbnail.width, thumbnail.height), (Role::Thumbnail, Some(90), Some(60)));
    let of = |it: &Content| (it.uid[GUID.len()..].to_owned(), it.language.clone().unwrap());
    let captions: Vec<_> = variants.companions.iter().map(of).collect();
    let [vtt, srt, json, html, other] = &captions[..] else { panic!("{captions:?}") };
    assert_eq!(vtt, &("-transcript-en-vtt".to_owned(), "en".to_owned()));
    assert_eq!((srt.0.as_str(), srt.1.as_str()), ("-transcript-de-srt", "de"));
    assert_eq!((json.0.as_str(), html.0.as_str()), ("-transcript-de-json", "-transcript-de-html"));
    assert!(other.0.starts_with("-transcript-de-html-"), "{other:?}");
    assert!(variants.companions.iter().all(|it| it.role == Role::Caption && it.kind == Kind::Text));
    assert_eq!(variants.companions[0].metadata["rel"], "captions");
    assert_eq!(variants.companions[0].fragments[0].url.as_str(), "https://pond.example/1.vtt");
}

#[tokio::test]
async fn entries_of_atom_have_enclosures_among_their_links() {
    let feed = "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='fr'><title type='html'>Pond &amp;amp; more</title>\
        <author><name>Frog</name></author><entry><id>tag:pond.example,2020:1</id><title>One</title>\
        <published>2020-10-09T04:30:38Z</published><updated>2021-10-09T04:30:38Z</updated><category term='t' label='Toads'/>\
        <link href='https://pond.example/1'/><summary type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>A <p>text</p></div></summary>\
        <link rel='enclosure' type='audio/ogg' length='1234' href='1.ogg' title='Ogg'/>\
        <link rel='enclosure' type='audio/mpeg' href='1.mp3' hreflang='en'/></entry>\
        <entry><id>2</id><link rel='alternate' href='https://pond.example/2'/></entry></feed>";
    let all = resources(feed).await;
    let [variants] = &all[..] else { panic!("{all:?}") };
    let best = variants.best();
    assert_eq!(variants.contents().len(), 2);
    assert_eq!(best.uid, "cc24b2103edc-mp3");
    assert_eq!((best.title.as_deref(), best.uploaded_by.as_deref()), (Some("One"), Some("Frog")));
    assert_eq!(
        (best.uploaded_date.unwrap().as_unix(), best.tags.join(",")),
        (1_602_217_838, "Toads".to_owned())
    );
    assert_eq!(best.metadata["link"], "https://pond.example/1");
    assert!(best.description.as_deref().is_some_and(|it| it.contains("text")), "{:?}", best.description);
    assert_eq!(variants.worst().size_approx, Some(1234));
    assert_eq!(variants.collection.as_ref().unwrap().title.as_deref(), Some("Pond & more"));
}

#[tokio::test]
async fn rss_1_0_has_its_items_beside_the_channel() {
    let feed = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' \
        xmlns:enc='http://purl.oclc.org/net/rss_2.0/enc#' xmlns:dc='http://purl.org/dc/elements/1.1/'>\
        <channel rdf:about='x'><title>Pond</title></channel><item rdf:about='https://pond.example/1'><title>One</title>\
        <dc:date>2004-02-29</dc:date><dc:creator>Frog</dc:creator>\
        <enc:enclosure rdf:resource='https://cdn.example/1.mp3' enc:type='audio/mpeg' enc:length='5'/></item></rdf:RDF>";
    let all = resources(feed).await;
    let best = all[0].best();
    assert_eq!((best.title.as_deref(), best.size_approx), (Some("One"), Some(5)));
    assert_eq!(best.metadata["guid"], "https://pond.example/1");
    assert_eq!(
        (best.uploaded_date.unwrap().as_unix(), best.uploaded_by.as_deref()),
        (1_078_012_800, Some("Frog"))
    );
}

#[tokio::test]
async fn a_group_of_media_rss_is_one_resource_and_loose_ones_are_several() {
    let variants = resource(
        "<item><guid>g</guid><media:group><media:content url='https://cdn.example/1080.mp4' type='video/mp4' height='1080' \
         width='1920' bitrate='4000' framerate='25' duration='61' fileSize='9' lang='en'><media:hash algo='sha-1'>\
         da39a3ee5e6b4b0d3255bfef95601890afd80709</media:hash></media:content>\
         <media:content url='https://cdn.example/360.mp4' medium='video' height='360' width='640' bitrate='800000'/>\
         <media:content url='https://cdn.example/s.mp4' expression='sample'/>\
         <media:content url='https://tube.example/p.swf' type='application/x-shockwave-flash'/>\
         <media:thumbnail url='https://cdn.example/t.jpg'/><media:description>Frogs</media:description></media:group></item>",
    )
    .await;
    let [large, small, thumbnail] = variants.contents() else { panic!("{variants:?}") };
    assert_eq!((large.width, large.bitrate, large.fps), (Some(1920), Some(4_000_000), Some(25.0)));
    assert_eq!((large.duration, large.size_approx, large.checksums.len()), (Some(61.0), Some(9), 1));
    assert_eq!((large.description.as_deref(), large.language.as_deref()), (Some("Frogs"), Some("en")));
    assert_eq!((small.bitrate, small.kind), (Some(800_000), Kind::Video));
    assert_eq!(thumbnail.role, Role::Thumbnail);

    let all = resources(&rss(
        "<item><guid>pictures</guid><media:content url='https://cdn.example/a.jpg' medium='image'/>\
         <media:content url='https://cdn.example/b.png' type='image/png'/></item>",
    ))
    .await;
    let [one, other] = &all[..] else { panic!("{all:?}") };
    assert_eq!((one.contents().len(), one.best().kind), (1, Kind::Image));
    assert!(one.best().uid != other.best().uid);
    assert_eq!(other.collection.as_ref().unwrap().index, Some(2));
}

#[tokio::test]
async fn pictures_beside_an_episode_stand_for_it() {
    let variants = resource(
        "<item><guid>g</guid><enclosure url='https://cdn.example/1.mp3' type='audio/mpeg'/>\
         <enclosure url='https://cdn.example/1.jpg' type='image/jpeg'/>\
         <media:content url='https://cdn.example/1.mp3' fileSize='77' duration='5'/>\
         <media:content url='https://cdn.example/2.jpg' medium='image' width='10' height='10'/></item>",
    )
    .await;
    let roles: Vec<_> = variants.contents().iter().map(|it| it.role).collect();
    assert_eq!(roles, [Role::Main, Role::Poster, Role::Poster]);
    assert_eq!((variants.best().size_approx, variants.best().duration), (Some(77), Some(5.0)));
}

#[tokio::test]
async fn what_one_item_lists_is_limited() {
    let many = |text: &str| text.repeat(1_000);
    let links: String = (0..1_000)
        .map(|it| format!("<enclosure url='https://cdn.example/{it}.mp3' type='audio/mpeg'/>"))
        .collect();
    let variants = resource(&format!(
        "<item><guid>{GUID}</guid><title>{}</title><description>{}</description>{links}<psc:chapters>{}</psc:chapters>{}</item>",
        many("title "),
        "long ".repeat(100_000),
        many("<psc:chapter start='1' title='a'/>"),
        many("<podcast:transcript url='/a.vtt' type='text/vtt'/><itunes:image href='/a.jpg'/>"),
    ))
    .await;
    assert_eq!((variants.contents().len(), variants.companions.len()), (65, 2));
    let told: Vec<_> = variants.contents().iter().filter(|it| it.description.is_some()).collect();
    assert_eq!((told.len(), told[0].description.as_ref().unwrap().len()), (1, 65_536));
    assert_eq!(
        (told[0].metadata["chapters"].as_array().unwrap().len(), told[0].title.as_ref().unwrap().len()),
        (500, 1_024)
    );
}

#[tokio::test]
async fn no_two_contents_of_a_feed_have_one_uid_however_a_file_is_linked() {
    let feed = rss("<item><guid>one</guid>
           <enclosure url='https://cdn.example/1.mp3' type='audio/mpeg'/>
           <podcast:alternateEnclosure type='audio/opus'><podcast:source uri='https://cdn.example/1.opus'/>
             <podcast:source uri='http://cdn.example/1.opus'/></podcast:alternateEnclosure></item>
         <item><guid>two</guid><media:content url='https://cdn.example/a.jpg' medium='image'/>
           <media:content url='http://cdn.example/a.jpg' medium='image'/>
           <media:content url='https://cdn.example/b.jpg' medium='image'/>
           <media:content url='https://cdn.example/a.jpg' medium='image'/></item>");
    let resources = resources(&feed).await;
    let uids: Vec<_> = resources.iter().flat_map(Variants::contents).map(|it| it.uid.as_str()).collect();
    let unique: std::collections::BTreeSet<_> = uids.iter().collect();
    assert_eq!((uids.len(), unique.len()), (4, 4), "{uids:?}");
}

#[tokio::test]
async fn short_guids_are_of_their_feed_whatever_is_written_in_them() {
    let uid = async |guid: &str, feed: &str| {
        let item = format!(
            "<item><guid>{guid}</guid><enclosure url='https://cdn.example/1.mp3' type='audio/mpeg'/></item>"
        );
        let feed = rss(&format!("<podcast:guid>{feed}</podcast:guid>{item}"));
        resources(&feed).await[0].best().uid.clone()
    };
    for guid in ["7", "Episode 7", "#7", "7/2026"] {
        assert_ne!(uid(guid, "frogs").await, uid(guid, "toads").await, "{guid}");
    }
    // A link is nobody else's.
    let link = "https://pond.example/?p=7";
    assert_eq!(uid(link, "frogs").await, uid(link, "toads").await);
}
