//! One connection: reads requests, one after another, and sends what was planned.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep_until, timeout},
};

use super::{
    log::Record,
    pace::{Pace, Paces},
    plan::Arrival,
    reply::{Ending, Reply},
    request::{BODY_LIMIT, HEAD_LIMIT, Parsed, Request},
    site::{Planned, Sending, Served, Site},
};

/// How long a closed connection waits for the client to close as well, so that what was sent still arrives:
/// unread bytes of the client's would turn the close into a reset.
const LINGER: Duration = Duration::from_millis(500);

/// How long what was sent may take to leave before a reset throws the rest away.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// Answers a client until either end closes the connection.
pub(crate) async fn answer_client(stream: TcpStream, client: SocketAddr, number: u64, site: Arc<Site>) {
    let open = site.open();
    // Without this the end of a body may wait for an acknowledgement; a socket that refuses it still works.
    stream.set_nodelay(true).ok();
    let mut connection = Connection { stream, number, read: Vec::new(), carried: 0, site };
    // An error means that the client has gone; there is nobody to tell.
    connection.run(client.port()).await.ok();
    drop(connection);
    drop(open);
}

struct Connection {
    stream: TcpStream,
    /// The number of the connection at this origin.
    number: u64,
    /// Bytes that were read and not used yet.
    read: Vec<u8>,
    /// How many bytes of bodies were sent.
    carried: u64,
    site: Arc<Site>,
}

/// Whether the connection goes on.
enum Next {
    Request,
    Close,
    Reset,
}

impl Connection {
    async fn run(&mut self, client_port: u16) -> io::Result<()> {
        loop {
            let (request, body) = match self.next_request().await? {
                Incoming::Request(request, body) => (request, body),
                Incoming::End => return Ok(()),
                Incoming::Refused(status) => {
                    let reply = Reply::refusal(status).with("Connection", "close");
                    self.stream.write_all(&reply.head()).await?;
                    self.stream.write_all(&reply.body.concat()).await?;
                    return self.close().await;
                }
            };
            let record = self.site.log.enter(&request, body, self.number, client_port);
            self.site.tell();
            // However the answer ends, and be it by this task being aborted, the log knows that it did.
            let ended = EndOnDrop { record, site: Arc::clone(&self.site) };
            let next = self.answer(&request, &ended.record).await?;
            drop(ended);
            match next {
                Next::Request => {}
                Next::Close => return self.close().await,
                Next::Reset => return self.reset().await,
            }
        }
    }

    async fn answer(&mut self, request: &Request, record: &Record) -> io::Result<Next> {
        let arrival = Arrival { connection: self.number, carried: self.carried, at: Instant::now() };
        let (served, mut reply, sending) = match self.site.find(request) {
            Some(served) => {
                let Planned { served, reply, sending } = served.answer(request, arrival);
                (Some(served), reply, sending)
            }
            None => (None, Reply::refusal(404).finish(request), None),
        };
        if let Some(minted) = reply.minted.take() {
            self.site.serve(None, Some(&minted.path), minted.resource);
        }
        let delay = served.as_ref().map_or(Duration::ZERO, |served| served.resource.delay);
        if !delay.is_zero() {
            self.wait(tokio::time::Instant::now().checked_add(delay)).await?;
        }
        if !reply.silent {
            {
                let now = Instant::now();
                let mut entry = record.entry();
                entry.status = Some(reply.status);
                entry.body_started = Some(now);
                entry.body_length = reply.body_length();
                if reply.sent_length() == 0 && !matches!(reply.ending, Ending::StallAfter(_)) {
                    entry.ended = Some(now);
                }
            }
            self.site.tell();
            self.stream.write_all(&reply.head()).await?;
        }
        if !self.send_body(&reply, served.as_deref(), sending.as_ref(), record).await? {
            return Ok(Next::Close);
        }
        if reply.chunked && matches!(reply.ending, Ending::KeepAlive | Ending::Close) {
            self.stream.write_all(b"0\r\n\r\n").await?;
        }
        match reply.ending {
            Ending::KeepAlive => Ok(Next::Request),
            Ending::Close | Ending::CutAfter(_) => Ok(Next::Close),
            Ending::ResetAfter(_) => Ok(Next::Reset),
            Ending::StallAfter(_) => self.wait(None).await.map(|()| Next::Close),
        }
    }

