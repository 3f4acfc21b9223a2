//! Downloads that are larger than they should be, or have no end.

use qetch::{Content, DownloadOptions, Error, Qetch};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{
    Folder, content,
    flood::{Flood, IN_SOCKETS},
    listening,
    site::Site,
};
use wiremock::{Mock, matchers::any};

use super::{MIB, SOON, assert_over, compressed, redirects, spaces};

/// The error of downloading `content` in this way, which must not take long. No more than `bytes` of the file were taken, and
/// nothing stands under its name.
async fn failed(content: &Content, options: DownloadOptions, bytes: u64) -> Error {
    let (qetch, folder) = (Qetch::new(), Folder::new());
    let (options, heard) = listening(options.with_retries(1));
    let done = qetch.download(content, folder.path("f"), &options);
    let done = tokio::time::timeout(SOON, done).await;
    let error = done.expect("it does not end").expect_err("it is downloaded");
    let done = heard.lock().unwrap().iter().map(|progress| progress.done).max();
    assert!(done.unwrap_or(0) <= bytes, "{done:?} bytes were taken");
    for name in folder.names() {
        assert!(["f.qetch", "f.qetch-journal"].contains(&name.as_str()), "{name}");
        let size = std::fs::metadata(folder.path(&name)).unwrap().len();
        assert!(size <= bytes, "{name} has {size} bytes");
    }
    error
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n";

#[tokio::test]
async fn a_file_that_announces_more_than_is_wanted_is_refused_before_it_is_fetched() {
    let flood = Flood::start(&format!("{OK}Content-Length: 10737418240\r\n\r\n"), spaces()).await;
    let options = DownloadOptions::new().with_max_size(64 * MIB);
    let error = failed(&content([flood.url("/f").as_str()]), options, 0).await;
    assert_over(&error, "size of the file is over the limit of 67108864 bytes");
    assert!(flood.sent() < IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn a_file_of_unknown_length_that_is_larger_than_wanted_is_given_up_when_it_is() {
    let origin = Origin::start().await.unwrap();
    let resource = Resource::new(pattern(3 << 20, 1)).with_behaviour(Behaviour::Chunked);
    origin.serve("/f", resource.with_throttle(8 * MIB));
    let options = DownloadOptions::new().with_max_size(MIB);
    let error = failed(&content([origin.url("/f").as_str()]), options, 2 * MIB).await;
    assert_over(&error, "limit of 1048576 bytes");
}

#[tokio::test]
async fn a_file_without_length_and_end_is_given_up_at_the_size_that_is_wanted() {
    let flood = Flood::start(&format!("{OK}\r\n"), spaces()).await;
    let options = DownloadOptions::new().with_max_size(2 * MIB);
    let error = failed(&content([flood.url("/f").as_str()]), options, 4 * MIB).await;
    assert_over(&error, "limit of 2097152 bytes");
    assert!(flood.sent() < 4 * MIB + IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn chunks_beyond_what_the_site_promised_are_a_wrong_reply() {
    let piece = [&b"10000\r\n"[..], &spaces(), b"\r\n"].concat();
    let flood = Flood::start(&format!("{OK}Transfer-Encoding: chunked\r\n\r\n"), piece).await;
    let mut promised = content([flood.url("/f").as_str()]);
    promised.size = Some(100_000);
    assert_eq!(failed(&promised, DownloadOptions::new(), 2 * MIB).await.code(), "bad_reply");
    assert!(flood.sent() < 4 * MIB + 2 * IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn chunks_beyond_what_a_range_promised_are_not_waited_for() {
    let head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99999/100000\r\n";
    let piece = [&b"10000\r\n"[..], &spaces(), b"\r\n"].concat();
    let flood = Flood::start(&format!("{head}Transfer-Encoding: chunked\r\n\r\n"), piece).await;
    let (qetch, folder, content) = (Qetch::new(), Folder::new(), content([flood.url("/f").as_str()]));
    let options = DownloadOptions::new();
    let done = tokio::time::timeout(SOON, qetch.download(&content, folder.path("f"), &options)).await;
    assert_eq!(done.expect("it does not end").unwrap().bytes, 100_000);
    assert_eq!(std::fs::read(folder.path("f")).unwrap(), vec![b' '; 100_000]);
    assert!(flood.sent() < 2 * IN_SOCKETS, "{}", flood.sent());
}

#[tokio::test]
async fn pieces_of_unknown_length_are_no_larger_together_than_is_wanted() {
    let origin = Origin::start().await.unwrap();
    let links: Vec<_> = (0..40).map(|index| origin.url(&format!("/{index}"))).collect();
    for index in 0..40 {
        let piece = Resource::new(pattern(256 << 10, index)).with_behaviour(Behaviour::Chunked);
        origin.serve(&format!("/{index}"), piece);
    }
    let content = content(links.iter().map(String::as_str));
    let error = failed(&content, DownloadOptions::new().with_max_size(MIB), 2 * MIB).await;
    assert_over(&error, "limit of 1048576 bytes");
    assert_eq!(origin.hits("/20"), 0);
}

#[tokio::test]
async fn a_compression_bomb_in_the_place_of_a_file_is_no_file() {
    let site = Site::start().await;
    site.mount(Mock::given(any()).respond_with(compressed(64 << 20))).await;
    let folder = Folder::new();
    let error = site.qetch().build().fetch("https://files.example/a.mp4", folder.root()).await.unwrap_err();
    assert_eq!((error.code(), folder.names().len()), ("bad_reply", 0), "{error} {:?}", folder.names());
}

#[tokio::test]
async fn a_download_that_is_redirected_without_end_fails_and_is_not_tried_again() {
    let site = Site::start().await;
    site.mount(redirects(|number| format!("/{}", number + 1))).await;
    let (folder, content) = (Folder::new(), content(["https://files.example/0"]));
    let done = site.qetch().build().download(&content, folder.path("f"), &DownloadOptions::new()).await;
    assert_over(&done.unwrap_err(), "limit of 20");
    assert_eq!(site.asked().await.len(), 21);
}
