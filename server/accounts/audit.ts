import { rowsAlone } from '../log/change.ts';
import type { Stored } from '../log/stored.ts';
import { type AuditEntry, auditBefore, auditRow } from '../storage/accounts/audit.ts';

export interface Order {
  /** The user id of an administrator, or how somebody without an account proved that they may. */
  readonly by: string;
  readonly action: string;
  readonly target: string;
  /** What was asked, without secrets. Kept as JSON. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * What administrators have ordered. It is committed before the order is carried out: an order may have
 * failed, but nothing was done that is not in here.
 */
export class Audit {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async note({ by, action, target, detail }: Order): Promise<void> {
    const atMs = this.#stored.now();
    await this.#stored.log.commit((next) => {
      const entry = { auditNid: next(), atMs, by, action, target, detail: JSON.stringify(detail) };
      return { change: rowsAlone([auditRow(entry)]), value: undefined };
    });
  }

  /** The newest first. */
  before(auditNid: number, limit: number): Promise<readonly AuditEntry[]> {
    return auditBefore(this.#stored.database, { before: auditNid, limit });
  }
}