    /// Sends as much of the body as is to be sent, at the pace of the resource. False means that the resource
    /// has no more to give.
    async fn send_body(
        &mut self,
        reply: &Reply,
        served: Option<&Served>,
        sending: Option<&Sending>,
        record: &Record,
    ) -> io::Result<bool> {
        let own_pace = served.and_then(|served| served.resource.throttle).map(Pace::new);
        let shared_pace = served.and_then(|served| served.shared_pace.as_ref());
        let late = reply.late.map(|late| (late.after, Pace::new(late.bytes_per_second)));
        let paces = Paces::new(own_pace.iter().chain(shared_pace), late);
        let stalls = matches!(reply.ending, Ending::StallAfter(_));
        let length = reply.sent_length();
        let mut sent = 0;
        for piece in &reply.body {
            let mut piece = piece.clone();
            while !piece.is_empty() && sent < length {
                let most = paces.slice(sent).min(length - sent).min(piece.len() as u64);
                let granted = sending.map_or(most, |sending| sending.take(most));
                if granted == 0 {
                    return Ok(false);
                }
                let next = piece.split_to(usize::try_from(granted).unwrap_or(usize::MAX).min(piece.len()));
                let now = tokio::time::Instant::now();
                if let Some(due) = paces.reserve(granted, sent, now) {
                    self.wait(Some(due)).await?;
                }
                sent += granted;
                self.send_slice(next, reply.chunked, sent == length && !stalls, record).await?;
            }
        }
        Ok(true)
    }

    async fn send_slice(
        &mut self,
        mut bytes: Bytes,
        chunked: bool,
        last: bool,
        record: &Record,
    ) -> io::Result<()> {
        if chunked {
            self.stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
        }
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match write_counted(&self.stream, &bytes, last, record) {
                Ok(written) => {
                    self.carried += written as u64;
                    bytes = bytes.split_off(written.min(bytes.len()));
                    self.site.tell();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if chunked {
            self.stream.write_all(b"\r\n").await?;
        }
        Ok(())
    }

    /// Waits until `due`, or for ever; an error means that the client went away meanwhile.
    async fn wait(&mut self, due: Option<tokio::time::Instant>) -> io::Result<()> {
        let sleep = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(sleep);
        loop {
            // Requests sent ahead are kept, but not without end.
            let room = self.read.len() < HEAD_LIMIT;
            tokio::select! {
                () = &mut sleep => return Ok(()),
                read = self.stream.read_buf(&mut self.read), if room => if read? == 0 {
                    return Err(ErrorKind::ConnectionAborted.into());
                },
            }
        }
    }

    async fn next_request(&mut self) -> io::Result<Incoming> {
        let (request, length) = loop {
            match Request::parse(&self.read) {
                Parsed::Whole(request, length) => break (request, length),
                Parsed::Refused(status) => return Ok(Incoming::Refused(status)),
                Parsed::Partial => {}
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(Incoming::End);
            }
        };
        self.read.drain(..length.min(self.read.len()));
        let body_length = match request.body_length() {
            Ok(length) => usize::try_from(length.min(BODY_LIMIT)).unwrap_or(0),
            Err(status) => return Ok(Incoming::Refused(status)),
        };
        let waits = request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
        if waits && self.read.len() < body_length {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while self.read.len() < body_length {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Ok(Incoming::End);
            }
        }
        let rest = self.read.split_off(body_length);
        let body = std::mem::replace(&mut self.read, rest);
        Ok(Incoming::Request(request, body.into()))
    }

    /// Breaks the connection so that the client is told of an error rather than of an end.
    async fn reset(&mut self) -> io::Result<()> {
        self.wait(tokio::time::Instant::now().checked_add(BEFORE_RESET)).await?;
        self.stream.set_zero_linger()
    }

    async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let drained = async {
            let mut unread = [0; 4096];
            while self.stream.read(&mut unread).await? > 0 {}
            Ok(())
        };
        timeout(LINGER, drained).await.unwrap_or(Ok(()))
    }
}

enum Incoming {
    Request(Request, Bytes),
    /// The client closed the connection.
    End,
    Refused(u16),
}

/// Writes what the socket takes and counts it in one step, so that a client that has read a byte never finds
/// it uncounted.
fn write_counted(stream: &TcpStream, bytes: &[u8], last: bool, record: &Record) -> io::Result<usize> {
    let mut entry = record.entry();
    let written = stream.try_write(bytes)?;
    if written == 0 {
        return Err(ErrorKind::WriteZero.into());
    }
    entry.bytes_sent += written as u64;
    if last && written >= bytes.len() {
        entry.ended = Some(Instant::now());
    }
    Ok(written)
}

/// Ends an entry of the log when the answer is over.
struct EndOnDrop {
    record: Record,
    site: Arc<Site>,
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.record.end();
        self.site.tell();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::net::{TcpListener, TcpStream};

    use super::write_counted;
    use crate::origin::{
        log::Log,
        request::{Parsed, Request},
    };

    /// The log is right in the moment of the write, before anything else can run.
    #[tokio::test]
    async fn a_write_is_counted_with_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        server.writable().await.unwrap();
        let Parsed::Whole(request, _) = Request::parse(b"GET / HTTP/1.1\r\n\r\n") else {
            panic!("a request")
        };
        let record = Log::default().enter(&request, Bytes::new(), 1, 1);
        assert_eq!(write_counted(&server, b"abc", false, &record).unwrap(), 3);
        assert_eq!(record.entry().bytes_sent, 3);
        assert_eq!(record.entry().ended, None);
        assert_eq!(write_counted(&server, b"de", true, &record).unwrap(), 2);
        let entry = record.entry();
        assert!(entry.bytes_sent == 5 && entry.ended.is_some());
        drop(client);
    }
}
