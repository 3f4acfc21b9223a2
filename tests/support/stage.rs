//! A stage: a server of the files of a folder, with byte ranges, and of whatever a test puts in place of some of them.

use std::{
    collections::HashMap,
    fmt, fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::method};

use crate::Folder;

/// What a test puts in place of a file.
type Act = Arc<dyn Fn(&Request) -> ResponseTemplate + Send + Sync>;

/// The server, and the folder whose files it gives.
pub struct Stage {
    server: MockServer,
    folder: Arc<Folder>,
    acts: Arc<Mutex<HashMap<String, Act>>>,
}

struct Files {
    root: PathBuf,
    acts: Arc<Mutex<HashMap<String, Act>>>,
    delay: Duration,
}

impl Stage {
    /// Serves a new, empty folder.
    pub async fn start() -> Self {
        Self::with_delay(Duration::ZERO).await
    }

    /// The same, answering each request only after some time.
    pub async fn with_delay(delay: Duration) -> Self {
        let (server, folder) = (MockServer::start().await, Arc::new(Folder::new()));
        let acts = Arc::<Mutex<HashMap<_, _>>>::default();
        let files = Files { root: folder.root().to_owned(), acts: acts.clone(), delay };
        server.register(Mock::given(method("GET")).respond_with(files)).await;
        Self { server, folder, acts }
    }

    /// Where its files are.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The link of the file `name`.
    pub fn link(&self, name: &str) -> String {
        format!("{}/{name}", self.server.uri())
    }

    /// Puts a file there.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Answers requests for `name` with what `act` makes of them.
    pub fn act(&self, name: &str, act: impl Fn(&Request) -> ResponseTemplate + Send + Sync + 'static) {
        self.acts.lock().unwrap().insert(format!("/{name}"), Arc::new(act));
    }

    /// The paths that were asked for, in order.
    pub async fn asked(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap_or_default();
        requests.iter().map(|request| request.url.path().to_owned()).collect()
    }
}

impl Respond for Files {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let act = self.acts.lock().unwrap().get(request.url.path()).cloned();
        let answer = match act {
            Some(act) => act(request),
            None => match fs::read(self.root.join(request.url.path().trim_start_matches('/'))) {
                Ok(bytes) => answer(request, &bytes),
                Err(_) => ResponseTemplate::new(404),
            },
        };
        if self.delay.is_zero() { answer } else { answer.set_delay(self.delay) }
    }
}

/// What a server of files answers that has these bytes: all, or the one range that is asked for.
pub fn answer(request: &Request, bytes: &[u8]) -> ResponseTemplate {
    let validated =
        |status| ResponseTemplate::new(status).insert_header("ETag", format!("\"{:x}\"", sum(bytes)));
    let range = request.headers.get("range").and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
        return validated(200).set_body_bytes(bytes);
    };
    let first: usize = first.parse().unwrap();
    let end = last.parse().map_or(bytes.len(), |last: usize| (last + 1).min(bytes.len()));
    if first >= end {
        return ResponseTemplate::new(416).insert_header("Content-Range", format!("bytes */{}", bytes.len()));
    }
    let told = format!("bytes {first}-{}/{}", end - 1, bytes.len());
    validated(206).insert_header("Content-Range", told).set_body_bytes(&bytes[first..end])
}

/// Tells bytes from others, well enough for a test.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("uri", &self.server.uri()).finish_non_exhaustive()
    }
}
