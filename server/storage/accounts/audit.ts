import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface AuditEntry {
  readonly auditNid: number;
  readonly atMs: number;
  readonly by: string;
  readonly action: string;
  readonly target: string;
  /** JSON. */
  readonly detail: string;
}

/** The newest first. */
export const auditBefore = (
  database: Database,
  { before, limit }: { before: number; limit: number },
) =>
  database.query<AuditEntry>(
    'audit_before',
    `SELECT audit_nid AS "auditNid", at_ms AS "atMs", by, action, target, detail FROM audit
     WHERE audit_nid < $1 ORDER BY audit_nid DESC LIMIT $2`,
    [before, limit],
  );

export const auditRow = (entry: AuditEntry): Row => ({
  write: INSERT_AUDIT,
  values: [entry.auditNid, entry.atMs, entry.by, entry.action, entry.target, entry.detail],
});

const INSERT_AUDIT: Write = {
  name: 'insert_audit',
  table: 'audit',
  sql: `INSERT INTO audit (audit_nid, at_ms, by, action, target, detail)
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::text[])`,
  types: ['int8', 'int8', 'text', 'text', 'text', 'text'],
};
