import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface FinishedStageRow {
  readonly sessionId: string;
  readonly stage: string;
  /** JSON. */
  readonly proof: string;
  readonly expiresMs: number;
}

const COLUMNS = `session_id AS "sessionId", stage, proof, expires_ms AS "expiresMs"`;

export const finishedStagesOf = (database: Database, sessionId: string) =>
  database.query<FinishedStageRow>(
    'finished_stages_of',
    `SELECT ${COLUMNS} FROM finished_stage WHERE session_id = $1`,
    [sessionId],
  );

export const expiredStages = (
  database: Database,
  { nowMs, limit }: { nowMs: number; limit: number },
) =>
  database.query<FinishedStageRow>(
    'expired_stages',
    `SELECT ${COLUMNS} FROM finished_stage WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2`,
    [nowMs, limit],
  );

export const finishedStageRow = (finished: FinishedStageRow): Row => ({
  write: PUT_FINISHED_STAGE,
  values: [finished.sessionId, finished.stage, finished.proof, finished.expiresMs],
});

export const finishedStageGoneRow = ({ sessionId, stage }: FinishedStageRow): Row => ({
  write: DELETE_FINISHED_STAGE,
  values: [sessionId, stage],
});

const keyOf = ([sessionId, stage]: Row['values']) => `${sessionId} ${stage}`;

const PUT_FINISHED_STAGE: Write = {
  name: 'put_finished_stage',
  table: 'finished_stage',
  sql: `INSERT INTO finished_stage (session_id, stage, proof, expires_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[])
    ON CONFLICT (session_id, stage) DO UPDATE
      SET proof = excluded.proof, expires_ms = excluded.expires_ms`,
  types: ['text', 'text', 'text', 'int8'],
  key: keyOf,
};

const DELETE_FINISHED_STAGE: Write = {
  name: 'delete_finished_stage',
  table: 'finished_stage',
  sql: `DELETE FROM finished_stage USING unnest($1::text[], $2::text[]) AS gone (session_id, stage)
    WHERE finished_stage.session_id = gone.session_id AND finished_stage.stage = gone.stage`,
  types: ['text', 'text'],
  key: keyOf,
};
