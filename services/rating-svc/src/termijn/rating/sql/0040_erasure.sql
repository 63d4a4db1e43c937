-- Caller and callee of an account that is deleted are emptied (CON-7, USE-13); all that a bill recomputes from stays as it was.
alter table usage alter column subject drop not null;
alter table usage alter column destination drop not null;

create function only_forgets_people() returns trigger language plpgsql as $$
begin
  if new.subject is not null and new.subject is distinct from old.subject
    or new.destination is not null and new.destination is distinct from old.destination
    or (to_jsonb(new) - array['subject', 'destination']) is distinct from (to_jsonb(old) - array['subject', 'destination']) then
    raise exception 'usage is append-only: a change may only empty who called whom' using errcode = 'TM002';
  end if;
  return new;
end $$;

drop trigger usage_is_append_only on usage;
create trigger usage_is_append_only before delete or truncate on usage for each statement execute function refuse_change();
create trigger usage_only_forgets before update on usage for each row execute function only_forgets_people();
