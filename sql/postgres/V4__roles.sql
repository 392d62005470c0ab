-- Who may do what. Two group roles without a login, of the whole server: openrun_writer may call the
-- functions that write and nothing else, openrun_reader may read. The program becomes one or the
-- other on each connection; whoever it signs in as needs to be a member of both, and needs no other
-- right. The tables belong to whoever migrates.

-- Another database of the same server may be migrated at the same time and make the same roles.
do $$
declare
    needed text;
begin
    foreach needed in array array['openrun_writer', 'openrun_reader'] loop
        if not exists (select from pg_roles where rolname = needed) then
            begin
                execute format('create role %I nologin', needed);
            exception
                when duplicate_object or unique_violation then
                    null;
            end;
        end if;
    end loop;
end
$$;

-- Whoever migrates may serve.
do $$
begin
    if not pg_has_role(current_user, 'openrun_writer', 'member') then
        execute format('grant openrun_writer to %I', current_user);
    end if;
    if not pg_has_role(current_user, 'openrun_reader', 'member') then
        execute format('grant openrun_reader to %I', current_user);
    end if;
end
$$;

revoke all on schema openrun from public;
revoke all on all tables in schema openrun from public;
revoke all on all functions in schema openrun from public;

grant usage on schema openrun to openrun_writer, openrun_reader;
grant execute on function store_version to openrun_writer, openrun_reader;
grant execute on function take_over, write_batch to openrun_writer;
grant select on all tables in schema openrun to openrun_reader;
