//! Which addresses events may be sent to. Whoever makes a webhook chooses its address, and must not reach through it what
//! only this machine or its network can.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// An address that is not for others.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("its address is not a public one")]
pub(super) struct NotPublic;

/// Looks names up, and keeps from the addresses what is not public.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guarded {
    pub(super) allows_local: bool,
}

impl Guarded {
    /// Whether an address that stands in a URL itself may be sent to: it is never looked up.
    pub(super) fn allows(self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        self.allows_local || host.parse::<IpAddr>().is_ok_and(is_public) || host.parse::<IpAddr>().is_err()
    }
}

impl Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allows_local = self.allows_local;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|it| allows_local || is_public(it.ip())).collect();
            if allowed.is_empty() { Err(io::Error::other(NotPublic)) } else { Ok(allowed.into_iter()) }
        })
    }
}

/// Whether an address is one of the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the IANA registry of special-purpose addresses.
const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && b & 0xC0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xFE == 18);
    !is_special
}

/// What is given out to networks (2000::/3), less what leads to something else: documentation, Teredo, 6to4, benchmarks.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [a, b, ..] = address.segments();
    let is_special = (a == 0x2001 && (b < 0x200 || b == 0xDB8)) || a == 0x2002 || (a == 0x3FFF && b < 0x1000);
    a & 0xE000 == 0x2000 && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_sent_to() {
        for address in
            ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "100.63.0.1", "172.32.0.1"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.8.9.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "::7f00:1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_looked_at_like_one_that_was_looked_up() {
        let guarded = Guarded { allows_local: false };
        assert!(
            guarded.allows("example.com") && guarded.allows("1.1.1.1") && guarded.allows("[2606:4700::1]")
        );
        assert!(
            !guarded.allows("127.0.0.1") && !guarded.allows("[::1]") && !guarded.allows("[::ffff:10.0.0.1]")
        );
        assert!(Guarded { allows_local: true }.allows("127.0.0.1"));
    }

    #[tokio::test]
    async fn a_name_that_leads_here_leads_nowhere() {
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(Guarded { allows_local: false }.call(name()).await.is_err());
        assert!(Guarded { allows_local: true }.call(name()).await.unwrap().next().is_some());
    }
}
