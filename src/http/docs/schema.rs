//! Schemas of the document as HTML: what a type is called, and the fields of an object.
//!
//! Knows the few forms that the document uses, and shows any other as "any".

use serde_json::Value;

/// Where schemas stand in the document, and on the page.
const PREFIX: &str = "#/components/schemas/";

/// What somebody wrote, as text of a page.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

/// A sentence of the document: what stands between grave accents is code.
pub(super) fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(index, part)| match index % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

/// A member of an object, as text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// What a type is called, with a link when it has a name.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.strip_prefix(PREFIX)) {
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    for word in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[word].as_array() {
            return all.iter().map(kind).collect::<Vec<_>>().join(" | ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().map(|word| format!("<code>{}</code>", escaped(&word.to_string())));
        return words.collect::<Vec<_>>().join(" | ");
    }
    let words = match &schema["type"] {
        Value::String(word) => vec![word.as_str()],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => vec!["any"],
    };
    let one = |word: &&str| match *word {
        "array" => format!("[{}]", kind(&schema["items"])),
        other => other.to_owned(),
    };
    let named = words.iter().map(one).collect::<Vec<_>>().join(" | ");
    format!("{named}{}", bounds(schema))
}

/// What else is said of a type: form, smallest, largest.
fn bounds(schema: &Value) -> String {
    let mut said = Vec::new();
    for (name, sign) in [("minimum", "≥ "), ("maximum", "≤ "), ("maxItems", "≤ "), ("format", "")]
    {
        match &schema[name] {
            Value::Number(number) => said.push(format!("{sign}{number}")),
            Value::String(word) if !word.starts_with("int") && word != "double" => {
                said.push(escaped(word));
            }
            _ => {}
        }
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        said.push(format!("<code>{}</code>", escaped(pattern)));
    }
    if said.is_empty() { String::new() } else { format!(" <small>{}</small>", said.join(", ")) }
}

/// A field of an object.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) is_required: bool,
    pub(super) schema: &'a Value,
    pub(super) meaning: &'a str,
}

/// The fields of an object, with those of the objects that it is made of.
pub(super) fn fields<'a>(schemas: &'a Value, schema: &'a Value) -> Vec<Field<'a>> {
    if let Some(name) = schema["$ref"].as_str().and_then(|it| it.strip_prefix(PREFIX)) {
        return fields(schemas, &schemas[name]);
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().flat_map(|part| fields(schemas, part)).collect();
    }
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|it| it == name));
    let field = |(name, schema): (&'a String, &'a Value)| Field {
        name,
        is_required: is_required(name),
        schema,
        meaning: meaning(schema),
    };
    properties.iter().map(field).collect()
}

/// What is said of a field, also when it is said of one of its forms.
fn meaning(schema: &Value) -> &str {
    let own = text(schema, "description");
    if !own.is_empty() {
        return own;
    }
    let forms = schema["oneOf"].as_array().into_iter().flatten();
    forms.map(|form| text(form, "description")).find(|said| !said.is_empty()).unwrap_or_default()
}
