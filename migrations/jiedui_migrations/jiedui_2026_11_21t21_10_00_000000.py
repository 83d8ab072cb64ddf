"""What Piccolo's tables cannot say: references upward, partial uniqueness, and the last walls as triggers."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T21:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "references, partial indexes, walls"

AREAS = (
    "account", "audit_entry", "consent", "job", "ledger_import", "header_word", "ledger_change", "volunteer",
    "vetting_check", "household", "round", "plan", "candidate", "left_out", "wish", "never_again", "pair",
    "concern", "follow_up", "visit",
)
REFERENCES = (
    ("account", "volunteer_id", "volunteer"),
    ("round", "published_plan_id", "plan"),
    ("pair", "predecessor_id", "pair"),
    ("follow_up", "visit_id", "visit"),
)
LIVE = "('proposed', 'accepted', 'active', 'paused')"

WALLS = f"""
ALTER TABLE household ADD CONSTRAINT household_lives_somewhere FOREIGN KEY (region_code) REFERENCES region (code);
ALTER TABLE volunteer ADD CONSTRAINT volunteer_lives_somewhere FOREIGN KEY (region_code) REFERENCES region (code);
CREATE UNIQUE INDEX account_one_per_volunteer ON account (volunteer_id) WHERE volunteer_id IS NOT NULL;
CREATE UNIQUE INDEX volunteer_one_per_phone ON volunteer (phone_key) WHERE source = 'online' AND phone_key IS NOT NULL;
CREATE UNIQUE INDEX pair_live_once ON pair (household, volunteer) WHERE state IN {LIVE};
CREATE UNIQUE INDEX round_draft_once ON "round" (region_code, dated) WHERE state = 'draft';
CREATE UNIQUE INDEX follow_up_due_once ON follow_up (pair, medium) WHERE state = 'due';
CREATE UNIQUE INDEX plan_one_running ON plan ("round") WHERE state IN ('queued', 'running');
CREATE INDEX job_waiting ON job (run_after) WHERE state IN ('queued', 'running');
CREATE INDEX notice_waiting ON notice (not_before) WHERE state IN ('queued', 'sending');
CREATE SEQUENCE volunteer_number;

-- Every volunteer carries as many households as she offered, whoever writes the row.
CREATE FUNCTION pair_within_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE places integer; held integer;
BEGIN
    IF NEW.state NOT IN {LIVE} THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' AND OLD.state IN {LIVE} AND OLD.volunteer = NEW.volunteer THEN RETURN NEW; END IF;
    SELECT capacity INTO places FROM volunteer WHERE id = NEW.volunteer FOR UPDATE;
    SELECT count(DISTINCT household) INTO held FROM pair
        WHERE volunteer = NEW.volunteer AND state IN {LIVE} AND id <> NEW.id AND household <> NEW.household;
    IF held >= places THEN
        RAISE EXCEPTION 'volunteer % has no place left', NEW.volunteer USING ERRCODE = 'check_violation',
            CONSTRAINT = 'pair_within_capacity';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pair_within_capacity BEFORE INSERT OR UPDATE ON pair
    FOR EACH ROW EXECUTE FUNCTION pair_within_capacity();

-- An ended pair does not come back: a new pairing is a new row.
CREATE FUNCTION pair_stays_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state NOT IN {LIVE} AND NEW.state IS DISTINCT FROM OLD.state THEN
        RAISE EXCEPTION 'pair % has ended', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'pair_stays_ended';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pair_stays_ended BEFORE UPDATE ON pair FOR EACH ROW EXECUTE FUNCTION pair_stays_ended();

-- History is never destroyed.
CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'check_violation',
        CONSTRAINT = 'only_added';
END $$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON ledger_change FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE FUNCTION never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'check_violation',
        CONSTRAINT = 'never_deleted';
END $$;
CREATE TRIGGER never_deleted BEFORE DELETE ON pair FOR EACH ROW EXECUTE FUNCTION never_deleted();
CREATE TRIGGER never_deleted BEFORE DELETE ON household FOR EACH ROW EXECUTE FUNCTION never_deleted();
CREATE TRIGGER never_deleted BEFORE DELETE ON volunteer FOR EACH ROW EXECUTE FUNCTION never_deleted();
CREATE TRIGGER never_deleted BEFORE DELETE ON visit FOR EACH ROW EXECUTE FUNCTION never_deleted();
CREATE TRIGGER never_deleted BEFORE DELETE ON concern FOR EACH ROW EXECUTE FUNCTION never_deleted();
"""

UNDO = """
ALTER TABLE household DROP CONSTRAINT household_lives_somewhere;
ALTER TABLE volunteer DROP CONSTRAINT volunteer_lives_somewhere;
DROP FUNCTION pair_within_capacity, pair_stays_ended, only_added, never_deleted CASCADE;
DROP SEQUENCE volunteer_number;
DROP INDEX account_one_per_volunteer, volunteer_one_per_phone, pair_live_once, round_draft_once, follow_up_due_once,
    plan_one_running, job_waiting, notice_waiting;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def build() -> None:
        for table, column, target in REFERENCES:
            await _ddl(
                f'ALTER TABLE "{table}" ADD CONSTRAINT {table}_{column}_fkey '
                f'FOREIGN KEY ({column}) REFERENCES "{target}" (id) ON DELETE RESTRICT'
            )
        for table in AREAS:
            await _ddl(
                f'ALTER TABLE "{table}" ADD CONSTRAINT {table}_region_code_is_digits '
                "CHECK (region_code ~ '^[0-9]{12}$')"
            )
        await _ddl(WALLS)

    async def undo() -> None:
        await _ddl(UNDO)
        for table in AREAS:
            await _ddl(f'ALTER TABLE "{table}" DROP CONSTRAINT {table}_region_code_is_digits')
        for table, column, _ in REFERENCES:
            await _ddl(f'ALTER TABLE "{table}" DROP CONSTRAINT {table}_{column}_fkey')

    manager.add_raw(build)
    manager.add_raw_backwards(undo)
    return manager


async def _ddl(sql: str) -> None:
    transaction = engine_finder().current_transaction.get()
    await transaction.connection.execute(sql)  # Piccolo's own way takes one statement at a time
