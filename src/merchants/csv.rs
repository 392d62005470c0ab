//! A list of merchants as a file: lines of text with commas, quotes where a field holds a comma.
//!
//! One line, one merchant. A line that is wrong is told with its number and what is wrong with it,
//! and nothing of it is taken; a quote that is not closed ends with its line, so that it swallows
//! no other. Whatever the file says about its own encoding, it is read as UTF-8.

use super::{Merchant, NAME_CHARS_MAX, PROGRAMS_MAX, WORD_CHARS_MAX};
use openrun_core::MerchantId;
use std::collections::HashMap;
use std::fmt;

/// The head that a file begins with. `is_active` may be left out: then all of them are.
pub const HEAD: &str = "id,name,region,category,programs";
/// The last column, which may be left out.
const IS_ACTIVE: &str = "is_active";
const COLUMNS: usize = 5;
/// Some systems begin a file with this.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The merchants of its good lines, in their order.
    pub merchants: Vec<Merchant>,
    /// Its bad lines, in their order.
    pub bad: Vec<BadLine>,
}

/// A line that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, counted from 1 with the head.
    pub line: usize,
    /// What is wrong with it.
    pub why: Why,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Bytes that are no UTF-8: mostly a file in the encoding of an older system.
    NotUtf8,
    /// A quote that is not closed, or stands where none belongs.
    Quotes,
    /// Not as many fields as the head names.
    Fields {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// An id that is none.
    Id,
    /// A field that is empty and must not be.
    Empty(&'static str),
    /// A field with more characters than it may have.
    Long(&'static str, usize),
    /// A field with a control character.
    Control(&'static str),
    /// A program that is no name of one.
    Program(String),
    /// More programs than a merchant may list.
    Programs,
    /// Neither true nor false.
    Active,
    /// The id of a line before.
    Again {
        /// The number of that line.
        first: usize,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NotUtf8 => f.write_str("is not UTF-8: export the file as UTF-8"),
            Why::Quotes => f.write_str("has a quote that is not closed or stands inside a field"),
            Why::Fields { found, expected } => {
                write!(f, "has {found} fields instead of {expected}")
            }
            Why::Id => f.write_str("has an id that is not 1 to 64 of a-z, 0-9 and -"),
            Why::Empty(field) => write!(f, "has no {field}"),
            Why::Long(field, most) => write!(f, "has a {field} of more than {most} characters"),
            Why::Control(field) => write!(f, "has a control character in its {field}"),
            Why::Program(name) => write!(f, "lists a program that cannot be one: {name:?}"),
            Why::Programs => write!(f, "lists more than {PROGRAMS_MAX} programs"),
            Why::Active => f.write_str("has an is_active that is neither true nor false"),
            Why::Again { first } => write!(f, "has the id of line {first} again"),
        }
    }
}

/// Why a file is no list of merchants at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it does not begin with the line {HEAD}: it begins with {found:?}")]
pub struct NoHead {
    /// The first line, as far as it can be shown.
    pub found: String,
}

/// Reads a file.
///
/// # Errors
/// It does not begin with the head.
pub fn read(bytes: &[u8]) -> Result<Sheet, NoHead> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut lines = (1..).zip(bytes.split(|byte| *byte == b'\n')).map(|(number, line)| {
        // A file of another system ends its lines with two characters.
        (number, line.strip_suffix(b"\r").unwrap_or(line))
    });
    let (_, head) = lines.next().unwrap_or((1, b""));
    let columns = columns_of(head)?;
    let mut sheet = Sheet::default();
    let mut seen: HashMap<MerchantId, usize> = HashMap::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let merchant = merchant_of(text, columns).and_then(|merchant| {
            let first = *seen.entry(merchant.id.clone()).or_insert(line);
            if first == line { Ok(merchant) } else { Err(Why::Again { first }) }
        });
        match merchant {
            Ok(merchant) => sheet.merchants.push(merchant),
            Err(why) => sheet.bad.push(BadLine { line, why }),
        }
    }
    Ok(sheet)
}

