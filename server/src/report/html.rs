//! Pieces of a page: text that cannot become markup, figures as people read them, tables.

use std::fmt::Write;

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

/// Digits in threes, with narrow spaces that no line breaks at.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::from(if count < 0 { "\u{2212}" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent, with so many decimals at most. What is not all, or not nothing, is not rounded to it.
pub fn percent(share: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", share * 100.0);
    let short = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let least = (1..=decimals).fold(1.0, |step, _| step / 10.0);
    match short {
        "100" if share < 1.0 => format!("> {:.decimals$}\u{a0}%", 100.0 - least),
        "0" if share > 0.0 => format!("< {least:.decimals$}\u{a0}%"),
        short => format!("{short}\u{a0}%"),
    }
}

/// An amount of money, or a mean: two decimals.
pub fn amount(value: f64) -> String {
    let text = format!("{value:.2}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, "00"));
    whole.parse().map_or(text.clone(), |whole| format!("{}.{rest}", grouped(whole)))
}

/// A time in its greatest unit that divides it, up to hours. Unit: milliseconds.
pub fn time(milliseconds: u32) -> String {
    let units = [(3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")];
    let unit = units.into_iter().find(|(length, _)| milliseconds.is_multiple_of(*length));
    let (length, name) = unit.unwrap_or((1, "ms"));
    format!("{}\u{a0}{name}", milliseconds / length)
}

/// A table: the first cell of each row names it.
pub struct Table {
    /// Of the style sheet; empty: none.
    pub class: &'static str,
    /// What it shows.
    pub caption: String,
    /// Titles of the columns.
    pub header: Vec<String>,
    /// As many cells each.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone)]
pub struct Cell {
    text: String,
    attributes: String,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), attributes: String::new() }
    }
}

impl Cell {
    /// A count; none of them is paler.
    pub fn count(count: i64) -> Self {
        let attributes = if count == 0 { " class=\"none\"" } else { "" };
        Self { text: grouped(count), attributes: attributes.into() }
    }

    /// A count of a heat table: the nearer to `most`, the fuller its colour.
    pub fn heat(count: i64, most: i64) -> Self {
        if count <= 0 || most <= 0 {
            return Self::count(count);
        }
        let heat = 6.0 + 38.0 * (count as f64 / most as f64).min(1.0);
        Self { text: grouped(count), attributes: format!(" class=\"heat\" style=\"--heat:{heat:.0}%\"") }
    }

    /// Text of a class of the style sheet.
    pub fn of_class(text: &str, class: &'static str) -> Self {
        Self { text: text.into(), attributes: format!(" class=\"{class}\"") }
    }
}

impl Table {
    /// As HTML.
    pub fn html(&self) -> String {
        let class = if self.class.is_empty() { String::new() } else { format!(" class=\"{}\"", self.class) };
        let caption = escaped(&self.caption);
        let mut html = format!("<div class=\"scroll\"><table{class}>\n<caption>{caption}</caption>\n");
        html.push_str("<thead><tr>");
        for title in &self.header {
            // Writing to a string cannot fail.
            let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(title));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for (place, Cell { text, attributes }) in row.iter().enumerate() {
                let (open, close) = if place == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
                let _ = write!(html, "<{open}{attributes}>{}</{close}>", escaped(text));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table></div>\n");
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_stat_2_figures_are_not_rounded_to_all_or_nothing() {
        let shares = [1.0, 0.999_999_9, 0.9995, 0.5, 0.000_001, 0.0];
        let read = |decimals| shares.map(|share| percent(share, decimals).replace('\u{a0}', " "));
        assert_eq!(read(3), ["100 %", "> 99.999 %", "99.95 %", "50 %", "< 0.001 %", "0 %"]);
        assert_eq!(read(1), ["100 %", "> 99.9 %", "> 99.9 %", "50 %", "< 0.1 %", "0 %"]);
    }

    #[test]
    fn digits_times_and_amounts_are_as_people_read_them() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567, -4_000].map(grouped),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567", "\u{2212}4\u{202f}000"]
        );
        let times = [50, 1_000, 10_000, 60_000, 3_600_000, 86_400_000, 1_500].map(time);
        let read = ["50 ms", "1 s", "10 s", "1 min", "1 h", "24 h", "1500 ms"];
        assert_eq!(times.map(|text| text.replace('\u{a0}', " ")), read);
        assert_eq!([amount(1_250_000.0), amount(0.125)], ["1\u{202f}250\u{202f}000.00", "0.12"]);
    }

    #[test]
    fn r_stat_2_no_text_becomes_markup() {
        let table = Table {
            class: "",
            caption: "<a>".into(),
            header: vec!["\"&'".into()],
            rows: vec![vec!["<script>".into(), Cell::of_class("<b>", "none")]],
        };
        let html = table.html();
        for tag in ["<a>", "<script", "<b>", "\"&'"] {
            assert!(!html.contains(tag), "{tag}");
        }
        assert!(html.contains("&lt;script&gt;") && html.contains("&quot;&amp;&#39;"));
    }
}
