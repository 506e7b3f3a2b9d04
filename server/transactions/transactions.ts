import type { PlacedRecord, Row } from '../log/change.ts';
import type { Once, OutcomeRow } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { allEnded } from './all-ended.ts';
import type { Effect } from './edus/edu.ts';
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
    const taken = takePdus(this.#ports, origin, pdus);
    const [outcomes] = await allEnded([taken, pdus.length > 0 && this.#deliver(origin, edus)]);
    // Behind the events: receipts are for those, and who speaks may have joined by them.
    const rest = pdus.length > 0 ? edus.filter((edu) => !isForDevices(edu)) : edus;
    const effects = await this.#ports.edus.take(origin, rest);
    if (pdus.length === 0 && edus.length === 0) return outcomes;
    await this.#commit(effects, once.outcome(200, { pdus: outcomes }));
    return outcomes;
  }

  /**
   * Messages to devices rest on no event, and may be the keys of a room: they do not wait for another room, whose events rest on what
   * has to be asked for. Each is known by its id where the transaction comes again.
   */
  async #deliver(origin: ServerName, edus: readonly JsonObject[]): Promise<void> {
    const effects = await this.#ports.edus.take(origin, edus.filter(isForDevices));
    if (effects.length > 0) await this.#commit(effects);
  }

  #commit(effects: readonly Effect[], outcome?: OutcomeRow): Promise<void> {
    return this.#ports.log.commit((position) => {
      const rows: Row[] = [];
      const records: PlacedRecord[] = [];
      for (const effect of effects) effect({ position, rows, records });
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }
}

const isForDevices = ({ edu_type }: JsonObject): boolean => edu_type === 'm.direct_to_device';

const lengthOf = ({ pdus, edus }: Transaction): number =>
  [...pdus, ...edus].reduce((sum, each) => sum + JSON.stringify(each).length, 0);
