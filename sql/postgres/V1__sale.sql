-- One sale, start to end, as rows that are only ever added. The same tables as those of the
-- embedded store (sql/sqlite/), in the types of PostgreSQL; all in the schema `openrun`.
--
-- Each stream has an order of its own: the people's, and one for each program. `seq` counts what
-- happened in a stream: 1, 2, 3, ... without a gap, over all tables together. The rows of a round
-- (which is in one stream as a whole) are found in that order by (round_id, seq), so that
-- rebuilding a round is one walk along the index.
--
-- Ids that end in `_id` are numbers from the table `name`; `stream_id` is the number of the
-- program's name, and 0 for the people. They carry no foreign key: five look-ups and row locks per
-- row would pay for a mistake that only openrun.write_batch could make, and
-- sql/audit/store-names-known.sql looks for that mistake.
--
-- What has to compare byte by byte is bytea or has the collation "C": no locale may decide whether
-- two keys are one. JSON is kept as the text that was written.
--
-- The names of the constraints are part of the contract: errors and tests speak of them.

-- Short numbers for the names of rounds, windows, programs and channels, which would else fill the
-- hot rows.
create table name (
    id bigint generated always as identity constraint name_id primary key,
    text text collate "C" not null,
    constraint name_text_once unique (text),
    constraint name_is_a_slug check (text ~ '^[a-z0-9-]{1,64}$')
);

-- Who may write to a stream, and from where on. Every batch moves next_seq in its own statement,
-- and only if it finds the epoch, the next_seq and the hash that it expects: a deposed owner hits
-- no row. `hash` is that of the last batch.
--
-- The row changes with each batch: room is left on its page, so that old versions are swept away
-- without the index being touched.
create table stream (
    id bigint not null constraint stream_id primary key,
    epoch bigint not null,
    next_seq bigint not null,
    hash bytea not null,
    constraint stream_epoch_not_negative check (epoch >= 0),
    constraint stream_next_seq_positive check (next_seq >= 1),
    constraint stream_hash_is_whole check (length(hash) = 32)
) with (fillfactor = 10);

-- One row a commit: which part of the order was written together, under which epoch, and the hash
-- over everything up to its end (src/store/chain.rs), which holds the rows together.
create table batch (
    stream_id bigint not null,
    first_seq bigint not null,
    count bigint not null,
    epoch bigint not null,
    at bigint not null,
    hash bytea not null,
    constraint batch_in_order primary key (stream_id, first_seq),
    constraint batch_is_not_empty check (count > 0),
    constraint batch_hash_is_whole check (length(hash) = 32)
);

-- Everything rare, as JSON: one shape of row for many kinds of event, each of which happens a few
-- times a second at most. What happens once per person has a table of its own below.
create table journal (
    stream_id bigint not null,
    seq bigint not null,
    at bigint not null,
    kind text collate "C" not null,
    round_id bigint,
    body json not null,
    constraint journal_in_order primary key (stream_id, seq)
);

create index journal_by_round on journal (round_id, seq) where round_id is not null;
create index journal_by_kind on journal (kind, at, seq, stream_id);

-- Who signed up: the people's stream. Looked up and listed by person only.
create table person (
    person bytea not null,
    seq bigint not null,
    at bigint not null,
    channel_id bigint not null,
    constraint person_signs_up_once primary key (person),
    constraint person_is_a_key check (length(person) = 16)
);

-- Who took which place. Numbers come from one sequence per line, so the unique index grows at its
-- end.
create table ticket (
    stream_id bigint not null,
    round_id bigint not null,
    seq bigint not null,
    at bigint not null,
    line smallint not null,
    number bigint not null,
    person bytea not null,
    dead_up_to bigint not null,
    constraint ticket_in_order primary key (round_id, seq),
    constraint ticket_number_given_once unique (round_id, line, number),
    constraint ticket_number_positive check (number >= 1),
    constraint ticket_person_is_a_key check (length(person) = 16)
);

-- Who gave up which place.
create table place_end (
    stream_id bigint not null,
    round_id bigint not null,
    seq bigint not null,
    at bigint not null,
    line smallint not null,
    number bigint not null,
    person bytea not null,
    constraint place_end_in_order primary key (round_id, seq),
    constraint place_end_person_is_a_key check (length(person) = 16)
);

create index place_end_by_place on place_end (round_id, line, number);

-- Who claimed which turn, and until when the pass is good.
create table claim (
    stream_id bigint not null,
    round_id bigint not null,
    seq bigint not null,
    at bigint not null,
    line smallint not null,
    number bigint not null,
    person bytea not null,
    expires_at bigint not null,
    constraint claim_in_order primary key (round_id, seq),
    constraint claim_person_is_a_key check (length(person) = 16)
);

