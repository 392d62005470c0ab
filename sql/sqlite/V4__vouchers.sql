-- What becomes of a voucher after its sale, and the merchants that take it.
--
-- The moves of the vouchers of a program have a stream of their own, so that a sale that is stuck
-- holds up no payment at a merchant: its number is the negative of the program's.

-- One row for each move of a voucher: spent, gifted, expired, and paid back in two steps, each made
-- durable before anything is done about it. A voucher that was bought bears the id of its purchase,
-- one that was given the id of its gift. `move_no` counts the moves of a voucher: 1, 2, 3, ...
-- without a gap, so that two decisions on the same balance cannot both be written.
--
-- The way to everything of one person is the unique key (person, idempotency_key); steps that
-- nobody asked for have no key.
--
-- `price` and `subsidy` are the parts that go along with what is paid back or given, `month` is the
-- one whose allowance a cancel gives back or that a gift counts in, `due_at` is when a voucher that
-- was given expires, `decided_at` when the person whose voucher it is decided.
create table voucher_move (
    stream_id integer not null,
    seq integer not null,
    at integer not null,
    decided_at integer not null,
    kind text not null,
    id blob not null,
    voucher blob not null,
    person blob not null,
    receiver blob,
    merchant text,
    move_no integer not null,
    amount integer not null,
    price integer,
    subsidy integer,
    balance_after integer not null,
    cause text,
    idempotency_key text,
    digest blob,
    round_id integer,
    month integer,
    due_at integer,
    body text not null,
    constraint voucher_move_in_order primary key (stream_id, seq),
    constraint voucher_move_once unique (voucher, move_no),
    constraint voucher_move_step_once unique (id, kind),
    constraint voucher_key_used_once unique (person, idempotency_key),
    constraint voucher_move_kind_is_known check (kind in (
        'spent', 'payback_sent', 'paid_back', 'payback_refused', 'gifted', 'expired')),
    constraint voucher_move_is_counted check (move_no >= 1),
    constraint voucher_move_amount_positive check (amount > 0),
    constraint voucher_balance_not_negative check (balance_after >= 0),
    constraint voucher_price_and_subsidy_make_amount check (
        (price is null and subsidy is null)
        or (price is not null and subsidy is not null
            and price >= 0 and subsidy >= 0 and price + subsidy = amount)),
    constraint voucher_gift_has_a_receiver
        check ((kind = 'gifted') = (receiver is not null)),
    constraint voucher_gift_is_to_another check (receiver is null or receiver <> person),
    constraint voucher_spend_has_a_merchant check ((kind = 'spent') = (merchant is not null)),
    constraint voucher_payback_has_a_cause check (
        (kind in ('payback_sent', 'paid_back', 'payback_refused')) = (cause is not null)
        and (cause is null or cause in ('cancel', 'refund'))),
    constraint voucher_key_has_a_digest check ((idempotency_key is null) = (digest is null)),
    constraint voucher_move_ids_are_whole check (
        length(id) = 16 and length(voucher) = 16 and length(person) = 16
        and (receiver is null or length(receiver) = 16)
        and (digest is null or length(digest) = 32)),
    constraint voucher_move_body_is_json check (json_valid(body))
) strict, without rowid;

-- A voucher comes to one end, and so does a payback that was sent.
create unique index voucher_ended_once on voucher_move (voucher)
    where kind in ('paid_back', 'expired');
create unique index payback_ended_once on voucher_move (id)
    where kind in ('paid_back', 'payback_refused');
create index voucher_move_by_receiver on voucher_move (receiver, at) where receiver is not null;
create index voucher_move_by_round on voucher_move (round_id, stream_id, seq)
    where round_id is not null;

create trigger voucher_move_is_never_changed before update on voucher_move
begin select raise(abort, 'voucher_move_is_never_changed'); end;
create trigger voucher_move_is_never_removed before delete on voucher_move
begin select raise(abort, 'voucher_move_is_never_removed'); end;

-- Where vouchers can be spent. Not history but a list that an operator brings up to date: rows
-- change. `programs` are those that a merchant takes, separated by |; none: all of its region.
create table merchant (
    id text not null constraint merchant_id primary key,
    name text not null,
    region text not null,
    category text not null,
    programs text not null,
    is_active integer not null,
    constraint merchant_id_is_a_slug
        check (length(id) between 1 and 64 and id not glob '*[^a-z0-9-]*'),
    constraint merchant_has_a_name check (length(name) between 1 and 100),
    constraint merchant_has_a_region check (length(region) between 1 and 64),
    constraint merchant_is_active_or_not check (is_active in (0, 1))
) strict, without rowid;

-- One row: counts the changes of the list, so that a server knows when to read it again.
create table merchant_list (
    id integer not null constraint merchant_list_is_one_row primary key,
    version integer not null,
    constraint merchant_list_has_one_row check (id = 1),
    constraint merchant_list_version_not_negative check (version >= 0)
) strict;

insert into merchant_list (id, version) values (1, 0);

-- What the audit asks. Streams that meet in one person are put in order by time, for they have no
-- common number; each line says so where it does.

