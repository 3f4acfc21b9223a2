//! The simulated network: a transport that answers as an [`Origin`] says.

use std::{ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, header};
use qetch_core::{Body, Error, NetworkFault, Outgoing, Result, Transport};
use tokio::time::sleep;

use super::origin::{Fault, Origin, Validators, Version, Weather};

/// How long nothing may arrive, as for the transport that opens sockets.
const SILENCE: Duration = Duration::from_secs(30);

/// Whoever asks for `/N` gets file `N` of the origin.
#[derive(Clone, Debug)]
pub(super) struct Network(pub(super) Arc<Origin>);

/// An exchange that is under way.
struct Exchange {
    origin: Arc<Origin>,
    is_body: bool,
}

impl Exchange {
    fn begin(origin: &Arc<Origin>) -> Self {
        let mut account = origin.account();
        account.exchanges += 1;
        account.most_exchanges = account.most_exchanges.max(account.exchanges);
        Self { origin: origin.clone(), is_body: false }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut account = self.origin.account();
        account.exchanges -= 1;
        account.bodies -= usize::from(self.is_body);
    }
}

/// A body on its way.
struct Flow {
    exchange: Exchange,
    bytes: Bytes,
    rate: u64,
    chunk: u64,
    pauses: (u64, u64),
    /// What goes wrong with it, and before how many bytes.
    ends: Option<(Fault, u64)>,
    at: u64,
    number: u64,
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, outgoing: Outgoing) -> Result<http::Response<Body>> {
        let origin = &self.0;
        let exchange = Exchange::begin(origin);
        let number = {
            let mut account = origin.account();
            account.requests += 1;
            account.requests
        };
        let request = outgoing.request();
        let file = request.uri().path().trim_start_matches('/').parse().unwrap();
        let asked = request.headers().get(header::RANGE).map(|range| read_range(range.to_str().unwrap()));
        let (from, to) = asked.unwrap_or((u64::MAX, None));
        origin.trace(1, from, to.unwrap_or(u64::MAX));
        let weather = origin.weather.lock().unwrap().clone();
        let (least, most) = weather.latency;
        sleep(Duration::from_millis(least + origin.dice.below(most - least + 1))).await;
        let host = "h.example";
        let is_before = |fault| matches!(fault, Fault::Refused | Fault::Silent | Fault::Status(..));
        match origin.fault(number, is_before) {
            Some(Fault::Refused) => return Err(Error::network(host, NetworkFault::Connect, None)),
            Some(Fault::Silent) => {
                sleep(SILENCE).await;
                return Err(Error::network(host, NetworkFault::Timeout, None));
            }
            Some(Fault::Status(status, wait)) => return Ok(refusal(status, wait)),
            _ => (),
        }
        if let Some((cap, status)) = weather.cap
            && origin.account().bodies >= cap
        {
            return Ok(refusal(status, None));
        }
        let Some(version) = origin.now(file) else { return Ok(refusal(404, None)) };
        Ok(answer(exchange, &weather, version, asked, number))
    }
}

