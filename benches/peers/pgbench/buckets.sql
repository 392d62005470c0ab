-- Sixteen parts of the stock: whichever nobody else holds. Who finds none comes again.
\set person random(1, 1000000000)
with picked as (
    select id from bucket where left_won >= 300000 order by random() limit 1 for update skip locked
), taken as (
    update bucket set left_won = left_won - 300000 from picked where bucket.id = picked.id returning 1
), used as (
    insert into bought as b select :person::text, '2022-07', 300000 from taken
    on conflict on constraint bought_key do update set used_won = b.used_won + excluded.used_won
        where b.used_won + excluded.used_won <= 400000
    returning 1
)
insert into purchase (person, name, amount_won) select :person::text, :person::text, 300000 from used
on conflict do nothing;
