//! The document as a page for people: `templates/docs.html`, filled from the document alone, so that whatever is in the
//! one is in the other. One page, no script: the browser's own search finds everything.

use std::borrow::Cow;

use askama::Template;
use serde_json::{Map, Value};

/// What the page looks like.
pub(in super::super) const STYLE: &str = include_str!("../../../../templates/docs.css");

#[derive(Template)]
#[template(path = "docs.html")]
struct Page<'a> {
    title: &'a str,
    version: &'a str,
    about: String,
    groups: Vec<GroupShown<'a>>,
    schemas: Vec<SchemaShown<'a>>,
    problems: Vec<ProblemShown<'a>>,
}

struct GroupShown<'a> {
    name: &'a str,
    anchor: String,
    about: String,
    operations: Vec<OperationShown<'a>>,
}

struct OperationShown<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    about: String,
    callers: &'static str,
    parameters: Vec<MemberShown<'a>>,
    bodies: Vec<BodyShown<'a>>,
    answers: Vec<AnswerShown<'a>>,
    problems: Vec<(&'a str, Vec<&'a str>)>,
}

/// A parameter, or a member of a schema.
struct MemberShown<'a> {
    name: &'a str,
    place: &'a str,
    is_required: bool,
    kind: String,
    about: String,
}

struct BodyShown<'a> {
    is_required: bool,
    media_type: &'a str,
    kind: String,
    example: String,
}

struct AnswerShown<'a> {
    status: &'a str,
    about: &'a str,
    media_type: &'a str,
    kind: String,
    example: String,
}

struct SchemaShown<'a> {
    name: &'a str,
    about: String,
    kind: String,
    members: Vec<MemberShown<'a>>,
    examples: String,
}

struct ProblemShown<'a> {
    code: &'a str,
    title: &'a str,
    status: String,
    example: String,
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page that shows a document.
pub(super) fn page(document: &Value) -> String {
    let page = Page {
        title: text(&document["info"]["title"]),
        version: text(&document["info"]["version"]),
        about: prose(text(&document["info"]["description"])),
        groups: list(&document["tags"]).map(|it| group(document, it)).collect(),
        schemas: members(&document["components"]["schemas"]).map(|(name, it)| schema(name, it)).collect(),
        problems: members(&document["components"]["examples"]).map(|(code, it)| problem(code, it)).collect(),
    };
    // It writes into a text, which takes everything.
    page.render().unwrap_or_default()
}

fn group<'a>(document: &'a Value, tag: &'a Value) -> GroupShown<'a> {
    let name = text(&tag["name"]);
    let mut operations = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for method in METHODS {
            let described = &methods[method];
            if described["tags"][0] == name {
                operations.push(operation(document, path, method, described));
            }
        }
    }
    GroupShown { name, anchor: name.replace(' ', "-"), about: prose(text(&tag["description"])), operations }
}

fn operation<'a>(
    document: &'a Value,
    path: &'a str,
    method: &str,
    described: &'a Value,
) -> OperationShown<'a> {
    let (mut answers, mut problems) = (Vec::new(), Vec::new());
    for (status, response) in members(&described["responses"]) {
        for (media_type, content) in members(&response["content"]) {
            if media_type == "application/problem+json" {
                problems.push((status, members(&content["examples"]).map(|it| it.0).collect()));
            } else {
                let about = text(&response["description"]);
                let (kind, example) = (kind(&content["schema"]), example(&content["example"]));
                answers.push(AnswerShown { status, about, media_type, kind, example });
            }
        }
    }
    let bodies = members(&described["requestBody"]["content"]).map(|(media_type, content)| BodyShown {
        is_required: described["requestBody"]["required"] == true,
        media_type,
        kind: kind(&content["schema"]),
        example: example(&content["example"]),
    });
    OperationShown {
        id: text(&described["operationId"]),
        method: method.to_ascii_uppercase(),
        path,
        summary: text(&described["summary"]),
        about: prose(text(&described["description"])),
        callers: callers(&described["security"]),
        parameters: list(&described["parameters"]).map(|it| parameter(resolved(document, it))).collect(),
        bodies: bodies.collect(),
        answers,
        problems,
    }
}

