//! Trusted proxies: networks or single addresses.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected},
};

/// Number of bits in front of the IPv4 address that is mapped into an IPv6 address.
const MAPPED_BITS: u8 = 96;

/// Reads a list of addresses and networks; an address is the network of itself alone.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let proxies = Vec::<Proxy>::deserialize(deserializer)?;
    Ok(proxies.into_iter().map(|Proxy(network)| network).collect())
}

struct Proxy(IpNet);

impl<'de> Deserialize<'de> for Proxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "an address, or a network with at most as many bits as its addresses have, such as \
                        \"10.0.0.1\", \"10.0.0.0/8\" or \"::1\"";
        parse(&text).map(Self).ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &expected))
    }
}

fn parse(text: &str) -> Option<IpNet> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    Some(to_canonical(network))
}

/// Turns a network of mapped addresses into one of IPv4 addresses, as clients' addresses are compared as IPv4.
fn to_canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let bits = v6.prefix_len().checked_sub(MAPPED_BITS);
    let mapped = v6.addr().to_ipv4_mapped().zip(bits);
    mapped.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read() {
        for (text, network) in [
            ("10.0.0.1", "10.0.0.1/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("::1", "::1/128"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse(text), Some(network.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in
            ["", "localhost", "10.0.0.0/64", "10.0.0", "10.0.0.1:80", "[::1]", " 10.0.0.1", "::1/129"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