/// How many columns the head names.
fn columns_of(head: &[u8]) -> Result<usize, NoHead> {
    let text = String::from_utf8_lossy(head);
    let shown = || NoHead { found: text.chars().take(80).collect() };
    let named: Vec<String> = fields(&text)
        .map_err(|_| shown())?
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let (known, more) = named.split_at_checked(COLUMNS).ok_or_else(shown)?;
    match (known.join(",") == HEAD, more) {
        (true, []) => Ok(COLUMNS),
        (true, [last]) if last == IS_ACTIVE => Ok(COLUMNS + 1),
        _ => Err(shown()),
    }
}

fn merchant_of(line: &[u8], columns: usize) -> Result<Merchant, Why> {
    let text = std::str::from_utf8(line).map_err(|_| Why::NotUtf8)?;
    let fields = fields(text)?;
    if fields.len() != columns {
        return Err(Why::Fields { found: fields.len(), expected: columns });
    }
    let programs = Merchant::programs_of(&fields[4]).map_err(Why::Program)?;
    if programs.len() > PROGRAMS_MAX {
        return Err(Why::Programs);
    }
    let is_active = match fields.get(COLUMNS).map(|field| field.trim().to_ascii_lowercase()) {
        None => true,
        Some(word) => word.parse().map_err(|_| Why::Active)?,
    };
    Ok(Merchant {
        id: MerchantId::new(fields[0].trim()).ok_or(Why::Id)?,
        name: words("name", &fields[1], NAME_CHARS_MAX)?,
        region: words("region", &fields[2], WORD_CHARS_MAX)?,
        category: words("category", &fields[3], WORD_CHARS_MAX)?,
        programs,
        is_active,
    })
}

fn words(field: &'static str, text: &str, most: usize) -> Result<String, Why> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Why::Empty(field));
    }
    if text.chars().any(char::is_control) {
        return Err(Why::Control(field));
    }
    if text.chars().count() > most {
        return Err(Why::Long(field, most));
    }
    Ok(text.to_owned())
}

/// The fields of a line. A field in quotes holds commas, and a quote as two of them.
fn fields(line: &str) -> Result<Vec<String>, Why> {
    let mut fields = Vec::with_capacity(COLUMNS + 1);
    let mut rest = line;
    loop {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let field = &rest[..end];
                if field.contains('"') {
                    return Err(Why::Quotes);
                }
                (field.to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind,
            None if behind.is_empty() => return Ok(fields),
            None => return Err(Why::Quotes),
        }
    }
}

