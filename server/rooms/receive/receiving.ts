import { BuiltOnRefused, RefusedForData } from '../../log/log.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError, notFound } from '../../protocol/matrix-error.ts';
import { endedOutside } from '../elsewhere/ended-outside.ts';
import { isIn } from '../elsewhere/known-outside.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { Recommendations } from '../policy/recommendations.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { refuseAbsent, refuseByAcl } from '../serve/refuse-server.ts';
import { NotTried, Unresolved } from '../state/resolving/unresolved.ts';
import { changeRoom } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { asKnown, unfitted } from './as-known.ts';
import { withHashedContent } from './content-hash.ts';
import { idAnyhow, parsePdu } from './format.ts';
import { Gaps, type Given, type Lacking } from './gaps.ts';
import { hold } from './held.ts';
import { inOrder } from './in-order.ts';
import { keepOutliers, signedOutliers } from './outliers.ts';
import { redactionsBefore } from './redaction.ts';
import { holdable, waitingForRest } from './resting.ts';
import { RoomQueues } from './room-queues.ts';
import type { Received, Refused, RoomReceiver, Source } from './room-receiver.ts';
import { complaintsAboutSignatures } from './signatures.ts';
import { type TakenIn, takeIn } from './take-in.ts';
import { TakingHeld } from './taking-held.ts';

/** A PDU behind the checks for which its room need not be asked. */
type Checked =
  | { readonly ok: true; readonly event: Event; readonly whyNot?: string | undefined }
  | { readonly ok: false; readonly eventId: EventId | undefined; readonly reason: string };

/** How PDUs are taken that were asked for. */
interface Taking {
  readonly given: Given;
  /** See `Arrival`. */
  readonly isEarlier?: boolean | undefined;
}

/** What became of PDUs, and which of those that were refused wait for their room to rest. */
interface Refusing {
  readonly received: readonly Received[];
  readonly waiting: ReadonlySet<EventId>;
  readonly from: Source;
}

/** Takes in what other servers send: each room's events one after the other, whoever sends them. */
export class Receiving implements RoomReceiver {
  readonly #building: Building;
  readonly #reads: RoomReads;
  readonly #queues = new RoomQueues();
  readonly #gaps = new Gaps();
  readonly #recommendations: Recommendations;
  readonly #takingHeld: TakingHeld;

  constructor(building: Building, reads: RoomReads) {
    this.#building = building;
    this.#reads = reads;
    this.#recommendations = new Recommendations(building);
    this.#takingHeld = new TakingHeld(building, this);
  }

