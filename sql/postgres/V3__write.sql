-- The two ways to write: to take a stream over, and to write a batch to it. Both are one statement,
-- so a connection that breaks leaves no transaction open, and what the server answers with an error
-- is certainly not written.
--
-- They run with the rights of the tables' owner: who may call them may do nothing else (V4).

-- The rows of a batch as they come, one type per shape. What ends in `_name` is a place in the
-- batch's list of names, from 1: the number of a name is looked up where it cannot be stale.
create type new_journal as (
    seq bigint, at bigint, kind text, round_name integer, body json);
create type new_person as (
    person bytea, seq bigint, at bigint, channel_name integer);
create type new_ticket as (
    round_name integer, seq bigint, at bigint, line smallint, number bigint, person bytea,
    dead_up_to bigint);
create type new_place_end as (
    round_name integer, seq bigint, at bigint, line smallint, number bigint, person bytea);
create type new_claim as (
    round_name integer, seq bigint, at bigint, line smallint, number bigint, person bytea,
    expires_at bigint);
create type new_payment_step as (
    round_name integer, seq bigint, at bigint, id bytea, kind text, body json);
create type new_refusal as (
    person bytea, idempotency_key text, seq bigint, at bigint, digest bytea, body json);
-- A hold, or, without pass_expires_at, a purchase.
create type new_purchase as (
    round_name integer, seq bigint, at bigint, id bytea, window_name integer,
    program_name integer, person bytea, channel_name integer, amount bigint, price bigint,
    subsidy bigint, month integer, line smallint, number bigint, idempotency_key text,
    digest bytea, decided_at bigint, left_after bigint, used_after bigint, monthly_limit bigint,
    pass_expires_at bigint);

-- Which migration the store has had last: asked by every connection that writes, before it writes.
create function store_version() returns bigint
language sql stable security definer set search_path = openrun, pg_temp
as 'select coalesce(max(version), 0) from migration';

-- The numbers of names, in their order; new names get one. Streams that meet in the same new name
-- wait for each other here, in the order of the names, so that none waits for one that waits for it.
create function numbers_of(texts text[]) returns bigint[]
language plpgsql set search_path = openrun, pg_temp as $$
declare
    numbers bigint[];
begin
    for attempt in 1..2 loop
        select array_agg(name.id order by said.place) into numbers
        from unnest(texts) with ordinality as said (text, place)
        left join name on name.text = said.text;
        exit when array_position(numbers, null) is null;
        insert into name (text)
        select said.text from unnest(texts) as said (text)
        where not exists (select from name where name.text = said.text)
        order by said.text
        on conflict do nothing;
    end loop;
    return numbers;
end
$$;

-- Takes the right to write to the stream of a program, or to the people's (null), from whoever had
-- it. Waits for the batch that is being written: its row lock is the fence. What is answered is
-- therefore all that was ever written under an older epoch, and all that ever will be.
create function take_over(
    program text, out stream_id bigint, out epoch bigint, out next_seq bigint, out hash bytea)
language plpgsql security definer set search_path = openrun, pg_temp as $$
#variable_conflict use_column
begin
    insert into stream (id, epoch, next_seq, hash)
    values (
        case when program is null then 0 else (numbers_of(array[program]))[1] end,
        1, 1, decode(repeat('00', 32), 'hex'))
    on conflict (id) do update set epoch = stream.epoch + 1
    returning id, epoch, next_seq, hash into stream_id, epoch, next_seq, hash;
end
$$;

-- Writes a batch, or answers false when it does not begin where the stream stands under this epoch
-- and with this hash: then nothing was written, and nothing ever will be.
--
-- The fence comes first and is the row that the batch changes. Then the names, then the tables, in
-- this order always and each in the order of its array, which the caller sorts by person where a
-- unique key spans streams: so two streams cannot wait for each other in a circle. A table that
-- gets nothing costs nothing.
create function write_batch(
    of_stream bigint, under_epoch bigint, from_seq bigint, events bigint, decided_at bigint,
    hash_before bytea, hash_after bytea, names text[],
    journals new_journal[], persons new_person[], tickets new_ticket[],
    place_ends new_place_end[], claims new_claim[], holds new_purchase[],
    payment_steps new_payment_step[], purchases new_purchase[], refusals new_refusal[])
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
    values (of_stream, from_seq, events, under_epoch, write_batch.decided_at, hash_after);
    numbers := numbers_of(names);

    if cardinality(journals) > 0 then
        insert into journal (stream_id, seq, at, kind, round_id, body)
        select of_stream, seq, at, kind, numbers[round_name], body
        from unnest(journals);
    end if;
    if cardinality(persons) > 0 then
        insert into person (person, seq, at, channel_id)
        select person, seq, at, numbers[channel_name] from unnest(persons);
    end if;
    if cardinality(tickets) > 0 then
        insert into ticket (stream_id, round_id, seq, at, line, number, person, dead_up_to)
        select of_stream, numbers[round_name], seq, at, line, number, person, dead_up_to
        from unnest(tickets);
    end if;
    if cardinality(place_ends) > 0 then
        insert into place_end (stream_id, round_id, seq, at, line, number, person)
        select of_stream, numbers[round_name], seq, at, line, number, person
        from unnest(place_ends);
    end if;
    if cardinality(claims) > 0 then
        insert into claim (stream_id, round_id, seq, at, line, number, person, expires_at)
        select of_stream, numbers[round_name], seq, at, line, number, person, expires_at
        from unnest(claims);
    end if;
    if cardinality(holds) > 0 then
        insert into hold (
            stream_id, round_id, seq, at, id, window_id, program_id, person, channel_id, amount,
            price, subsidy, month, line, number, idempotency_key, digest, decided_at, left_after,
            used_after, monthly_limit, pass_expires_at)
        select of_stream, numbers[round_name], seq, at, id, numbers[window_name],
            numbers[program_name], person, numbers[channel_name], amount, price, subsidy, month,
            line, number, idempotency_key, digest, decided_at, left_after, used_after,
            monthly_limit, pass_expires_at
        from unnest(holds);
    end if;
    if cardinality(payment_steps) > 0 then
        insert into payment_step (stream_id, round_id, seq, at, id, kind, body)
        select of_stream, numbers[round_name], seq, at, id, kind, body
        from unnest(payment_steps);
    end if;
    if cardinality(purchases) > 0 then
        insert into purchase (
            stream_id, round_id, seq, at, id, window_id, program_id, person, channel_id, amount,
            price, subsidy, month, line, number, idempotency_key, digest, decided_at, left_after,
            used_after, monthly_limit)
        select of_stream, numbers[round_name], seq, at, id, numbers[window_name],
            numbers[program_name], person, numbers[channel_name], amount, price, subsidy, month,
            line, number, idempotency_key, digest, decided_at, left_after, used_after,
            monthly_limit
        from unnest(purchases);
    end if;
    if cardinality(refusals) > 0 then
        insert into refusal (stream_id, person, idempotency_key, seq, at, digest, body)
        select of_stream, person, idempotency_key, seq, at, digest, body from unnest(refusals);
    end if;
    return true;
end
$$;
