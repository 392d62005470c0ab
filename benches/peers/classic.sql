-- What a shop usually does that sells limited stock: the stock is one row that everybody locks, the limit of the
-- month a row for each person, the purchase a third one, all in one function. Of peer A (over HTTP) and of peer B
-- (by pgbench, which has other ways too).
create table stock (
    id integer constraint stock_key primary key,
    left_won bigint not null,
    version bigint not null
);
insert into stock values (1, 1000000000000, 0);

-- The same stock in sixteen parts, for who takes whichever part nobody else holds.
create table bucket (id integer constraint bucket_key primary key, left_won bigint not null);
insert into bucket select id, 1000000000000 / 16 from generate_series(1, 16) as id;

create table bought (
    person text not null,
    month text not null,
    used_won bigint not null,
    constraint bought_key primary key (person, month)
);

create table purchase (
    id bigint generated always as identity constraint purchase_key primary key,
    person text not null,
    name text not null,
    amount_won bigint not null,
    at timestamp with time zone not null default now(),
    constraint purchase_once unique (person, name)
);

create function buy(who text, this_month text, name text, amount bigint) returns text
language plpgsql as $$
declare
    remaining bigint;
begin
    -- Held until the commit is on the disk: the next one waits for that long.
    select left_won into remaining from stock where id = 1 for update;
    if remaining < amount then
        return 'sold_out';
    end if;
    insert into bought as b values (who, this_month, amount)
    on conflict on constraint bought_key do update set used_won = b.used_won + excluded.used_won
        where b.used_won + excluded.used_won <= 400000;
    if not found then
        return 'monthly_limit_exceeded';
    end if;
    insert into purchase (person, name, amount_won) values (who, buy.name, amount);
    update stock set left_won = left_won - amount where id = 1;
    return 'issued';
end
$$;