  async receive(
    roomId: RoomId,
    pdus: readonly JsonObject[],
    from: Source,
  ): Promise<readonly Received[]> {
    const room = from.isPushed ? await this.#building.rooms.get(roomId) : undefined;
    if (room?.isCommitted && !isIn(this.#building, room))
      return endedOutside(this.#building, room, pdus);
    const held = room?.isPartial ? await this.#held(room, pdus, from) : undefined;
    if (held) return held;
    const received = await this.#queued(roomId, pdus, from);
    const whole = await this.#building.rooms.get(roomId);
    if (!whole) return received;
    const isStuck = (id: EventId) => this.#takingHeld.isStuck(roomId, id);
    const found = { received, server: from.origin, isStuck };
    const waiting = await waitingForRest(this.#building, whole, found);
    const closed = await this.#closingGap(whole, pdus, { received, waiting, from });
    return from.mayBeHeld
      ? this.#untilRested(whole, pdus, { received: closed, waiting, from })
      : closed;
  }

  /** What cannot be judged before its room has rested is kept until then: it is answered, so its server does not say it again. */
  async #untilRested(
    room: HotRoom,
    pdus: readonly JsonObject[],
    { received, waiting, from }: Refusing,
  ): Promise<readonly Received[]> {
    const { roomId } = room;
    const some = holdable(this.#building, room, { received, waiting, pdus });
    if (some.length === 0) return received;
    const load = loadOf(
      roomId,
      some.map(({ pdu }) => pdu),
      from.origin,
    );
    const held = await this.#queues.run(load, () =>
      changeRoom(this.#building.rooms, roomId, (now) =>
        hold(this.#building, now, some, from.origin),
      ),
    );
    const results = new Map(held.results.map((each) => [idOf(each), each]));
    const isHeld = (each: Received) => results.get(idOf(each))?.kind === 'held';
    const refused = received.filter(isHeld).filter(isRefused);
    // What says the same again has no turn for it, and takes out no pause.
    if (held.isMore) this.#takingHeld.startWith(roomId, from.origin, refused);
    return received.map((each) => results.get(idOf(each)) ?? each);
  }

  /** What is held of the room is taken in, as soon as it can be. */
  takeHeld(roomId: RoomId): void {
    this.#takingHeld.start(roomId);
  }

  close(): void {
    this.#takingHeld.close();
  }

  /** Undefined where its room has become whole meanwhile. */
  async #held(
    room: HotRoom,
    pdus: readonly JsonObject[],
    from: Source,
  ): Promise<readonly Received[] | undefined> {
    const { roomId } = room;
    const { origin } = from;
    const checked = await this.#check(room, pdus, await this.#whyNot(room, from));
    const good = checked.flatMap((each, at) =>
      each.ok ? [{ event: each.event, pdu: pdus[at]! }] : [],
    );
    const held = await this.#queues.run(loadOf(roomId, pdus, origin), () =>
      changeRoom(this.#building.rooms, roomId, async (now) =>
        now.isPartial ? hold(this.#building, now, good, origin) : undefined,
      ),
    );
    const results = held?.results.values();
    return results && checked.map((each) => (each.ok ? results.next().value! : unfit(each)));
  }

  /** Others' keys are waited for outside of the queue: whose server does not answer holds nobody else up in the room. */
  async #queued(
    roomId: RoomId,
    pdus: readonly JsonObject[],
    from: Source,
    taking: Taking = AS_SENT,
  ): Promise<readonly Received[]> {
    const room = await this.#building.rooms.get(roomId);
    if (!room?.isCommitted) throw notFound('This server does not know the room');
    const formed = await this.#check(room, pdus, await this.#whyNot(room, from));
    const checked = taking.isEarlier ? formed : await this.#recommended(room, formed);
    const load = loadOf(roomId, pdus, from.origin);
    return this.#queues.run(load, () => this.#take(roomId, checked, { from, taking }));
  }

  /** Those that lack something once more, when it has been asked for; what is not found out leaves them refused. */
  async #closingGap(
    room: HotRoom,
    pdus: readonly JsonObject[],
    { received, waiting, from }: Refusing,
  ): Promise<readonly Received[]> {
    const { askServers: ask } = this.#building.ports;
    const lacking = received
      .flatMap((each, index) => lackingIn(each, pdus[index]!))
      .filter(({ eventId }) => !waiting.has(eventId));
    if (!ask || lacking.length === 0) return received;
    const { roomId } = room;
    const ofGap: Source = { origin: from.origin };
    const { origin } = from;
    const closed = await this.#gaps.close(room, lacking, origin, {
      ...{ building: this.#building, ask },
      take: (found, given) => this.#queued(roomId, found, ofGap, { given }),
      keep: (found) => this.keepOutliers(room, found, origin),
    });
    return received.map((each) => closed.get(idOf(each)!) ?? each);
  }

  /**
   * What was before all that is here, as another server told it when it was asked; `given` is the state before those that
   * follow what nobody has told.
   */
  takeEarlier(
    roomId: RoomId,
    pdus: readonly JsonObject[],
    { origin, given }: { origin: ServerName; given: Given },
  ): Promise<readonly Received[]> {
    return this.#queued(roomId, pdus, { origin }, { given, isEarlier: true });
  }

