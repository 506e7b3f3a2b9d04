import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Routing } from './routing.ts';
import type { Way } from './way.ts';

export interface Counts {
  readonly held: () => number;
  readonly heldBytes: () => number;
  readonly diskBytes: () => number;
  readonly inFlight: () => number;
  /** Requests that were held at some time since the start. */
  holds: number;
  replayed: number;
  givenUp: number;
}

interface Shown {
  count: Counts;
  routing: Pick<Routing, 'writer'>;
  way: Pick<Way, 'shown'>;
  accepting: () => boolean;
  /** Open connections to the floating address: what it takes away when it leaves. */
  connections: () => number;
  /** For how long the oldest request on them waits for its answer. */
  slowestMs: () => number;
  /** When the first of the certificates ends that this process uses (RFC 3339). */
  certificatesEnd: () => string | null;
}

/** For the agent of this site, and for whoever gathers metrics. */
export function answerHealth(shown: Shown) {
  const registry = metrics(shown);
  return async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/metrics') {
      response.writeHead(200, { 'content-type': registry.contentType });
      return response.end(await registry.metrics());
    }
    if (request.url !== '/v1/health') return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(health(shown)));
  };
}

function health({
  accepting,
  connections,
  slowestMs,
  certificatesEnd,
  count,
  routing,
  way,
}: Shown) {
  const { writer } = routing;
  return {
    accepting: accepting(),
    connections: connections(),
    slowestMs: slowestMs(),
    ...count,
    held: count.held(),
    heldBytes: count.heldBytes(),
    diskBytes: count.diskBytes(),
    inFlight: count.inFlight(),
    writer: writer === null ? null : { site: writer.site, epoch: writer.epoch },
    way: way.shown(),
    certificatesEnd: certificatesEnd(),
  };
}

function metrics({ count, routing, way }: Shown): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `farol_front_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  const counter = (name: string, help: string, value: () => number) =>
    new Counter({
      name: `farol_front_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  gauge('held', 'Requests held because there is no writer.', () => count.held());
  gauge('carried_bytes', 'Memory taken by the bodies of carried requests.', () =>
    count.heldBytes(),
  );
  gauge('disk_bytes', 'Disk taken by the long bodies of carried requests.', () =>
    count.diskBytes(),
  );
  gauge('in_flight', 'Requests received and not answered yet.', () => count.inFlight());
  gauge('has_writer', '1 while this front knows a writer.', () => Number(routing.writer !== null));
  gauge('reaches_writer', '1 while a way to the writer is known, direct or not.', () =>
    Number(way.shown() !== null && way.shown()?.kind !== 'none'),
  );
  counter('holds', 'Requests that were held, for however long.', () => count.holds);
  counter('replayed', 'Requests sent again because a writer fell silent.', () => count.replayed);
  counter('given_up', 'Requests answered 503: no site could answer.', () => count.givenUp);
  return registry;
}
