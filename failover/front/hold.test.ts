import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { NO_BODY } from './body.ts';
import { type Carriage, carry, type Ports } from './carry.ts';
import { DeviceOrder } from './device-order.ts';
import type { Tried } from './exchange.ts';
import { Flights } from './flights.ts';
import { Routing, type Writer } from './routing.ts';
import { Shares } from './shares.ts';
import { Waiting } from './waiting.ts';
import { type Target, Way } from './way.ts';

type Step =
  | { kind: 'arrives'; device: 'phone' | 'laptop' }
  /** How one request under way ends; `executed` where no answer comes back. */
  | { kind: 'ends'; which: number; how: 'answered' | 'refused' | 'executed' | 'lost' }
  | { kind: 'writer'; is: 'gone' | 'moved' | 'back' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('arrives' as const),
      device: fc.constantFrom('phone' as const, 'laptop' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('ends' as const),
      which: fc.nat(5),
      how: fc.constantFrom(
        'answered' as const,
        'refused' as const,
        'executed' as const,
        'lost' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('writer' as const),
      is: fc.constantFrom('gone' as const, 'moved' as const, 'back' as const),
    }),
  },
);

test('whatever befalls the writer, nothing runs twice, held requests keep their order, and all end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World();
      for (const each of steps) await world.take(each);
      await world.settle();
      expect(world.wrong).toEqual([]);
      expect(world.answers).toHaveLength(world.arrived);
      expect(world.executed).toBeGreaterThanOrEqual(world.answered);
      expect([world.places.taken, world.underWay.size]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});

test('a request waits once in all: the time in flight at a silent writer is part of it', async () => {
  const world = new World();
  const wait = new Waiting(world.request('phone'), world.ports);
  world.now = 60_000;
  await wait.afterFailure(0, 5_000);
  expect(await wait.forTarget()).toBe('no writer in time');
  wait.over();
  expect(world.places.taken).toBe(0);
});

interface UnderWay {
  readonly id: string;
  readonly device: string;
  readonly arrival: number;
  /** It was held when it was sent. */
  readonly held: boolean;
  readonly end: (tried: Tried) => void;
}

/** One front and the writers that it finds, with the steps of a story in place of time. */
class World {
  now = 0;
  arrived = 0;
  readonly answers: Carriage[] = [];
  readonly wrong: string[] = [];
  readonly places = new Shares(1_000);
  readonly underWay = new Set<UnderWay>();
  readonly ports: Ports;
  readonly #routing = new Routing();
  readonly #executed = new Set<string>();
  #epoch = 0;

  constructor() {
    const now = () => this.now;
    // The probe is right and at once; how it may be late or wrong is Way's own test.
    const way = new OpenWay(this.#routing);
    const flights = new Flights({ routing: this.#routing, way, now, holdForMs: 55_000 });
    flights.close();
    this.ports = {
      ...{ routing: this.#routing, way, flights, now, holdForMs: 55_000 },
      order: new DeviceOrder(),
      places: this.places,
      count: { holds: 0, replayed: 0 },
      send: (request, flight) => this.#send(request.headers, flight),
    };
  }

  get executed(): number {
    return this.#executed.size;
  }

  get answered(): number {
    return this.answers.filter(({ kind }) => kind === 'answer').length;
  }

  request(device: string) {
    const arrival = ++this.arrived;
    return {
      ...{ id: `${device}-${arrival}`, arrival, arrivedAtMs: this.now, method: 'PUT', url: '/1' },
      headers: { passed: ['x-device', device, 'x-arrival', String(arrival)], host: undefined },
      ...{ body: NO_BODY, device, clientAddress: '', throughAddress: false },
      taker: { key: `${device}-${arrival}`, known: true },
      gone: { is: false, signal: new AbortController().signal, onGone: undefined },
    };
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'arrives') this.#arrive(step.device);
    else if (step.kind === 'writer') this.#move(step.is);
    else this.#end([...this.underWay][step.which % (this.underWay.size || 1)], step.how);
    await turn();
  }

  /** In the end there is a writer that answers. */
  async settle(): Promise<void> {
    this.#move('moved');
    for (let turns = 0; turns < 400 && this.answers.length < this.arrived; turns++) {
      for (const each of this.underWay) this.#end(each, 'answered');
      // Pauses between attempts end with any change.
      this.ports.way.changes.tell();
      await turn();
    }
  }

  #arrive(device: string): void {
    const request = this.request(device);
    void carry(request, this.ports).then((carriage) => {
      if (carriage.kind === 'answer') this.ports.flights.end(carriage.flight);
      this.answers.push(carriage);
    });
  }

  #move(is: 'gone' | 'moved' | 'back'): void {
    if (is === 'moved') this.#epoch++;
    const writer: Writer = {
      ...{ site: 'a', epoch: this.#epoch, url: `https://writer-${this.#epoch}` },
    };
    this.#routing.set(is === 'gone' ? null : writer);
  }

  #send(headers: string[], flight: Parameters<Ports['send']>[1]): Promise<Tried> {
    const of = (name: string) => headers[headers.indexOf(name) + 1]!;
    const [device, id, arrival] = [
      of('x-device'),
      of('x-farol-request-id'),
      Number(of('x-arrival')),
    ];
    const held = this.ports.order.isHeld(device);
    for (const other of this.underWay) {
      // Two that were under way together when their writer died were so by their client's own will.
      if (other.device !== device || other.arrival > arrival || !other.held || !held) continue;
      this.wrong.push(`${id} was sent while ${other.id} was under way`);
    }
    const { promise, resolve } = Promise.withResolvers<Tried>();
    const flying: UnderWay = { id, device, arrival, held, end: resolve };
    this.underWay.add(flying);
    flight.onCut((why) => this.#lose(flying, why, flight.target.writer.epoch));
    return promise;
  }

  #end(flying: UnderWay | undefined, how: 'answered' | 'refused' | 'executed' | 'lost'): void {
    if (flying === undefined) return;
    const epoch = this.#epoch;
    if (how === 'refused') {
      this.underWay.delete(flying);
      flying.end({ attempt: { kind: 'not-executed', why: 'not the writer', reached: true } });
    } else if (how === 'answered') {
      this.underWay.delete(flying);
      this.#executed.add(flying.id);
      const answer = { status: 200, headers: {}, body: Buffer.alloc(0), over: () => undefined };
      flying.end({ attempt: { kind: 'answered' }, answer });
    } else {
      if (how === 'executed') this.#executed.add(flying.id);
      this.#lose(flying, 'socket closed', epoch);
    }
  }

  #lose(flying: UnderWay, why: string, epoch: number): void {
    this.underWay.delete(flying);
    flying.end({ attempt: { kind: 'unknown', why, epoch } });
  }
}

class OpenWay extends Way {
  readonly #routing: Routing;

  constructor(routing: Routing) {
    super({ routing, peers: {}, probe: async () => 'answered', now: () => 0 });
    this.#routing = routing;
    routing.changes.on(() => this.changes.tell());
  }

  override get open(): Target | null {
    const { writer } = this.#routing;
    return writer && { writer, origin: writer.url, through: null };
  }
}
