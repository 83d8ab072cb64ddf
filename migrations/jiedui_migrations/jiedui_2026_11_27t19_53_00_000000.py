"""What was recorded before keeps its worth, and says now who stands behind it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-27T19:53:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "who stands behind the checks there are"

BUILD = """
-- The demonstration's policy trusts its county's registration table; another one says so itself or does not.
UPDATE policy_pack SET body = body || '{"vetting": {"trusts_county_ledger": true}}'
WHERE name = 'standard' AND version = 1 AND NOT body ? 'vetting';

CREATE TEMPORARY TABLE trusting ON COMMIT DROP AS
SELECT coalesce((SELECT (body #>> '{vetting,trusts_county_ledger}')::boolean FROM policy_pack
    WHERE name = 'standard' ORDER BY version DESC LIMIT 1), false) AS county;

-- Checks that people recorded, and those that ledgers stated.
UPDATE vetting_check SET
    standing = CASE WHEN recorded_by IS NOT NULL OR paper NOT LIKE 'ledger %' THEN 'recorded'
        WHEN (SELECT county FROM trusting) THEN 'trusted' ELSE 'stated' END,
    recorded_from = coalesce((SELECT region_code FROM account WHERE id = recorded_by),
        left(region_code, 6) || '000000');

-- A ledger's word that another of its words has replaced.
UPDATE vetting_check c SET standing = 'withdrawn' FROM volunteer v
WHERE v.id = c.volunteer AND c.standing IN ('trusted', 'stated') AND (NOT c.passed
    OR c.kind = 'record' AND c.checked_on IS DISTINCT FROM v.record_checked_on
    OR c.kind = 'training' AND NOT v.trained);

-- A check that was not passed and was followed by a later one no longer stood by the rules of its time.
UPDATE vetting_check c SET standing = 'lifted'
WHERE NOT c.passed AND c.standing = 'recorded' AND EXISTS (
    SELECT FROM vetting_check o WHERE o.volunteer = c.volunteer AND o.kind = c.kind AND o.standing = 'recorded'
    AND (o.checked_on, o.created_at) > (c.checked_on, c.created_at));

-- Columns of volunteers from ledgers that no check stands for any more get one, so that they can be counted again.
INSERT INTO vetting_check (id, volunteer, region_code, kind, passed, checked_on, paper, standing, recorded_from, created_at)
SELECT gen_random_uuid(), v.id, v.region_code, k.kind, true,
    CASE k.kind WHEN 'record' THEN v.record_checked_on ELSE (v.created_at AT TIME ZONE 'Asia/Shanghai')::date END,
    'ledger', CASE WHEN (SELECT county FROM trusting) THEN 'trusted' ELSE 'stated' END,
    left(v.region_code, 6) || '000000', v.created_at
FROM volunteer v, (VALUES ('identity'), ('record'), ('training')) AS k (kind)
WHERE v.source = 'ledger'
    AND (k.kind = 'identity' OR k.kind = 'record' AND v.record_checked_on IS NOT NULL OR k.kind = 'training' AND v.trained)
    AND NOT EXISTS (SELECT FROM vetting_check c WHERE c.volunteer = v.id AND c.kind = k.kind
        AND c.standing IN ('trusted', 'stated', 'recorded'));

-- What counts: the latest of a kind that was passed, unless one that was not passed stands; a ledger that had
-- written over a person's word has not any more.
CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
SELECT volunteer, kind, bool_and(passed) AS passed, max(checked_on) AS checked_on FROM vetting_check
WHERE standing IN ('recorded', 'trusted') GROUP BY volunteer, kind;
UPDATE volunteer v SET
    identified = EXISTS (SELECT FROM counted c WHERE c.volunteer = v.id AND c.kind = 'identity' AND c.passed),
    record_checked_on = (SELECT c.checked_on FROM counted c
        WHERE c.volunteer = v.id AND c.kind = 'record' AND c.passed),
    trained = EXISTS (SELECT FROM counted c WHERE c.volunteer = v.id AND c.kind = 'training' AND c.passed);

-- Who is suspended or refused, or left while she was, by whom and from where.
UPDATE volunteer v SET barred_by = e.account_id,
    barred_from = coalesce((SELECT region_code FROM account WHERE id = e.account_id), left(v.region_code, 6) || '000000')
FROM (
    SELECT DISTINCT ON (subject_id) subject_id, action, account_id FROM audit_entry
    WHERE action IN ('volunteer.suspend', 'volunteer.refuse', 'volunteer.reinstate', 'volunteer.approve')
    ORDER BY subject_id, at DESC
) AS e
WHERE e.subject_id = v.id::text AND e.action IN ('volunteer.suspend', 'volunteer.refuse') AND v.state <> 'active';
UPDATE volunteer SET barred_from = left(region_code, 6) || '000000'
WHERE state IN ('suspended', 'refused') AND barred_from = '';

CREATE INDEX vetting_check_stated ON vetting_check (volunteer) WHERE standing = 'stated';
"""
UNDO = """
DROP INDEX vetting_check_stated;
UPDATE policy_pack SET body = body - 'vetting' WHERE name = 'standard' AND version = 1;
"""


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="jiedui", description=DESCRIPTION)

    async def build() -> None:
        await _ddl(BUILD)

    async def undo() -> None:
        await _ddl(UNDO)

    manager.add_raw(build)
    manager.add_raw_backwards(undo)
    return manager


async def _ddl(sql: str) -> None:
    transaction = engine_finder().current_transaction.get()
    await transaction.connection.execute(sql)
