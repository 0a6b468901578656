//! The description of a route in the API's document, made from the types that its handler takes and gives.

use axum::http::StatusCode;
use utoipa::{
    ToSchema,
    openapi::{
        Content, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        extensions::ExtensionsBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ObjectBuilder, Type},
    },
};

use super::super::error::ErrorBody;
use crate::server::admin::Right;

/// Schemas by their names.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

/// The description of a route.
pub(super) struct Description {
    operation: OperationBuilder,
    schemas: Schemas,
}

impl Description {
    /// A description that begins with one sentence.
    pub(super) fn new(summary: &str) -> Self {
        let operation = OperationBuilder::new().summary(Some(summary));
        Self { operation, schemas: Vec::new() }
    }

    pub(super) fn parameters(mut self, parameters: Vec<Parameter>) -> Self {
        for parameter in parameters {
            self.operation = self.operation.parameter(parameter);
        }
        self
    }

    /// The route takes a key by which a repeated request is known.
    pub(super) fn with_key(mut self) -> Self {
        self.operation = self.operation.parameter(text_parameter(
            "Idempotency-Key",
            ParameterIn::Header,
            "A text that is new for each form, and the same when a request is repeated.",
        ));
        self
    }

    pub(super) fn body<T: ToSchema>(mut self) -> Self {
        let body = RequestBodyBuilder::new()
            .content("application/json", self.content::<T>())
            .required(Some(Required::True))
            .build();
        self.operation = self.operation.request_body(Some(body));
        self
    }

    pub(super) fn answers<T: ToSchema>(mut self, status: StatusCode) -> Self {
        let content = self.content::<T>();
        let response = ResponseBuilder::new().description("The answer.");
        let response = response.content("application/json", content);
        self.operation = self.operation.response(status.as_str(), response.build());
        self
    }

    /// The route answers with a stream of events.
    pub(super) fn answers_events(mut self, description: &str) -> Self {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let content = Content::new(Some(Schema::from(text)));
        let response = ResponseBuilder::new().description(description);
        let response = response.content("text/event-stream", content);
        self.operation = self.operation.response("200", response.build());
        self
    }

    /// The route answers without a body.
    pub(super) fn answers_nothing(mut self) -> Self {
        self.operation = self.operation.response("204", Response::new("Nothing."));
        self
    }

    /// Schemas that no answer names.
    pub(super) fn with_schema<T: ToSchema>(mut self) -> Self {
        self.content::<T>();
        self
    }

    /// The operation of the API's document with the schemas that it names.
    pub(super) fn finish(mut self, path: &str, right: Option<Right>) -> (Operation, Schemas) {
        let error = self.content::<ErrorBody>();
        let error = ResponseBuilder::new()
            .description("The reason, for a person.")
            .content("application/json", error);
        let mut operation = self.operation.response("default", error.build());
        if path.contains("{id}") {
            let what = if path.starts_with("/conversations") {
                "The id of the conversation."
            } else {
                "The number."
            };
            operation = operation.parameter(text_parameter("id", ParameterIn::Path, what));
        }
        if let Some(right) = right {
            let extensions = ExtensionsBuilder::new().add("x-right", right.as_str()).build();
            operation = operation
                .description(Some(format!("Needs the right `{right}`.")))
                .extensions(Some(extensions));
        }
        (operation.build(), self.schemas)
    }

    /// The content of a body: a reference to the type's schema, which is kept.
    fn content<T: ToSchema>(&mut self) -> Content {
        let name = T::name().into_owned();
        T::schemas(&mut self.schemas);
        self.schemas.push((name.clone(), T::schema()));
        Content::new(Some(Ref::from_schema_name(name)))
    }
}

fn text_parameter(name: &str, place: ParameterIn, description: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(Schema::from(text)))
        .build()
}
