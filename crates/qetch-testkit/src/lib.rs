//! What a writer of an extractor or a downloader needs for tests: an HTTP origin that can misbehave on
//! purpose, bytes that give a misplaced range away, and a site that answers like gfycat.
//!
//! The origin is a raw-TCP HTTP/1.1 server, so that it can do what a mock of requests cannot: ranges on real
//! connections, bodies cut short or reset, lengths that lie, stalls. It keeps a log of what it was asked and
//! what it really sent. Give it a [`Resource`] with one [`Behaviour`] or several, let your client fetch it, and
//! look at the file and at the log:
//!
//! ```
//! use qetch_testkit::{Behaviour, Origin, Resource, Which, pattern};
//! use tokio::{
//!     io::{AsyncReadExt, AsyncWriteExt},
//!     net::TcpStream,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let origin = Origin::start().await?;
//! let resource = Resource::new(pattern(100_000, 1))
//!     .with_etag("one")
//!     .with_behaviour(Behaviour::CutOnce { after: 1_000 })
//!     .with_behaviour(Behaviour::Fails { which: Which::Nth(2), status: 503 });
//! origin.serve("/clip.mp4", resource);
//!
//! // A client that believes the end of the connection is the end of the file gets 1,000 bytes.
//! let mut client = TcpStream::connect(origin.addr()).await?;
//! client.write_all(b"GET /clip.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
//! let mut answer = Vec::new();
//! client.read_to_end(&mut answer).await?;
//!
//! assert_eq!(origin.bytes_sent("/clip.mp4"), 1_000);
//! assert_eq!(origin.ranges("/clip.mp4"), [None]);
//! assert_eq!(origin.connections("/clip.mp4"), 1);
//! # Ok(())
//! # }
//! ```
//!
//! [`traps`] is the list of what goes wrong out there, with what is right to come of it: try your client on all
//! of them. The program `qetch-misbehaving-origin` serves the same list to clients in any language.
//!
//! [`shapes()`] is what the JSON of a site may look like one day: try your extractor on it. [`shape_changes()`] says what changed
//! between the JSON answers that are known and those of today; the program `qetch-shapes` does so with cassettes.

mod behaviour;
pub mod demo;
mod gzip;
mod origin;
mod pattern;
#[cfg(test)]
mod raw_client;
mod resource;
mod shape_changes;
mod shapes;
mod traps;

pub use behaviour::{Behaviour, When, Which};
pub use origin::{Origin, Seen};
pub use pattern::pattern;
pub use resource::Resource;
pub use shape_changes::{JsonAnswer, ShapeChanges, shape_changes};
pub use shapes::{Shape, shapes};
pub use traps::{Trap, Verdict, traps};
