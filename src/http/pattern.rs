//! Paths with parameters, matched segment by segment.
//!
//! actix-web matches each path by a regular expression; for the calls that a crowd makes, that was
//! the dearest step of a request after the kernel's. Comparing segments costs next to nothing.

/// A path with parameters: `{name}`, `{name:a|b}` for a choice of words, `{name*}` for the rest.
#[derive(Debug)]
pub struct Pattern {
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Word(&'static str),
    Any(&'static str),
    OneOf(&'static str, Vec<&'static str>),
    Rest(&'static str),
}

impl Pattern {
    /// The pattern of a path that begins with a slash.
    #[must_use]
    pub fn new(path: &'static str) -> Pattern {
        let segment = |text: &'static str| {
            let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
                return Segment::Word(text);
            };
            if let Some((name, words)) = name.split_once(':') {
                return Segment::OneOf(name, words.split('|').collect());
            }
            name.strip_suffix('*').map_or(Segment::Any(name), Segment::Rest)
        };
        Pattern { segments: segments_of(path).map(segment).collect() }
    }

    /// As OpenAPI writes it.
    #[must_use]
    pub fn documented(&self) -> String {
        let text = |segment: &Segment| match segment {
            Segment::Word(word) => format!("/{word}"),
            Segment::Any(name) | Segment::OneOf(name, _) | Segment::Rest(name) => {
                format!("/{{{name}}}")
            }
        };
        self.segments.iter().map(text).collect()
    }

    /// The same, once for each choice of words: a parameter is left where anything may stand.
    #[must_use]
    pub fn spelled_out(&self) -> Vec<String> {
        let mut paths = vec![String::new()];
        for segment in &self.segments {
            let words: Vec<String> = match segment {
                Segment::Word(word) => vec![(*word).to_owned()],
                Segment::Any(name) | Segment::Rest(name) => vec![format!("{{{name}}}")],
                Segment::OneOf(_, words) => words.iter().map(|word| (*word).to_owned()).collect(),
            };
            let with = |path: &String| {
                words.iter().map(|word| format!("{path}/{word}")).collect::<Vec<_>>()
            };
            paths = paths.iter().flat_map(with).collect();
        }
        paths
    }

    /// Whether a path is one of these.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let mut given = segments_of(path);
        for segment in &self.segments {
            let Some(text) = given.next() else {
                return false;
            };
            let fits = match segment {
                Segment::Word(word) => text == *word,
                Segment::Any(_) => !text.is_empty(),
                Segment::OneOf(_, words) => words.contains(&text),
                Segment::Rest(_) => return true,
            };
            if !fits {
                return false;
            }
        }
        given.next().is_none()
    }

    /// What a path that matches says for a parameter; nothing for one that is not in the pattern.
    #[must_use]
    pub fn value<'p>(&self, path: &'p str, name: &str) -> &'p str {
        let is_it = |segment: &Segment| match segment {
            Segment::Word(_) => false,
            Segment::Any(one) | Segment::OneOf(one, _) | Segment::Rest(one) => *one == name,
        };
        let Some(index) = self.segments.iter().position(is_it) else {
            return "";
        };
        let path = path.strip_prefix('/').unwrap_or(path);
        match self.segments[index] {
            Segment::Rest(_) => path.splitn(index + 1, '/').last().unwrap_or_default(),
            _ => path.split('/').nth(index).unwrap_or_default(),
        }
    }
}

fn segments_of(path: &str) -> std::str::Split<'_, char> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_segment_by_segment() {
        for (pattern, path, value) in [
            ("/", "/", Some("")),
            ("/", "/x", None),
            ("/v1/rounds", "/v1/rounds", Some("")),
            ("/v1/rounds", "/v1/rounds/", None),
            ("/v1/rounds", "/v1", None),
            ("/v1/rounds/{x}", "/v1/rounds/a-1", Some("a-1")),
            ("/v1/rounds/{x}", "/v1/rounds/", None),
            ("/v1/rounds/{x}", "/v1/rounds/a/b", None),
            ("/v1/rounds/{x}/me", "/v1/rounds/a/me", Some("a")),
            ("/v1/rounds/{x}/me", "/v1/rounds/a/you", None),
            ("/v1/{y}/{x:open|close}", "/v1/a/open", Some("open")),
            ("/v1/{y}/{x:open|close}", "/v1/a/opened", None),
            ("/docs/{x*}", "/docs/", Some("")),
            ("/docs/{x*}", "/docs/a/b", Some("a/b")),
            ("/docs/{x*}", "/docs", None),
        ] {
            let pattern = Pattern::new(pattern);
            let found = pattern.matches(path).then(|| pattern.value(path, "x"));
            assert_eq!(found, value, "{pattern:?} {path}");
        }
    }

    #[test]
    fn patterns_are_documented_with_plain_parameters() {
        for (pattern, documented) in [
            ("/", "/"),
            ("/v1/rounds/{round}/{step:open|close}", "/v1/rounds/{round}/{step}"),
            ("/docs/{file*}", "/docs/{file}"),
        ] {
            assert_eq!(Pattern::new(pattern).documented(), documented);
        }
    }

    #[test]
    fn a_choice_of_words_is_spelled_out() {
        for (pattern, paths) in [
            ("/", vec!["/"]),
            ("/docs/{file*}", vec!["/docs/{file}"]),
            ("/r/{x}/{y:open|close}", vec!["/r/{x}/open", "/r/{x}/close"]),
            ("/{x:a|b}/{y:c|d}", vec!["/a/c", "/a/d", "/b/c", "/b/d"]),
        ] {
            assert_eq!(Pattern::new(pattern).spelled_out(), paths);
        }
    }
}
