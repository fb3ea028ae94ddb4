//! One request and its whole answer, for what is asked once: how large an answer is, how many commits there were.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Result;
use crate::wrk::Request;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Asks once, on a connection of its own.
pub(crate) fn ask(address: &str, request: &Request) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(text(address, request, false).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let Request { method, path, .. } = request;
    read(&answer).ok_or_else(|| format!("{method} {path} was answered with what is no HTTP").into())
}

/// A request as it is sent; the connection is kept for the next one or not.
pub(crate) fn text(address: &str, request: &Request, keep: bool) -> String {
    let Request { method, path, authorization, key, body, gate } = request;
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
    if !keep {
        text += "Connection: close\r\n";
    }
    if !authorization.is_empty() {
        text += &format!("Authorization: {authorization}\r\n");
    }
    if !gate.is_empty() {
        text += &format!("X-Gate-Token: {gate}\r\n");
    }
    // A key that is new with each request needs none here: nobody repeats this one.
    if !key.is_empty() && key != "*" {
        text += &format!("Idempotency-Key: {key}\r\n");
    }
    if !body.is_empty() {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body;
    text
}

fn read(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end + 4..)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let is_chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked");
    let body = if is_chunked { joined(body)? } else { body.to_vec() };
    Some(Answer { status, body })
}

/// The chunks of a body, put together.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|it| it == b"\r\n")?;
        let len = usize::from_str_radix(std::str::from_utf8(chunks.get(..end)?).ok()?.trim(), 16).ok()?;
        if len == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunks.get(end + 2..end + 2 + len)?);
        chunks = chunks.get(end + 2 + len + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_in_chunks() {
        let whole = read(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((whole.status, whole.body.as_slice()), (201, b"{}".as_slice()));
        let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n1\r\n}\r\n0\r\n\r\n";
        assert_eq!(read(chunks).unwrap().body, b"{\"}");
        assert!(read(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
