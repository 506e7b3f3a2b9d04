import type { PlacedRecord, Row } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Edus } from './edus/edus.ts';
import type { OriginTurns } from './origin-turns.ts';
import { type PduOutcomes, type PduPorts, takePdus } from './pdus.ts';

/** As the specification has them. */
export const PDUS_MAX = 50;
export const EDUS_MAX = 100;

export interface Transaction {
  readonly pdus: readonly JsonObject[];
  readonly edus: readonly JsonObject[];
}

export interface TransactionPorts extends PduPorts {
  readonly log: Pick<Stored['log'], 'commit'>;
  readonly turns: OriginTurns;
  readonly edus: Pick<Edus, 'take'>;
}

/** Takes in what other servers send of their own accord (server-server API, "Transactions"). */
export class Transactions {
  readonly #ports: TransactionPorts;

  constructor(ports: TransactionPorts) {
    this.#ports = ports;
  }

  /** Resolves when all that it brought is committed. What broke off in the middle may come again: it takes effect once. */
  take(origin: ServerName, transaction: Transaction, once: Once): Promise<PduOutcomes> {
    const { turns } = this.#ports;
    const bytes = lengthOf(transaction);
    return turns.run({ origin, bytes }, () => this.#take(origin, transaction, once));
  }

  async #take(origin: ServerName, { pdus, edus }: Transaction, once: Once): Promise<PduOutcomes> {
    const outcomes = await takePdus(this.#ports, origin, pdus);
    // Behind the events: receipts are for those, and who speaks may have joined by them.
    const effects = await this.#ports.edus.take(origin, edus);
    if (pdus.length === 0 && edus.length === 0) return outcomes;
    await this.#ports.log.commit((position) => {
      const rows: Row[] = [];
      const records: PlacedRecord[] = [];
      for (const effect of effects) effect({ position, rows, records });
      const outcome = once.outcome(200, { pdus: outcomes });
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
    return outcomes;
  }
}

const lengthOf = ({ pdus, edus }: Transaction): number =>
  [...pdus, ...edus].reduce((sum, each) => sum + JSON.stringify(each).length, 0);
