//! The contract as a page: calls grouped by noun, each with who may call it, what it takes, what it
//! answers and every refusal; then the shapes, and all refusals in order.
//!
//! Made from the OpenAPI document and the table of problems, so that it cannot say anything else.

use super::schema::{escaped, fields, kind, prose, text};
use super::words::{self, say};
use crate::http::language::Language;
use crate::http::problem::PROBLEM_JSON;
use crate::http::problem_table::{self, TABLE};
use serde_json::Value;
use std::fmt::Write;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
/// Not required, for counters have none; a line without it would be refused to everybody else.
const SENT_BY_NEARLY_ALL: &str = "Openrun-Pass";
const SHAPE: &str = "#/components/schemas/";

/// A call of the document.
struct Operation<'a> {
    path: &'a str,
    method: &'static str,
    value: &'a Value,
}

struct Page<'a> {
    document: &'a Value,
    language: Language,
    html: String,
}

/// The page of a document in a language.
///
/// # Panics
/// Never: the document is ours, and tests make every page.
#[must_use]
pub(super) fn page(document: &str, language: Language) -> String {
    let document = serde_json::from_str(document).expect("the document is JSON");
    let mut page = Page { document: &document, language, html: String::with_capacity(131_072) };
    page.write();
    page.html
}

impl<'a> Page<'a> {
    fn write(&mut self) {
        self.head();
        let operations = self.operations();
        let groups: Vec<_> = words::TAGS
            .iter()
            .map(|(tag, name)| {
                let of_tag = |it: &&Operation<'_>| it.value["tags"][0] == *tag;
                (*tag, *name, operations.iter().filter(of_tag).collect::<Vec<_>>())
            })
            .filter(|(_, _, group)| !group.is_empty())
            .collect();
        self.index(&groups);
        for (tag, name, group) in &groups {
            let title = escaped(say(self.language, *name));
            self.add(&format!("<section id=\"{tag}\"><h2>{title}</h2>"));
            group.iter().for_each(|operation| self.operation(operation));
            self.add("</section>");
        }
        self.shapes();
        self.problems();
        self.add("</main></body></html>\n");
    }

    fn add(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn say(&self, both: words::Both) -> &'static str {
        say(self.language, both)
    }

