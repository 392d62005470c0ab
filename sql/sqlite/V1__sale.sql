-- One sale, start to end, as rows that are only ever added.
--
-- `seq` is the one order of everything that happened: 1, 2, 3, ... without a gap, over all tables
-- together. The rows of a round lie beside each other in that order (primary key (round_id, seq),
-- without rowid), so that rebuilding a round is one sequential read and needs no index of its own.
--
-- Ids that end in `_id` are numbers from the table `name`. They carry no foreign key: four look-ups
-- per row would pay for a mistake that only the one writer could make, and
-- sql/audit/store-names-known.sql looks for that mistake.
--
-- The names of the constraints are part of the contract: errors and tests speak of them.

-- Short numbers for the names of rounds, windows, programs and channels, which would else fill the
-- hot rows.
create table name (
    id integer not null constraint name_id primary key,
    text text not null,
    constraint name_text_once unique (text),
    constraint name_is_a_slug check (length(text) between 1 and 64 and text not glob '*[^a-z0-9-]*')
) strict;

-- Who may write, and from where on. Every batch moves next_seq in its own transaction, and only if
-- it finds the epoch and the next_seq that it expects: a deposed owner hits no row.
create table ownership (
    only_row integer not null constraint ownership_row primary key,
    epoch integer not null,
    next_seq integer not null,
    constraint ownership_has_one_row check (only_row = 1),
    constraint ownership_epoch_not_negative check (epoch >= 0),
    constraint ownership_next_seq_positive check (next_seq >= 1)
) strict;

insert into ownership (only_row, epoch, next_seq) values (1, 0, 1);

-- One row a commit: which part of the order was written together, and under which epoch.
create table batch (
    first_seq integer not null constraint batch_first_seq primary key,
    count integer not null,
    epoch integer not null,
    at integer not null,
    constraint batch_is_not_empty check (count > 0)
) strict;

-- Everything rare, as JSON: one shape of row for many kinds of event, each of which happens a few
-- times a second at most. What happens once per person has a table of its own below.
create table journal (
    seq integer not null constraint journal_seq primary key,
    at integer not null,
    kind text not null,
    round_id integer,
    body text not null,
    constraint journal_body_is_json check (json_valid(body))
) strict;

create index journal_by_round on journal (round_id, seq) where round_id is not null;
create index journal_by_kind on journal (kind, seq);

-- Who signed up. Looked up and listed by person only.
create table person (
    person blob not null,
    seq integer not null,
    at integer not null,
    channel_id integer not null,
    constraint person_signs_up_once primary key (person),
    constraint person_is_a_key check (length(person) = 16)
) strict, without rowid;

-- Who took which place. Numbers come from one sequence per line, so the unique index grows at its
-- end.
create table ticket (
    round_id integer not null,
    seq integer not null,
    at integer not null,
    line integer not null,
    number integer not null,
    person blob not null,
    dead_up_to integer not null,
    constraint ticket_in_order primary key (round_id, seq),
    constraint ticket_number_given_once unique (round_id, line, number),
    constraint ticket_number_positive check (number >= 1),
    constraint ticket_person_is_a_key check (length(person) = 16)
) strict, without rowid;

-- Who gave up which place.
create table place_end (
    round_id integer not null,
    seq integer not null,
    at integer not null,
    line integer not null,
    number integer not null,
    person blob not null,
    constraint place_end_in_order primary key (round_id, seq),
    constraint place_end_person_is_a_key check (length(person) = 16)
) strict, without rowid;

-- Who claimed which turn, and until when the pass is good.
create table claim (
    round_id integer not null,
    seq integer not null,
    at integer not null,
    line integer not null,
    number integer not null,
    person blob not null,
    expires_at integer not null,
    constraint claim_in_order primary key (round_id, seq),
    constraint claim_person_is_a_key check (length(person) = 16)
) strict, without rowid;

