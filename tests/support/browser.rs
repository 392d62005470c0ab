//! A browser without scripts: keeps cookies as they are set, sends forms with the origin of the
//! page that they are on, and follows where it is sent.
//!
//! Knows of cookies what the pages use: name, value, path, an age of nought.

use super::wire::{Answer, Request, Web};

/// A cookie as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub path: String,
    /// `HttpOnly; SameSite=Lax` and the like, as sent.
    pub attributes: String,
}

/// Somebody's browser.
#[derive(Clone)]
pub struct Browser {
    pub web: Web,
    pub cookies: Vec<Cookie>,
    pub language: &'static str,
}

impl Browser {
    pub fn new(web: Web, language: &'static str) -> Browser {
        Browser { web, cookies: Vec::new(), language }
    }

    fn request(&self, method: &'static str, path: &str) -> Request {
        let request = Request::new(method, path).header("accept-language", self.language);
        let path = path.split('?').next().unwrap_or(path);
        let sent = self.cookies.iter().filter(|cookie| path.starts_with(&cookie.path));
        let pairs: Vec<String> = sent.map(|it| format!("{}={}", it.name, it.value)).collect();
        request.replaced("cookie", (!pairs.is_empty()).then(|| pairs.join("; ")).as_deref())
    }

    /// Opens a page.
    pub async fn open(&mut self, path: &str) -> Answer {
        let answer = self.web.send(&self.request("GET", path)).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form of a page of ours, and opens what it leads to.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields, &[("origin", "http://openrun")]).await;
        match answer.header("location") {
            Some(next) if answer.status == 303 => {
                let next = next.to_owned();
                self.open(&next).await
            }
            _ => answer,
        }
    }

    /// Sends a form with these headers, and goes nowhere.
    pub async fn post(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.request("POST", path);
        let request = request.body("application/x-www-form-urlencoded", pairs.join("&"));
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        let answer = self.web.send(&request).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for (name, line) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                self.keep_one(line);
            }
        }
    }

    fn keep_one(&mut self, line: &str) {
        let (pair, attributes) = line.split_once("; ").unwrap_or((line, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a value");
        let path = attributes.split("; ").find_map(|it| it.strip_prefix("Path=")).unwrap_or("/");
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        if !attributes.contains("Max-Age=0") {
            self.cookies.push(Cookie {
                name: name.to_owned(),
                value: value.to_owned(),
                path: path.to_owned(),
                attributes: attributes.to_owned(),
            });
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&Cookie> {
        self.cookies.iter().find(|cookie| cookie.name == name)
    }
}

/// What follows `start` in a page, up to the next quote.
pub fn after(html: &str, start: &str) -> Option<String> {
    html.split_once(start)?.1.split('"').next().map(str::to_owned)
}

/// What a page shows, as the scripts call it.
#[track_caller]
pub fn view(answer: &Answer) -> String {
    after(&answer.text(), "data-view=\"").unwrap_or_else(|| panic!("no page: {answer:?}"))
}

/// The value of a hidden field.
#[track_caller]
pub fn field(answer: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    after(&answer.text(), &start).unwrap_or_else(|| panic!("no field {name}: {answer:?}"))
}