/// The answer to who asks for this of a version.
fn answer(
    mut exchange: Exchange,
    weather: &Weather,
    version: &Version,
    asked: Option<(u64, Option<u64>)>,
    number: u64,
) -> http::Response<Body> {
    let (origin, size) = (exchange.origin.clone(), version.bytes.len() as u64);
    let asked = asked.filter(|_| weather.has_ranges);
    if let Some((from, _)) = asked
        && from >= size
    {
        let mut refused = refusal(416, None);
        set(&mut refused, "content-range", &format!("bytes */{size}"));
        return refused;
    }
    let of_ranges = |fault| {
        use Fault::{Elsewhere, More, NoContentRange, NoTotal, Shorter, Superset, Whole, WrongTotal};
        let is = [Elsewhere, More, NoContentRange, NoTotal, Shorter, Superset, Whole, WrongTotal];
        is.contains(&fault)
    };
    let odd = asked.and_then(|_| origin.fault(number, of_ranges));
    let of_bodies = |fault| matches!(fault, Fault::Reset | Fault::Eof | Fault::Stall);
    let broken = origin.fault(number, of_bodies);
    let mut head = http::Response::new(());
    let asked = asked.filter(|_| odd != Some(Fault::Whole));
    let range = match asked {
        None => 0..size,
        Some((from, to)) => {
            let end = to.map_or(size, |last| (last + 1).min(size)).min(from.saturating_add(weather.longest));
            given(odd, from..end, size, &origin)
        }
    };
    let mut body = version.bytes.slice(index(range.start)..index(range.end));
    if asked.is_some() {
        *head.status_mut() = http::StatusCode::PARTIAL_CONTENT;
        let total = if odd == Some(Fault::WrongTotal) { size + 1 + origin.dice.below(999) } else { size };
        let total = if odd == Some(Fault::NoTotal) { "*".into() } else { total.to_string() };
        let (first, last) = (range.start, range.end - 1);
        if odd != Some(Fault::NoContentRange) {
            set(&mut head, "content-range", &format!("bytes {first}-{last}/{total}"));
        }
    }
    if odd == Some(Fault::More) {
        body = [&body[..], &[0xff; 700]].concat().into();
    } else if asked.is_some() || weather.has_length {
        set(&mut head, "content-length", &body.len().to_string());
    }
    for (name, value) in &version.validators {
        let is_node = weather.validators == Validators::PerNode && *name == "etag";
        let node = if is_node { format!("-{}", origin.dice.below(3)) } else { String::new() };
        set(&mut head, name, &value.replace("\"v", &format!("\"v{node}")));
    }
    let is_told = asked.is_some() || weather.has_length;
    let broken = broken.filter(|_| !body.is_empty()).map(|fault| match fault {
        // The end of a body without a length is its end, whatever came before.
        Fault::Eof if !is_told => Fault::Reset,
        fault => fault,
    });
    let ends = broken.map(|fault| (fault, origin.dice.below(body.len() as u64)));
    let (percent, divisor) = weather.slow;
    let divisor = if origin.dice.below(100) < percent { divisor } else { 1 };
    origin.account().bodies += 1;
    exchange.is_body = true;
    let (rate, chunk, pauses) = ((weather.rate / divisor).max(1), weather.chunk, weather.pauses);
    let flow = Flow { exchange, bytes: body, rate, chunk, pauses, ends, at: 0, number };
    head.map(|()| Body::new(stream::try_unfold(flow, flow_on)))
}

/// The range that is given in place of the one asked for.
fn given(odd: Option<Fault>, asked: Range<u64>, size: u64, origin: &Origin) -> Range<u64> {
    let (start, end) = (asked.start, asked.end);
    match odd {
        Some(Fault::Superset) => {
            start - origin.dice.below(start.min(9000) + 1)
                ..end + origin.dice.below((size - end).min(9000) + 1)
        }
        Some(Fault::Shorter) => {
            let least = (end - start).min(2 << 10);
            start..start + least + origin.dice.below(end - start - least + 1)
        }
        Some(Fault::Elsewhere) if end < size => start + 1..end + 1,
        Some(Fault::Elsewhere) if start > 0 => 0..start,
        _ => start..end,
    }
}

async fn flow_on(mut flow: Flow) -> Result<Option<(Bytes, Flow)>> {
    let origin = flow.exchange.origin.clone();
    if flow.bytes.is_empty() {
        return Ok(None);
    }
    let (percent, most) = flow.pauses;
    if origin.dice.below(100) < percent {
        sleep(Duration::from_millis(origin.dice.below(most + 1))).await;
    }
    let mut len = (1 + origin.dice.below(flow.chunk)).min(flow.bytes.len() as u64);
    if let Some((fault, end)) = flow.ends {
        len = len.min(end - flow.at);
        if len == 0 {
            origin.trace(3, flow.number, flow.at);
            return match fault {
                Fault::Eof => Ok(None),
                Fault::Stall => {
                    sleep(SILENCE).await;
                    Err(Error::network("h.example", NetworkFault::Timeout, None))
                }
                _ => Err(Error::network("h.example", NetworkFault::Broken, None)),
            };
        }
    }
    sleep(Duration::from_millis(len / flow.rate)).await;
    let chunk = flow.bytes.split_to(index(len));
    flow.at += len;
    origin.account().fetched += len;
    origin.trace(2, flow.number, flow.at);
    Ok(Some((chunk, flow)))
}

fn refusal(status: u16, wait: Option<u64>) -> http::Response<Body> {
    let mut refused = http::Response::new(Body::from(Bytes::from_static(b"no")));
    *refused.status_mut() = status.try_into().unwrap();
    if let Some(wait) = wait {
        set(&mut refused, "retry-after", &wait.to_string());
    }
    refused
}

fn set<T>(head: &mut http::Response<T>, name: &str, value: &str) {
    let name = HeaderName::try_from(name).unwrap();
    head.headers_mut().insert(name, HeaderValue::try_from(value).unwrap());
}

/// The first offset and the last one of a `Range` header.
fn read_range(text: &str) -> (u64, Option<u64>) {
    let (first, last) = text.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    (first.parse().unwrap(), (!last.is_empty()).then(|| last.parse().unwrap()))
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}
