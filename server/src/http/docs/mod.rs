//! `/docs`: the OpenAPI document as a page for people. One file without any script, so that it works offline, in any browser, and where
//! nothing but what the page itself brings may be loaded.
//!
//! Why not Swagger UI: it lets its reader try requests out, with a key and prints pasted into a browser, which is the last place for
//! them; and it would put a megabyte of somebody else's script on the address where keys are used.

mod model;
mod page;
mod sample;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use model::Document;

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded, run, sent or framed; and this one style sheet may be used.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// Made once.
static PAGE: LazyLock<Option<String>> = LazyLock::new(|| made().ok());

fn made() -> serde_json::Result<String> {
    let document: Document = serde_json::from_str(&super::document().to_json()?)?;
    Ok(page::page(&document, STYLE))
}

/// Serves it.
pub async fn serve() -> HttpResponse {
    // There is none only where the document is not one, which a test sees to.
    let Some(page) = PAGE.as_deref() else { return HttpResponse::NotFound().finish() };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::problem::Code;

    /// What stands in quotation marks after this.
    fn quoted<'a>(page: &'a str, after: &'a str) -> BTreeSet<&'a str> {
        page.split(after).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    #[test]
    fn every_operation_schema_and_code_is_on_the_page_and_every_link_leads_somewhere() {
        let page = made().unwrap();
        let document: Document = serde_json::from_str(&crate::http::document().to_json().unwrap()).unwrap();
        let places = quoted(&page, " id=\"");
        for (path, item) in &document.paths.0 {
            for (method, operation) in &item.0 {
                assert!(places.contains(operation.operation_id.as_str()), "{method} {path}");
            }
        }
        for (name, _) in &document.components.schemas.0 {
            assert!(places.contains(name.as_str()), "{name}");
        }
        for code in Code::ALL {
            assert!(places.contains(format!("problem-{}", code.parts().0).as_str()), "{code:?}");
        }
        for link in quoted(&page, " href=\"#") {
            assert!(places.contains(link), "{link}");
        }
        assert_eq!(page.matches(" id=\"").count(), places.len(), "two places have one name");
    }

    #[test]
    fn the_page_brings_nothing_that_its_policy_forbids() {
        let page = made().unwrap();
        for word in [
            "<script",
            " style=",
            " src=",
            "<iframe",
            "<form",
            "javascript:",
            "url(",
            "@import",
            "http-equiv",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        let links: BTreeSet<_> =
            quoted(&page, " href=\"").into_iter().filter(|link| !link.starts_with('#')).collect();
        assert_eq!(links, BTreeSet::from(["/openapi.json"]));
        assert_eq!(
            page.split("<style>").nth(1).unwrap().split("</style>").next(),
            Some(STYLE),
            "as it is hashed"
        );
        assert_eq!(page.matches("<pre").count(), page.matches("</pre>").count());
        assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
    }
}