-- For whoever asks what came of their place. Turns come in the order of numbers, so this grows at
-- its end.
create index claim_by_place on claim (round_id, line, number);

-- Stock and limits set aside until a rail has answered. The rows carry the running totals that the
-- decision was made with (left_after, used_after), so that the checks below repeat the rules
-- without reading another row. What became of a hold is said by `payment_step` and `purchase`.
--
-- Of the two unique keys one grows at its end (ids are UUIDv7). Only (person, idempotency_key) is
-- random; it is also the way to everything of one person, so there is no other index by person. A
-- pass is not unique: that of a voided hold is good again (sql/audit/or9-pass-twice.sql).
create table hold (
    stream_id bigint not null,
    round_id bigint not null,
    seq bigint not null,
    at bigint not null,
    id bytea not null,
    window_id bigint not null,
    program_id bigint not null,
    person bytea not null,
    channel_id bigint not null,
    amount bigint not null,
    price bigint not null,
    subsidy bigint not null,
    month integer not null,
    line smallint not null,
    number bigint not null,
    idempotency_key text collate "C" not null,
    digest bytea not null,
    decided_at bigint not null,
    left_after bigint not null,
    used_after bigint not null,
    monthly_limit bigint not null,
    pass_expires_at bigint not null,
    constraint hold_in_order primary key (round_id, seq),
    constraint hold_id_given_once unique (id),
    constraint hold_key_used_once unique (person, idempotency_key),
    constraint hold_amount_positive check (amount > 0),
    constraint hold_price_and_subsidy_make_amount
        check (price >= 0 and subsidy >= 0 and price + subsidy = amount),
    constraint hold_left_not_negative check (left_after >= 0),
    constraint hold_within_monthly_limit check (used_after between amount and monthly_limit),
    constraint hold_ids_are_whole
        check (length(id) = 16 and length(person) = 16 and length(digest) = 32)
);

-- How the payment of a hold went on, each step made durable before anything is done about it. Some
-- steps happen once only, whatever the program thinks.
create table payment_step (
    stream_id bigint not null,
    round_id bigint not null,
    seq bigint not null,
    at bigint not null,
    id bytea not null,
    kind text collate "C" not null,
    body json not null,
    constraint payment_step_in_order primary key (round_id, seq),
    constraint payment_step_id_is_whole check (length(id) = 16),
    constraint payment_step_kind_is_known check (
        kind in ('payment_sent', 'cancel_sent', 'voided', 'return_sent', 'returned'))
);

create index payment_step_by_purchase on payment_step (id, seq);
create unique index payment_sent_once on payment_step (id) where kind = 'payment_sent';
create unique index cancel_sent_once on payment_step (id) where kind = 'cancel_sent';
create unique index voided_once on payment_step (id) where kind = 'voided';

-- Vouchers sold, whether they were held before or not: the facts and checks of `hold`, and a pass
-- buys once.
create table purchase (
    stream_id bigint not null,
    round_id bigint not null,
    seq bigint not null,
    at bigint not null,
    id bytea not null,
    window_id bigint not null,
    program_id bigint not null,
    person bytea not null,
    channel_id bigint not null,
    amount bigint not null,
    price bigint not null,
    subsidy bigint not null,
    month integer not null,
    line smallint not null,
    number bigint not null,
    idempotency_key text collate "C" not null,
    digest bytea not null,
    decided_at bigint not null,
    left_after bigint not null,
    used_after bigint not null,
    monthly_limit bigint not null,
    constraint purchase_in_order primary key (round_id, seq),
    constraint purchase_id_given_once unique (id),
    constraint purchase_pass_used_once unique (round_id, line, number),
    constraint purchase_key_used_once unique (person, idempotency_key),
    constraint purchase_amount_positive check (amount > 0),
    constraint purchase_price_and_subsidy_make_amount
        check (price >= 0 and subsidy >= 0 and price + subsidy = amount),
    constraint purchase_left_not_negative check (left_after >= 0),
    constraint purchase_within_monthly_limit check (used_after between amount and monthly_limit),
    constraint purchase_ids_are_whole
        check (length(id) = 16 and length(person) = 16 and length(digest) = 32)
);

-- Answers that say no and that their key must get for ever. Only ever read by person.
create table refusal (
    stream_id bigint not null,
    person bytea not null,
    idempotency_key text collate "C" not null,
    seq bigint not null,
    at bigint not null,
    digest bytea not null,
    body json not null,
    constraint refusal_key_used_once primary key (person, idempotency_key),
    constraint refusal_person_is_a_key check (length(person) = 16),
    constraint refusal_digest_is_whole check (length(digest) = 32)
);

