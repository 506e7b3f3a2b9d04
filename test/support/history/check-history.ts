import { wrongDeliveries } from './check-deliveries.ts';
import {
  type Attempt,
  causeOf,
  type History,
  refused,
  type StoredMessage,
  succeeded,
} from './history.ts';

/**
 * What a history and the database that survived say against the invariants of the fault matrix; nothing
 * is how it should be. A client sends its next message only when the one before is acknowledged.
 *
 * I1, one writer at a time, shows as one order: whatever was acknowledged before another message was
 * sent, by any client through any site, stands before it in the log. I2: acknowledged is there. I3: no
 * request took effect twice. What was refused took no effect at all.
 */
export function violationsIn(history: History, stored: readonly StoredMessage[]): string[] {
  const sends = history.attempts.filter(({ what }) => what === 'send');
  return [
    ...doubled(stored),
    ...lost(sends, stored),
    ...renamed(sends, stored),
    ...outOfOrder(sends, stored),
    ...storedThoughRefused(sends, stored),
    ...wrongDeliveries(history.deliveries, stored),
  ];
}

function doubled(stored: readonly StoredMessage[]): string[] {
  return [...Map.groupBy(stored, ({ request }) => request)]
    .filter(([, events]) => events.length > 1)
    .map(([request, events]) => `doubled: ${request} is ${events.length} events`);
}

function lost(sends: readonly Attempt[], stored: readonly StoredMessage[]): string[] {
  const there = new Set(stored.map(({ request }) => request));
  return sends
    .filter((send) => succeeded(send) && !there.has(send.request))
    .map(({ request }) => `lost: ${request} was acknowledged and is not there`);
}

function renamed(sends: readonly Attempt[], stored: readonly StoredMessage[]): string[] {
  const eventIds = new Map(stored.map(({ request, eventId }) => [request, eventId]));
  return sends
    .filter(({ request, outcome }) => {
      const answered = outcome.kind === 'answered' ? outcome.eventId : undefined;
      const there = eventIds.get(request);
      return answered !== undefined && there !== undefined && there !== answered;
    })
    .map(({ request }) => `renamed: ${request} was answered with the id of another event`);
}

/** A repeat after the refusal may have been taken, also one that nobody answered. */
function storedThoughRefused(sends: readonly Attempt[], stored: readonly StoredMessage[]) {
  const there = new Set(stored.map(({ request }) => request));
  return [...Map.groupBy(sends, ({ request }) => request)].flatMap(([request, attempts]) => {
    const last = attempts.reduce((a, b) => (b.sentAt > a.sentAt ? b : a));
    if (!there.has(request) || !refused(last)) return [];
    return [`stored though refused: ${request} was answered ${causeOf(last)} and is there`];
  });
}

/** Each message must stand behind everything that was acknowledged before it was first sent. */
function outOfOrder(sends: readonly Attempt[], stored: readonly StoredMessage[]): string[] {
  const position = new Map(stored.map((message) => [message.request, message.position]));
  const firstSent = Map.groupBy(sends, ({ request }) => request);
  const sent = [...firstSent]
    .map(([request, attempts]) => ({ request, at: Math.min(...attempts.map((a) => a.sentAt)) }))
    .filter(({ request }) => position.has(request))
    .sort((a, b) => a.at - b.at);
  const acknowledged = sends
    .filter((send) => succeeded(send) && position.has(send.request))
    .sort((a, b) => a.answeredAt - b.answeredAt);
  const violations: string[] = [];
  let before = { request: '', position: Number.NEGATIVE_INFINITY };
  let next = 0;
  for (const { request, at } of sent) {
    for (; next < acknowledged.length && acknowledged[next]!.answeredAt < at; next++) {
      const done = acknowledged[next]!.request;
      if (position.get(done)! > before.position)
        before = { request: done, position: position.get(done)! };
    }
    if (position.get(request)! < before.position && request !== before.request)
      violations.push(`out of order: ${request} stands before ${before.request}`);
  }
  return violations;
}