  /** State of the room that another server told, without a place in it. */
  async keepOutliers(
    room: HotRoom,
    pdus: readonly JsonObject[],
    origin: ServerName,
  ): Promise<void> {
    const { roomId } = room;
    const signed = await signedOutliers(this.#building, room, pdus);
    await this.#queues.run(loadOf(roomId, pdus, origin), () =>
      changeRoom(this.#building.rooms, roomId, (now) => keepOutliers(this.#building, now, signed)),
    );
  }

  async whyNotFrom(roomId: RoomId, server: ServerName): Promise<string | undefined> {
    const room = await this.#building.rooms.get(roomId);
    if (!room?.isCommitted) return 'This server does not know the room';
    return this.#whyNot(room, { origin: server, isPushed: true });
  }

  async #whyNot(room: HotRoom, { origin, isPushed }: Source): Promise<string | undefined> {
    if (!isPushed) return undefined;
    const { keys, ports } = this.#building;
    try {
      refuseAbsent(room, keys, ports.identity.serverName);
      await refuseByAcl(room, this.#reads, origin);
      return undefined;
    } catch (error) {
      if (error instanceof MatrixError) return error.message;
      throw error;
    }
  }

  #take(
    roomId: RoomId,
    checked: readonly Checked[],
    { from, taking }: { from: Source; taking: Taking },
  ): Promise<readonly Received[]> {
    /** Of the database, which would refuse them again. */
    const refused = new Set<EventId>();
    return changeRoom(this.#building.rooms, roomId, async (room) => {
      const whyNot = await this.#whyNot(room, from);
      if (whyNot !== undefined) return checked.map((each) => unheard(each, whyNot));
      const taken = await this.#takeAll(room, checked, { refused, taking, from });
      await committed(taken, refused);
      this.#showRedacted(roomId, taken);
      this.#showLate(roomId, taken);
      return checked.map((each) => (each.ok ? taken.get(each.event.eventId)!.result : unfit(each)));
    });
  }

  async #check(
    room: HotRoom,
    pdus: readonly JsonObject[],
    whyNone: string | undefined,
  ): Promise<readonly Checked[]> {
    const parsed = pdus.map((pdu) => parsePdu(pdu, room));
    const events = parsed.flatMap((each) => (each.ok ? [each.value] : []));
    const complaints =
      whyNone === undefined
        ? await complaintsAboutSignatures(events, room.rules, this.#building.ports)
        : events.map(() => whyNone);
    const complaintOf = new Map(events.map((event, index) => [event, complaints[index]]));
    return parsed.map((each, index) => {
      if (!each.ok)
        return { ok: false, eventId: idAnyhow(pdus[index]!, room), reason: each.reason };
      const reason = complaintOf.get(each.value);
      if (reason !== undefined) return { ok: false, eventId: each.value.eventId, reason };
      return { ok: true, event: withHashedContent(each.value, room.rules) };
    });
  }

  /** Policy servers are waited for outside of the queue, too. */
  async #recommended(room: HotRoom, checked: readonly Checked[]): Promise<readonly Checked[]> {
    const events = checked.flatMap((each) => (each.ok ? [each.event] : []));
    const told = await this.#recommendations.of(room, events);
    return checked.map((each) => {
      const recommendation = each.ok ? told.get(each.event.eventId) : undefined;
      return recommendation ? { ok: true, ...recommendation } : each;
    });
  }

  /** Those that follow others behind those, each once. Their commits are on the way when this ends. */
  async #takeAll(
    room: HotRoom,
    checked: readonly Checked[],
    { refused, taking, from }: { refused: ReadonlySet<EventId>; taking: Taking; from: Source },
  ): Promise<ReadonlyMap<EventId, TakenIn>> {
    const good = checked.flatMap((each) => (each.ok ? [each] : []));
    const events = new Map(good.map(({ event }) => idAndEvent(event)));
    const whyNot = new Map(good.map((each) => [each.event.eventId, each.whyNot]));
    const { store } = this.#building.ports;
    const ids = [...events.keys()];
    const [stored, early] = await Promise.all([
      store.eventsById(ids),
      redactionsBefore(room, ids, store),
    ]);
    const known = new Map(stored.map((each) => [each.eventId, each]));
    const pushedBy = from.isPushed ? from.origin : undefined;
    const resolver = this.#building.resolver.broughtBy(from.origin);
    const building = { ...this.#building, resolver };
    const taken = new Map<EventId, TakenIn>();
    for (const event of inOrder(events.values())) {
      const before = known.get(event.eventId);
      const one = refused.has(event.eventId)
        ? unstorable(event)
        : (asKnown(this.#building, room, event, { stored: before, pushedBy }) ??
          (await room.building
            .alone(() =>
              takeIn(building, room, {
                ...{ event, storedNid: before?.nid, given: taking.given.get(event.eventId) },
                ...{ early: early.get(event.eventId), isEarlier: taking.isEarlier },
                whyNot: whyNot.get(event.eventId),
              }),
            )
            .catch((error: unknown) => unresolved(event, error))));
      // It is waited for when all are on their way.
      one.committed?.catch(() => {});
      taken.set(event.eventId, one);
    }
    return taken;
  }

  /** What was read of it says that it is in no timeline. */
  #showLate(roomId: RoomId, taken: ReadonlyMap<EventId, TakenIn>): void {
    if ([...taken.values()].some(({ isLate }) => isLate)) this.#reads.events.forgetRoom(roomId);
  }

  /** No record of the log tells of what earlier history redacts. */
  #showRedacted(roomId: RoomId, taken: ReadonlyMap<EventId, TakenIn>): void {
    const redacted = [...taken.values()].flatMap((each) => each.redacted ?? []);
    for (const event of redacted) this.#reads.events.putRedacted(event);
    if (redacted.length > 0) this.#building.rooms.thin(roomId);
  }
}

