//! Values of flags, read as the components read them.

use std::net::IpAddr;

/// A switch, as Go's `strconv.ParseBool` has it.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A whole number.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A duration such as `1m0s`, as Go's `time.ParseDuration` has it, in milliseconds, rounded.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    /// Longest first where one begins with another.
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1e-6),
        ("us", 1e-3),
        ("µs", 1e-3),
        ("ms", 1.0),
        ("s", 1e3),
        ("m", 60e3),
        ("h", 3600e3),
    ];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let (unit, length) = UNITS.iter().find(|(unit, _)| rest[end..].starts_with(unit))?;
        sum += number * length;
        rest = &rest[end + unit.len()..];
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from float saturates, and Go refuses such"
    )]
    Some(sum.round() as i64)
}

/// One of the URLs that a component listens on or calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Url<'a> {
    /// Without `://`.
    pub(crate) scheme: &'a str,
    /// Host or address without brackets; the path of a socket.
    pub(crate) host: &'a str,
}

impl Url<'_> {
    /// Whether only this machine reaches it: loopback, or a socket of its file system.
    pub(crate) fn is_local(&self) -> bool {
        self.scheme.starts_with("unix") || is_loopback(self.host)
    }

    /// Whether it stands for every address of the machine.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.host.is_empty() || self.host.parse::<IpAddr>().is_ok_and(|it| it.is_unspecified())
    }
}

/// Whether a host is this machine and nothing else.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

/// The URLs of a comma-separated list, each with a name and `=` before it or not; `None` when one is
/// none.
pub(crate) fn urls(list: &str) -> Option<Vec<Url<'_>>> {
    list.split(',').map(str::trim).filter(|it| !it.is_empty()).map(url).collect()
}

fn url(entry: &str) -> Option<Url<'_>> {
    let (before, rest) = entry.split_once("://")?;
    let scheme = before.rsplit('=').next().unwrap_or(before);
    if scheme.starts_with("unix") {
        return Some(Url { scheme, host: rest });
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        None => authority.rsplit_once(':').map_or(authority, |(host, _port)| host),
    };
    Some(Url { scheme, host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        let second = 1000;
        for (text, value) in [
            ("1m0s", Some(60 * second)),
            ("1h30m", Some(90 * 60 * second)),
            ("1.5h", Some(90 * 60 * second)),
            ("300ms", Some(300)),
            ("0s", Some(0)),
            ("0", Some(0)),
            ("30", None),
            ("1d", None),
            ("", None),
            ("1..5s", None),
        ] {
            assert_eq!(milliseconds(text), value, "{text}");
        }
    }

    #[test]
    fn urls_are_taken_apart() {
        let of = |text| urls(text).expect("URLs");
        let one = |scheme, host| vec![Url { scheme, host }];
        assert_eq!(of("https://10.0.0.1:2379"), one("https", "10.0.0.1"));
        assert_eq!(of("http://[::1]:2379/"), one("http", "::1"));
        assert_eq!(of("node-1=https://10.0.0.1:2380"), one("https", "10.0.0.1"));
        assert_eq!(of("unix:///run/etcd.sock"), one("unix", "/run/etcd.sock"));
        assert_eq!(of("https://a:1,https://b:2").len(), 2);
        assert!(of("").is_empty());
        assert!(urls("10.0.0.1:2379").is_none());
        assert!(of("http://localhost:2379")[0].is_local());
        assert!(of("http://127.9.9.9:2379")[0].is_local());
        assert!(of("http://0.0.0.0:2379")[0].is_everywhere());
        assert!(of("http://[::]:2379")[0].is_everywhere());
        assert!(!of("http://10.0.0.1:2379")[0].is_local());
    }
}