-- What the audit needs of the JSON. The audit itself then speaks no dialect.

create view watermark_moved (seq, round_id, line, up_to) as
select seq, round_id, cast(body ->> 'line' as bigint), cast(body ->> 'to' as bigint)
from journal where kind = 'watermark_moved';

create view numbers_reserved (seq, round_id, line, up_to) as
select seq, round_id, cast(body ->> 'line' as bigint), cast(body ->> 'up_to' as bigint)
from journal where kind = 'numbers_reserved';

-- The stock of each window by each definition of its round.
create view window_defined (seq, round_id, window_name, stock) as
select journal.seq, journal.round_id, part.value ->> 'id',
    cast(part.value ->> 'stock_won' as bigint)
from journal, json_array_elements(journal.body -> 'spec' -> 'windows') as part (value)
where journal.kind = 'round_defined';

-- leftover_to is null when nothing moved.
create view window_closed (seq, round_id, window_name, leftover_to, leftover) as
select seq, round_id, body ->> 'window', body ->> 'leftover_to',
    cast(body ->> 'leftover' as bigint)
from journal where kind = 'window_closed';

-- Holds that came to nothing: whose stock was held, and whose it is now.
create view hold_voided (stream_id, seq, round_id, id, window_name, back_to, amount, reason) as
select stream_id, seq, round_id, id, body ->> 'window', body ->> 'back_to',
    cast(body ->> 'amount' as bigint), body ->> 'reason'
from payment_step where kind = 'voided';

-- All that takes stock and limit: holds, and purchases that were not held before.
create view taken (
    stream_id, seq, round_id, id, window_id, program_id, person, idempotency_key, amount, month,
    line, number, decided_at, left_after, used_after, monthly_limit) as
select stream_id, seq, round_id, id, window_id, program_id, person, idempotency_key, amount, month,
    line, number, decided_at, left_after, used_after, monthly_limit
from hold
union all
select purchase.stream_id, purchase.seq, purchase.round_id, purchase.id, purchase.window_id,
    purchase.program_id, purchase.person, purchase.idempotency_key, purchase.amount,
    purchase.month, purchase.line, purchase.number, purchase.decided_at, purchase.left_after,
    purchase.used_after, purchase.monthly_limit
from purchase left join hold on hold.id = purchase.id
where hold.id is null;

-- All that moves the stock of a window: each definition by what it adds to the one before, leftover
-- that goes from one window to another, what is taken, and what comes back. left_after is what was
-- decided with, null elsewhere.
create view stock_moved (seq, round_id, window_name, delta, left_after) as
select seq, round_id, window_name,
    stock - coalesce(lag(stock) over (partition by round_id, window_name order by seq), 0),
    cast(null as bigint)
from window_defined
union all
select seq, round_id, window_name, -leftover, cast(null as bigint)
from window_closed where leftover_to is not null
union all
select seq, round_id, leftover_to, leftover, null
from window_closed where leftover_to is not null
union all
select taken.seq, taken.round_id, name.text, -taken.amount, taken.left_after
from taken left join name on name.id = taken.window_id
union all
select seq, round_id, back_to, amount, null from hold_voided;

-- All that moves what a person has used of a limit. used_after and monthly_limit are what was
-- decided with, null where a hold came to nothing.
create view limit_moved (
    stream_id, seq, person, program_id, month, delta, used_after, monthly_limit) as
select stream_id, seq, person, program_id, month, amount, used_after, monthly_limit from taken
union all
select hold_voided.stream_id, hold_voided.seq, hold.person, hold.program_id, hold.month,
    -hold_voided.amount, null, null
from hold_voided join hold on hold.id = hold_voided.id;

-- The holding limit of each version of the rules that a program ever had.
create view holding_limit_defined (seq, program_name, holding_limit) as
select journal.seq, journal.body -> 'program' ->> 'id',
    cast(version.value ->> 'holding_limit_won' as bigint)
from journal, json_array_elements(journal.body -> 'program' -> 'versions') as version (value)
where journal.kind = 'program_changed';

-- Every place of every stream, whatever the table.
create view everything (stream_id, seq) as
select stream_id, seq from journal
union all select 0, seq from person
union all select stream_id, seq from ticket
union all select stream_id, seq from place_end
union all select stream_id, seq from claim
union all select stream_id, seq from hold
union all select stream_id, seq from payment_step
union all select stream_id, seq from purchase
union all select stream_id, seq from refusal;