const loadOf = (roomId: RoomId, pdus: readonly JsonObject[], origin: ServerName) => ({
  ...{ roomId, origin, count: pdus.length },
  bytes: pdus.reduce((sum, pdu) => sum + JSON.stringify(pdu).length, 0),
});

const AS_SENT: Taking = { given: new Map() };

const idOf = (received: Received): EventId | undefined =>
  received.kind === 'refused' ? received.eventId : received.event.eventId;

const lackingIn = (received: Received, pdu: JsonObject): Lacking[] =>
  received.kind === 'refused' && received.missing && received.eventId !== undefined
    ? [{ eventId: received.eventId, pdu, missing: received.missing }]
    : [];

const isRefused = (received: Received): received is Refused => received.kind === 'refused';

const idAndEvent = (event: Event) => [event.eventId, event] as const;

const unstorable = (event: Event) => unfitted(event, 'the database cannot hold it');

/** Other events, and other rooms, are taken all the same; this one may be judged later. */
function unresolved(event: Event, error: unknown): TakenIn {
  if (!(error instanceof Unresolved)) throw error;
  const reason = 'what it rests on cannot be resolved now';
  const unresolved = error instanceof NotTried ? 'not tried' : 'too much';
  return { result: { kind: 'refused', eventId: event.eventId, reason, unresolved } };
}

/** The room has changed while its senders' keys were waited for. */
const unheard = (checked: Checked, reason: string): Received =>
  unfit(
    checked.ok ? { ok: false, eventId: checked.event.eventId, reason } : { ...checked, reason },
  );

const unfit = ({ eventId, reason }: Extract<Checked, { ok: false }>): Received => ({
  ...{ kind: 'refused', eventId, reason },
});

/** One that the database refuses takes the others of this attempt with it: they are taken again without it. */
async function committed(
  taken: ReadonlyMap<EventId, TakenIn>,
  refused: Set<EventId>,
): Promise<void> {
  let failure: unknown;
  for (const [eventId, { committed }] of taken) {
    try {
      await committed;
    } catch (error) {
      if (error instanceof RefusedForData) refused.add(eventId);
      const isAgain = error instanceof RefusedForData || error instanceof BuiltOnRefused;
      failure ??= isAgain ? new BuiltOnRefused('An event was refused', { cause: error }) : error;
    }
  }
  if (failure !== undefined) throw failure;
}
