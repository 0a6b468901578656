//! Addresses that the platform or a user's phone opens: checked before they are sent, and sent as they were written.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The distance from which an address can be opened, from near to far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// The address can be opened on the same machine only.
    Machine,
    /// The address can be opened in the same private network only.
    Network,
    /// The address can be opened from everywhere, as far as it shows.
    World,
}

/// Checks the value of an option, which must be an http or https address.
pub(crate) fn web(text: &str) -> Result<String, String> {
    check(text).map(|_| text.to_owned())
}

/// Checks an http or https address that may begin with its host, as the document's example of a `content_source_url`
/// does.
pub(crate) fn web_or_bare(text: &str) -> Result<String, String> {
    if text.contains("://") {
        web(text)
    } else {
        check(&format!("http://{text}")).map(|_| text.to_owned())
    }
}

/// Reads an http or https address.
pub(crate) fn check(text: &str) -> Result<Url, String> {
    const BEGIN: &str = "an address begins with http:// or https://";
    if text.is_empty() {
        return Err(format!("it is empty; {BEGIN}"));
    }
    if text.contains(|char: char| char.is_whitespace() || char.is_control()) {
        return Err("an address has no white space in it; write %20 for a space".to_owned());
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Err(BEGIN.to_owned()) };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(format!("{BEGIN}, and this with {scheme}://"));
    }
    // `Url::parse` accepts some mistakes, such as `http:///a.jpg` for the host a.jpg.
    if rest.is_empty() || rest.starts_with(['/', '\\', '?', '#', ':']) {
        return Err(format!("it names no host after {scheme}://"));
    }
    Url::parse(text).map_err(|error| format!("it cannot be read: {error}"))
}

impl Reach {
    /// The reach of `url`, by its host.
    pub(crate) fn of(url: &Url) -> Self {
        match url.host() {
            Some(Host::Ipv4(ip)) => Self::of_v4(ip),
            Some(Host::Ipv6(ip)) => Self::of_v6(ip),
            Some(Host::Domain(name)) => Self::of_name(name),
            None => Self::World,
        }
    }

    /// The reach in words.
    pub(crate) fn limit(self) -> &'static str {
        match self {
            Self::Machine => "on the machine itself only",
            Self::Network => "in its own network only",
            Self::World => "from everywhere",
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        // Addresses that providers share among their customers (RFC 6598).
        let is_shared = matches!(ip.octets(), [100, 64..=127, ..]);
        match ip {
            ip if ip.is_loopback() || ip.is_unspecified() => Self::Machine,
            ip if ip.is_private() || ip.is_link_local() || is_shared => Self::Network,
            _ => Self::World,
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        match ip.to_ipv4_mapped() {
            Some(ip) => Self::of_v4(ip),
            None if ip.is_loopback() || ip.is_unspecified() => Self::Machine,
            None if ip.is_unique_local() || ip.is_unicast_link_local() => Self::Network,
            None => Self::World,
        }
    }

    fn of_name(name: &str) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let last = name.rsplit('.').next().unwrap_or_default();
        match last {
            "localhost" => Self::Machine,
            // Public DNS has no such names (RFC 6762, RFC 8375).
            "local" | "internal" | "lan" => Self::Network,
            _ if name == last || name.ends_with(".home.arpa") => Self::Network,
            _ => Self::World,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_for_web_pages_and_a_host() {
        for text in
            ["http://www.rongcloud.cn", "HTTPS://a/b?c=d&e#f", "http://[::1]:8/", "http://例子/图.jpg"]
        {
            assert_eq!(web(text).as_deref(), Ok(text));
        }
        for (text, why) in [
            ("", "it is empty"),
            ("not-a-url", "begins with http:// or https://"),
            ("www.rongcloud.cn/a", "begins with http:// or https://"),
            ("ftp://x", "and this with ftp://"),
            ("javascript:alert(1)", "begins with"),
            ("http:/x", "begins with"),
            ("http://", "names no host"),
            ("http:///a.jpg", "names no host"),
            ("http://:80/", "names no host"),
            ("http://a b/", "white space"),
            ("http://a/b\nc", "white space"),
            ("http://a:port/", "cannot be read"),
            ("http://1.2.3.400/", "cannot be read"),
        ] {
            let error = web(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(web_or_bare("www.rongcloud.com").is_ok());
        assert!(web_or_bare("ftp://www.rongcloud.com").is_err());
    }

    #[test]
    fn an_address_tells_from_where_it_can_be_opened() {
        for (url, reach) in [
            ("http://127.0.0.1:8080/callback", Reach::Machine),
            ("http://localhost/", Reach::Machine),
            ("http://bot.localhost/", Reach::Machine),
            ("http://0.0.0.0/", Reach::Machine),
            ("http://[::1]/", Reach::Machine),
            ("http://[::ffff:127.0.0.1]/", Reach::Machine),
            ("http://10.1.2.3/", Reach::Network),
            ("http://172.31.0.1/", Reach::Network),
            ("http://192.168.0.1/", Reach::Network),
            ("http://169.254.0.1/", Reach::Network),
            ("http://100.64.0.1/", Reach::Network),
            ("http://[fd00::1]/", Reach::Network),
            ("http://[fe80::1]/", Reach::Network),
            ("http://bot:8080/", Reach::Network),
            ("http://bot.LOCAL./", Reach::Network),
            ("http://172.32.0.1/", Reach::World),
            ("http://[2001:db8::1]/", Reach::World),
            ("https://bot.example.com/callback", Reach::World),
        ] {
            assert_eq!(Reach::of(&url.parse().unwrap()), reach, "{url}");
        }
    }
}
