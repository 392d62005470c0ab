//! The OpenAPI 3.1 documents, one a listener, made from the code.
//!
//! Handlers say what they answer when all is well; the router says on which terms. Parameters,
//! security and every refusal are added from the router, so that no route can forget one.

use super::api::Declared;
use super::call::{IDEMPOTENCY_KEY, IF_MATCH, PASS, TICKET};
use super::problem::{self, PROBLEM_JSON};
use super::terms::Who;
use super::{
    admin, board, docs, draws, events, health, merchants, outcome, pages, people, problem_table,
    programs, purchases,
};
use super::{rail, rounds, router, tickets, vouchers, watermark};
use actix_web::http::Method;
use std::collections::BTreeMap;
use utoipa::OpenApi;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Ref, RefOr, Required};

const PERSON_TOKEN: &str = "person_token";
const STAFF_TOKEN: &str = "staff_token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "openrun",
        description = "A sale of limited vouchers: a line in the order of arrival, exact limits, \
                       answers that stay true. Money is an integer count of won; times are RFC \
                       3339; errors are RFC 9457 with a stable `code`."
    ),
    tags(
        (name = "sale", description = "What is sold, and when"),
        (name = "line", description = "A place in line, and the right to buy"),
        (name = "draw", description = "What a drawn order was committed to, and its proof"),
        (name = "purchase", description = "Buying, and what was bought"),
        (name = "voucher", description = "What is left, spending, cancel, refund, gifts"),
        (name = "merchant", description = "Who takes vouchers"),
        (name = "people", description = "Sign-up and limits"),
        (name = "pages", description = "For people, in Korean and English"),
        (name = "contract", description = "This document, its page, and keys")),
    paths(
        programs::list, programs::show, rounds::list, rounds::show, watermark::show,
        events::show, board::show,
        tickets::join, tickets::show, tickets::leave, tickets::claim, outcome::show,
        draws::show, draws::transcript,
        purchases::buy, purchases::show, purchases::list, rail::webhook,
        vouchers::list, vouchers::show, vouchers::moves::spend, vouchers::moves::cancel,
        vouchers::moves::refund, vouchers::moves::give, merchants::search, merchants::show,
        people::sign_up, people::me, people::limits,
        docs::document, docs::public, docs::file, docs::jwks,
        pages::rounds, pages::round, pages::me, pages::pay_find::show, pages::pay::show,
        pages::assets::show),
    components(schemas(problem::Body))
)]
struct Public;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "openrun ops",
        description = "Programs, rounds, live figures and health. Staff tokens: a viewer looks, \
                       an operator changes, an approver confirms what needs two persons."
    ),
    tags(
        (name = "ops", description = "Programs, rounds, the log of what staff did"),
        (name = "health", description = "Alive, ready, measured"),
        (name = "contract", description = "This document and its page")),
    paths(
        admin::programs::put, admin::programs::show, admin::programs::list,
        admin::rounds::put, admin::rounds::step, admin::rounds::set_inlet,
        admin::rounds::step_inlet,
        admin::rounds::show, admin::rounds::list, admin::log::list, admin::draws::give,
        admin::notices::post, admin::notices::withdraw,
        admin::suspensions::list, admin::suspensions::put, admin::people::import,
        admin::people::channels,
        admin::stock::ask, admin::stock::answer, admin::purchases::show,
        admin::live::round, admin::live::house, admin::settlement::show,
        health::healthz, health::readyz, health::metrics, health::version,
        docs::document, docs::ops, docs::file, pages::console, pages::assets::show),
    components(schemas(problem::Body))
)]
struct Ops;

/// The document of the public listener, as JSON.
#[must_use]
pub fn openapi() -> String {
    written(&public_document())
}

/// The document of the ops listener, as JSON.
#[must_use]
pub fn ops_openapi() -> String {
    written(&ops_document())
}

fn written(document: &utoipa::openapi::OpenApi) -> String {
    document.to_pretty_json().expect("a document of text keys can be written as JSON")
}

fn public_document() -> utoipa::openapi::OpenApi {
    completed(Public::openapi(), PERSON_TOKEN, &router::public(false).declared())
}

fn ops_document() -> utoipa::openapi::OpenApi {
    completed(Ops::openapi(), STAFF_TOKEN, &router::ops().declared())
}

fn completed(
    mut document: utoipa::openapi::OpenApi,
    token: &str,
    routes: &[Declared],
) -> utoipa::openapi::OpenApi {
    crate::telemetry::VERSION.clone_into(&mut document.info.version);
    for route in routes.iter().filter(|route| !route.terms.is_unwritten) {
        let item = document.paths.paths.get_mut(&route.path);
        let operation = item.and_then(|item| operation_mut(item, &route.method));
        let operation = operation.expect("a test holds the router against the document");
        complete(operation, route);
    }
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(token, SecurityScheme::Http(bearer));
    document
}

fn operation_mut<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    let slot = match method.as_str() {
        "GET" => &mut item.get,
        "PUT" => &mut item.put,
        "POST" => &mut item.post,
        "PATCH" => &mut item.patch,
        "DELETE" => &mut item.delete,
        _ => return None,
    };
    slot.as_mut()
}

