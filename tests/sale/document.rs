//! The watermark document as something that proves itself: signed, dated, the same bytes from
//! everywhere, and made once for everybody.

use crate::support::staff::RoundForm;
use crate::support::{Request, TestApp, allowed, checks, eventually, expect, join_all, on_stage};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};

const WATERMARK: &str = "/v1/rounds/r1/watermark";

/// Whether a key of these signs the text of a document: as a client would look, from the text.
fn is_signed(text: &str, keys: &Value) -> bool {
    let Some((signed, _)) = text.rsplit_once(",\"signature\":") else { return false };
    let Ok(document) = serde_json::from_str::<Value>(text) else { return false };
    let signature = &document["signature"];
    let listed = keys["keys"].as_array().into_iter().flatten();
    let key = listed.into_iter().find(|key| key["kid"] == signature["kid"]);
    let bytes = |value: &Value| BASE64.decode(value.as_str().unwrap_or_default()).ok();
    let verify = || {
        let key = VerifyingKey::from_bytes(&bytes(&key?["x"])?.try_into().ok()?).ok()?;
        let signature = Signature::from_slice(&bytes(&signature["ed25519"])?).ok()?;
        key.verify_strict(signed.as_bytes(), &signature).ok()
    };
    document["document"] == "openrun/watermark/v1" && verify().is_some()
}

async fn keys(app: &TestApp) -> Value {
    allowed(app.web.send(&Request::new("GET", "/.well-known/jwks.json")).await)
}

#[test]
fn the_text_proves_itself_and_no_other_text_does() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let keys = keys(&app).await;
        let text = app.web.send(&Request::new("GET", WATERMARK)).await.text();
        assert!(text.starts_with("{\"document\":\"openrun/watermark/v1\","), "{text}");
        assert!(is_signed(&text, &keys), "{text}");
        for (from, to) in [
            ("\"state\":\"open\"", "\"state\":\"sold_out\""),
            ("\"epoch\":", "\"epoch\":1"),
            ("\"at\":\"2022", "\"at\":\"2032"),
            ("\"left_won\":1000000", "\"left_won\": 1000000"),
            (",\"signature\":", ",\"more\":1,\"signature\":"),
            ("openrun/watermark/v1", "openrun/watermark/v2"),
        ] {
            let forged = text.replacen(from, to, 1);
            assert_ne!(forged, text, "{from}");
            assert!(!is_signed(&forged, &keys), "{forged}");
        }
        let other = TestApp::start().await;
        assert!(!is_signed(&text, &self::keys(&other).await), "the keys of another server");
    });
}

/// The same keys sign passes: neither may ever pass for the other.
#[test]
fn a_document_is_no_pass_and_a_pass_is_no_document() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        let keys = keys(&app).await;
        let pass = ann.pass.clone().expect("it was given");
        let text = app.web.send(&Request::new("GET", WATERMARK)).await.text();
        let (signed, _) = text.rsplit_once(",\"signature\":").expect("it is signed");
        let signature = app.web.send(&Request::new("GET", WATERMARK)).await.json();
        let signature =
            signature["signature"]["ed25519"].as_str().expect("it is signed").to_owned();
        // A document dressed as a token, with its own signature.
        let encoded = BASE64.encode(signed);
        for dressed in [
            format!("{signed}.{signature}"),
            format!("{encoded}.{signature}"),
            format!("{encoded}.{encoded}.{signature}"),
            format!("{}.{signature}", pass.rsplit_once('.').expect("a token has parts").0),
        ] {
            ann.pass = Some(dressed);
            let refused = ann.buy("r1", "ann-1", 10_000).await;
            // Some of it cannot even stand in a header.
            assert!([400, 403].contains(&refused.status), "{refused:?}");
        }
        // A pass dressed as a document.
        let (head, tail) = pass.rsplit_once('.').expect("a token has parts");
        let kid = &keys["keys"][0]["kid"];
        let dressed = format!("{head},\"signature\":{{\"kid\":{kid},\"ed25519\":\"{tail}\"}}}}");
        assert!(!is_signed(&dressed, &keys));
        ann.pass = Some(pass);
        assert_eq!(ann.buy("r1", "ann-1", 10_000).await.status, 201);
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn a_cache_may_keep_it_and_is_told_when_it_is_the_same() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let first = app.web.send(&Request::new("GET", WATERMARK)).await;
        let kept = "public, max-age=1, stale-while-revalidate=1, stale-if-error=600";
        assert_eq!(first.header("cache-control"), Some(kept));
        assert_eq!(first.header("set-cookie"), None);
        let etag = first.header("etag").expect("it has a version").to_owned();
        let version = first.json();
        assert_eq!(etag, format!("\"{}-{}\"", version["epoch"], version["serial"]));
        // Asked again at once it is the same one, unless a new one came between.
        eventually::so("the same one is not sent again", async || {
            let now = app.web.send(&Request::new("GET", WATERMARK)).await;
            let etag = now.header("etag").expect("it has a version").to_owned();
            let asked = Request::new("GET", WATERMARK).header("if-none-match", etag.as_str());
            let again = app.web.send(&asked).await;
            assert_eq!(again.header("cache-control"), Some(kept));
            again.status == 304 && again.body.is_empty() && again.header("etag") == Some(&*etag)
        })
        .await;
        let nowhere = app.web.send(&Request::new("GET", "/v1/rounds/nowhere/watermark")).await;
        expect(&nowhere, 404, "round-not-found", &json!({}));
    });
}

/// However many ask, it is made a few times a second.
#[test]
fn a_crowd_costs_no_more_documents_than_a_few_a_second() {
    crate::support::alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let renders = async || {
            checks::metric(&app.operator.metrics().await, "openrun_watermark_renders_total")
        };
        let (before, began) = (renders().await, std::time::Instant::now());
        let askers = (0..40).map(|_| {
            let web = app.web.clone();
            async move {
                for _ in 0..100 {
                    let answer = web.send(&Request::new("GET", WATERMARK)).await;
                    assert_eq!(answer.status, 200);
                }
            }
        });
        join_all(askers).await;
        let (made, took) = (renders().await - before, began.elapsed());
        let most = took.as_secs_f64() / 0.2 + 3.0;
        assert!(made >= 1.0 && made <= most, "{made} documents in {took:?}");
    });
}
