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
    stream_id bigint not null,
    seq bigint not null,
    at bigint not null,
    decided_at bigint not null,
    kind text collate "C" not null,
    id bytea not null,
    voucher bytea not null,
    person bytea not null,
    receiver bytea,
    merchant text collate "C",
    move_no bigint not null,
    amount bigint not null,
    price bigint,
    subsidy bigint,
    balance_after bigint not null,
    cause text collate "C",
    idempotency_key text collate "C",
    digest bytea,
    round_id bigint,
    month integer,
    due_at bigint,
    body json not null,
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
        and (digest is null or length(digest) = 32))
);

-- A voucher comes to one end, and so does a payback that was sent.
create unique index voucher_ended_once on voucher_move (voucher)
    where kind in ('paid_back', 'expired');
create unique index payback_ended_once on voucher_move (id)
    where kind in ('paid_back', 'payback_refused');
create index voucher_move_by_receiver on voucher_move (receiver, at) where receiver is not null;
create index voucher_move_by_round on voucher_move (round_id, stream_id, seq)
    where round_id is not null;

create trigger voucher_move_is_never_changed before update on voucher_move
execute function refuse();
create trigger voucher_move_is_never_removed before delete or truncate on voucher_move
execute function refuse();

-- Where vouchers can be spent. Not history but a list that an operator brings up to date: rows
-- change. `programs` are those that a merchant takes, separated by |; none: all of its region.
create table merchant (
    id text collate "C" not null constraint merchant_id primary key,
    name text not null,
    region text collate "C" not null,
    category text not null,
    programs text collate "C" not null,
    is_active boolean not null,
    constraint merchant_id_is_a_slug
        check (id ~ '^[a-z0-9-]{1,64}$'),
    constraint merchant_has_a_name check (length(name) between 1 and 100),
    constraint merchant_has_a_region check (length(region) between 1 and 64)
);

-- One row: counts the changes of the list, so that a server knows when to read it again.
create table merchant_list (
    id bigint not null constraint merchant_list_is_one_row primary key,
    version bigint not null,
    constraint merchant_list_has_one_row check (id = 1),
    constraint merchant_list_version_not_negative check (version >= 0)
);

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
create or replace view limit_moved (
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
select journal.seq, journal.body -> 'program' ->> 'id',
    cast(version.value -> 'after_sale' ->> 'gift_limit_won' as bigint)
from journal, json_array_elements(journal.body -> 'program' -> 'versions') as version (value)
where journal.kind = 'program_changed';

-- Every place of every stream, whatever the table.
create or replace view everything (stream_id, seq) as
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

-- Writing: as before (V3), and the moves of vouchers.

create type new_voucher_move as (
    seq bigint, at bigint, decided_at bigint, kind text, id bytea, voucher bytea,
    person bytea, receiver bytea, merchant text, move_no bigint, amount bigint, price bigint,
    subsidy bigint, balance_after bigint, cause text, idempotency_key text, digest bytea,
    round_name integer, month integer, due_at bigint, body json);

-- Takes the right to write to a stream from whoever had it: to the people's (no program), to that
-- of a program, or to that of its vouchers, whose number is the negative of the program's. Waits
-- for the batch that is being written: its row lock is the fence. What is answered is therefore all
-- that was ever written under an older epoch, and all that ever will be.
drop function take_over (text);

create function take_over(
    program text, of_vouchers boolean,
    out stream_id bigint, out epoch bigint, out next_seq bigint, out hash bytea)
language plpgsql security definer set search_path = openrun, pg_temp as $$
#variable_conflict use_column
begin
    insert into stream (id, epoch, next_seq, hash)
    values (
        case
            when program is null then 0
            when of_vouchers then -(numbers_of(array[program]))[1]
            else (numbers_of(array[program]))[1]
        end,
        1, 1, decode(repeat('00', 32), 'hex'))
    on conflict (id) do update set epoch = stream.epoch + 1
    returning id, epoch, next_seq, hash into stream_id, epoch, next_seq, hash;
end
$$;

-- Writes a batch of the stream of a program's vouchers: the fence of write_batch, and the two
-- tables that such a batch may touch. What write_batch says of its order holds here too: moves are
-- sorted by person and key, which is one over all streams.
create function write_voucher_batch(
    of_stream bigint, under_epoch bigint, from_seq bigint, events bigint, decided_at bigint,
    hash_before bytea, hash_after bytea, names text[],
    refusals new_refusal[], moves new_voucher_move[])
returns boolean
language plpgsql security definer set search_path = openrun, pg_temp as $$
#variable_conflict use_column
declare
    numbers bigint[];
begin
    update stream set next_seq = from_seq + events, hash = hash_after
    where id = of_stream and epoch = under_epoch and next_seq = from_seq and hash = hash_before;
    if not found then
        return false;
    end if;
    if events = 0 then
        return true;
    end if;
    insert into batch (stream_id, first_seq, count, epoch, at, hash)
    values (
        of_stream, from_seq, events, under_epoch, write_voucher_batch.decided_at, hash_after);
    numbers := numbers_of(names);
    if cardinality(refusals) > 0 then
        insert into refusal (stream_id, person, idempotency_key, seq, at, digest, body)
        select of_stream, person, idempotency_key, seq, at, digest, body from unnest(refusals);
    end if;
    if cardinality(moves) > 0 then
        insert into voucher_move (
            stream_id, seq, at, decided_at, kind, id, voucher, person, receiver, merchant, move_no,
            amount, price, subsidy, balance_after, cause, idempotency_key, digest, round_id, month,
            due_at, body)
        select of_stream, seq, at, decided_at, kind, id, voucher, person, receiver, merchant,
            move_no, amount, price, subsidy, balance_after, cause, idempotency_key, digest,
            numbers[round_name], month, due_at, body
        from unnest(moves);
    end if;
    return true;
end
$$;

-- Brings merchants up to date: new ones are added, known ones changed to what is said now; those
-- that are not named stay as they are. Answers how many were new or other than before, and counts
-- the version of the list up when there were any.
create type new_merchant as (
    id text, name text, region text, category text, programs text, is_active boolean);

create function import_merchants(merchants new_merchant[]) returns bigint
language plpgsql security definer set search_path = openrun, pg_temp as $$
declare
    changed bigint;
begin
    insert into merchant as known (id, name, region, category, programs, is_active)
    select id, name, region, category, programs, is_active from unnest(merchants) order by id
    on conflict (id) do update set
        name = excluded.name, region = excluded.region, category = excluded.category,
        programs = excluded.programs, is_active = excluded.is_active
    where (known.name, known.region, known.category, known.programs, known.is_active)
        is distinct from (excluded.name, excluded.region, excluded.category, excluded.programs,
            excluded.is_active);
    get diagnostics changed = row_count;
    if changed > 0 then
        update merchant_list set version = version + 1;
    end if;
    return changed;
end
$$;

revoke all on function take_over, write_voucher_batch, import_merchants from public;
grant execute on function take_over, write_voucher_batch, import_merchants to openrun_writer;
grant select on voucher_move, merchant, merchant_list, voucher, posting, balance_moved,
    holding_moved, allowance_returned, gift_limit_defined
to openrun_reader;