    /// In the order of their paths.
    fn operations(&self) -> Vec<Operation<'a>> {
        let document = self.document;
        let paths = document["paths"].as_object().into_iter().flatten();
        let of_path = |(path, item): (&'a String, &'a Value)| {
            let there = METHODS.into_iter().filter(|method| item[*method].is_object());
            there.map(move |method| Operation { path, method, value: &item[method] })
        };
        paths.flat_map(of_path).collect()
    }

    fn head(&mut self) {
        let (tag, info) = (self.language.tag(), &self.document["info"]);
        let (title, version) = (escaped(text(info, "title")), escaped(text(info, "version")));
        let (other, word) = match self.language {
            Language::English => ("ko", "한국어"),
            Language::Korean => ("en", "English"),
        };
        let (skip, version_word) = (self.say(words::SKIP), self.say(words::VERSION));
        let known = words::ABOUT_IN_KOREAN.iter().find(|(name, _)| *name == text(info, "title"));
        let about = match (self.language, known) {
            (Language::Korean, Some((_, korean))) => prose(korean),
            _ => prose(text(info, "description")),
        };
        let (as_document, note) = (self.say(words::AS_DOCUMENT), self.say(words::FIELDS_NOTE));
        self.add(&format!(
            "<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><title>{title} - API</title>\
             <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/docs/page.css\">\
             </head><body><a class=\"skip\" href=\"#main\">{skip}</a><header><h1>{title}</h1>\
             <p>{version_word} {version} · <a href=\"?lang={other}\" hreflang=\"{other}\" \
             lang=\"{other}\">{word}</a></p><p>{about} {note}</p>\
             <p><a href=\"/openapi.json\">{as_document}</a></p></header>"
        ));
    }

    fn index(&mut self, groups: &[(&str, words::Both, Vec<&Operation<'_>>)]) {
        let calls = self.say(words::CALLS);
        self.add(&format!("<nav aria-label=\"{calls}\"><h2>{calls}</h2><dl>"));
        for (tag, name, group) in groups {
            let name = self.say(*name);
            self.add(&format!("<dt><a href=\"#{tag}\">{name}</a></dt><dd><ul>"));
            for operation in group {
                let (id, summary) = (text(operation.value, "operationId"), self.summary(operation));
                let method = operation.method.to_uppercase();
                let path = escaped(operation.path);
                self.add(&format!(
                    "<li><a href=\"#{id}\"><code>{method} {path}</code></a> {summary}</li>"
                ));
            }
            self.add("</ul></dd>");
        }
        let (shapes, problems) = (self.say(words::SHAPES), self.say(words::PROBLEMS));
        self.add(&format!(
            "<dt><a href=\"#shapes\">{shapes}</a></dt><dt><a href=\"#problems\">{problems}</a>\
             </dt></dl></nav><main id=\"main\" tabindex=\"-1\">"
        ));
    }

    fn summary(&self, operation: &Operation<'_>) -> String {
        let id = text(operation.value, "operationId");
        let korean = words::CALLS_IN_KOREAN.iter().find(|(name, _)| *name == id);
        match (self.language, korean) {
            (Language::Korean, Some((_, words))) => escaped(words),
            _ => prose(text(operation.value, "summary")),
        }
    }

    fn operation(&mut self, operation: &Operation<'a>) {
        let (value, method) = (operation.value, operation.method.to_uppercase());
        let (id, path) = (text(value, "operationId"), escaped(operation.path));
        let summary = self.summary(operation);
        self.add(&format!(
            "<article id=\"{id}\"><h3>{summary}</h3><p class=\"call\"><b>{method}</b> \
             <code>{path}</code></p>"
        ));
        let description = text(value, "description");
        if !description.is_empty() {
            self.add(&format!("<p lang=\"en\">{}</p>", prose(description)));
        }
        let (who, caller) = (self.say(words::WHO), self.say(who_of(value)));
        self.add(&format!("<p><strong>{who}</strong>: {caller}</p>"));
        self.parameters(value);
        self.body(value);
        self.answers(value);
        self.refusals(value);
        let example = self.say(words::EXAMPLE);
        let line = escaped(&command(operation));
        self.add(&format!("<details><summary>{example}</summary><pre>{line}</pre></details>"));
        self.add("</article>");
    }

    fn table(&mut self, caption: words::Both, columns: &[words::Both]) {
        let caption = self.say(caption);
        self.add(&format!("<table><caption>{caption}</caption><thead><tr>"));
        for column in columns {
            let column = self.say(*column);
            self.add(&format!("<th scope=\"col\">{column}</th>"));
        }
        self.add("</tr></thead><tbody>");
    }

    fn end_table(&mut self) {
        self.add("</tbody></table>");
    }

    fn needed(&self, is_required: bool) -> &'static str {
        self.say(if is_required { words::REQUIRED } else { words::OPTIONAL })
    }

    fn parameters(&mut self, operation: &Value) {
        let parameters = operation["parameters"].as_array().filter(|all| !all.is_empty());
        let Some(parameters) = parameters else { return };
        let columns = [words::NAME, words::WHERE, words::KIND, words::MEANING];
        self.table(words::TAKES, &columns);
        for parameter in parameters {
            let name = escaped(text(parameter, "name"));
            let place = self.say(match text(parameter, "in") {
                "path" => words::IN_PATH,
                "query" => words::IN_QUERY,
                _ => words::IN_HEADER,
            });
            let needed = self.needed(parameter["required"] == true);
            let (kind, said) = (kind(&parameter["schema"]), prose(text(parameter, "description")));
            self.add(&format!(
                "<tr><th scope=\"row\"><code>{name}</code></th><td>{place}, {needed}</td>\
                 <td>{kind}</td><td lang=\"en\">{said}</td></tr>"
            ));
        }
        self.end_table();
    }

    fn body(&mut self, operation: &'a Value) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_object() {
            self.fields(words::BODY, schema);
        }
    }

    fn fields(&mut self, caption: words::Both, schema: &'a Value) {
        let document = self.document;
        let fields = fields(&document["components"]["schemas"], schema);
        if fields.is_empty() {
            self.add(&format!("<p>{}</p>", kind(schema)));
            return;
        }
        self.table(caption, &[words::NAME, words::KIND, words::MEANING]);
        for field in fields {
            let (name, needed) = (escaped(field.name), self.needed(field.is_required));
            let (kind, said) = (kind(field.schema), prose(field.meaning));
            self.add(&format!(
                "<tr><th scope=\"row\"><code>{name}</code></th><td>{kind}, {needed}</td>\
                 <td lang=\"en\">{said}</td></tr>"
            ));
        }
        self.end_table();
    }

    fn answers(&mut self, operation: &Value) {
        self.table(words::ANSWERS, &[words::STATUS, words::KIND, words::MEANING]);
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            let content = answer["content"].as_object().into_iter().flatten();
            let content: Vec<_> = content.collect();
            if content.iter().any(|(media, _)| *media == PROBLEM_JSON) {
                continue;
            }
            let kinds = content.iter().map(|(media, it)| match it["schema"].is_object() {
                true => format!("{} <small>{}</small>", kind(&it["schema"]), escaped(media)),
                false => format!("<small>{}</small>", escaped(media)),
            });
            let kinds = kinds.collect::<Vec<_>>().join(" | ");
            let said = prose(text(answer, "description"));
            self.add(&format!(
                "<tr><th scope=\"row\">{status}</th><td>{kinds}</td><td lang=\"en\">{said}</td></tr>"
            ));
        }
        self.end_table();
    }

    fn refusals(&mut self, operation: &Value) {
        let codes = codes_of(operation);
        if codes.is_empty() {
            return;
        }
        self.table(words::REFUSALS, &[words::STATUS, words::CODE, words::TITLE]);
        for code in codes {
            let entry = problem_table::of(code);
            let title = escaped(say(self.language, (entry.en.0, entry.ko.0)));
            let status = entry.status.as_u16();
            self.add(&format!(
                "<tr><td>{status}</td><th scope=\"row\"><a href=\"#problem-{code}\">\
                 <code>{code}</code></a></th><td>{title}</td></tr>"
            ));
        }
        self.end_table();
    }

    fn shapes(&mut self) {
        let title = self.say(words::SHAPES);
        self.add(&format!("<section id=\"shapes\"><h2>{title}</h2>"));
        let document = self.document;
        let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
        for (name, schema) in schemas {
            let said = prose(text(schema, "description"));
            self.add(&format!(
                "<article id=\"shape-{name}\"><h3><code>{name}</code></h3><p lang=\"en\">{said}</p>"
            ));
            self.fields(words::BODY, schema);
            self.add("</article>");
        }
        self.add("</section>");
    }

    fn problems(&mut self) {
        let (title, note) = (self.say(words::PROBLEMS), self.say(words::PROBLEMS_NOTE));
        let shape = format!("{SHAPE}Problem");
        let link = kind(&serde_json::json!({ "$ref": shape }));
        self.add(&format!("<section id=\"problems\"><h2>{title}</h2><p>{note} {link}</p>"));
        let columns = [words::STATUS, words::CODE, words::TITLE, words::MEANING];
        self.table(words::PROBLEMS, &columns);
        let all = self.operations();
        let used = |code: &str| all.iter().any(|it| codes_of(it.value).contains(&code));
        for entry in TABLE.iter().filter(|entry| used(entry.code)) {
            let (title, detail) = match self.language {
                Language::English => entry.en,
                Language::Korean => entry.ko,
            };
            let (code, status) = (entry.code, entry.status.as_u16());
            let (title, detail) = (escaped(title), escaped(detail));
            self.add(&format!(
                "<tr id=\"problem-{code}\"><td>{status}</td><th scope=\"row\"><code>{code}</code>\
                 </th><td>{title}</td><td>{detail}</td></tr>"
            ));
        }
        self.end_table();
        self.add("</section>");
    }
}