-- Every voucher there ever was: bought, or made by a gift.
create view voucher (id, program_id, person, amount, price, subsidy, from_stream, from_seq) as
select id, program_id, person, amount, price, subsidy, stream_id, seq from purchase
union all
select id, -stream_id, receiver, amount, price, subsidy, stream_id, seq
from voucher_move where kind = 'gifted';

-- Every move of money, as double entry: what each event puts into one account it takes from others.
--   issue    rail and subsidy -> person   what was paid and what the issuer adds becomes a balance
--   spend    person -> merchant
--   payback  person -> issuer             sent: it lies with the issuer until the rail has answered
--            issuer -> rail and subsidy   paid back
--            issuer -> person             refused by the rail: the balance is back
--   gift     person -> person             from one voucher to another
--   expiry   person -> issuer
create view posting (stream_id, seq, account, voucher, person, amount) as
select stream_id, seq, 'rail', id, person, -price from purchase
union all
select stream_id, seq, 'subsidy', id, person, -subsidy from purchase
union all
select stream_id, seq, 'person', id, person, amount from purchase
union all
select stream_id, seq, 'person', voucher, person, -amount
from voucher_move where kind in ('spent', 'payback_sent', 'gifted', 'expired')
union all
select stream_id, seq, 'merchant', voucher, person, amount from voucher_move where kind = 'spent'
union all
select stream_id, seq, 'issuer', voucher, person, amount
from voucher_move where kind in ('payback_sent', 'expired')
union all
select stream_id, seq, 'issuer', voucher, person, -amount
from voucher_move where kind in ('paid_back', 'payback_refused')
union all
select stream_id, seq, 'rail', voucher, person, price from voucher_move where kind = 'paid_back'
union all
select stream_id, seq, 'subsidy', voucher, person, subsidy
from voucher_move where kind = 'paid_back'
union all
select stream_id, seq, 'person', voucher, person, amount
from voucher_move where kind = 'payback_refused'
union all
select stream_id, seq, 'person', id, receiver, price + subsidy
from voucher_move where kind = 'gifted';

-- All that moves the balance of a voucher that ever moved, in its order: how it came to be is 0.
-- balance_after is what was decided with.
create view balance_moved (voucher, move_no, stream_id, seq, kind, delta, balance_after) as
select id, 0, from_stream, from_seq, 'made', amount, amount
from voucher
where exists (select 1 from voucher_move where voucher_move.voucher = voucher.id)
union all
select voucher, move_no, stream_id, seq, kind,
    case kind when 'paid_back' then 0 when 'payback_refused' then amount else -amount end,
    balance_after
from voucher_move;

-- All that moves what a person has used of a limit, as before (V1), and when: what a cancel gave
-- back lies in another stream, and is put in order by time.
drop view limit_moved;

create view limit_moved (
    stream_id, seq, person, program_id, month, delta, used_after, monthly_limit, at) as
select stream_id, seq, person, program_id, month, amount, used_after, monthly_limit, at from hold
union all
select purchase.stream_id, purchase.seq, purchase.person, purchase.program_id, purchase.month,
    purchase.amount, purchase.used_after, purchase.monthly_limit, purchase.at
from purchase left join hold on hold.id = purchase.id
where hold.id is null
union all
select step.stream_id, step.seq, hold.person, hold.program_id, hold.month, -hold.amount, null, null,
    step.at
from payment_step as step join hold on hold.id = step.id
where step.kind = 'voided';

-- All that moves what a person holds of a program: what they take, what came to nothing, what they
-- spent, gave, were given or got back. What makes room counts from when it was decided, what takes
-- room from when it was handed on, which is later: so what is in order is never found out of it.
create view holding_moved (stream_id, seq, at, person, program_id, delta) as
select stream_id, seq, at, person, program_id, delta from limit_moved
union all
select stream_id, seq, decided_at, person, -stream_id, -amount
from voucher_move where kind in ('spent', 'paid_back', 'gifted', 'expired')
union all
select stream_id, seq, at, receiver, -stream_id, amount from voucher_move where kind = 'gifted';

-- What cancels gave back of a month's allowance.
create view allowance_returned (stream_id, seq, at, person, program_id, month, amount) as
select stream_id, seq, decided_at, person, -stream_id, month, amount
from voucher_move where kind = 'paid_back' and month is not null;

-- The gift limit of each version of the rules that a program ever had, null where it has none.
create view gift_limit_defined (seq, program_name, gift_limit) as
select journal.seq, journal.body ->> '$.program.id',
    cast(version.value ->> '$.after_sale.gift_limit_won' as integer)
from journal, json_each(journal.body, '$.program.versions') as version
where journal.kind = 'program_changed';

-- Every place of every stream, whatever the table.
drop view everything;

create view everything (stream_id, seq) as
select stream_id, seq from journal
union all select 0, seq from person
union all select stream_id, seq from ticket
union all select stream_id, seq from place_end
union all select stream_id, seq from claim
union all select stream_id, seq from hold
union all select stream_id, seq from payment_step
union all select stream_id, seq from purchase
union all select stream_id, seq from refusal
union all select stream_id, seq from voucher_move;
