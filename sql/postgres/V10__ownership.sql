-- Take-overs of streams are written down, so that the audit need not guess them from times.

-- One row for each take-over, in the transaction of it: no batch pays for it. Under an epoch a stream
-- was written from `from_seq` up to that of the next one. `server` is whoever took it, by a number
-- that each makes for itself when it opens the store: the clock of one never goes back, and those of
-- two are not to be compared. `other_seq` is where the other stream of the program stood in this
-- moment, that of its sale or that of its vouchers (1 where it had not begun, and for the people's):
-- all in it before that came before whatever is written here from now on, and all here before
-- `from_seq` before whatever comes there, however clocks are set. `at` is when, by the clock of the
-- store: for people who compare by hand, and for no rule.
--
-- What was written before this version has no row of its own: of each stream that was there the
-- first row has no server and says only where it stood.
create table ownership (
    stream_id bigint not null,
    epoch bigint not null,
    server bytea,
    at bigint not null,
    from_seq bigint not null,
    other_seq bigint not null,
    constraint ownership_in_order primary key (stream_id, epoch),
    constraint ownership_server_is_whole check (server is null or length(server) = 16),
    constraint ownership_is_of_places check (from_seq >= 1 and other_seq >= 1)
);

create trigger ownership_is_never_changed before update on ownership
execute function refuse();
create trigger ownership_is_never_removed before delete or truncate on ownership
execute function refuse();

insert into ownership (stream_id, epoch, server, at, from_seq, other_seq)
select stream.id, stream.epoch, null, cast(extract(epoch from clock_timestamp()) * 1000 as bigint),
    stream.next_seq, coalesce(other.next_seq, 1)
from stream left join stream as other on other.id = -stream.id and other.id <> stream.id;

-- Takes the right to write to a stream from whoever had it, as before (V6), and writes down who did.
-- The other stream is looked at once the row of this one is locked: what was committed here is older
-- than all that is not seen there.
drop function take_over (text, boolean);

create function take_over(
    program text, of_vouchers boolean, by_server bytea,
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

    insert into ownership (stream_id, epoch, server, at, from_seq, other_seq)
    values (
        take_over.stream_id, take_over.epoch, by_server,
        cast(extract(epoch from clock_timestamp()) * 1000 as bigint), take_over.next_seq,
        coalesce((
            select other.next_seq from stream as other
            where other.id = -take_over.stream_id and other.id <> 0), 1));
end
$$;

revoke all on function take_over from public;
grant execute on function take_over to openrun_writer;

-- What was written under each take-over, of those under which anything was: by whom, and where the
-- other stream stood.
create view written_by (stream_id, from_seq, next_seq, server, other_seq) as
select stream_id, from_seq, next_seq, server, other_seq
from (
    select stream_id, from_seq, server, other_seq,
        coalesce(
            lead(from_seq) over (partition by stream_id order by epoch), 9223372036854775807
        ) as next_seq
    from ownership
) as owned
where server is not null and from_seq < next_seq;

-- What was used of a month at each of its moves, and the least that it can have been: less what
-- cancels gave back before. A cancel lies in another stream. Of one server it came before if it did
-- so by time; what was written before take-overs were counts as of one. Of two servers it came
-- before unless it was taken over only when the other was written: clocks are not asked.
drop view limit_used;

drop view taken_over;

create view limit_used (
    stream_id, seq, month, used, used_at_least, used_after, monthly_limit) as
with shown as materialized (
    select stream_id, from_seq, next_seq, server, other_seq from written_by
),
running as (
    select stream_id, seq, at, person, program_id, month, used_after, monthly_limit,
        sum(delta) over (
            partition by person, program_id, month order by seq rows unbounded preceding
        ) as used
    from limit_moved
)
select running.stream_id, running.seq, running.month, running.used,
    running.used - coalesce((
        select sum(returned.amount)
        from allowance_returned as returned
        left join shown as here on here.stream_id = running.stream_id
            and here.from_seq <= running.seq and running.seq < here.next_seq
        left join shown as there on there.stream_id = returned.stream_id
            and there.from_seq <= returned.seq and returned.seq < there.next_seq
        where returned.person = running.person and returned.program_id = running.program_id
            and returned.month = running.month
            and case
                when here.server is not distinct from there.server then returned.at <= running.at
                else running.seq >= coalesce(there.other_seq, 1)
            end
    ), 0),
    running.used_after, running.monthly_limit
from running;

grant select on ownership, written_by, limit_used to openrun_reader;
