import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

export interface FinishedStageRow {
  readonly sessionId: string;
  readonly stage: string;
  /** JSON. */
  readonly proof: string;
  readonly expiresMs: number;
}

export const finishedStagesOf = (database: Database, sessionId: string) =>
  database.query<Pick<FinishedStageRow, 'stage' | 'proof'>>(
    'finished_stages_of',
    'SELECT stage, proof FROM finished_stage WHERE session_id = $1',
    [sessionId],
  );

export const finishedStageRow = (finished: FinishedStageRow): Row => ({
  write: PUT_FINISHED_STAGE,
  values: [finished.sessionId, finished.stage, finished.proof, finished.expiresMs],
});

const PUT_FINISHED_STAGE: Write = {
  name: 'put_finished_stage',
  table: 'finished_stage',
  sql: `INSERT INTO finished_stage (session_id, stage, proof, expires_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[])
    ON CONFLICT (session_id, stage) DO UPDATE
      SET proof = excluded.proof, expires_ms = excluded.expires_ms`,
  types: ['text', 'text', 'text', 'int8'],
  key: ([sessionId, stage]) => `${sessionId} ${stage}`,
};
