//! Text as a manual page holds it: sections, lists and examples in the man macros.

use std::fmt::Write;

/// How a page begins that may hold apostrophes, on the formatters that there are.
pub(super) const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The head of a page. Names of commands have dashes of their own: no word is broken at another.
pub(super) fn head(name: &str, version: &str) -> String {
    let name = escaped(name);
    format!("{PREAMBLE}.TH \"{name}\" 1 \"\" \"openrun {version}\" \"openrun\"\n.nh\n.ad l\n")
}

/// What a command's help says, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Help {
    /// Paragraphs that belong to the description.
    pub(super) notes: Vec<String>,
    /// Lines of examples, as they stand.
    pub(super) examples: Vec<String>,
    /// What it says of its exit codes.
    pub(super) exit_codes: Option<String>,
}

/// Splits help at its empty lines.
pub(super) fn split(help: &str) -> Help {
    let mut sorted = Help::default();
    for paragraph in help.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let (head, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        if matches!(head, "Example:" | "Examples:") {
            sorted.examples.extend(rest.lines().map(str::to_owned));
        } else if let Some(codes) = paragraph.strip_prefix("Exit codes") {
            let codes = codes.trim_start_matches([':', ',', ' ']).replace('\n', " ");
            sorted.exit_codes = Some(codes);
        } else {
            sorted.notes.push(paragraph.to_owned());
        }
    }
    sorted
}

/// Sections behind those that are made of the parser.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// More of the description. Indented lines stay lines, the others flow.
    pub(super) fn notes(paragraphs: &[String]) -> String {
        let mut page = Page::default();
        for paragraph in paragraphs {
            page.macro_line(".PP");
            let mut stands = false;
            for line in paragraph.lines() {
                if line.starts_with("  ") != stands {
                    stands = !stands;
                    page.macro_line(if stands { ".nf" } else { ".fi" });
                }
                page.text_line(line);
            }
            if stands {
                page.macro_line(".fi");
            }
        }
        page.0
    }

    /// Commands to be copied, each line as it is.
    pub(super) fn examples(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.macro_line(".SH EXAMPLES");
        self.macro_line(".nf");
        for line in lines {
            self.text_line(line.strip_prefix("  ").unwrap_or(line));
        }
        self.macro_line(".fi");
    }

    /// Terms and what they mean.
    pub(super) fn list(&mut self, head: &str, items: &[(String, String)]) {
        if items.is_empty() {
            return;
        }
        self.macro_line(&format!(".SH \"{head}\""));
        for (term, meaning) in items {
            self.macro_line(".TP");
            let _ = writeln!(self.0, "\\fB{}\\fR", escaped(term));
            self.text_line(meaning);
        }
    }

    /// Other pages.
    pub(super) fn see_also(&mut self, names: &[String]) {
        self.macro_line(".SH \"SEE ALSO\"");
        let names: Vec<String> =
            names.iter().map(|name| format!("\\fB{}\\fR(1)", escaped(name))).collect();
        let _ = writeln!(self.0, "{}", names.join(",\n"));
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn macro_line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }

    /// A line of text is never taken for a macro.
    fn text_line(&mut self, line: &str) {
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        let _ = writeln!(self.0, "{guard}{}", escaped(line));
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_split_into_notes_examples_and_exit_codes() {
        let help = "Asks.\nTwice.\n\nExit codes: 0 good,\n1 not.\n\nExamples:\n  a -b\n  c";
        let want = Help {
            notes: vec!["Asks.\nTwice.".to_owned()],
            examples: vec!["  a -b".to_owned(), "  c".to_owned()],
            exit_codes: Some("0 good, 1 not.".to_owned()),
        };
        assert_eq!(split(help), want);
        assert_eq!(split(""), Help::default());
    }

    #[test]
    fn indented_lines_stand_as_they_are_and_the_others_flow() {
        let notes = Page::notes(&["One\ntwo:\n  a  1\n  b  2\nthree".to_owned()]);
        assert_eq!(notes, ".PP\nOne\ntwo:\n.nf\n  a  1\n  b  2\n.fi\nthree\n");
    }

    #[test]
    fn no_text_is_taken_for_a_macro_or_an_escape() {
        let mut page = Page::default();
        page.examples(&["  .toml".to_owned(), "  a \\".to_owned(), "  'b' --c".to_owned()]);
        let want = ".SH EXAMPLES\n.nf\n\\&.toml\na \\e\n\\&'b' \\-\\-c\n.fi\n";
        assert_eq!(page.into_text(), want);
    }
}
