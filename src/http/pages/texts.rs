//! The words of the pages, from the Fluent files that the front end reads too: one source for what
//! a person is told with and without scripts.
//!
//! Pages use the messages whose names begin with `page-`; the front end's build leaves those out of
//! its scripts. Both languages are part of the program.

use crate::http::language::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

const KOREAN: &str = include_str!("../../../web/texts/citizen.ko.ftl");
const ENGLISH: &str = include_str!("../../../web/texts/citizen.en.ftl");

type Bundle = FluentBundle<FluentResource>;

static KOREAN_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Korean, KOREAN));
static ENGLISH_BUNDLE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English, ENGLISH));

fn bundle(language: Language, text: &str) -> Bundle {
    let tag: LanguageIdentifier = language.tag().parse().expect("both tags are well formed");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // The marks would stand in titles and attributes, where nothing hides them.
    bundle.set_use_isolating(false);
    // A line that cannot be read is left out; a test reads every line.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(read, _)| read);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A sentence. One that is not there is shown by its name; a test asks for each that is used.
#[must_use]
pub fn say(language: Language, key: &'static str) -> String {
    say_with(language, key, &[])
}

/// A sentence with something in it. What is put in is not escaped.
#[must_use]
pub fn say_with(
    language: Language,
    key: &'static str,
    arguments: &[(&'static str, &str)],
) -> String {
    let bundle = match language {
        Language::Korean => &*KOREAN_BUNDLE,
        Language::English => &*ENGLISH_BUNDLE,
    };
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        return key.to_owned();
    };
    let arguments: FluentArgs = arguments.iter().copied().collect();
    let mut faults = Vec::new();
    bundle.format_pattern(pattern, Some(&arguments), &mut faults).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Each message with the variables that it names.
    fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        let resource = FluentResource::try_new(text.to_owned());
        assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, faults)| faults));
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
                last = name.to_owned();
            }
            let variables = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
            });
            all.entry(last.clone()).or_default().extend(variables);
        }
        all.retain(|name, _| name.starts_with("page-"));
        all
    }

    #[test]
    fn both_languages_have_the_same_messages_with_the_same_variables() {
        let (korean, english) = (messages(KOREAN), messages(ENGLISH));
        assert!(korean.len() > 20, "{korean:?}");
        assert_eq!(korean, english);
    }

    #[test]
    fn every_message_that_is_used_is_there_and_every_one_is_used() {
        let mut used = BTreeSet::new();
        for entry in std::fs::read_dir("src/http/pages").unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("texts.rs") {
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            for rest in source.split("\"page-").skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                used.insert(format!("page-{name}"));
            }
        }
        let there: BTreeSet<String> = messages(ENGLISH).into_keys().collect();
        assert_eq!(used, there);
    }

    #[test]
    fn korean_is_korean_and_english_is_english() {
        for (name, variables) in messages(KOREAN) {
            let line = |text: &'static str| {
                let start = format!("{name} =");
                let found = text.lines().find(|line| line.starts_with(&start)).expect("there");
                found[start.len()..].to_owned()
            };
            let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
            let (korean, english) = (line(KOREAN), line(ENGLISH));
            let is_figure = !variables.is_empty() && korean.split_whitespace().count() < 4;
            assert!(is_korean(&korean) || is_figure || name == "page-name", "{korean}");
            assert!(!is_korean(&english), "{english}");
        }
    }
}
