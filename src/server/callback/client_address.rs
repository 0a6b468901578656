//! The address of a client: the peer's, or the one that trusted proxies name in `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client that sent a request, as far as the proxies in `trusted` are believed. `None` if the server
/// that the router is nested in does not say who its peer is.
pub(super) fn client_address(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let &ConnectInfo::<SocketAddr>(peer) = extensions.get()?;
    let lines = headers.get_all(X_FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    Some(walk(peer.ip(), lines, trusted))
}

/// Walks from the peer to the left through the header's lines, for as long as the last address is a trusted proxy's.
fn walk<'a>(
    peer: IpAddr,
    lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in lines.rev().flat_map(|line| line.rsplit(|&byte| byte == b',')) {
        if !trusted.iter().any(|network| contains(network, client)) {
            break;
        }
        // An entry that is no address was not written by a known proxy: nothing left of it counts.
        let Some(address) = parse(hop) else { break };
        client = address;
    }
    client
}

/// Whether an address is in a network. Either may be IPv4 in the form of IPv6 (`::ffff:…`).
fn contains(network: &IpNet, address: IpAddr) -> bool {
    match (network, address) {
        (IpNet::V6(mapped), IpAddr::V4(plain)) if mapped.prefix_len() >= 96 => {
            mapped.contains(&plain.to_ipv6_mapped())
        }
        _ => network.contains(&address),
    }
}

/// Reads one address, with or without a port, as proxies write it.
fn parse(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let address = hop.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's address for a peer, header lines and trusted networks.
    fn client(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        walk(peer.parse().unwrap(), lines.iter().map(|line| line.as_bytes()), &trusted).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(client("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(client("::1", &["2001:db8::7"], &["::1/128"]), "2001:db8::7");
    }

    #[test]
    fn a_trusted_proxy_that_names_nobody_is_the_client() {
        assert_eq!(client("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn what_stands_left_of_the_first_stranger_is_not_believed() {
        let header = ["127.0.0.1, 198.51.100.1, 10.0.0.2"];
        assert_eq!(client("10.0.0.1", &header, &["10.0.0.0/8", "127.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let header = ["192.0.2.1, 198.51.100.1", "10.0.0.3,10.0.0.2"];
        assert_eq!(client("10.0.0.1", &header, &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn the_leftmost_entry_is_the_end_even_if_it_is_trusted() {
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"], &["10.0.0.0/8"]), "10.0.0.3");
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_walk() {
        for entry in ["unknown", "", "198.51.100.1.9", "_hidden", "1", "\u{7f}"] {
            let header = [format!("198.51.100.1, {entry}, 10.0.0.2")];
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            assert_eq!(client("10.0.0.1", &header, &["10.0.0.0/8"]), "10.0.0.2", "{entry:?}");
        }
    }

    #[test]
    fn an_address_may_carry_a_port_and_white_space() {
        assert_eq!(client("10.0.0.1", &["\t198.51.100.1:4711 "], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:4711"], &["10.0.0.0/8"]), "2001:db8::7");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_matches_ipv4_networks() {
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
    }

    #[test]
    fn an_ipv4_network_in_ipv6_clothes_has_ipv4_addresses() {
        let trusted = ["::ffff:10.0.0.0/104", "::ffff:127.0.0.1/128"];
        for proxy in ["10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1"] {
            assert_eq!(client(proxy, &["198.51.100.1"], &trusted), "198.51.100.1", "{proxy}");
        }
        assert_eq!(client("127.0.0.2", &["198.51.100.1"], &trusted), "127.0.0.2");
        assert_eq!(client("127.0.0.1", &["198.51.100.1"], &["::1/128"]), "127.0.0.1");
    }
}
