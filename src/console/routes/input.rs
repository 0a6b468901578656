//! The parts of a request that say something: its query or its body.

use axum::{body::Body, extract::Query, http::Uri};
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::super::{
    api::{EntriesQuery, EntryFilter, EntryPaging},
    error::ApiError,
    json_body::read_bytes,
};

/// The parameters of a query.
pub(super) trait Parameters: Sized {
    /// Reads a query. The error names the parameter.
    fn read(query: &str) -> Result<Self, ApiError>;

    /// The parameters for the API's document.
    fn described() -> Vec<Parameter>;
}

impl<T: DeserializeOwned + IntoParams> Parameters for T {
    fn read(query: &str) -> Result<Self, ApiError> {
        let uri: Uri = format!("/?{query}").parse().map_err(|_| malformed_error())?;
        let read = Query::<Self>::try_from_uri(&uri);
        read.map(|Query(read)| read).map_err(|rejection| ApiError::bad_request(rejection.body_text()))
    }

    fn described() -> Vec<Parameter> {
        Self::into_params(|| Some(ParameterIn::Query))
    }
}

/// The parameters of the filter, which jobs have as JSON, and those of the page.
impl Parameters for EntriesQuery {
    fn read(query: &str) -> Result<Self, ApiError> {
        let is_of_page =
            |name: &str| EntryPaging::described().iter().any(|parameter| parameter.name == name);
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let (paging, filter): (Vec<_>, Vec<_>) = pairs.iter().partition(|(name, _)| is_of_page(name));
        let encode = |pairs: &[&(_, _)]| {
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs.iter().copied()).finish()
        };
        Ok(Self {
            filter: EntryFilter::read(&encode(&filter))?,
            paging: EntryPaging::read(&encode(&paging))?,
        })
    }

    fn described() -> Vec<Parameter> {
        [EntryFilter::described(), EntryPaging::described()].concat()
    }
}

/// Reads a request's body. An empty one is read as `{}`.
pub(super) async fn read_body<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let body = read_bytes(body).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::bad_request(format!("the body: {error}")))
}

fn malformed_error() -> ApiError {
    ApiError::bad_request("the query is malformed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::api::ConversationQuery;

    #[test]
    fn a_query_is_read_and_what_is_unknown_repeated_or_no_number_is_named() {
        let read = EntriesQuery::read("user=%3Cimg%20onerror%3E&limit=7&text=a%26b&before=9").unwrap();
        assert_eq!(read.filter.user.as_deref(), Some("<img onerror>"));
        assert_eq!(read.filter.text.as_deref(), Some("a&b"));
        assert_eq!((read.paging.limit, read.paging.before), (Some(7), Some(9)));
        for (query, named) in [("usr=a", "usr"), ("user=a&user=b", "user"), ("limit=x", "limit")] {
            let refused = EntriesQuery::read(query).unwrap_err().to_string();
            assert!(refused.contains(named), "{query}: {refused}");
        }
        let refused = ConversationQuery::read("after=1").unwrap_err().to_string();
        assert!(refused.contains("unknown field `after`, expected `before` or `limit`"), "{refused}");
    }
}
