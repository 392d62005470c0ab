//! `GET /assets/{name}`: the scripts and style sheets of the pages, as the front end's build left
//! them in `web/built/`.
//!
//! Part of the program: compressed once at the start, named by the pages with the first digits of
//! their hash, so that whoever has them never asks again and a new release is seen at once. In
//! development they may be read from a folder instead, at each request.

use crate::http::call::{Answer, Call};
use crate::http::edge::Edge;
use crate::http::reply::{self, FOR_EVER};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use openrun_core::Refusal;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

/// So many digits of the hash stand in the address: enough to tell releases apart.
const VERSION_DIGITS: usize = 12;
/// A version that is not known here: a cache may keep it, and asks each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const SHEET: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");

macro_rules! built {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("../../../web/built/", $name)) as &[u8])),*]
    };
}

/// Every file, by its name.
const BUILT: [(&str, &[u8]); 8] = built![
    "citizen.ko.js",
    "citizen.en.js",
    "pay.ko.js",
    "pay.en.js",
    "console.ko.js",
    "console.en.js",
    "openrun.css",
    "console.css"
];

/// A file as it is sent.
struct Asset {
    name: &'static str,
    plain: Bytes,
    gzip: Bytes,
    version: String,
    address: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    BUILT.into_iter().map(|(name, bytes)| Asset::new(name, Bytes::from_static(bytes))).collect()
});

impl Asset {
    fn new(name: &'static str, plain: Bytes) -> Asset {
        let digest = Sha256::digest(&plain);
        let mut version: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        version.truncate(VERSION_DIGITS);
        let address = format!("/assets/{name}?v={version}");
        Asset { name, gzip: gzip(&plain, Compression::best()), plain, version, address }
    }

    fn of_folder(folder: &Path, name: &'static str) -> Option<Asset> {
        let bytes = std::fs::read(folder.join(name)).ok()?;
        Some(Asset::new(name, Bytes::from(bytes)))
    }
}

/// Compresses what is there, so that no request waits for it.
pub fn prepare() {
    LazyLock::force(&ASSETS);
}

/// The address of a file, with its version.
///
/// # Panics
/// Never: only names of ours are asked for, and a test asks for each.
#[must_use]
pub fn address(edge: &Edge, name: &str) -> String {
    let ours = ASSETS.iter().find(|asset| asset.name == name);
    let ours = ours.expect("pages name files of the table only");
    let folder = edge.site.folder.as_deref();
    let read = folder.and_then(|folder| Asset::of_folder(folder, ours.name));
    read.map_or_else(|| ours.address.clone(), |asset| asset.address)
}

/// Bytes under gzip.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn gzip(plain: &[u8], level: Compression) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), level);
    encoder.write_all(plain).expect("memory takes what is written to it");
    Bytes::from(encoder.finish().expect("memory takes what is written to it"))
}

/// A script or a style sheet of the pages
///
/// Under gzip when it is accepted. With its own version as `v` it is kept for ever.
#[utoipa::path(get, path = "/assets/{name}", operation_id = "asset", tag = "contract",
    params(
        ("v" = Option<String>, Query, description = "the version that a page names"),
        ("If-None-Match" = Option<String>, Header, description = "the ETag of the last answer")),
    responses(
        (status = 200, description = "the file", content(
            (String = "text/javascript"), (String = "text/css"))),
        (status = 304, description = "it is as it was under this ETag")))]
pub async fn show(call: Call) -> Answer {
    let name = call.segment("name");
    let ours = ASSETS.iter().find(|asset| asset.name == name).ok_or(Refusal::NotFound)?;
    match call.edge().site.folder.as_deref() {
        None => Ok(send(&call, ours)),
        Some(folder) => {
            let read = Asset::of_folder(folder, ours.name).ok_or(Refusal::NotFound)?;
            Ok(send(&call, &read))
        }
    }
}

fn send(call: &Call, asset: &Asset) -> actix_web::HttpResponse {
    let is_packed = call.accepts_gzip();
    let etag = format!("\"{}{}\"", asset.version, if is_packed { "-gzip" } else { "" });
    let keep = if call.query("v") == Some(&asset.version) { FOR_EVER } else { ASK_AGAIN };
    let kind = if asset.name.ends_with(".js") { SCRIPT } else { SHEET };
    let mut response = if call.has_version(&etag) {
        let mut response = actix_web::HttpResponse::new(StatusCode::NOT_MODIFIED);
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
        response
    } else {
        let bytes = if is_packed { asset.gzip.clone() } else { asset.plain.clone() };
        reply::bytes(StatusCode::OK, kind, keep, bytes)
    };
    if is_packed && response.status() == StatusCode::OK {
        reply::put(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    reply::put(&mut response, header::ETAG, &etag);
    reply::put(&mut response, header::VARY, "accept-encoding");
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_sent_packed_is_the_file_and_smaller() {
        for asset in ASSETS.iter().filter(|asset| asset.plain.len() > 1_000) {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&asset.gzip[..]).read_to_end(&mut text).unwrap();
            assert_eq!(text, asset.plain, "{}", asset.name);
            assert!(asset.gzip.len() < asset.plain.len() * 2 / 3, "{}", asset.name);
        }
    }
}
