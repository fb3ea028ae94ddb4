//! The OpenAPI document has every route of the native API, as it is, and nothing else; and its page shows all of it.

pub(crate) mod conformance;

use std::collections::BTreeSet;
use std::process::Command;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tollgate::api;

use self::conformance::{document, faults, resolved};
use crate::house::{Auth, BY_OPERATOR, House};

/// Every operation: its path, its method in capitals, and itself.
fn operations() -> Vec<(&'static str, Method, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| {
            (&**path, method.to_ascii_uppercase().parse().unwrap(), operation)
        })
    });
    operations.collect()
}

#[test]
fn every_native_route_is_described_and_nothing_else() {
    let name = |method: &Method, path: &str| format!("{method} {path}");
    let routes = api::routes().into_iter().filter(|it| api::native::speaks(it.path));
    let routed: BTreeSet<_> = routes.map(|it| name(&it.method, it.path)).collect();
    let described: BTreeSet<_> = operations().iter().map(|(path, method, _)| name(method, path)).collect();
    let missing: Vec<_> = routed.difference(&described).collect();
    assert!(
        missing.is_empty(),
        "no description of {missing:?}. In src/api/native/handlers/, beside the handler of each, give `described()` an \
         `Operation::new(method, path, \"name_for_programs\", \"Summary\").about(\"…\")`, with `.query::<ItsQuery>()`, \
         `.takes::<ItsBody>(EXAMPLE)`, `.answers::<ItsRecord>(200, \"What it is.\", EXAMPLE)` and `.fails(&[Code::…])` as far as \
         they apply; a new file also a line in `handlers::described()`. Its wire types take `#[derive(JsonSchema)]` and a doc \
         comment on every member (src/api/native/wire/schema.rs has the types of members, charges.rs is an example)."
    );
    let unrouted: Vec<_> = described.difference(&routed).collect();
    assert!(unrouted.is_empty(), "described, and served nowhere: {unrouted:?}");
}

#[test]
fn every_description_says_enough() {
    let mut silent = Vec::new();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        let at = format!("{method} {path}");
        for member in ["operationId", "summary", "description"] {
            if text(&operation[member]).is_empty() {
                silent.push(format!("{at}: {member}"));
            }
        }
        assert!(ids.insert(text(&operation["operationId"])), "{at}: its id is another's, too");
        for parameter in list(&operation["parameters"]) {
            let parameter = resolved(parameter);
            if text(&parameter["description"]).is_empty() {
                silent.push(format!("{at}: the parameter {}", parameter["name"]));
            }
        }
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|it| it.starts_with('2')), "{at}: no success is described");
    }
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        if text(&schema["description"]).is_empty() {
            silent.push(format!("the schema {name}"));
        }
        collect_silent(name, schema, &mut silent);
    }
    assert!(
        silent.is_empty(),
        "these have no words; a doc comment on each in the code gives them some: {silent:#?}"
    );
}

/// The members of a schema, and of those within it, that have no description.
fn collect_silent(at: &str, schema: &Value, silent: &mut Vec<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let is_tag = member.get("const").is_some();
        if text(&member["description"]).is_empty() && !is_tag {
            silent.push(format!("{at}.{name}"));
        }
        collect_silent(&format!("{at}.{name}"), member, silent);
    }
    for part in ["anyOf", "oneOf", "allOf"] {
        // What only narrows a member that is described says nothing more.
        for schema in list(&schema[part]).filter(|it| it["type"] == "object") {
            collect_silent(at, schema, silent);
        }
    }
    if schema["items"].is_object() {
        collect_silent(at, &schema["items"], silent);
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut seen = 0;
    for (path, method, operation) in operations() {
        let at = format!("{method} {path}");
        let asked = operation["requestBody"]["content"].as_object().into_iter().flatten();
        let asked = asked.map(|(kind, content)| (format!("{at} body {kind}"), content));
        let answered = operation["responses"].as_object().unwrap().iter().flat_map(|(status, response)| {
            let at = &at;
            let content = resolved(response)["content"].as_object().into_iter().flatten();
            content.map(move |(kind, content)| (format!("{at} {status} {kind}"), content))
        });
        for (name, content) in asked.chain(answered) {
            let several = content["examples"].as_object().into_iter().flatten();
            let several = several.map(|(_, it)| &resolved(it)["value"]);
            let examples: Vec<_> = content.get("example").into_iter().chain(several).collect();
            assert!(!examples.is_empty(), "{name}: no example");
            for example in examples {
                seen += 1;
                let faults = faults(&format!("example of {name}"), &content["schema"], example);
                assert!(faults.is_empty(), "{name}: {}\n{example:#}", faults.join("; "));
            }
        }
    }
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        for example in list(&schema["examples"]) {
            seen += 1;
            let faults = faults(&format!("schema {name}"), schema, example);
            assert!(faults.is_empty(), "{name}: {}\n{example:#}", faults.join("; "));
        }
    }
    assert!(seen > 300, "only {seen} examples were looked at");
}

