//! `Accept` (RFC 9110, section 12.5.1): in which of our formats somebody wants an answer.

use actix_web::HttpRequest;
use actix_web::http::header::{Accept, Header, Quality};

/// The one of `others` that is asked for by its name, and no less than the usual one; else the usual one, also where nothing of ours is
/// asked for.
pub fn preferred<'a>(request: &HttpRequest, usual: &'a str, others: &[&'a str]) -> &'a str {
    let Ok(accept) = Accept::parse(request) else { return usual };
    let quality = |names: &[&str]| {
        let named = accept.iter().filter(|range| names.contains(&range.item.essence_str()));
        named.map(|range| range.quality).max().unwrap_or(Quality::ZERO)
    };
    let least = quality(&[usual, "application/*", "*/*"]);
    let wanted = others.iter().map(|other| (quality(&[*other]), *other));
    let wanted = wanted.filter(|(quality, _)| *quality > Quality::ZERO && *quality >= least);
    wanted.max_by_key(|(quality, _)| *quality).map_or(usual, |(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    #[test]
    fn the_best_format_of_ours_that_is_named_is_the_one_that_is_written() {
        let (json, csv, html) = ("application/json", "text/csv", "text/html");
        let cases = [
            ("", json),
            ("nonsense", json),
            ("*/*", json),
            ("text/csv", csv),
            ("text/csv;q=0", json),
            ("text/csv;q=0.4, application/json", json),
            ("application/json;q=0.1, text/csv", csv),
            ("application/json, text/csv", csv),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html),
            ("application/json, text/csv;q=0.5", json),
            ("image/png, text/csv; charset=utf-8", csv),
        ];
        for (accept, format) in cases {
            let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
            assert_eq!(preferred(&request, json, &[csv, html]), format, "{accept}");
        }
        assert_eq!(preferred(&TestRequest::default().to_http_request(), json, &[csv]), json);
    }
}
