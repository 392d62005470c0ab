//! A list of people as a file, for staff who bring those that signed up elsewhere: lines of
//! `person,channel`.
//!
//! One line, one person: the `sub` of their tokens, and the channel that signed them up. Nothing
//! else of anybody is in it, and what is wrong with a line is said without a word of what it says.
//! Reads only; the server decides who is new.

use crate::trust::subject_key;
use openrun_core::{ChannelId, PersonKey};
use std::collections::HashMap;
use std::fmt;

/// The head that a file begins with.
pub const HEAD: &str = "person,channel";
/// Some systems begin a file with this.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The people of its good lines by channel, each as tokens name them.
    pub people: Vec<(ChannelId, Vec<String>)>,
    /// Its bad lines, in their order.
    pub bad: Vec<BadLine>,
}

/// A line that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, counted from 1 with the head.
    pub line: usize,
    /// What is wrong with it.
    pub why: Why,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Not two fields.
    Fields,
    /// No name that a token could give.
    Person,
    /// No channel.
    Channel,
    /// A channel that the server knows nothing of.
    UnknownChannel,
    /// The person of a line before.
    Again {
        /// The number of that line.
        first: usize,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Fields => f.write_str("is not a person, a comma and a channel"),
            Why::Person => {
                f.write_str("has a person that is not 1 to 64 of A-Z, a-z, 0-9, _ and -")
            }
            Why::Channel => f.write_str("has a channel that is not 1 to 64 of a-z, 0-9 and -"),
            Why::UnknownChannel => f.write_str("has a channel that the server does not know"),
            Why::Again { first } => write!(f, "has the person of line {first} again"),
        }
    }
}

/// Why a file is no list of people at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not begin with the line {HEAD}")]
pub struct NoHead;

/// Reads a file, for a server that knows these channels.
///
/// # Errors
/// It does not begin with the head.
pub fn read(bytes: &[u8], channels: &[ChannelId]) -> Result<Sheet, NoHead> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut lines = (1..).zip(bytes.split(|byte| *byte == b'\n')).map(|(number, line)| {
        // A file of another system ends its lines with two characters.
        (number, line.strip_suffix(b"\r").unwrap_or(line))
    });
    let (_, head) = lines.next().unwrap_or((1, b""));
    if head.trim_ascii() != HEAD.as_bytes() {
        return Err(NoHead);
    }
    let mut sheet = Sheet::default();
    let mut seen: HashMap<PersonKey, usize> = HashMap::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let taken = line_of(text).and_then(|(person, key, channel)| {
            if !channels.contains(&channel) {
                return Err(Why::UnknownChannel);
            }
            let first = *seen.entry(key).or_insert(line);
            if first == line { Ok((person, channel)) } else { Err(Why::Again { first }) }
        });
        match taken {
            Ok((person, channel)) => sheet.take(person, channel),
            Err(why) => sheet.bad.push(BadLine { line, why }),
        }
    }
    Ok(sheet)
}

impl Sheet {
    /// How many people it names.
    #[must_use]
    pub fn count(&self) -> usize {
        self.people.iter().map(|(_, people)| people.len()).sum()
    }

    fn take(&mut self, person: &str, channel: ChannelId) {
        let known = self.people.iter_mut().find(|(known, _)| *known == channel);
        match known {
            Some((_, people)) => people.push(person.to_owned()),
            None => self.people.push((channel, vec![person.to_owned()])),
        }
    }
}

fn line_of(text: &[u8]) -> Result<(&str, PersonKey, ChannelId), Why> {
    // What is not UTF-8 is no name either.
    let text = std::str::from_utf8(text).map_err(|_| Why::Person)?;
    let (person, channel) = text.split_once(',').ok_or(Why::Fields)?;
    let (person, channel) = (person.trim(), channel.trim());
    if channel.contains(',') {
        return Err(Why::Fields);
    }
    let key = subject_key(person).ok_or(Why::Person)?;
    Ok((person, key, ChannelId::new(channel).ok_or(Why::Channel)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<ChannelId> {
        ["seoul-pay", "moneytree"].into_iter().filter_map(ChannelId::new).collect()
    }

    #[test]
    fn good_lines_are_taken_by_channel_and_bad_ones_are_told_by_number_alone() {
        let file = "\u{feff}person,channel\r\nann,seoul-pay\r\nben , moneytree\n\nno comma\n\
            a b,seoul-pay\ncai,Seoul Pay\nann,moneytree\ndan,seoul-pay,more\nfay,seoulpay\n\
            eve,seoul-pay\nfay,moneytree";
        let sheet = read(file.as_bytes(), &known()).expect("it has the head");
        let names: Vec<String> = sheet
            .people
            .iter()
            .map(|(channel, people)| format!("{channel}: {}", people.join(" ")))
            .collect();
        assert_eq!(names, ["seoul-pay: ann eve", "moneytree: ben fay"]);
        assert_eq!(sheet.count(), 4);
        let bad: Vec<(usize, Why)> = sheet.bad.iter().map(|bad| (bad.line, bad.why)).collect();
        let want = [
            (5, Why::Fields),
            (6, Why::Person),
            (7, Why::Channel),
            (8, Why::Again { first: 2 }),
            (9, Why::Fields),
            (10, Why::UnknownChannel),
        ];
        assert_eq!(bad, want);
        let told: String = sheet.bad.iter().map(|bad| bad.why.to_string()).collect();
        let of_nobody = ["cai", "dan", "fay", "seoulpay"];
        assert!(!of_nobody.iter().any(|word| told.contains(word)), "{told}");
    }

    #[test]
    fn what_is_not_utf_8_swallows_no_other_line_and_another_file_is_refused() {
        let sheet = b"person,channel\n\xb0\xa1,seoul-pay\nben,seoul-pay\n";
        let sheet = read(sheet, &known()).expect("a head");
        assert_eq!((sheet.count(), sheet.bad.len()), (1, 1));
        for file in ["", "id,name\n", "person;channel\nann;seoul-pay\n"] {
            assert_eq!(read(file.as_bytes(), &known()), Err(NoHead), "{file}");
        }
    }
}
