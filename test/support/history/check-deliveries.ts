import type { Delivery, StoredMessage } from './history.ts';

/**
 * /sync gives every client the messages of each of its rooms, in the order of the log, each once, and all
 * of them from its first to its last, but for gaps that it told the client of. It may not be done yet.
 */
export function wrongDeliveries(
  deliveries: readonly Delivery[],
  stored: readonly StoredMessage[],
): string[] {
  const byEventId = new Map(stored.map((message) => [message.eventId, message]));
  const rooms = Map.groupBy(stored, ({ room }) => room);
  const inOrder = new Map([...rooms].map(([room, messages]) => [room, new InOrder(messages)]));
  const received = Map.groupBy(deliveries, ({ client, room }) => `${client} ${room}`);
  return [...received.values()].flatMap((given) => {
    let last: StoredMessage | undefined;
    return given.flatMap((delivery) => {
      const message = byEventId.get(delivery.eventId);
      const wrong = wronglyGiven(delivery, message);
      if (wrong !== null) return [wrong];
      const before = last;
      if (before !== undefined && message!.position <= before.position)
        return [`delivered again or late: ${delivery.client} was given ${delivery.request}`];
      last = message!;
      if (before === undefined || delivery.afterGap) return [];
      const skipped = inOrder.get(delivery.room)!.between(before, last);
      return skipped.map(({ request }) => `skipped: ${delivery.client} was never given ${request}`);
    });
  });
}

function wronglyGiven(
  { client, room, request }: Delivery,
  message: StoredMessage | undefined,
): string | null {
  if (message === undefined) return `delivered from nowhere: ${client} was given ${request}`;
  if (message.request !== request)
    return `delivered as another: ${client} was given ${request} under the id of ${message.request}`;
  if (message.room !== room) return `delivered in another room: ${client} was given ${request}`;
  return null;
}

/** The messages of one room, by position. */
class InOrder {
  readonly #messages: readonly StoredMessage[];
  readonly #index: ReadonlyMap<StoredMessage, number>;

  constructor(messages: readonly StoredMessage[]) {
    this.#messages = messages.toSorted((a, b) => a.position - b.position);
    this.#index = new Map(this.#messages.map((message, index) => [message, index]));
  }

  between(first: StoredMessage, last: StoredMessage): readonly StoredMessage[] {
    return this.#messages.slice(this.#index.get(first)! + 1, this.#index.get(last)!);
  }
}
