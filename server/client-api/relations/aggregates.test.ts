import { expect, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';
import fc from '../../../test/support/fast-check.ts';
import {
  latestReplacement,
  mayBeThreadRoot,
  referencesTo,
  summarizeThread,
} from '../../../test/support/relations-by-the-book.ts';
import type { Event } from '../../protocol/event.ts';
import { relationOf } from '../../protocol/relations/relation.ts';

const RUNS = Number(process.env.SEEDS ?? 6);
const TYPES = ['m.room.message', 'm.room.encrypted', 'm.sticker'];

const deed = fc.record({
  by: fc.constantFrom('alice', 'bob'),
  type: fc.constantFrom('m.room.message', ...TYPES),
  /** To which of the events that there are, and how. */
  to: fc.nat(11),
  relType: fc.constantFrom('m.replace', 'm.thread', 'm.reference', 'm.annotation', undefined),
  hasNewContent: fc.boolean(),
  later: fc.nat(1),
  redacts: fc.nat(9).map((chance) => chance === 0),
});
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

test('what is shown along with an event is what the rules make of all that relates to it', {
  timeout: 120_000,
}, async () => {
  await using api = await startApi();
  const tokens = { alice: await api.register('alice'), bob: await api.register('bob') };
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 8, maxLength: 25 }), async (deeds) => {
      const roomId = await roomOf(api, tokens);
      await play(api, { roomId, tokens, deeds });
      const events = await eventsIn(api, roomId, tokens.alice);
      for (const event of events) {
        const path = `GET /rooms/${roomId}/event/${event.eventId}`;
        const { unsigned } = (await api.ask(path, { token: tokens.alice })).body;
        expect(told(unsigned['m.relations'])).toEqual(byTheRules(event, events));
      }
    }),
    { numRuns: RUNS },
  );
});

interface Bundle {
  'm.replace'?: { event_id: string };
  'm.thread'?: {
    latest_event: { event_id: string };
    count: number;
    current_user_participated: boolean;
  };
  'm.reference'?: { chunk: readonly { event_id: string }[] };
}

const told = (bundle: Bundle = {}) => ({
  edit: bundle['m.replace']?.event_id,
  thread: bundle['m.thread'] && [
    bundle['m.thread'].latest_event.event_id,
    bundle['m.thread'].count,
    bundle['m.thread'].current_user_participated,
  ],
  references: bundle['m.reference']?.chunk.map((each) => each.event_id),
});

/** Nothing is shown along with an edit or a reaction, and no edit with what was redacted. */
function byTheRules(event: Seen, events: readonly Seen[]) {
  const own = relationOf(event.content)?.relType;
  if (own === 'm.replace' || own === 'm.annotation') return told();
  const thread = mayBeThreadRoot(event)
    ? summarizeThread(event, events, '@alice:example.org')
    : undefined;
  const references = referencesTo(event, events);
  return {
    edit: event.isRedacted ? undefined : latestReplacement(event, events)?.eventId,
    thread: thread && [thread.latest.eventId, thread.count, thread.currentUserParticipated],
    references: references.length > 0 ? references : undefined,
  };
}

type Seen = Event & { readonly isRedacted: boolean };

interface Tokens {
  readonly alice: string;
  readonly bob: string;
}

async function roomOf(api: ApiServer, tokens: Tokens): Promise<string> {
  const body = { preset: 'public_chat' };
  const { room_id } = (await api.ask('POST /createRoom', { token: tokens.alice, body })).body;
  await api.ask(`POST /join/${room_id}`, { token: tokens.bob });
  return room_id;
}

/** What is refused (a thread within a thread, the same reaction twice) is not there. */
async function play(
  api: ApiServer,
  { roomId, tokens, deeds }: { roomId: string; tokens: Tokens; deeds: readonly Deed[] },
) {
  const sent: string[] = [];
  for (const [count, { by, type, to, relType, hasNewContent, later, redacts }] of deeds.entries()) {
    const token = tokens[by];
    const target = sent.at(-1 - to) ?? sent[0];
    api.clock.ms += later;
    if (redacts && target !== undefined)
      await api.ask(`PUT /rooms/${roomId}/redact/${target}/r${count}`, {
        token: tokens.alice,
        body: {},
      });
    const relates = target !== undefined && relType !== undefined;
    const body = {
      body: 'x',
      ...(hasNewContent && { 'm.new_content': { body: 'y' } }),
      ...(relates && { 'm.relates_to': { rel_type: relType, event_id: target, key: `${count}` } }),
    };
    const path = `PUT /rooms/${roomId}/send/${type}/s${count}`;
    const { event_id } = (await api.ask(path, { token, body })).body;
    if (event_id !== undefined) sent.push(event_id);
  }
}

/** In their order, of which only what the rules look at is there. */
async function eventsIn(api: ApiServer, roomId: string, token: string): Promise<Seen[]> {
  const { body } = await api.ask(`GET /rooms/${roomId}/messages?dir=f&limit=1000`, { token });
  return body.chunk.map(
    // biome-ignore lint/suspicious/noExplicitAny: it is what the server answered.
    (each: any) =>
      ({
        eventId: each.event_id,
        roomId,
        type: each.type,
        sender: each.sender,
        stateKey: each.state_key,
        content: each.content,
        originServerTs: each.origin_server_ts,
        isRedacted: each.unsigned.redacted_because !== undefined,
      }) as Seen,
  );
}
