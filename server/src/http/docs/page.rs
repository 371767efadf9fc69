//! The page: operations by their tags, the codes of problems, and types.

use super::model::{Document, Operation, Parameter, Response, Schema};
use super::sample;
use crate::http::caller::PERSON;
use crate::http::problem::Code;

/// How to set what the command lines use.
const SHELL: &str = "WHORL=http://127.0.0.1:8080 KEY=whorl_… PERSON=\"A. Officer\"";

/// Columns of a table of answers.
const ANSWER: [&str; 4] = ["status", "meaning", "body", "headers"];

/// The whole of it.
pub fn page(document: &Document, style: &str) -> String {
    let title = escaped(&document.info.title);
    // The table of codes, which follows in the document, has a place of its own here.
    let about = document.info.description.split("\n\n|").next().unwrap_or_default();
    let operations: String =
        document.tags.iter().map(|tag| section(document, &tag.name, &tag.description)).collect();
    let types: String =
        document.components.schemas.0.iter().map(|(name, schema)| described(name, schema)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{style}</style></head>\n<body>\n\
         <header><h1>{title} <small>{version}</small></h1>\n<p>{about}</p>\n\
         <p>The same for programs: <a href=\"/openapi.json\">/openapi.json</a>. For the command lines: <code>{shell}</code></p></header>\n\
         {contents}<main>\n{common}{operations}{problems}<h2 id=\"types\">Types</h2>\n{types}</main>\n</body></html>\n",
        version = escaped(&document.info.version),
        about = inline(about),
        shell = escaped(SHELL),
        contents = contents(document),
        common = common(document),
        problems = problems(),
    )
}

/// The operations of a tag.
fn of_tag<'a>(document: &'a Document, tag: &str) -> Vec<(&'a str, &'a str, &'a Operation)> {
    let all = document.paths.0.iter().flat_map(|(path, item)| {
        item.0.iter().map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    });
    all.filter(|(_, _, operation)| operation.tags.iter().any(|name| name == tag)).collect()
}

fn contents(document: &Document) -> String {
    let line = |(method, path, operation): (&str, &str, &Operation)| {
        format!(
            "<li><a href=\"#{}\"><b>{}</b> {}</a></li>\n",
            operation.operation_id,
            method.to_uppercase(),
            escaped(path)
        )
    };
    let part = |name: &str| {
        let lines: String = of_tag(document, name).into_iter().map(line).collect();
        format!("<li><a href=\"#tag-{name}\">{name}</a><ul>\n{lines}</ul></li>\n")
    };
    let parts: String = document.tags.iter().map(|tag| part(&tag.name)).collect();
    format!(
        "<nav><ul>\n<li><a href=\"#common\">Every operation</a></li>\n{parts}<li><a href=\"#problems\">Problems</a></li>\
         <li><a href=\"#types\">Types</a></li></ul></nav>\n"
    )
}

/// What is the same for all, once.
fn common(document: &Document) -> String {
    let answers = &document.components.responses.0;
    let rows = document.paths.0.iter().flat_map(|(_, item)| &item.0).find_map(|(_, operation)| {
        let all = operation.responses.0.iter().filter(|(_, response)| response.reference.is_some());
        let rows: Vec<_> = all.map(|(status, response)| answer(document, status, response)).collect();
        (rows.len() == answers.len()).then_some(rows)
    });
    format!(
        "<h2 id=\"common\">Every operation</h2>\n<p>Needs the key of an authority in <code>Authorization: Bearer</code>, or a client \
         certificate where that is set up, and the responsible person in <code>{PERSON}</code> (Art. 16), unless it says that it needs no \
         key.</p>\n{}",
        table("Answers beside those of the operation", &ANSWER, &rows.unwrap_or_default())
    )
}

fn section(document: &Document, tag: &str, description: &str) -> String {
    let articles: String = of_tag(document, tag)
        .into_iter()
        .map(|(method, path, it)| article(document, method, path, it))
        .collect();
    format!("<h2 id=\"tag-{tag}\">{tag}</h2>\n<p>{}</p>\n{articles}", inline(description))
}

fn article(document: &Document, method: &str, path: &str, operation: &Operation) -> String {
    let id = &operation.operation_id;
    let parameters = operation.parameters.iter().filter(|parameter| parameter.name != PERSON);
    let parameters: Vec<_> = parameters.map(parameter).collect();
    let answers = operation.responses.0.iter().filter(|(_, response)| response.reference.is_none());
    let answers: Vec<_> = answers.map(|(status, response)| answer(document, status, response)).collect();
    let key = if operation.security.is_some() { "" } else { " <small>needs no key</small>" };
    format!(
        "<article id=\"{id}\"><h3><b>{}</b> <code>{}</code>{key}</h3>\n<p>{}</p>\n<p>{}</p>\n{}{}{}<pre>{}</pre></article>\n",
        method.to_uppercase(),
        escaped(path),
        inline(&operation.summary),
        inline(&operation.description),
        table("Parameters", &["name", "in", "type", "", "meaning"], &parameters),
        bodies(document, operation),
        table("Answers", &ANSWER, &answers),
        escaped(&sample::command(document, method, path, operation)),
    )
    .replace("<p></p>\n", "")
}

fn parameter(parameter: &Parameter) -> Vec<String> {
    vec![
        format!("<code>{}</code>", escaped(&parameter.name)),
        escaped(&parameter.place),
        kind(&parameter.schema),
        if parameter.required { "needed" } else { "" }.to_owned(),
        inline(&parameter.description),
    ]
}