/// The field behind an opening quote, and what follows its closing one.
fn quoted_field(mut rest: &str) -> Result<(String, &str), Why> {
    let mut field = String::new();
    loop {
        let end = rest.find('"').ok_or(Why::Quotes)?;
        field += &rest[..end];
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(behind) => {
                field.push('"');
                rest = behind;
            }
            None => return Ok((field, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(id: &str, name: &str, programs: &[&str]) -> Merchant {
        Merchant {
            id: MerchantId::new(id).expect("a slug"),
            name: name.to_owned(),
            region: "seoul".to_owned(),
            category: "카페".to_owned(),
            programs: programs
                .iter()
                .filter_map(|name| openrun_core::ProgramId::new(name))
                .collect(),
            is_active: true,
        }
    }

    #[test]
    fn a_line_is_a_merchant_or_is_told_with_its_number() {
        let long = "가".repeat(NAME_CHARS_MAX + 1);
        let cases: Vec<(String, Result<Merchant, Why>)> = vec![
            ("cafe-1,골목카페,seoul,카페,".to_owned(), Ok(good("cafe-1", "골목카페", &[]))),
            (
                " cafe-1 , 골목카페 ,seoul,카페,seoul|onnuri".to_owned(),
                Ok(good("cafe-1", "골목카페", &["seoul", "onnuri"])),
            ),
            (
                r#"cafe-1,"빵, ""커피""",seoul,카페,"#.to_owned(),
                Ok(good("cafe-1", "빵, \"커피\"", &[])),
            ),
            ("cafe-1,골목카페,seoul,카페".to_owned(), Err(Why::Fields { found: 4, expected: 5 })),
            ("cafe-1,a,b,c,,".to_owned(), Err(Why::Fields { found: 6, expected: 5 })),
            ("Cafe_1,골목카페,seoul,카페,".to_owned(), Err(Why::Id)),
            (",골목카페,seoul,카페,".to_owned(), Err(Why::Id)),
            ("cafe-1,,seoul,카페,".to_owned(), Err(Why::Empty("name"))),
            ("cafe-1,골목카페,  ,카페,".to_owned(), Err(Why::Empty("region"))),
            ("cafe-1,골목카페,seoul,,".to_owned(), Err(Why::Empty("category"))),
            (format!("cafe-1,{long},seoul,카페,"), Err(Why::Long("name", NAME_CHARS_MAX))),
            ("cafe-1,골목\u{7}카페,seoul,카페,".to_owned(), Err(Why::Control("name"))),
            ("cafe-1,골목카페,seoul,카페,서울".to_owned(), Err(Why::Program("서울".to_owned()))),
            ("cafe-1,\"골목카페,seoul,카페,".to_owned(), Err(Why::Quotes)),
            ("cafe-1,골목\"카페,seoul,카페,".to_owned(), Err(Why::Quotes)),
            ("cafe-1,\"골목\"카페,seoul,카페,".to_owned(), Err(Why::Quotes)),
        ];
        for (line, expected) in cases {
            let sheet = read(format!("{HEAD}\n{line}\r\n\n").as_bytes()).expect("has its head");
            let expected = match expected {
                Ok(merchant) => Sheet { merchants: vec![merchant], bad: Vec::new() },
                Err(why) => Sheet { merchants: Vec::new(), bad: vec![BadLine { line: 2, why }] },
            };
            assert_eq!(sheet, expected, "{line}");
        }
    }

    #[test]
    fn a_file_of_an_older_system_is_told_so_and_its_good_lines_are_taken() {
        let mut file = Vec::from(BYTE_ORDER_MARK);
        file.extend(b"ID, name,region,category,programs,is_active\r\n");
        // 카페 in EUC-KR.
        file.extend(b"cafe-1,\xc4\xab\xc6\xe4,seoul,x,,true\r\n");
        file.extend("cafe-2,골목카페,seoul,카페,,FALSE\r\ncafe-3,a,b,c,,maybe".as_bytes());
        let sheet = read(&file).expect("has its head");
        let closed = Merchant { is_active: false, ..good("cafe-2", "골목카페", &[]) };
        assert_eq!(sheet.merchants, [closed]);
        let bad = [(2, Why::NotUtf8), (4, Why::Active)];
        assert_eq!(sheet.bad, bad.map(|(line, why)| BadLine { line, why }));
    }

    #[test]
    fn an_id_is_taken_once_and_a_file_of_something_else_not_at_all() {
        let line = |id: &str| format!("{id},골목카페,seoul,카페,");
        let file = [HEAD, &line("a"), &line("b"), "", &line("a")].join("\n");
        let sheet = read(file.as_bytes()).expect("has its head");
        assert_eq!(sheet.merchants.len(), 2);
        assert_eq!(sheet.bad, [BadLine { line: 5, why: Why::Again { first: 2 } }]);
        for file in ["", "id,name", "id;name;region;category;programs", "name,id,a,b,c", "\"", "\0"]
        {
            assert!(read(file.as_bytes()).is_err(), "{file:?}");
        }
    }

    /// Whatever the bytes: an answer, and every line in it once at most.
    #[test]
    fn no_bytes_bring_the_reader_down() {
        let seeds = ["cafe-1,\"a\"\"b\",seoul,카페,x|y", "a,b,c,d,e", "\"\",,,,"];
        for seed in seeds {
            for cut in 0..=seed.len() {
                for byte in [b'"', b',', b'\n', 0xff, 0] {
                    let mut file = format!("{HEAD}\n").into_bytes();
                    file.extend(&seed.as_bytes()[..cut]);
                    file.push(byte);
                    file.extend(&seed.as_bytes()[cut..]);
                    let sheet = read(&file).expect("has its head");
                    assert!(sheet.merchants.len() + sheet.bad.len() <= 2);
                }
            }
        }
    }
}
