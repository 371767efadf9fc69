//! As much of an OpenAPI document as the page shows, in the order in which it stands there.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

/// The whole.
#[derive(Deserialize)]
pub struct Document {
    pub info: Info,
    pub paths: Ordered<Ordered<Operation>>,
    pub components: Components,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

#[derive(Deserialize)]
pub struct Info {
    pub title: String,
    pub version: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Deserialize)]
pub struct Tag {
    pub name: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Deserialize)]
pub struct Components {
    pub schemas: Ordered<Schema>,
    #[serde(default)]
    pub responses: Ordered<Response>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    #[serde(default)]
    pub tags: Vec<String>,
    pub operation_id: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    pub request_body: Option<Body>,
    pub responses: Ordered<Response>,
    /// There where a key is needed.
    pub security: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub struct Parameter {
    pub name: String,
    #[serde(rename = "in")]
    pub place: String,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub schema: Schema,
}

#[derive(Deserialize)]
pub struct Body {
    pub content: Ordered<Content>,
}

#[derive(Deserialize)]
pub struct Content {
    #[serde(default)]
    pub schema: Schema,
    #[serde(default)]
    pub examples: Ordered<Example>,
}

#[derive(Deserialize)]
pub struct Example {
    pub value: Value,
}

#[derive(Deserialize)]
pub struct Response {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub headers: Ordered<Header>,
    #[serde(default)]
    pub content: Ordered<Content>,
}

#[derive(Deserialize)]
pub struct Header {
    #[serde(default)]
    pub description: String,
}

/// A type.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Schema {
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub format: Option<String>,
    pub description: String,
    #[serde(rename = "enum")]
    pub values: Vec<Value>,
    pub pattern: Option<String>,
    pub minimum: Option<serde_json::Number>,
    pub maximum: Option<serde_json::Number>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub items: Option<Box<Schema>>,
    pub one_of: Vec<Schema>,
    pub all_of: Vec<Schema>,
    pub required: Vec<String>,
    pub properties: Ordered<Schema>,
    pub example: Option<Value>,
}

/// Names of types: one, or several of which one is `null`.
#[derive(Deserialize, Default)]
#[serde(untagged)]
pub enum Kind {
    /// Nothing is said.
    #[default]
    Any,
    One(String),
    Several(Vec<String>),
}

impl Kind {
    /// The one that is not `null`.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::One(name) => Some(name).filter(|name| *name != "null").map(String::as_str),
            Self::Several(names) => names.iter().find(|name| *name != "null").map(String::as_str),
        }
    }

    /// Whether `null` is one.
    pub fn may_be_null(&self) -> bool {
        match self {
            Self::Any => false,
            Self::One(name) => name == "null",
            Self::Several(names) => names.iter().any(|name| name == "null"),
        }
    }
}

impl Schema {
    /// The name that it refers to.
    pub fn name(&self) -> Option<&str> {
        self.reference.as_deref().and_then(|reference| reference.rsplit('/').next())
    }
}

impl Document {
    /// What a schema refers to; itself where it refers to nothing.
    pub fn resolved<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        schema.name().and_then(|name| self.components.schemas.get(name)).unwrap_or(schema)
    }

    /// The same of a response.
    pub fn answer<'a>(&'a self, response: &'a Response) -> &'a Response {
        let name = response.reference.as_deref().and_then(|reference| reference.rsplit('/').next());
        name.and_then(|name| self.components.responses.get(name)).unwrap_or(response)
    }
}

/// A JSON object, in its order.
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Ordered<T> {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(core::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(core::marker::PhantomData))
    }
}
