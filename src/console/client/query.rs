//! The query of a request, as its parameters are written.

use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use super::error::ConsoleError;

/// The query that these parameters are written as.
pub(super) fn query_of(parameters: &impl Serialize) -> Result<String, ConsoleError> {
    let parameters = serde_json::to_value(parameters);
    let parameters = parameters.map_err(|error| ConsoleError::Setup(error.to_string()))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => {
                query.append_pair(name, text);
            }
            other => {
                query.append_pair(name, &other.to_string());
            }
        }
    }
    Ok(query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::api::{Empty, EntriesQuery, EntryFilter, EntryPaging};

    #[test]
    fn a_query_has_what_is_given_and_nothing_else() {
        let filter = EntryFilter { user: Some("a&b=ü".to_owned()), ..EntryFilter::default() };
        let paging = EntryPaging { limit: Some(7), bodies: Some(true), ..EntryPaging::default() };
        let query = query_of(&EntriesQuery { filter, paging }).unwrap();
        let mut pairs: Vec<_> = query.split('&').collect();
        pairs.sort_unstable();
        assert_eq!(pairs, ["bodies=true", "limit=7", "user=a%26b%3D%C3%BC"]);
        assert_eq!(query_of(&Empty {}).unwrap(), "");
    }
}
