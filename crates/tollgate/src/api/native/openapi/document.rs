//! The OpenAPI document: the descriptions of the routes, the table that they are registered from, and the schemas of the
//! types that their bodies are read from and their answers are spelled by.

use std::collections::BTreeMap;

use axum::http::Method;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::super::error::{Code, Problem, ProblemRecord};
use super::super::handlers;
use super::operation::{Answer, Operation};
use crate::api::Who;

/// What the first page of the document says.
const ABOUT: &str = include_str!("about.md");

/// The document.
pub(super) fn document() -> Value {
    let mut assembly = Assembly::new();
    let (mut tags, mut paths) = (Vec::new(), BTreeMap::<&str, Map<String, Value>>::new());
    for group in handlers::described() {
        tags.push(json!({ "name": group.name, "description": group.about }));
        for operation in group.operations {
            let described = assembly.operation(group.name, &operation);
            let method = operation.method.as_str().to_ascii_lowercase();
            paths.entry(operation.path).or_default().insert(method, described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tollgate",
            "summary": "Subaccounts, credit and a toll gate for any API",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server." }],
        "tags": tags,
        "paths": paths,
        "components": assembly.components(),
    })
}

/// What is put together.
struct Assembly {
    /// Of what requests have.
    asked: SchemaGenerator,
    /// Of what answers have.
    answered: SchemaGenerator,
    problem: Schema,
    codes: Vec<Code>,
    callers: Vec<(Method, &'static str, Who)>,
}

impl Assembly {
    fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        let mut answered = settings.clone().for_serialize().into_generator();
        Self {
            problem: answered.subschema_for::<ProblemRecord<'_>>(),
            answered,
            asked: settings.for_deserialize().into_generator(),
            codes: Vec::new(),
            callers: super::super::routes().into_iter().map(|it| (it.method, it.path, it.who)).collect(),
        }
    }

    fn operation(&mut self, tag: &str, operation: &Operation) -> Value {
        let who = self.who(operation);
        let mut described = json!({
            "operationId": operation.id,
            "summary": operation.summary,
            "description": operation.about,
            "tags": [tag],
            "parameters": self.parameters(operation),
            "responses": self.responses(operation, who),
            "security": security(who),
        });
        if let Some(body) = &operation.body {
            let mut schema = (body.schema)(&mut self.asked).to_value();
            close(&mut schema, &mut self.asked);
            let mut content =
                json!({ body.media_type: { "schema": schema, "example": example(body.example) } });
            for (media_type, example) in &body.others {
                content[*media_type] = json!({ "schema": { "type": "string" }, "example": example });
            }
            described["requestBody"] = json!({ "required": body.is_required, "content": content });
        }
        described
    }

    /// Who may call it, as the table says. A description of no route is for nobody, and a test finds it.
    fn who(&self, operation: &Operation) -> Who {
        let found = self.callers.iter().find(|it| it.0 == operation.method && it.1 == operation.path);
        found.map_or(Who::Anyone, |it| it.2)
    }

    fn parameters(&mut self, operation: &Operation) -> Vec<Value> {
        let parts = operation.path.split('/');
        let names = parts.filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<_> = names.map(|it| segment(operation.path, it)).collect();
        if let Some(query) = operation.query {
            let mut schema = query(&mut self.asked).to_value();
            // What only a query has is said there, and needs no name.
            if let Some(name) = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next())
                && let Some(inlined) = self.asked.definitions_mut().remove(name)
            {
                schema = inlined;
            }
            let is_required = |name: &str| {
                schema["required"].as_array().is_some_and(|it| it.iter().any(|it| it.as_str() == Some(name)))
            };
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                let mut value = schema.clone();
                let about = value.as_object_mut().and_then(|it| it.remove("description"));
                parameters.push(json!({
                    "name": name,
                    "in": "query",
                    "required": is_required(name),
                    "description": about,
                    "schema": unless_null(value),
                }));
            }
        }
        if operation.has_key {
            parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
        }
        parameters
    }

    fn responses(&mut self, operation: &Operation, who: Who) -> Value {
        let mut responses = BTreeMap::<String, Value>::new();
        for answer in &operation.answers {
            let kind = self.kind(answer);
            let response = responses.entry(answer.status.to_string()).or_insert_with(
                || json!({ "description": answer.about, "headers": headers(&[]), "content": {} }),
            );
            response["content"][answer.media_type] = kind;
        }
        let mut statuses = BTreeMap::<u16, Vec<Code>>::new();
        for code in codes(operation, who) {
            let status = statuses.entry(code.status().as_u16()).or_default();
            if !status.contains(&code) {
                status.push(code);
            }
        }
        for (status, codes) in statuses {
            responses.insert(status.to_string(), self.problems(status, &codes));
        }
        json!(responses)
    }

    fn kind(&mut self, answer: &Answer) -> Value {
        match answer.schema {
            Some(schema) => json!({
                "schema": schema(&mut self.answered),
                "example": example(answer.example),
            }),
            None => json!({ "schema": { "type": "string" }, "example": answer.example }),
        }
    }

    /// The problems of one status.
    fn problems(&mut self, status: u16, codes: &[Code]) -> Value {
        self.codes.extend(codes);
        let words: Vec<_> = codes.iter().map(|it| it.word()).collect();
        let titles: Vec<_> = codes.iter().map(|it| format!("`{}`: {}.", it.word(), it.title())).collect();
        let examples: Map<_, _> = codes
            .iter()
            .map(|it| {
                (it.word().to_owned(), json!({ "$ref": format!("#/components/examples/{}", it.word()) }))
            })
            .collect();
        let more: &[&str] = match status {
            401 => &["WWW-Authenticate"],
            429 => &["Retry-After"],
            _ => &[],
        };
        json!({
            "description": titles.join(" "),
            "headers": headers(more),
            "content": { "application/problem+json": {
                "schema": {
                    "allOf": [self.problem],
                    "properties": { "status": { "const": status }, "code": { "enum": words } },
                },
                "examples": examples,
            } },
        })
    }

    fn components(mut self) -> Value {
        let mut schemas = self.asked.take_definitions(true);
        schemas.extend(self.answered.take_definitions(true));
        let examples: Map<_, _> = self
            .codes
            .iter()
            .map(|it| {
                (it.word().to_owned(), json!({ "summary": it.title(), "value": Problem::example(*it) }))
            })
            .collect();
        json!({
            "schemas": schemas,
            "examples": examples,
            "parameters": { "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "required": false,
                "description": "Has this happen once, however often it is sent: 1 to 255 characters, chosen by the caller, such as a \
                                UUID. The same request again under the same key gets the first answer again, for 24 hours or the \
                                last 20 million keyed writes; another request under it is refused with `key_reused`. Only a \
                                success binds a key.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
                "example": "invoice-2026-01-0017",
            } },
            "headers": {
                "X-Request-Id": {
                    "description": "The name of this request: a UUID. It stands in the log, and in a problem's `instance`.",
                    "required": true,
                    "schema": { "type": "string", "format": "uuid" },
                },
                "WWW-Authenticate": {
                    "description": "How to authenticate.",
                    "required": true,
                    "schema": { "type": "string" },
                },
                "Retry-After": {
                    "description": "After how many seconds to ask again.",
                    "required": true,
                    "schema": { "type": "integer", "minimum": 0 },
                },
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An operator token, which may do everything, or a gate token, which charges, reverses and holds.",
                },
                "account": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "An account: its api key or auth id, and one of its api secrets or auth tokens.",
                },
            },
        })
    }
}

