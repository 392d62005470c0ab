//! A database of its own on the server that a URL names, for whoever must touch nothing that is
//! there: made, used, dropped.
//!
//! The database of the URL is only connected to. What migrating makes for the whole server (the
//! roles openrun_writer and openrun_reader) stays, as after any migration.

use super::connect::{self, Purpose};
use super::fault::Fault;
use super::place::Place;
use super::tls;
use tokio_postgres::{Client, Error};

/// A database that nobody else uses.
#[derive(Debug)]
pub struct Scratch {
    server: String,
    name: String,
    /// The store in it.
    pub url: String,
}

impl Scratch {
    /// Makes one on the server of `url`, called `name`: lower case letters, digits and underscores.
    ///
    /// # Errors
    /// The server is not to be reached, or whoever the URL names may make none.
    ///
    /// # Panics
    /// When the name is another kind of name.
    pub async fn create(url: &str, name: &str) -> Result<Scratch, Fault> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.chars().all(is_plain), "a name that needs no quotes");
        let made = format!("create database {name} encoding 'UTF8' template template0");
        ask(url, async |client| client.batch_execute(&made).await).await?;
        let (server, name) = (url.to_owned(), name.to_owned());
        let scratch = Scratch { url: with_database(url, &name), server, name };
        // A URL has more than one place for a database: nothing is done in any but this one.
        let name = &scratch.name;
        let check = format!(
            "do $$ begin if current_database() <> '{name}' then
                 raise exception 'the URL names database % in its parameters', current_database();
             end if; end $$"
        );
        let checked = ask(&scratch.url, async |client| client.batch_execute(&check).await).await;
        if let Err(fault) = checked {
            let _ = scratch.remove().await;
            return Err(fault);
        }
        Ok(scratch)
    }

    /// What it takes, in bytes.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn bytes(&self) -> Result<f64, Fault> {
        let size = "select pg_database_size(current_database())";
        let row = ask(&self.url, async |client| client.query_one(size, &[]).await).await?;
        Ok(row.get::<_, i64>(0) as f64)
    }

    /// How long one small commit takes, in milliseconds, each of so many.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn commits_ms(&self, count: usize) -> Result<Vec<f64>, Fault> {
        ask(&self.url, async |client| {
            client.batch_execute("create table public.flush (number bigint)").await?;
            let insert = client.prepare("insert into public.flush values (1)").await?;
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let began = std::time::Instant::now();
                client.execute(&insert, &[]).await?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
            client.batch_execute("drop table public.flush").await?;
            Ok(times)
        })
        .await
    }

    /// Drops it, whoever is still connected.
    ///
    /// # Errors
    /// It is still there.
    pub async fn remove(&self) -> Result<(), Fault> {
        let drop = format!("drop database if exists {} with (force)", self.name);
        ask(&self.server, async |client| client.batch_execute(&drop).await).await
    }
}

/// One connection, one thing to ask.
async fn ask<T>(
    url: &str,
    work: impl AsyncFnOnce(&Client) -> Result<T, Error>,
) -> Result<T, Fault> {
    let place = Place::parse(url)?;
    let tls = tls::connector(&place)?;
    let failed = |error: Error| Fault::of(&place, &error);
    let (client, mut wire) =
        connect::connect(&place, &tls, "openrun capacity").await.map_err(failed)?;
    let driven = tokio::spawn(async move { wire.until_lost().await });
    let asked = async {
        client.batch_execute(&Purpose::Manage.session()).await?;
        work(&client).await
    };
    let answer = asked.await.map_err(failed);
    driven.abort();
    answer
}

/// The URL with another database in it.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("dbname="));
    let query: String = pairs
        .enumerate()
        .map(|(at, pair)| format!("{}{pair}", if at == 0 { '?' } else { '&' }))
        .collect();
    let (scheme, rest) = base.split_once("://").expect("it was parsed as a URL");
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    format!("{scheme}://{authority}/{name}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_has_the_same_url_but_for_its_name() {
        for (url, want) in [
            ("postgres://u@h/openrun", "postgres://u@h/x"),
            (
                "postgres://u:p%2Fq@h:5433/a?sslmode=require",
                "postgres://u:p%2Fq@h:5433/x?sslmode=require",
            ),
            ("postgres:///openrun?host=/run/postgresql", "postgres:///x?host=/run/postgresql"),
            ("postgresql://u@h", "postgresql://u@h/x"),
            ("postgres://u@h/a?dbname=openrun", "postgres://u@h/x"),
            (
                "postgres://u@h/a?sslmode=require&dbname=openrun&connect_timeout=3",
                "postgres://u@h/x?sslmode=require&connect_timeout=3",
            ),
        ] {
            assert_eq!(with_database(url, "x"), want);
        }
    }
}
