//! How a route is described, in a few lines beside its handler.

use axum::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::super::error::Code;

/// The schema of a type of the wire.
pub(super) type Typed = fn(&mut SchemaGenerator) -> Schema;

/// The routes of one noun, in the order in which they are read.
pub(in super::super) struct Group {
    /// The noun.
    pub(in super::super) name: &'static str,
    /// What it is, for who reads of it for the first time.
    pub(in super::super) about: &'static str,
    /// Its routes.
    pub(in super::super) operations: Vec<Operation>,
}

/// A route. Who may call it, the table of the routes says; what every route of its kind may answer, `document` adds.
pub(in super::super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    pub(super) query: Option<Typed>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) codes: Vec<Code>,
    pub(super) has_key: bool,
}

/// The body of a request.
pub(super) struct Body {
    pub(super) schema: Typed,
    pub(super) media_type: &'static str,
    pub(super) is_required: bool,
    pub(super) example: &'static str,
    /// The same in other forms: their media types, and an example of each as a text.
    pub(super) others: Vec<(&'static str, &'static str)>,
}

/// An answer that is no problem.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    pub(super) about: &'static str,
    /// What a text without a schema has none of.
    pub(super) schema: Option<Typed>,
    pub(super) example: &'static str,
}

const JSON: &str = "application/json";

impl Operation {
    /// A route with its name for programs, unique and in snake case, and its summary, a short sentence without a full stop.
    pub(in super::super) fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            // What changes nothing has no need of a key.
            has_key: method != Method::GET,
            method,
            path,
            id,
            summary,
            about: "",
            query: None,
            body: None,
            answers: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// What it does, with what it means for money, in whole sentences (CommonMark: paragraphs, `code`, **strong**).
    pub(in super::super) fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// Its query.
    pub(in super::super) fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// The body that it needs, with an example, which is JSON.
    pub(in super::super) fn takes<T: JsonSchema>(self, example: &'static str) -> Self {
        self.reads::<T>(true, example)
    }

    /// The body that it takes, and that may be left out, with an example, which is JSON.
    pub(in super::super) fn may_take<T: JsonSchema>(self, example: &'static str) -> Self {
        self.reads::<T>(false, example)
    }

    fn reads<T: JsonSchema>(self, is_required: bool, example: &'static str) -> Self {
        let schema = SchemaGenerator::subschema_for::<T>;
        let body = Body { schema, media_type: JSON, is_required, example, others: Vec::new() };
        Self { body: Some(body), ..self }
    }

    /// The same body in another form, such as `application/x-ndjson`, with an example as a text.
    pub(in super::super) fn takes_as(mut self, media_type: &'static str, example: &'static str) -> Self {
        if let Some(body) = &mut self.body {
            body.others.push((media_type, example));
        }
        self
    }

    /// A JSON answer, with what it is and an example.
    pub(in super::super) fn answers<T: JsonSchema>(
        mut self,
        status: u16,
        about: &'static str,
        example: &'static str,
    ) -> Self {
        let schema: Option<Typed> = Some(SchemaGenerator::subschema_for::<T>);
        self.answers.push(Answer { status, media_type: JSON, about, schema, example });
        self
    }

    /// An answer of another kind, such as `text/csv`, with what it is and an example; the same status may have several kinds.
    pub(in super::super) fn answers_as(
        mut self,
        status: u16,
        media_type: &'static str,
        about: &'static str,
        example: &'static str,
    ) -> Self {
        self.answers.push(Answer { status, media_type, about, schema: None, example });
        self
    }

    /// What can go wrong here beside what can everywhere: whoever asks is not known, suspended or not allowed to; a body, a query
    /// or a key is not fit; nothing is found under a name of the path; the server is busy, takes no writes or has a fault; what
    /// became of a write is not known.
    pub(in super::super) fn fails(self, codes: &[Code]) -> Self {
        Self { codes: codes.to_vec(), ..self }
    }

    /// It takes no `Idempotency-Key`, though it is no GET.
    pub(in super::super) fn without_key(self) -> Self {
        Self { has_key: false, ..self }
    }
}
