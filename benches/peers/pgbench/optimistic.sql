-- One row of stock with a version: who finds that it has moved on comes again.
\set person random(1, 1000000000)
select version from stock where id = 1 \gset
with taken as (
    update stock set left_won = left_won - 300000, version = version + 1
    where id = 1 and version = :version and left_won >= 300000 returning 1
), used as (
    insert into bought as b select :person::text, '2022-07', 300000 from taken
    on conflict on constraint bought_key do update set used_won = b.used_won + excluded.used_won
        where b.used_won + excluded.used_won <= 400000
    returning 1
)
insert into purchase (person, name, amount_won) select :person::text, :person::text, 300000 from used
on conflict do nothing;