-- Vouchers sold. The rows carry the running totals that the decision was made with (left_after,
-- used_after), so that the checks below repeat the rules without reading another row.
--
-- Of the three unique keys two grow at their end (ids are UUIDv7, pass numbers follow the line).
-- Only (person, idempotency_key) is random; it is also the way to everything of one person, so
-- there is no other index by person.
create table purchase (
    round_id integer not null,
    seq integer not null,
    at integer not null,
    id blob not null,
    window_id integer not null,
    program_id integer not null,
    person blob not null,
    channel_id integer not null,
    amount integer not null,
    price integer not null,
    subsidy integer not null,
    month integer not null,
    line integer not null,
    number integer not null,
    idempotency_key text not null,
    digest blob not null,
    decided_at integer not null,
    left_after integer not null,
    used_after integer not null,
    monthly_limit integer not null,
    state text not null,
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
        check (length(id) = 16 and length(person) = 16 and length(digest) = 32),
    constraint purchase_state_is_known
        check (state in ('held', 'paying', 'issued', 'voided', 'cancelled'))
) strict, without rowid;

-- Answers that say no and that their key must get for ever. Only ever read by person.
create table refusal (
    person blob not null,
    idempotency_key text not null,
    seq integer not null,
    at integer not null,
    digest blob not null,
    body text not null,
    constraint refusal_key_used_once primary key (person, idempotency_key),
    constraint refusal_person_is_a_key check (length(person) = 16),
    constraint refusal_digest_is_whole check (length(digest) = 32),
    constraint refusal_body_is_json check (json_valid(body))
) strict, without rowid;

-- What the audit needs of the journal, out of its JSON. The audit itself then speaks no dialect.

create view watermark_moved (seq, round_id, line, up_to) as
select seq, round_id, cast(body ->> 'line' as integer), cast(body ->> 'to' as integer)
from journal where kind = 'watermark_moved';

create view numbers_reserved (seq, round_id, line, up_to) as
select seq, round_id, cast(body ->> 'line' as integer), cast(body ->> 'up_to' as integer)
from journal where kind = 'numbers_reserved';

-- The stock of each window by each definition of its round.
create view window_defined (seq, round_id, window_name, stock) as
select journal.seq, journal.round_id, part.value ->> 'id',
    cast(part.value ->> 'stock_won' as integer)
from journal, json_each(journal.body, '$.spec.windows') as part
where journal.kind = 'round_defined';

-- leftover_to is null when nothing moved.
create view window_closed (seq, round_id, window_name, leftover_to, leftover) as
select seq, round_id, body ->> 'window', body ->> 'leftover_to',
    cast(body ->> 'leftover' as integer)
from journal where kind = 'window_closed';

-- All that moves the stock of a window: each definition by what it adds to the one before, leftover
-- that goes from one window to another, and purchases. left_after is what a purchase was decided
-- with, null elsewhere.
create view stock_moved (seq, round_id, window_name, delta, left_after) as
select seq, round_id, window_name,
    stock - coalesce(lag(stock) over (partition by round_id, window_name order by seq), 0), null
from window_defined
union all
select seq, round_id, window_name, -leftover, null
from window_closed where leftover_to is not null
union all
select seq, round_id, leftover_to, leftover, null
from window_closed where leftover_to is not null
union all
select purchase.seq, purchase.round_id, name.text, -purchase.amount, purchase.left_after
from purchase left join name on name.id = purchase.window_id;

-- The holding limit of each version of the rules that a program ever had.
create view holding_limit_defined (seq, program_name, holding_limit) as
select journal.seq, journal.body ->> '$.program.id',
    cast(version.value ->> 'holding_limit_won' as integer)
from journal, json_each(journal.body, '$.program.versions') as version
where journal.kind = 'program_changed';

-- The whole order, whatever the table.
create view everything (seq) as
select seq from journal
union all select seq from person
union all select seq from ticket
union all select seq from place_end
union all select seq from claim
union all select seq from purchase
union all select seq from refusal;
