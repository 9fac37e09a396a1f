//! An article as a JSON object.

use std::fmt;

use serde::{
    Deserialize, Deserializer as _,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess},
};

use super::{
    columns::{Columns, Role},
    error::Cause,
};
use crate::article::Article;

/// Reads the object in `line`: the article, and what its topic is.
pub(super) fn parse(line: &str, columns: &Columns) -> Result<(Article, Option<String>), Cause> {
    let mut reader = serde_json::Deserializer::from_str(line);
    let fields = reader
        .deserialize_map(ObjectVisitor(columns))
        .and_then(|fields| reader.end().map(|()| fields))
        .map_err(|e| Cause::NotJson(without_line(&e)))?;
    let article = Article {
        id: fields.id.unwrap_or_default(),
        title: fields.title.unwrap_or_default(),
        text: fields.text.ok_or_else(|| Cause::NoText(columns.text_name().to_owned()))?,
    };
    Ok((article, fields.topic.or(fields.label)))
}

/// serde_json counts lines within the one line that it is given.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line 1 column ") {
        Some((what, column)) => format!("{what} at column {column}"),
        None => text,
    }
}

/// The fields that are read; others are passed over.
#[derive(Default)]
struct Fields {
    id: Option<String>,
    title: Option<String>,
    text: Option<String>,
    topic: Option<String>,
    label: Option<String>,
}

struct ObjectVisitor<'c>(&'c Columns);

impl<'de> de::Visitor<'de> for ObjectVisitor<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        let mut seen: u8 = 0;
        while let Some(role) = map.next_key_seed(RoleSeed(self.0))? {
            let Some(role) = role else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let bit = 1 << role as u8;
            if seen & bit != 0 {
                return Err(de::Error::custom("a field is there twice"));
            }
            seen |= bit;
            match role {
                Role::Text => fields.text = map.next_value()?,
                Role::Title => fields.title = map.next_value()?,
                Role::Id => fields.id = map.next_value::<Name>()?.0,
                Role::Topic => fields.topic = map.next_value::<Name>()?.0,
                Role::Label => fields.label = map.next_value::<Name>()?.0,
            }
        }
        Ok(fields)
    }
}

/// Reads a key as the role of its field.
struct RoleSeed<'c>(&'c Columns);

impl<'de> DeserializeSeed<'de> for RoleSeed<'_> {
    type Value = Option<Role>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl de::Visitor<'_> for RoleSeed<'_> {
    type Value = Option<Role>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.role(name))
    }
}

/// An id or a topic: a string, or a whole number, which is read as its digits.
struct Name(Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameVisitor)
    }
}

struct NameVisitor;

impl de::Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_str<E>(self, v: &str) -> Result<Name, E> {
        Ok(Name(Some(v.to_owned())))
    }

    fn visit_string<E>(self, v: String) -> Result<Name, E> {
        Ok(Name(Some(v)))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Name, E> {
        Ok(Name(Some(v.to_string())))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Name, E> {
        Ok(Name(Some(v.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Name, E> {
        Ok(Name(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_strings_or_whole_numbers() {
        let line = r#"{"n": 7, "cat": 3, "body": "Rain\n", "headline": "Wet", "x": [1, {}]}"#;
        let name = |s: &str| Some(s.to_owned());
        let columns =
            Columns { text: name("body"), topic: name("cat"), title: name("headline"), id: name("n") };
        let (article, topic) = parse(line, &columns).unwrap();
        assert_eq!(
            (article.id.as_str(), article.title.as_str(), article.text.as_str()),
            ("7", "Wet", "Rain\n")
        );
        assert_eq!(topic.as_deref(), Some("3"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let parse = |line| parse(line, &Columns::default());
        assert!(matches!(parse("[1]"), Err(Cause::NotJson(_))));
        assert!(matches!(parse(r#"{"text": "a"} x"#), Err(Cause::NotJson(_))));
        assert!(matches!(parse(r#"{"text": "a", "text": "b"}"#), Err(Cause::NotJson(_))));
        assert!(matches!(parse(r#"{"text": null}"#), Err(Cause::NoText(_))));
        assert!(matches!(parse(r#"{"text": "a", "topic": 1.5}"#), Err(Cause::NotJson(_))));
    }
}