/// Adds what the router knows: parameters, security, refusals.
fn complete(operation: &mut Operation, route: &Declared) {
    let names = route.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'));
    let headers = route.terms.headers.iter().map(|(name, is_required)| header(name, *is_required));
    let parameters = operation.parameters.get_or_insert_default();
    parameters.extend(names.map(in_path).chain(headers).map(RefOr::T));
    operation.security = match route.terms.who {
        Who::Person => Some(vec![SecurityRequirement::new(PERSON_TOKEN, [""; 0])]),
        Who::Viewer | Who::Operator | Who::Approver => {
            Some(vec![SecurityRequirement::new(STAFF_TOKEN, [""; 0])])
        }
        Who::Anyone | Who::Ticket => None,
    };
    for (status, codes) in by_status(&route.terms.codes()) {
        let json = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let codes = codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>();
        let response = ResponseBuilder::new().description(codes.join(", "));
        let response = response.content(PROBLEM_JSON, json).build();
        operation.responses.responses.insert(status, RefOr::T(response));
    }
}

fn by_status(codes: &[&'static str]) -> BTreeMap<String, Vec<&'static str>> {
    let mut grouped: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for code in codes {
        let status = problem_table::of(code).status.as_str().to_owned();
        grouped.entry(status).or_default().push(code);
    }
    grouped
}

fn in_path(name: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    let text = match name {
        "id" => text.format(Some(SchemaFormat::Custom("uuid".to_owned()))),
        "step" => text.enum_values(Some(["schedule", "open", "pause", "resume", "close"])),
        "answer" => text.enum_values(Some(["confirm", "refuse"])),
        "file" => text.pattern(Some("^[A-Za-z0-9._-]+$")),
        _ => text.pattern(Some("^[a-z0-9-]{1,64}$")),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
    parameter.required(Required::True).schema(Some(text)).build()
}

fn header(name: &str, is_required: bool) -> Parameter {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    let (name, description, text) = match name {
        TICKET => ("Openrun-Ticket", "the ticket of the last answer", text),
        PASS => (
            "Openrun-Pass",
            "the pass that was given at the turn: required of all but counters",
            text,
        ),
        IDEMPOTENCY_KEY => (
            "Idempotency-Key",
            "1 to 64 visible ASCII characters, bare or quoted; a new one for each attempt",
            text.pattern(Some("^[!-~]{1,64}$")),
        ),
        IF_MATCH => (
            "If-Match",
            "the ETag of what was looked at: if it is another one by now, nothing is done",
            text,
        ),
        other => (other, "", text),
    };
    let required = if is_required { Required::True } else { Required::False };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
    parameter.required(required).description(Some(description)).schema(Some(text)).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// S28.
    #[test]
    fn the_router_and_the_documents_name_the_same_routes() {
        check(&openapi(), &router::public(false).declared());
        check(&ops_openapi(), &router::ops().declared());
    }

    fn check(document: &str, routes: &[Declared]) {
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let routed: BTreeSet<(String, String)> = routes
            .iter()
            .filter(|route| !route.terms.is_unwritten)
            .map(|route| (route.path.clone(), route.method.as_str().to_lowercase()))
            .collect();
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone()))
            })
            .collect();
        assert_eq!(routed, documented);
    }

    #[test]
    fn every_refusal_of_a_route_is_documented_as_a_problem() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        let buy = &document["paths"]["/v1/rounds/{round}/purchases"]["post"];
        let statuses: Vec<&String> = buy["responses"].as_object().unwrap().keys().collect();
        let wanted =
            ["201", "202", "400", "401", "402", "403", "404", "409", "413", "415", "422", "503"];
        assert_eq!(statuses, wanted);
        let sold_out = &buy["responses"]["409"];
        assert!(sold_out["description"].as_str().unwrap().contains("`sold-out`"));
        let schema = &sold_out["content"]["application/problem+json"]["schema"];
        assert_eq!(schema["$ref"], "#/components/schemas/Problem");
        let names = ["round", "Openrun-Pass", "Idempotency-Key"];
        let parameters = buy["parameters"].as_array().unwrap();
        assert_eq!(parameters.iter().map(|p| &p["name"]).collect::<Vec<_>>(), names);
        // A counter sells without a pass: whoever makes a client of this must be able to.
        let required =
            |name: &str| &parameters.iter().find(|p| p["name"] == name).unwrap()["required"];
        assert_eq!(
            (required("Openrun-Pass"), required("Idempotency-Key")),
            (&false.into(), &true.into())
        );
        let said = parameters[1]["description"].as_str().unwrap();
        assert!(said.ends_with("required of all but counters"), "{said}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        for text in [openapi(), ops_openapi()] {
            let document: Value = serde_json::from_str(&text).unwrap();
            for reference in text.split("\"$ref\": \"#").skip(1) {
                let pointer = reference.split('"').next().unwrap();
                assert!(document.pointer(pointer).is_some(), "{pointer}");
            }
        }
    }
}
