//! Versions of what staff change: `ETag` of an answer, `If-Match` of a request (RFC 9110).
//!
//! The tag of a round is its version and not a hash of the answer: figures that a crowd moves are
//! no reason to turn an operator away. Answers that carry one are `no-store`, so no cache takes it
//! for more.

use super::reply;
use actix_web::HttpResponse;
use actix_web::http::header::ETAG;
use openrun_actors::Seen;

/// Says under which version this answer stands.
#[must_use]
pub fn tagged(mut response: HttpResponse, version: u64) -> HttpResponse {
    reply::put(&mut response, ETAG, &format!("\"{version}\""));
    response
}

/// The versions that the lines of `If-Match` name. Weak tags match nothing here.
pub fn seen<'s>(lines: impl Iterator<Item = &'s str>) -> Seen {
    let tags: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    if tags == ["*"] {
        return Seen::Anything;
    }
    let version = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Seen::OneOf(tags.iter().filter_map(version).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_from_strong_tags_alone() {
        let check = |lines: &[&str], want: Seen| {
            assert_eq!(seen(lines.iter().copied()), want, "{lines:?}");
        };
        check(&["*"], Seen::Anything);
        check(&[" \"7\" "], Seen::OneOf(vec![7]));
        check(&["\"7\", \"8\"", "\"9\""], Seen::OneOf(vec![7, 8, 9]));
        for odd in ["", "7", "W/\"7\"", "\"x\"", "\"-7\"", "\"7", "\"18446744073709551616\""] {
            check(&[odd], Seen::OneOf(vec![]));
        }
        check(&["*", "\"7\""], Seen::OneOf(vec![7]));
    }
}