/// Every code that the document names for a call, in order of precedence.
fn codes_of(operation: &Value) -> Vec<&'static str> {
    let answers = operation["responses"].as_object().into_iter().flatten();
    let said = answers.filter(|(_, it)| it["content"][PROBLEM_JSON].is_object());
    let said: String = said.map(|(_, it)| text(it, "description")).collect();
    let named: Vec<&str> = said.split('`').collect();
    TABLE.iter().map(|entry| entry.code).filter(|code| named.contains(code)).collect()
}

fn who_of(operation: &Value) -> words::Both {
    let security = operation["security"].as_array().into_iter().flatten();
    let needs = |name: &str| security.clone().any(|it| it[name].is_array());
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let is_ticket = |it: &Value| it["name"] == "Openrun-Ticket" && it["required"] == true;
    match (needs("person_token"), needs("staff_token")) {
        (true, _) => words::PERSON,
        (_, true) => words::STAFF,
        _ if parameters.clone().any(is_ticket) => words::TICKET,
        _ => words::ANYBODY,
    }
}

/// The call as a line for a shell; `$SERVER`, `$TOKEN` and the like are the reader's.
fn command(operation: &Operation<'_>) -> String {
    let (value, mut line) = (operation.value, String::from("curl"));
    if operation.method != "get" {
        let _ = write!(line, " -X {}", operation.method.to_uppercase());
    }
    let variable =
        |name: &str| name.trim_start_matches("Openrun-").to_uppercase().replace('-', "_");
    let segments = operation.path.split('/').map(|segment| {
        let name = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        name.map_or(segment.to_owned(), |name| format!("${}", variable(name)))
    });
    let _ = write!(line, " \"$SERVER{}\"", segments.collect::<Vec<_>>().join("/"));
    if value["security"].is_array() {
        line.push_str(" -H \"Authorization: Bearer $TOKEN\"");
    }
    for parameter in value["parameters"].as_array().into_iter().flatten() {
        let name = text(parameter, "name");
        let is_sent = parameter["required"] == true || name == SENT_BY_NEARLY_ALL;
        if parameter["in"] == "header" && is_sent {
            let _ = write!(line, " \\\n  -H \"{name}: ${}\"", variable(name));
        }
    }
    if value["requestBody"].is_object() {
        line.push_str(" \\\n  -H 'Content-Type: application/json' -d @body.json");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi::{openapi, ops_openapi};
    use std::collections::BTreeSet;

    fn pages() -> Vec<(String, Language, String)> {
        let both = |document: String| {
            [Language::English, Language::Korean]
                .map(|language| (document.clone(), language, page(&document, language)))
        };
        [openapi(), ops_openapi()].into_iter().flat_map(both).collect()
    }

    #[test]
    fn every_call_stands_on_the_page_with_every_refusal() {
        for (document, language, page) in pages() {
            let document: Value = serde_json::from_str(&document).unwrap();
            let all = Page { document: &document, language, html: String::new() };
            let operations = all.operations();
            assert!(operations.len() > 10);
            for operation in operations {
                let id = text(operation.value, "operationId");
                let start = format!("<article id=\"{id}\">");
                assert_eq!(page.matches(&start).count(), 1, "{id} has no group");
                let article =
                    page.split(&start).nth(1).unwrap().split("</article>").next().unwrap();
                for code in codes_of(operation.value) {
                    assert!(article.contains(&format!("<code>{code}</code>")), "{id}: {code}");
                    assert!(page.contains(&format!("<tr id=\"problem-{code}\">")), "{code}");
                }
            }
        }
    }

    #[test]
    fn every_call_has_korean_words() {
        let known: BTreeSet<&str> = words::CALLS_IN_KOREAN.iter().map(|(id, _)| *id).collect();
        assert_eq!(known.len(), words::CALLS_IN_KOREAN.len(), "each stands there once");
        for (document, language, _) in pages() {
            let document: Value = serde_json::from_str(&document).unwrap();
            let all = Page { document: &document, language, html: String::new() };
            for operation in all.operations() {
                let id = text(operation.value, "operationId");
                assert!(known.contains(id), "{id} has no Korean words in words.rs");
            }
        }
    }

    #[test]
    fn links_lead_somewhere_and_nothing_runs_or_is_styled_in_the_page() {
        for (_, language, page) in pages() {
            for target in page.split("href=\"#").skip(1) {
                let target = target.split('"').next().unwrap();
                assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
            }
            for banned in ["<script", "<style", " style=", " onclick"] {
                assert!(!page.contains(banned), "{banned}");
            }
            assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
            for (open, close) in [("<table>", "</table>"), ("<article ", "</article>")] {
                assert_eq!(page.matches(open).count(), page.matches(close).count());
            }
        }
    }

    #[test]
    fn a_line_for_a_shell_has_what_the_call_needs() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        let language = Language::English;
        let page = Page { document: &document, language, html: String::new() };
        let operations = page.operations();
        let buy = operations.iter().find(|it| it.value["operationId"] == "buy").unwrap();
        assert_eq!(
            command(buy),
            "curl -X POST \"$SERVER/v1/rounds/$ROUND/purchases\" \
             -H \"Authorization: Bearer $TOKEN\" \\\n  -H \"Openrun-Pass: $PASS\" \\\n  \
             -H \"Idempotency-Key: $IDEMPOTENCY_KEY\" \\\n  \
             -H 'Content-Type: application/json' -d @body.json"
        );
    }
}
