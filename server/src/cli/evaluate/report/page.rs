//! A page of HTML, built from top to bottom.

use std::fmt::Write;

/// A table; the first column is text, the others are figures.
pub struct Table {
    /// Titles of the columns.
    pub header: Vec<String>,
    /// As many cells each.
    pub rows: Vec<Vec<String>>,
}

/// A page; see [`Page::finish`].
pub struct Page {
    title: String,
    body: String,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1e21;--soft:#5f6670;--line:#d6d9de;--paper:#fff;--band:#f5f6f8;\
--c0:#0b6bcb;--c1:#c2570c;--c2:#1a7f4b;--c3:#8a3fb5;--c4:#b8860b;--c5:#c23a6b;--c6:#0f8a94;--c7:#6b6b2e}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa2ad;--line:#3a3f47;--paper:#16181c;--band:#1e2126;\
--c0:#5aa9f5;--c1:#f0955a;--c2:#5cc88f;--c3:#c58be8;--c4:#e0b84a;--c5:#f07ba5;--c6:#58c9d3;--c7:#b9b96a}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:64rem;margin:2.5rem auto;padding:0 1.25rem}\
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2.25rem 0 .5rem}\
p{max-width:46rem;margin:.5rem 0}.scroll{overflow-x:auto}\
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;margin:.5rem 0}\
th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}\
th{color:var(--soft);font-weight:600}th:first-child,td:first-child{text-align:left}tbody tr:nth-child(even){background:var(--band)}\
pre{background:var(--band);border:1px solid var(--line);border-radius:.3rem;padding:.7rem .9rem;\
white-space:pre-wrap;overflow-wrap:anywhere}\
.figures{display:flex;flex-wrap:wrap;gap:1rem 2rem}figure{margin:.5rem 0;flex:1 1 26rem;max-width:40rem}\
figcaption{color:var(--soft);font-size:.85rem}svg{width:100%;height:auto;display:block}\
svg text{fill:var(--soft);font:12px system-ui,sans-serif}svg .grid{stroke:var(--line);stroke-width:1}\
svg .axis{stroke:var(--soft);stroke-width:1;fill:none}\
svg .curve{fill:none;stroke-width:1.8}svg .area{fill-opacity:.28;stroke-width:1.4}\
@media print{body{margin:0;max-width:none}pre,table,figure{break-inside:avoid}}";

impl Page {
    /// An empty page under a title.
    pub fn new(title: &str) -> Self {
        let title = escaped(title);
        Self { body: format!("<h1>{title}</h1>\n"), title }
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        self.add(format_args!("<h2>{}</h2>\n", escaped(text)));
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.add(format_args!("<p>{}</p>\n", escaped(text)));
    }

    /// A line for a shell.
    pub fn code(&mut self, text: &str) {
        self.add(format_args!("<pre>{}</pre>\n", escaped(text)));
    }

    /// A table.
    pub fn table(&mut self, table: &Table) {
        let cells = |row: &[String], tag: &str| -> String {
            row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect()
        };
        let rows: String = table.rows.iter().map(|row| format!("<tr>{}</tr>\n", cells(row, "td"))).collect();
        self.add(format_args!(
            "<div class=\"scroll\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n",
            cells(&table.header, "th")
        ));
    }

    /// Drawings beside each other: SVG from [`super::chart`], and what they show.
    pub fn figures(&mut self, figures: &[(String, &str)]) {
        let figure = |(svg, caption): &(String, &str)| {
            format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escaped(caption))
        };
        let all: String = figures.iter().map(figure).collect();
        self.add(format_args!("<div class=\"figures\">\n{all}</div>\n"));
    }

    /// The whole file.
    pub fn finish(self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
            <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
            <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
            self.title, self.body
        )
    }

    fn add(&mut self, html: core::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(html);
    }
}

/// Text that can stand anywhere in HTML, in attributes too.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_text_and_never_markup() {
        let mut page = Page::new("<script>");
        page.heading("a & b");
        page.code("whorl evaluate fvc '<b>'");
        page.table(&Table { header: vec!["\"".into()], rows: vec![vec!["<img src=x onerror=y>".into()]] });
        page.figures(&[(String::new(), "<i>")]);
        let html = page.finish();
        for tag in ["<script", "<b>", "<img", "<i>", "a & b"] {
            assert!(!html.contains(tag), "{tag}");
        }
        assert!(html.contains("&lt;script&gt;") && html.contains("whorl evaluate fvc &#39;&lt;b&gt;&#39;"));
    }
}
