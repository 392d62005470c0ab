//! Bare actix-web: the same calls as openrun's with none of its work. The ceiling that openrun is
//! divided by.
//!
//! `POST /bare` reads a JSON body and answers about 200 bytes; `POST /hs256` checks the person's
//! token first; `GET /static` answers 180 bytes; `GET /document` answers as many bytes as the
//! watermark document has. With `--postgres`, `POST /classic` checks the token and sells: peer A.

use std::path::PathBuf;

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use clap::Parser;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use peers::classic::Shop;
use peers::people::{CHANNELS, Keys};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A bare actix-web server to compare with.
#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    address: String,
    /// Folder with `<channel>.hs256`.
    #[arg(long)]
    keys: PathBuf,
    /// Size of `GET /document`.
    #[arg(long, default_value_t = 700)]
    document_bytes: usize,
    /// An empty database, in which peer A keeps what it sells.
    #[arg(long)]
    postgres: Option<String>,
}

struct State {
    keys: Vec<(String, DecodingKey, Validation)>,
    small: Bytes,
    document: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Purchase {
    amount_won: i64,
    payment: Payment,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    method: String,
}

#[derive(Serialize)]
struct Receipt<'a> {
    id: &'a str,
    state: &'a str,
    amount_won: i64,
    price_won: i64,
    payment: &'a str,
    note: &'a str,
    month: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

async fn bare(body: web::Json<Purchase>) -> HttpResponse {
    receipt("01890a5d-ac96-774b-bcce-b302099a8057", &body)
}

async fn hs256(
    request: HttpRequest,
    state: Data<State>,
    body: web::Json<Purchase>,
) -> HttpResponse {
    match person(&request, &state) {
        Some(person) => receipt(&person, &body),
        None => HttpResponse::Unauthorized().finish(),
    }
}

async fn classic(
    request: HttpRequest,
    state: Data<State>,
    shop: Data<Shop>,
    body: web::Json<Purchase>,
) -> HttpResponse {
    let Some(person) = person(&request, &state) else {
        return HttpResponse::Unauthorized().finish();
    };
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let Some(key) = key else {
        return HttpResponse::BadRequest().finish();
    };
    match shop.buy(&person, key, body.amount_won).await {
        Ok(answer) if answer == "issued" => receipt(&person, &body),
        Ok(answer) => HttpResponse::Conflict().body(answer),
        Err(fault) => HttpResponse::ServiceUnavailable().body(format!("{fault:#}")),
    }
}

fn receipt(id: &str, body: &Purchase) -> HttpResponse {
    HttpResponse::Created().json(Receipt {
        id,
        state: "issued",
        amount_won: body.amount_won,
        price_won: body.amount_won / 100 * 93,
        payment: &body.payment.method,
        note: &body.note,
        month: "2022-07",
    })
}

/// Key, algorithm and issuer are pinned by the key id, as openrun does.
fn person(request: &HttpRequest, state: &State) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ")?;
    let kid = decode_header(token).ok()?.kid?;
    let (_, key, validation) = state.keys.iter().find(|(name, ..)| *name == kid)?;
    Some(decode::<Claims>(token, key, validation).ok()?.claims.sub)
}

async fn small(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(state.small.clone())
}

async fn document(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=1"))
        .body(state.document.clone())
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let keys = Keys::read(&arguments.keys)?;
    let keys = CHANNELS.iter().enumerate().map(|(channel, name)| {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[name]);
        (format!("{name}-1"), DecodingKey::from_secret(keys.secret(channel)), validation)
    });
    let state = Data::new(State {
        keys: keys.collect(),
        small: Bytes::from(vec![b'x'; 180]),
        document: Bytes::from(vec![b'x'; arguments.document_bytes]),
    });
    let shop = match &arguments.postgres {
        Some(url) => Some(Data::new(Shop::open(url).await?)),
        None => None,
    };
    let app = move || {
        let shop = shop.clone();
        App::new()
            .app_data(state.clone())
            .configure(|routes| {
                if let Some(shop) = shop {
                    routes.app_data(shop);
                    routes.service(web::resource("/classic").route(web::post().to(classic)));
                }
            })
            .service(web::resource("/bare").route(web::post().to(bare)))
            .service(web::resource("/hs256").route(web::post().to(hs256)))
            .service(web::resource("/static").route(web::get().to(small)))
            .service(web::resource("/document").route(web::get().to(document)))
    };
    HttpServer::new(app).bind(&arguments.address)?.run().await?;
    Ok(())
}
