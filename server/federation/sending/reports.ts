import { ForAWhile } from '../../log/for-a-while.ts';
import { current, type Window } from '../../log/window.ts';
import type { ServerName } from '../../protocol/identifiers.ts';

export interface ReportPorts {
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

const OF_ONE_EVERY_MS = 60_000;
const OF_ALL_MAX = 20;
const OF_ALL_WITHIN_MS = 60_000;
const SERVERS_MAX = 1_000;

/**
 * What other servers make us write to the log: of one a line a minute, of all together twenty. What was passed over is
 * counted in the next line.
 */
export class Reports {
  readonly #ports: ReportPorts;
  readonly #told: ForAWhile<ServerName>;
  #ofAll: Window | undefined;
  #passedOver = 0;

  constructor(ports: ReportPorts) {
    this.#ports = ports;
    this.#told = new ForAWhile(SERVERS_MAX, ports.now);
  }

  of(server: ServerName, message: string, cause?: unknown): void {
    const nowMs = this.#ports.now();
    this.#ofAll = current(this.#ofAll, { nowMs, lastsMs: OF_ALL_WITHIN_MS });
    if (this.#told.has(server) || this.#ofAll.count >= OF_ALL_MAX) {
      this.#passedOver += 1;
      return;
    }
    this.#told.add(server, OF_ONE_EVERY_MS);
    this.#ofAll.count += 1;
    const more = this.#passedOver === 0 ? '' : ` (${this.#passedOver} more such were passed over)`;
    this.#passedOver = 0;
    this.#ports.onError(new Error(`${message}${more}`, { cause }));
  }
}
