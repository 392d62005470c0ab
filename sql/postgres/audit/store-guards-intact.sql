-- The store: what keeps rows from being changed, and wrong ones out, is there and in force: the
-- triggers of every table, its constraints and its indexes. Only PostgreSQL can be asked this.
select tables.relname as found_in, 'trigger missing' as problem, needed.ending as guard
from pg_catalog.pg_class as tables
cross join (values ('changed'), ('removed')) as needed (ending)
where tables.relnamespace = 'openrun'::regnamespace and tables.relkind in ('r', 'p')
    and tables.relname not in ('migration', 'merchant', 'merchant_list')
    and not exists (
        select from pg_catalog.pg_trigger as guard
        where guard.tgrelid = tables.oid and guard.tgenabled in ('O', 'A')
            and guard.tgfoid = 'openrun.refuse()'::regprocedure
            and guard.tgname = case
                when tables.relname = 'stream' and needed.ending = 'changed'
                    then 'stream_only_grows'
                else tables.relname || '_is_never_' || needed.ending
            end)
union all
select tables.relname, 'index not valid', indexes.relname
from pg_catalog.pg_index as facts
join pg_catalog.pg_class as indexes on indexes.oid = facts.indexrelid
join pg_catalog.pg_class as tables on tables.oid = facts.indrelid
where tables.relnamespace = 'openrun'::regnamespace
    and not (facts.indisvalid and facts.indisready and facts.indislive)
union all
select tables.relname, 'constraint not validated', rules.conname
from pg_catalog.pg_constraint as rules
join pg_catalog.pg_class as tables on tables.oid = rules.conrelid
where tables.relnamespace = 'openrun'::regnamespace and not rules.convalidated
