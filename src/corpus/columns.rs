//! What the columns, or fields, of an article are called.

/// How to read inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format of every file; left open: as the extension tells, and else JSON lines.
    pub format: Option<super::Format>,
    /// The names of columns.
    pub columns: Columns,
    /// Whether an input without a column of topics is worth reading.
    pub labeled: bool,
}

/// The names of the columns of a table, or the fields of a JSON object. Left open: `text`, `topic` or else `label`, `title`, `id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The body.
    pub text: Option<String>,
    /// What the article is about.
    pub topic: Option<String>,
    /// The headline.
    pub title: Option<String>,
    /// The name of the article.
    pub id: Option<String>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Text,
    Topic,
    /// A topic where no column is a [`Role::Topic`].
    Label,
    Title,
    Id,
}

/// The places of the columns in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) text: usize,
    pub(super) topic: Option<usize>,
    pub(super) title: Option<usize>,
    pub(super) id: Option<usize>,
}

impl Columns {
    /// Two roles that name one column, where there are such.
    #[must_use]
    pub fn twice(&self) -> Option<&str> {
        let names =
            [self.text_name(), self.title_name(), self.id_name(), self.topic.as_deref().unwrap_or("topic")];
        (0..names.len()).find(|&i| names[..i].contains(&names[i])).map(|i| names[i])
    }

    pub(super) fn text_name(&self) -> &str {
        self.text.as_deref().unwrap_or("text")
    }

    fn title_name(&self) -> &str {
        self.title.as_deref().unwrap_or("title")
    }

    fn id_name(&self) -> &str {
        self.id.as_deref().unwrap_or("id")
    }

    /// What the topic's column may be called, for messages.
    pub(super) fn topic_names(&self) -> String {
        self.topic.as_ref().map_or_else(|| r#""topic" or "label""#.to_owned(), |name| format!("{name:?}"))
    }

    /// What a column of this name holds.
    pub(super) fn role(&self, name: &str) -> Option<Role> {
        if name == self.text_name() {
            Some(Role::Text)
        } else if name == self.title_name() {
            Some(Role::Title)
        } else if name == self.id_name() {
            Some(Role::Id)
        } else {
            match self.topic.as_deref() {
                Some(topic) if topic == name => Some(Role::Topic),
                None if name == "topic" => Some(Role::Topic),
                None if name == "label" => Some(Role::Label),
                _ => None,
            }
        }
    }

    /// Finds the columns in a header. The error is the names of one that must be there and is not.
    pub(super) fn find(&self, header: &[String], labeled: bool) -> Result<Places, String> {
        let place = |role| header.iter().position(|name| self.role(name) == Some(role));
        let wanted = |name: &Option<String>, place: Option<usize>| match (name, place) {
            (Some(name), None) => Err(format!("{name:?}")),
            _ => Ok(place),
        };
        let topic = wanted(&self.topic, place(Role::Topic).or_else(|| place(Role::Label)))?;
        if labeled && topic.is_none() {
            return Err(self.topic_names());
        }
        Ok(Places {
            text: place(Role::Text).ok_or_else(|| format!("{:?}", self.text_name()))?,
            topic,
            title: wanted(&self.title, place(Role::Title))?,
            id: wanted(&self.id, place(Role::Id))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let places = Columns::default().find(&header("label,id,text,topic"), true).unwrap();
        assert_eq!(places, Places { text: 2, topic: Some(3), title: None, id: Some(1) });
        let places = Columns::default().find(&header("text,label"), true).unwrap();
        assert_eq!(places.topic, Some(1));
        assert_eq!(Columns::default().find(&header("text"), true), Err(r#""topic" or "label""#.to_owned()));
        assert!(Columns::default().find(&header("text"), false).is_ok());
        assert_eq!(Columns::default().find(&header("body,topic"), true), Err(r#""text""#.to_owned()));
    }

    #[test]
    fn a_column_that_was_asked_for_must_be_there() {
        let columns = Columns { title: Some("headline".to_owned()), ..Columns::default() };
        assert_eq!(columns.find(&header("text,title"), false), Err(r#""headline""#.to_owned()));
        assert_eq!(columns.find(&header("text,headline"), false).map(|p| p.title), Ok(Some(1)));
        assert_eq!(columns.twice(), None);
        assert_eq!(Columns { id: Some("text".to_owned()), ..columns }.twice(), Some("text"));
    }
}
