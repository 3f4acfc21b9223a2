//! The yardstick: a receiver that reads one answer from a socket and writes it to a file, and does nothing else.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
};

/// How xtask is called to be the receiver.
pub(crate) const HIDDEN: &str = "bench-receive";

/// How much is read at once.
const BUFFER: usize = 256 * 1024;

/// The receiver: `URL FILE`.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let [url, file] = arguments else {
        return ExitCode::from(2);
    };
    match receive(url, file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn receive(url: &str, file: &str) -> Result<(), String> {
    let (host, path) =
        url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("an http URL is needed")?;
    let fault = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(host).map_err(fault)?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(fault)?;
    let mut file = File::create(file).map_err(fault)?;
    let mut buffer = vec![0; BUFFER];
    let mut filled = 0;
    // The head comes with the first bytes of the body.
    let body = loop {
        let read = stream.read(&mut buffer[filled..]).map_err(fault)?;
        if read == 0 {
            return Err("the answer has no body".to_owned());
        }
        filled += read;
        if let Some(at) = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
    };
    file.write_all(&buffer[body..filled]).map_err(fault)?;
    loop {
        match stream.read(&mut buffer).map_err(fault)? {
            0 => return Ok(()),
            read => file.write_all(&buffer[..read]).map_err(fault)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{BufRead as _, BufReader},
        net::TcpListener,
        thread,
    };

    use super::*;
    use crate::planted::Planted;

    #[test]
    fn the_body_and_nothing_else_is_written() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/f", listener.local_addr().unwrap());
        let answering = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = BufReader::new(&client).lines().map(Result::unwrap);
            // An empty line ends the request; nothing may be unread when the connection is closed.
            assert!(request.any(|line| line.is_empty()));
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfrog").unwrap();
        });
        let planted = Planted::new(&[]);
        let file = planted.path().join("f");
        receive(&url, &file.to_string_lossy()).unwrap();
        answering.join().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"frog");
    }
}