/// A member that is not known is refused with the names of those that are: these are the ones that are described.
#[tokio::test]
async fn every_reader_knows_the_members_that_are_described_and_no_others() {
    let house = House::new();
    let account = house.primary("Account", "0").await;
    let mut seen = 0;
    for (path, method, operation) in operations() {
        let path = path.replace("{account}", &account.key).replace(['{', '}'], "");
        let content = operation["requestBody"]["content"].as_object().into_iter().flatten();
        for (_, content) in content.filter(|it| it.1["example"].is_object()) {
            let mut body = content["example"].clone();
            body["no_member"] = json!(true);
            let known = known(&house, &method, &path, body.to_string()).await;
            let described = resolved(&content["schema"])["properties"].as_object();
            let described: BTreeSet<_> = described.into_iter().flatten().map(|it| it.0.clone()).collect();
            assert_eq!(known, described, "{method} {path}: on the left what its body's reader knows");
            seen += 1;
        }
        let query: BTreeSet<_> = list(&operation["parameters"])
            .map(resolved)
            .filter(|it| it["in"] == "query")
            .map(|it| text(&it["name"]).to_owned())
            .collect();
        if !query.is_empty() {
            let known = known(&house, &method, &format!("{path}?no_member=1"), String::new()).await;
            assert_eq!(known, query, "{method} {path}: on the left what its query's reader knows");
            seen += 1;
        }
    }
    assert!(seen >= 20, "only {seen} readers were asked");
}

/// The names that the problem says are known.
async fn known(house: &House, method: &Method, path: &str, body: String) -> BTreeSet<String> {
    let request = Request::builder().method(method).uri(path);
    let answer = house.send(BY_OPERATOR.on(request).body(Body::from(body)).unwrap()).await;
    let problem = answer.json();
    let error = list(&problem["errors"]).find(|it| it["field"] == "no_member");
    let detail = error.map_or_else(
        || panic!("{method} {path} takes what is not known: {answer}"),
        |it| text(&it["detail"]),
    );
    let known = detail.rsplit_once("known are ").map_or("", |it| it.1);
    known.split(", ").filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_document_and_its_page_are_for_anybody() {
    let house = House::new();
    let answer = house.get("/api/v1/openapi.json", Auth::Nothing).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.json()["openapi"], "3.1.0");
    assert_eq!(&answer.json(), document());
}

#[tokio::test]
async fn the_page_shows_everything_and_needs_nothing_from_elsewhere() {
    let house = House::new();
    let answer = house.get("/docs", Auth::Nothing).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
    let page = answer.text();
    // Addresses stand in its examples; nothing is loaded from them, nor does a link lead there.
    for word in
        ["<script", "href=\"http", "href=\"//", "src=", "action=", "url(", "<img", "@import", "style="]
    {
        assert!(!page.contains(word), "the page has {word}");
    }
    for (path, method, operation) in operations() {
        let id = text(&operation["operationId"]);
        let [article, link] = [format!("<article id=\"{id}\">"), format!("href=\"#{id}\"")];
        assert!(page.contains(&article) && page.contains(&link), "{method} {path} is not on the page");
        assert!(page.contains(path), "{path} is not on the page");
    }
    // Every link within the page leads somewhere.
    let anchors = page.split("href=\"#").skip(1).map(|it| it.split('"').next().unwrap());
    let lost: BTreeSet<_> = anchors.filter(|it| !page.contains(&format!("id=\"{it}\""))).collect();
    assert_eq!(lost, BTreeSet::new());
    let style = house.get("/docs/style.css", Auth::Nothing).await;
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert!(!style.text().contains("url("));
}

#[test]
fn the_command_line_prints_the_same_document() {
    let printed = Command::new(env!("CARGO_BIN_EXE_tollgate")).arg("openapi").output().unwrap();
    assert!(printed.status.success());
    assert_eq!(&serde_json::from_slice::<Value>(&printed.stdout).unwrap(), document());
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
