import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the operator and the benchmark read. Includes Node's own: memory, CPU, event-loop delay. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  batch(batch: { changes: number; seconds: number }): void;
  answered(answered: { operation: string; status: number; ms: number }): void;
  /** A try to send one: `sent`, `refused` for good, to be sent `later`, or `failed` because no server was reached. */
  mail(fate: 'sent' | 'refused' | 'later' | 'failed'): void;
}

const MS = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.5, 1, 2, 5, 10];

export function makeMetrics(state: {
  committed: () => { epoch: number; position: number } | undefined;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 });
  const commitSeconds = new Histogram({
    name: 'farol_commit_seconds',
    help: 'From sending a batch to its confirmation by the standbys.',
    buckets: MS,
    registers: [registry],
  });
  const batchChanges = new Histogram({
    name: 'farol_batch_changes',
    help: 'Changes in a batch.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [registry],
  });
  const answerSeconds = new Histogram({
    name: 'farol_answer_seconds',
    help: 'From reading the head of a request to its answer.',
    labelNames: ['operation', 'status'],
    buckets: MS,
    registers: [registry],
  });
  const mails = new Counter({
    name: 'farol_mails_total',
    help: 'Tries to send an e-mail, by what came of them.',
    labelNames: ['fate'],
    registers: [registry],
  });
  for (const [name, key, help] of [
    ['farol_epoch', 'epoch', 'The epoch of this writer; absent on a follower.'],
    ['farol_position', 'position', 'The last committed position of the log.'],
  ] as const) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const committed = state.committed();
        if (committed) this.set(committed[key]);
      },
    });
  }
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    batch({ changes, seconds }) {
      commitSeconds.observe(seconds);
      batchChanges.observe(changes);
    },
    mail: (fate) => mails.inc({ fate }),
    answered: ({ operation, status, ms }) =>
      answerSeconds.observe({ operation, status: `${Math.floor(status / 100)}xx` }, ms / 1_000),
  };
}
