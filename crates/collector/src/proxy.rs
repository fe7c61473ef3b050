//! Which proxy stands before the API server.
//!
//! The rules are Go's, and so kubectl's: a `proxy-url` of the kubeconfig always counts; else
//! `HTTPS_PROXY` (or `HTTP_PROXY` for plain HTTP) does, unless `NO_PROXY` names the server or the
//! server is this machine. Each variable may be written in lower case.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

/// The proxy for `server` as the environment `var` names it; `None` for a direct connection.
///
/// # Errors
///
/// A proxy that is no URL.
pub(crate) fn from_environment(
    server: &Uri,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, http::uri::InvalidUri> {
    let either = |name: &str| {
        [name.to_owned(), name.to_lowercase()]
            .iter()
            .find_map(|it| var(it).filter(|value| !value.is_empty()))
    };
    let plain = server.scheme_str() == Some("http");
    let Some(proxy) = either(if plain { "HTTP_PROXY" } else { "HTTPS_PROXY" }) else {
        return Ok(None);
    };
    let port = server.port_u16().unwrap_or(if plain { 80 } else { 443 });
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    if exempt(&either("NO_PROXY").unwrap_or_default(), host, port) {
        return Ok(None);
    }
    parse(&proxy).map(Some)
}

/// A proxy's URL; a bare `host:port` means HTTP.
pub(crate) fn parse(proxy: &str) -> Result<Uri, http::uri::InvalidUri> {
    if proxy.contains("://") { proxy.parse() } else { format!("http://{proxy}").parse() }
}

fn exempt(list: &str, host: &str, port: u16) -> bool {
    let address = host.parse::<IpAddr>().ok();
    if host == "localhost" || address.is_some_and(|it| it.is_loopback()) {
        return true;
    }
    list.split(',').map(str::trim).filter(|it| !it.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Ok(net), Some(address)) = (entry.parse::<IpNet>(), address) {
            return net.contains(&address);
        }
        let (name, only) = match entry.rsplit_once(':') {
            Some((name, digits)) if !name.contains(':') => (name, digits.parse::<u16>().ok()),
            _ => (entry, None),
        };
        if only.is_some_and(|it| it != port) {
            return false;
        }
        if let (Ok(named), Some(address)) = (name.parse::<IpAddr>(), address) {
            return named == address;
        }
        let domain = name.trim_start_matches('*').trim_start_matches('.').to_lowercase();
        let host = host.to_lowercase();
        let below = host.strip_suffix(&domain).is_some_and(|it| it.ends_with('.'));
        below || (host == domain && !name.starts_with(['.', '*']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, environment: &[(&str, &str)]) -> Option<String> {
        let server = server.parse().expect("a URL");
        let var = |name: &str| {
            environment.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
        };
        from_environment(&server, var).expect("a proxy").map(|it| it.to_string())
    }

    #[test]
    fn the_scheme_chooses_the_variable() {
        let both = [("HTTPS_PROXY", "http://secure:1"), ("http_proxy", "plain:2")];
        assert_eq!(proxy("https://api:6443", &both).as_deref(), Some("http://secure:1/"));
        assert_eq!(proxy("http://api:8080", &both).as_deref(), Some("http://plain:2/"));
        assert_eq!(proxy("https://api:6443", &[]), None);
    }

    #[test]
    fn this_machine_needs_no_proxy() {
        let set = [("HTTPS_PROXY", "http://proxy:1")];
        assert_eq!(proxy("https://127.0.0.1:6443", &set), None);
        assert_eq!(proxy("https://[::1]:6443", &set), None);
        assert_eq!(proxy("https://localhost", &set), None);
    }

    #[test]
    fn exemptions_are_read_as_go_reads_them() {
        assert!(exempt("*", "api.example.com", 443));
        assert!(exempt("other, 10.0.0.0/8", "10.1.2.3", 6443));
        assert!(exempt("10.1.2.3", "10.1.2.3", 6443));
        assert!(exempt("example.com", "example.com", 443));
        assert!(exempt("example.com", "api.EXAMPLE.com", 443));
        assert!(exempt(".example.com", "api.example.com", 443));
        assert!(exempt("api.example.com:6443", "api.example.com", 6443));
        assert!(!exempt(".example.com", "example.com", 443));
        assert!(!exempt("example.com", "badexample.com", 443));
        assert!(!exempt("api.example.com:443", "api.example.com", 6443));
        assert!(!exempt("", "api.example.com", 443));
    }
}