fn answer(document: &Document, status: &str, response: &Response) -> Vec<String> {
    let answer = document.answer(response);
    let contents = answer.content.0.iter().map(|(media_type, content)| {
        format!("{} <small>{}</small>", kind(&content.schema), escaped(media_type))
    });
    let headers = answer.headers.0.iter();
    let headers = headers
        .map(|(name, header)| format!("<code>{}</code>: {}", escaped(name), inline(&header.description)));
    let lines = |cells: Vec<String>| cells.join("<br>");
    vec![escaped(status), inline(&answer.description), lines(contents.collect()), lines(headers.collect())]
}

fn bodies(document: &Document, operation: &Operation) -> String {
    let Some(body) = &operation.request_body else { return String::new() };
    let mut made = String::new();
    for (media_type, content) in &body.content.0 {
        made.push_str(&format!(
            "<p>Body: {} <small>{}</small></p>\n",
            kind(&content.schema),
            escaped(media_type)
        ));
        if media_type != "application/json" {
            continue;
        }
        for (name, value) in sample::bodies(document, content) {
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            let name = if name.is_empty() { "For example".to_owned() } else { name };
            let id = &operation.operation_id;
            made.push_str(&format!(
                "<details><summary>{}</summary><pre class=\"{id}\">{}</pre></details>\n",
                escaped(&name),
                escaped(&text)
            ));
        }
    }
    made
}

fn problems() -> String {
    let row = |code: &Code| {
        let (code, status, title) = code.parts();
        format!(
            "<tr id=\"problem-{code}\"><td><code>{code}</code></td><td>{}</td><td>{}</td></tr>\n",
            status.as_u16(),
            escaped(title)
        )
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    format!(
        "<h2 id=\"problems\">Problems</h2>\n<p>What a <a href=\"#Problem\">Problem</a> has as its <code>code</code>.</p>\n\
         <table><tr><th>code</th><th>status</th><th>meaning</th></tr>\n{rows}</table>\n"
    )
}

/// A type of the document.
fn described(name: &str, schema: &Schema) -> String {
    let fields = table("", &["field", "type", "", "meaning"], &fields(schema));
    let values = if schema.properties.0.is_empty() { kind(schema) } else { String::new() };
    format!(
        "<article id=\"{name}\"><h3>{name}</h3>\n<p>{}</p>\n<p>{values}</p>\n{fields}</article>\n",
        inline(&schema.description)
    )
    .replace("<p></p>\n", "")
}

fn fields(schema: &Schema) -> Vec<Vec<String>> {
    // What refers to another type is told by its name.
    let own = schema.all_of.iter().filter(|part| part.reference.is_none());
    let mut rows: Vec<_> = own.flat_map(fields).collect();
    rows.extend(schema.properties.0.iter().map(|(name, property)| {
        let needed = if schema.required.contains(name) { "needed" } else { "" };
        // Of what may be null the description stands with the other.
        let mut descriptions =
            property.one_of.iter().map(|one| &one.description).chain([&property.description]);
        let description = descriptions.rfind(|text| !text.is_empty()).map(String::as_str);
        vec![
            format!("<code>{}</code>", escaped(name)),
            kind(property),
            needed.to_owned(),
            inline(description.unwrap_or_default()),
        ]
    }));
    rows
}

/// A type in a few words.
fn kind(schema: &Schema) -> String {
    if let Some(name) = schema.name() {
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    let of = |parts: &[Schema], between: &str| {
        let named = parts.iter().filter(|part| part.reference.is_some() || part.properties.0.is_empty());
        named.map(kind).collect::<Vec<_>>().join(between)
    };
    if !schema.one_of.is_empty() {
        return of(&schema.one_of, " or ");
    }
    if !schema.all_of.is_empty() {
        return of(&schema.all_of, " and ");
    }
    let mut words = match (schema.kind.name(), &schema.items) {
        _ if !schema.values.is_empty() => {
            let values = schema
                .values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            values.map(|value| format!("<code>{}</code>", escaped(&value))).collect::<Vec<_>>().join(" ")
        }
        (Some("array"), Some(items)) => format!("list of {}", kind(items)),
        (Some("string"), _) => schema
            .format
            .as_deref()
            .map_or("text", |format| if format == "byte" { "base64" } else { format })
            .to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, _) => "null".to_owned(),
    };
    let range = |from: Option<String>, to: Option<String>, what: &str| match (from, to) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", {from} or more{what}"),
        (None, Some(to)) => format!(", {to} at most{what}"),
        (Some(from), Some(to)) if from == to => format!(", {from}{what}"),
        (Some(from), Some(to)) => format!(", {from} to {to}{what}"),
    };
    let text = |number: Option<u64>| number.map(|number| number.to_string());
    let number = |number: &Option<serde_json::Number>| number.as_ref().map(ToString::to_string);
    words += &range(number(&schema.minimum), number(&schema.maximum), "");
    words += &range(text(schema.min_length), text(schema.max_length), " characters");
    words += &range(text(schema.min_items), text(schema.max_items), "");
    if let Some(pattern) = &schema.pattern {
        words += &format!(", <code>{}</code>", escaped(pattern));
    }
    if schema.kind.may_be_null() && schema.kind.name().is_some() {
        words += " or null";
    }
    words
}

/// Nothing, where there are no rows.
fn table(title: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let row = |cells: &Vec<String>| cells.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>();
    let rows: String = rows.iter().map(|cells| format!("<tr>{}</tr>\n", row(cells))).collect();
    let title = if title.is_empty() { String::new() } else { format!("<h4>{title}</h4>\n") };
    format!("{title}<table><tr>{head}</tr>\n{rows}</table>\n")
}

/// As text, with what stands in backticks as code.
fn inline(text: &str) -> String {
    let parts = escaped(text);
    let parts = parts.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}

/// As text, and never as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
