import { commitRows } from '../log/commit-rows.ts';
import type { OutcomeRow } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { Proof, UiaStage } from '../protocol/interactive-auth.ts';
import { finishedStageRow, finishedStagesOf } from '../storage/accounts/finished-stages.ts';

export interface FinishedStage {
  readonly stage: UiaStage;
  readonly proof: Proof;
}

/**
 * Stages of interactive auth that were finished in a browser: they are kept until their client goes on,
 * at whichever writer there is then. The session itself is in the client's hand.
 */
export class FinishedStages {
  readonly #stored: Pick<Stored, 'database' | 'log'>;

  constructor(stored: Pick<Stored, 'database' | 'log'>) {
    this.#stored = stored;
  }

  async of(sessionId: string): Promise<readonly FinishedStage[]> {
    const rows = await finishedStagesOf(this.#stored.database, sessionId);
    return rows.map(({ stage, proof }) => ({
      stage: stage as UiaStage,
      proof: JSON.parse(proof) as Proof,
    }));
  }

  async add(
    sessionId: string,
    { stage, proof }: FinishedStage,
    { untilMs, outcome }: { untilMs: number; outcome: () => OutcomeRow | undefined },
  ): Promise<void> {
    const kept = { sessionId, stage, proof: JSON.stringify(proof), expiresMs: untilMs };
    await commitRows(this.#stored.log, [finishedStageRow(kept)], outcome());
  }
}