/// What a route may answer beside a success: what every one of its kind may, and what itself.
fn codes(operation: &Operation, who: Who) -> Vec<Code> {
    let mut codes = vec![Code::Fault];
    if who != Who::Anyone {
        codes.extend([
            Code::Unauthenticated,
            Code::Forbidden,
            Code::Restricted,
            Code::Suspended,
            Code::Busy,
            Code::Unavailable,
        ]);
    }
    if operation.path.contains('{') {
        codes.push(Code::NotFound);
    }
    if operation.body.is_some() {
        codes.extend([Code::NotJson, Code::TooLarge, Code::Invalid]);
    }
    if operation.query.is_some() {
        codes.push(Code::Invalid);
    }
    if operation.has_key {
        codes.extend([Code::Invalid, Code::KeyReused, Code::OutcomeUnknown]);
    }
    codes.extend(&operation.codes);
    codes
}

fn security(who: Who) -> Value {
    match who {
        Who::Anyone => json!([]),
        Who::Account | Who::Gate => json!([{ "account": [] }]),
        Who::Operator | Who::OperatorOrGate => json!([{ "token": [] }]),
        Who::OperatorOrAccount => json!([{ "token": [] }, { "account": [] }]),
    }
}

fn headers(more: &[&str]) -> Value {
    let names = ["X-Request-Id"].iter().chain(more);
    let headers: Map<_, _> =
        names.map(|it| ((*it).to_owned(), json!({ "$ref": format!("#/components/headers/{it}") }))).collect();
    json!(headers)
}

