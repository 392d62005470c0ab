//! F11, S25: webhooks, repeated, early and forged: a hint at most.

use super::adapters::{APPROVED, PATIENT_MS, SOON, TEN, fresh_id, order_at};
use super::support::{TestRail, eventually, on_stage};
use openrun::rail::{SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookFault, Webhooks};
use openrun_actors::{Clock, SystemClock};
use openrun_core::PurchaseId;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What was delivered.
#[derive(Debug, Clone)]
struct Delivery {
    timestamp: Option<String>,
    signature: Option<String>,
    body: String,
}

/// Takes webhooks.
#[derive(Clone)]
struct Mailbox {
    address: SocketAddr,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
}

impl Mailbox {
    async fn open() -> Mailbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mailbox = Mailbox { address, deliveries: Arc::default() };
        let inside = mailbox.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let inside = inside.clone();
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut part = [0; 4_096];
                    while !text.ends_with('}') {
                        match stream.read(&mut part).await {
                            Ok(length @ 1..) => {
                                text.push_str(&String::from_utf8_lossy(&part[..length]));
                            }
                            _ => return,
                        }
                    }
                    inside.deliveries().push(read(&text));
                    let thanks =
                        "HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(thanks.as_bytes()).await;
                });
            }
        });
        mailbox
    }

    fn deliveries(&self) -> std::sync::MutexGuard<'_, Vec<Delivery>> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_for(&self, count: usize) -> Vec<Delivery> {
        let come = async || Some(self.deliveries().clone()).filter(|come| come.len() >= count);
        eventually::some("webhooks", come).await
    }
}

fn read(text: &str) -> Delivery {
    let (head, body) = text.split_once("\r\n\r\n").expect("a request with a body");
    let header = |name: &str| {
        let pair = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()));
        let found = head.lines().filter_map(pair).find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    let (timestamp, signature) = (header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER));
    Delivery { timestamp, signature, body: body.to_owned() }
}

async fn bank_with_news(modes: &str) -> (TestRail, Mailbox, Webhooks) {
    let mailbox = Mailbox::open().await;
    let url = format!("http://{}/hints", mailbox.address);
    let bank = TestRail::start_with(modes, &["--webhook", &url]);
    let webhooks = Webhooks::open(&bank.settings("http")).expect("the key is there");
    (bank, mailbox, webhooks.expect("this kind of rail sends webhooks"))
}

fn hint(webhooks: &Webhooks, delivery: &Delivery, late: i64) -> Result<PurchaseId, WebhookFault> {
    let now = SystemClock::default().now().plus_millis(late);
    let (timestamp, signature) = (delivery.timestamp.as_deref(), delivery.signature.as_deref());
    webhooks.verify(timestamp, signature, delivery.body.as_bytes(), now)
}

#[test]
fn f11_news_that_comes_three_times_is_three_times_the_same_hint() {
    on_stage(async {
        let (bank, mailbox, webhooks) = bank_with_news("webhook_repeat=100").await;
        let rail = bank.adapter("http", PATIENT_MS);
        let id = fresh_id();
        let request = order_at(&rail, id, TEN);
        assert_eq!(rail.authorise(&request).await, APPROVED);
        for delivery in mailbox.wait_for(3).await {
            assert_eq!(hint(&webhooks, &delivery, 0), Ok(id));
            assert!(!delivery.body.contains("approved"), "it says nothing of what became of it");
            let old = hint(&webhooks, &delivery, 5 * 60_000 + 5_000);
            assert_eq!(old, Err(WebhookFault::Untimely));
            let other = delivery.body.replace(&String::from(id), &String::from(fresh_id()));
            let other = Delivery { body: other, ..delivery };
            assert_eq!(hint(&webhooks, &other, 0), Err(WebhookFault::Unsigned));
        }
        assert_eq!(rail.inquire(&request).await, APPROVED, "once, however often it was told");
        assert_eq!(bank.ledger().await.approved, 1);
    });
}

#[test]
fn f11_news_may_come_before_the_answer() {
    on_stage(async {
        let (bank, mailbox, webhooks) = bank_with_news("webhook_early=100").await;
        let rail = bank.adapter("http", PATIENT_MS);
        let (id, sent) = (fresh_id(), Instant::now());
        assert_eq!(rail.authorise(&order_at(&rail, id, TEN)).await, APPROVED);
        // The bank goes on without whoever takes no news for two seconds, as a busy machine may.
        let is_early = mailbox.deliveries().len() == 1 || sent.elapsed() > SOON;
        assert!(is_early, "it was there before the answer");
        let come = mailbox.wait_for(1).await;
        assert_eq!(hint(&webhooks, &come[0], 0), Ok(id));
    });
}

#[test]
fn f11_forged_news_is_no_hint() {
    on_stage(async {
        let (bank, mailbox, webhooks) =
            bank_with_news("webhook_forged=100,webhook_early=100").await;
        let rail = bank.adapter("http", PATIENT_MS);
        let request = order_at(&rail, fresh_id(), TEN);
        assert_eq!(rail.authorise(&request).await, APPROVED);
        let come = mailbox.wait_for(1).await;
        assert_eq!(hint(&webhooks, &come[0], 0), Err(WebhookFault::Unsigned));
    });
}

#[test]
fn f11_a_late_payment_is_news_when_it_arrives() {
    on_stage(async {
        let modes = "late_approval=100,late_s=0.2-0.2";
        let (bank, mailbox, webhooks) = bank_with_news(modes).await;
        let rail = bank.adapter("http", PATIENT_MS);
        let id = fresh_id();
        let request = order_at(&rail, id, TEN);
        rail.authorise(&request).await;
        let come = mailbox.wait_for(1).await;
        assert_eq!(hint(&webhooks, &come[0], 0), Ok(id));
        assert_eq!(rail.inquire(&request).await, APPROVED, "the hint was worth the question");
    });
}

#[test]
fn rails_that_sign_no_webhooks_have_none() {
    on_stage(async {
        let bank = TestRail::start("none");
        assert!(Webhooks::open(&bank.settings("toss")).expect("it may be asked").is_none());
        assert!(
            Webhooks::open(&openrun::rail::RailSettings::default()).is_ok_and(|it| it.is_none())
        );
    });
}
