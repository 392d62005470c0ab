-- One row of stock, statement by statement.
\set person random(1, 1000000000)
begin;
select left_won from stock where id = 1 for update;
insert into bought as b values (:person::text, '2022-07', 300000)
on conflict on constraint bought_key do update set used_won = b.used_won + excluded.used_won
    where b.used_won + excluded.used_won <= 400000;
insert into purchase (person, name, amount_won) values (:person::text, :person::text, 300000)
on conflict do nothing;
update stock set left_won = left_won - 300000 where id = 1;
commit;