/// Whom the security of an operation lets in.
fn callers(security: &Value) -> &'static str {
    let takes = |scheme: &str| list(security).any(|it| it.get(scheme).is_some());
    match (takes("token"), takes("account")) {
        (true, true) => "a token, or an account’s credentials",
        (true, false) => "a token",
        (false, true) => "an account’s credentials",
        (false, false) => "anybody, without credentials",
    }
}

fn parameter(parameter: &Value) -> MemberShown<'_> {
    MemberShown {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        is_required: parameter["required"] == true,
        kind: kind(&parameter["schema"]),
        about: prose(text(&parameter["description"])),
    }
}

fn schema<'a>(name: &'a str, schema: &'a Value) -> SchemaShown<'a> {
    let required: Vec<_> = list(&schema["required"]).map(text).collect();
    let own = members(&schema["properties"]).map(|(name, member)| MemberShown {
        name,
        place: "",
        is_required: required.contains(&name),
        kind: kind(member),
        about: prose(text(&member["description"])),
    });
    let examples: Vec<_> = list(&schema["examples"]).map(Value::to_string).collect();
    SchemaShown {
        name,
        about: prose(text(&schema["description"])),
        kind: kind(schema),
        members: own.collect(),
        examples: examples.join(", "),
    }
}

fn problem<'a>(code: &'a str, shown: &'a Value) -> ProblemShown<'a> {
    ProblemShown {
        code,
        title: text(&shown["summary"]),
        status: shown["value"]["status"].to_string(),
        example: example(&shown["value"]),
    }
}

/// What a schema allows, in a few words of HTML.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for (word, between) in [("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")] {
        if schema[word].is_array() && schema.get("properties").is_none() {
            let parts: Vec<_> = list(&schema[word]).map(kind).collect();
            return parts.join(between);
        }
    }
    if schema["enum"].is_array() {
        let words: Vec<_> = list(&schema["enum"]).map(|it| code(&it.to_string())).collect();
        return words.join(" or ");
    }
    if let Some(value) = schema.get("const") {
        return code(&value.to_string());
    }
    let types = match schema["type"].as_array() {
        Some(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        None => text(&schema["type"]).to_owned(),
    };
    let mut kind = match (&schema["items"], &*types) {
        (Value::Null, "") => "anything".to_owned(),
        (Value::Null, _) => types,
        (items, _) => format!("list of {}", kind(items)),
    };
    for (word, about) in [
        ("format", ", "),
        ("minimum", ", from "),
        ("exclusiveMinimum", ", more than "),
        ("maximum", ", at most "),
        ("minLength", ", length from "),
        ("maxLength", ", length at most "),
        ("minItems", ", entries from "),
        ("maxItems", ", entries at most "),
        ("default", ", else "),
        ("pattern", ", pattern "),
    ] {
        // What the type of a number in our code is, is nobody's affair.
        let limit = schema.get(word).filter(|it| !matches!(text(it), "uint" | "uint32" | "int64"));
        if let Some(limit) = limit {
            let limit = limit.as_str().map_or_else(|| limit.to_string().into(), Cow::Borrowed);
            let limit = if word == "pattern" { code(&limit) } else { escaped(&limit) };
            kind.push_str(about);
            kind.push_str(&limit);
        }
    }
    kind
}

/// An example as it is read best.
fn example(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned)
}

/// CommonMark, as far as our descriptions go: paragraphs, `code` and **strong**.
fn prose(text: &str) -> String {
    let paragraphs = text.split("\n\n").filter(|it| !it.trim().is_empty());
    paragraphs.map(|it| format!("<p>{}</p>", strong(it.trim()))).collect()
}

fn strong(text: &str) -> String {
    alternating(text, "**", emphasis, |it| format!("<strong>{}</strong>", emphasis(it)))
}

fn emphasis(text: &str) -> String {
    alternating(text, "`", |it| alternating(it, "*", escaped, |it| format!("<em>{}</em>", escaped(it))), code)
}

/// The parts of a text between marks, every second of them spelled otherwise.
fn alternating(
    text: &str,
    mark: &str,
    plain: impl Fn(&str) -> String,
    marked: impl Fn(&str) -> String,
) -> String {
    let parts = text.split(mark).zip([false, true].into_iter().cycle());
    parts.map(|(part, is_marked)| if is_marked { marked(part) } else { plain(part) }).collect()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE).iter().map(|(name, value)| (&**name, value))
}

/// What a reference into the document refers to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
    pointer.and_then(|it| document.pointer(it)).unwrap_or(value)
}
