//! The vocabulary of qetch: what an extractor finds, what a downloader brings, and the one gate to the network.
//!
//! Depend on this crate alone to write an extractor or a downloader. To use qetch, depend on the crate `qetch`, which
//! wires everything; or on this one and the sub-crates you need:
//!
//! ```
//! use qetch_core::{Context, Registry};
//!
//! let (registry, cx) = (Registry::new(), Context::new());
//! # let url = qetch_core::Url::parse("https://pond.example/").unwrap();
//! assert!(registry.extractor_for(&url).is_none());
//! # let _ = cx;
//! ```
//!
//! The features `rustls` and `native-tls` compile TLS in; without one of them an `https` URL is a typed error.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod checksum;
mod content;
mod fragment;
mod quality;
mod select;
mod variants;

mod claim;
mod extraction;
mod extractor;
mod handles;

mod downloader;
mod mux;
mod progress;
mod rate_limit;
mod refresh;
mod report;
mod stop;
mod target;

mod answer;
mod auth;
mod context;
mod limits;
mod registry;
mod request;
mod user_headers;

mod egress;
mod gate;
mod header_time;
mod host_pattern;
mod hosts;
mod pages;
mod parked;
mod transport;

mod blocking;
mod error;
mod lock;
mod scheme;
mod shown;
mod staging;
mod timestamp;

pub mod files;
pub mod lenient;
pub mod link;
pub mod media_type;
pub mod naming;

pub use async_trait::async_trait;
pub use url::Url;
/// The crates whose types stand in this crate's signatures.
pub use {bytes, http};

pub use crate::{
    answer::{Answer, Head, OpenAnswer},
    auth::{AccessToken, AuthKind, AuthRegistry, AuthStore, Credential, Secret, TokenRequest},
    blocking::{Wanted, Wants, blocking},
    checksum::Checksum,
    claim::Claim,
    content::{Content, Delivery, Kind, Role},
    context::{Context, ContextBuilder},
    downloader::{DownloadOptions, Downloader, LiveStart},
    egress::{AddressClass, Floor, NetworkPolicy, Resolver},
    error::{BoxError, Error, NetworkFault, Result},
    extraction::{Extraction, Found, Handoff, Known, Page, Warning},
    extractor::{Extractor, ExtractorInfo, Identity, OptionInfo, concat},
    fragment::{BoundTo, ByteRange, Fragment, FragmentMethod},
    handles::{Handle, Handles, Matched},
    header_time::http_date,
    host_pattern::HostPattern,
    limits::Limits,
    mux::{Mux, Muxer, PartStart, Track},
    progress::{Meter, Phase, Progress, ProgressHook},
    quality::Quality,
    rate_limit::RateLimit,
    refresh::Refresh,
    registry::{Claimed, Registry},
    report::{Apart, Gap, Report},
    request::Request,
    select::{Comparison, Items, Measure, Select, Selection},
    shown::{shown, without_values},
    staging::Staging,
    stop::Stop,
    target::{Target, TargetKind},
    timestamp::Timestamp,
    transport::{
        AnswerAt, Body, Cassette, Lane, Live, LiveBuilder, Outgoing, Proxy, Recorder, Replay, Routed, Routes,
        SystemResolver, Tape, Transport,
    },
    user_headers::UserHeaders,
    variants::{Collection, Variants},
};