/// A parameter of a path, by its name.
fn segment(path: &str, name: &str) -> Value {
    const ACCOUNT: &str = "The account, by its `id`, its `api_key` or its `auth_id`.";
    let (about, example) = match name {
        "account" => (ACCOUNT, "acc6111f"),
        "credential" => ("The credential's id.", "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e03"),
        "id" if path.contains("/charges/") => ("The charge's id.", "01993d2c-8d10-7a52-8c1d-5be1a0c4f702"),
        "id" if path.contains("/holds/") => ("The hold's id.", "01993d2c-8d10-7a52-8c1d-5be1a0c4f702"),
        "id" if path.contains("/tokens/") => ("The token's id.", "01993d2c-7b3e-7c11-9a55-2f6f0c1d8e04"),
        "id" if path.contains("/webhooks/") => ("The webhook's id.", "01993d2c-8d10-7a52-8c1d-5be1a0c4f7b2"),
        "event" => ("The event's id.", "01993d2c-8d10-7a52-8c1d-5be1a0c4f7a1"),
        "name" => {
            ("The price plan's name: 1 to 64 lower-case letters, digits, `.`, `-` and `_`.", "standard-eur")
        }
        "month" => ("The month, as YYYY-MM.", "2026-02"),
        "country" => ("The two letters of the number's country, in capitals or not.", "GB"),
        "msisdn" => ("The number's digits, with the country's prefix.", "447700900000"),
        // Without words a test asks for some.
        _ => ("", ""),
    };
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": about,
        "schema": { "type": "string", "minLength": 1 },
        "example": example,
    })
}

/// Members that are not known are refused, everywhere.
fn close(schema: &mut Value, generator: &mut SchemaGenerator) {
    let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()).map(str::to_owned);
    let schema = match name.and_then(|it| generator.definitions_mut().get_mut(&it)) {
        Some(definition) => definition,
        None => schema,
    };
    if let Some(schema) = schema.as_object_mut()
        && schema.contains_key("properties")
    {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
}

/// In a query nothing is null: it is left out.
fn unless_null(schema: Value) -> Value {
    let Value::Object(mut schema) = schema else { return schema };
    let is_null = |it: &Value| it.is_null() || *it == "null" || it["type"] == "null";
    for word in ["anyOf", "type", "enum"] {
        if let Some(Value::Array(all)) = schema.get_mut(word) {
            all.retain(|it| !is_null(it));
        }
    }
    if let Some(Value::Array(all)) = schema.get("type")
        && let [one] = &all[..]
    {
        let one = one.clone();
        schema.insert("type".to_owned(), one);
    }
    if let Some(Value::Array(all)) = schema.get("anyOf")
        && let [one] = &all[..]
    {
        return one.clone();
    }
    Value::Object(schema)
}

/// An example; what is no JSON shows as a text, and a test finds it.
fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}
